"""A scoring process on real Kafka and MongoDB: what it loads, where it goes on, when it stops, what it publishes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

import httpx
import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.structs import OffsetAndMetadata, TopicPartition
from pymongo import MongoClient

from deploy.embedded.machine import free_ports
from services.common import campaign_schema, events, index_document, kafka, mongo
from services.common.appraisals import AppraisalRow, Change, LeafAppraisal
from services.common.campaign import Campaign
from services.common.campaign_versions import extended_layout
from services.common.index import Formula
from services.common.records import encode
from services.common.settings import Settings
from services.common.unit_index import GroupTally
from services.scoring.ledger import Document
from services.scoring.main import Scorer
from tests import waiting
from tests.integration.conftest import NOW, appraisal, response, withdrawal
from tests.unit.surveys import plain_moments

Found = TypeVar("Found")

GOOD = {"w1": {"l2": "A", "l3": "B"}}
BAD = {"w1": {"l2": "C", "l3": "C"}, "002": {"l2": "N"}}


def eventually(condition: Callable[[], Found], within_s: float = 60.0) -> Found:
    """What a condition gives once it is true."""
    return waiting.eventually(condition, "the condition is true", within_s)


class Survey:
    """A survey in one test's own topics and database."""

    def __init__(self, settings: Settings, client: MongoClient[Document]) -> None:
        self.settings = settings
        self.db = mongo.database(client)
        self.producer = kafka.producer(settings, "test")
        # A busy machine may take longer to name the partitions than a respondent should wait.
        self.producer.config["max_block_ms"] = 30_000

    def publish(self, campaign: Campaign) -> None:
        self.say("campaigns", events.Definition(campaign.code, campaign.version, campaign_schema.dump(campaign)))

    def say(self, topic: str, *said: events.Event) -> list[Any]:
        records = [encode(event, NOW, source="/test") for event in said]
        futures = [
            self.producer.send(
                self.settings.topic(topic),
                key=record.key,
                value=record.value,
                headers=record.headers,
                timestamp_ms=record.timestamp_ms,
            )
            for record in records
        ]
        return [future.get(timeout=30) for future in futures]

    @contextmanager
    def scorer(self) -> Iterator[Scorer]:
        scorer = Scorer(replace(self.settings, scoring_bind=f"127.0.0.1:{free_ports(1)[0]}"))
        thread = threading.Thread(target=scorer.run)
        thread.start()
        try:
            yield scorer
        finally:
            scorer.stop()
            thread.join(timeout=20)
            assert not thread.is_alive()

    def counted(self, campaign: str = "small") -> int:
        state = self.db.campaign_state.find_one({"_id": campaign})
        return sum(state["counted"].values()) if state else 0

    def index(self, unit: str) -> Document:
        return self.db.indices.find_one({"_id": {"campaign": "small", "unit": unit}})


@pytest.fixture
def survey(settings: Settings, client: MongoClient[Document]) -> Iterator[Survey]:
    kafka.create_topics(settings)
    made = Survey(settings, client)
    yield made
    made.producer.close(timeout=2)


def test_a_definition_alone_makes_every_unit_visible_and_pending(survey: Survey, small: Campaign) -> None:
    with survey.scorer():
        survey.publish(small)
        state = eventually(survey.db.campaign_state.find_one)
    assert (state["state"], state["version"], state["counted"]) == (1, 1, {})
    assert {found["unit"] for found in survey.db.indices.find()} == {"w1", "002", "o1"}
    assert set(index_document.read(survey.index("w1")).pending) == {"l1", "l2", "l3"}
    assert survey.db.campaigns.find_one()["definition"] == campaign_schema.dump(small)


def test_an_index_is_the_formula_of_all_partitions_and_the_appraisals(survey: Survey, small: Campaign) -> None:
    survey.publish(small)
    survey.say("responses", *(response(number, GOOD if number % 3 else BAD) for number in range(1, 91)))
    survey.say("appraisals", appraisal("w1", Change({"l1": LeafAppraisal(points=Decimal("1.5"))}, {}, None)))
    with survey.scorer():
        eventually(lambda: survey.counted() == 90 and survey.index("w1")["leaves"]["l1"]["state"] == "scored")
    row = AppraisalRow(1, {"l1": LeafAppraisal(points=Decimal("1.5"))})
    tally = GroupTally(
        90, [60, 0, 30, 0, 0, 60, 30, 0], plain_moments(small, "citizen", "ward", 60 * [GOOD["w1"]] + 30 * [BAD["w1"]])
    )
    expected = Formula(small).compute("w1", {"citizen": tally}, row)
    assert index_document.read(survey.index("w1")) == expected
    state = survey.db.campaign_state.find_one()
    assert sum(state["positions"]["responses"].values()) == 90
    assert state["positions"]["appraisals"] == {"0": 1}


def test_a_restart_goes_on_from_the_stored_position(survey: Survey, small: Campaign) -> None:
    survey.publish(small)
    with survey.scorer():
        survey.say("responses", *(response(number, GOOD) for number in range(1, 31)))
        eventually(lambda: survey.counted() == 30)
    survey.say("responses", response(1, BAD, revision=2), *(response(number, GOOD) for number in range(25, 41)))
    with survey.scorer():
        eventually(lambda: survey.counted() == 40)
    assert sum(found["n"] for found in survey.db.tallies.find({"_id.unit": "w1"})) == 40
    assert survey.db.responses.count_documents({}) == 40


def test_two_scorers_share_the_partitions_and_one_takes_over_the_others(survey: Survey, small: Campaign) -> None:
    survey.publish(small)
    with survey.scorer() as first:
        eventually(lambda: len(first.consumer.owned) == 4)
        with survey.scorer() as second:
            eventually(lambda: second.consumer.owned and len(first.consumer.owned | second.consumer.owned) == 4)
            eventually(lambda: not first.consumer.owned & second.consumer.owned)
            survey.say("responses", *(response(number, GOOD) for number in range(1, 61)))
            eventually(lambda: survey.counted() == 60)
        survey.say("responses", *(withdrawal(number, revision=2) for number in range(1, 11)))
        eventually(lambda: survey.counted() == 50)
    assert index_document.read(survey.index("w1")).groups["citizen"].n == 50


def test_positions_given_to_the_group_are_not_what_counts(survey: Survey, small: Campaign) -> None:
    """Offsets committed to Kafka that run ahead must not make scoring skip a record."""
    survey.publish(small)
    survey.say("responses", *(response(number, GOOD) for number in range(1, 31)))
    consumer = kafka.reader(survey.settings, "liar", group_id=survey.settings.topic_prefix + "scoring")
    topic = survey.settings.topic("responses")
    consumer.assign([TopicPartition(topic, p) for p in range(3)])
    consumer.commit({TopicPartition(topic, p): OffsetAndMetadata(9, "", -1) for p in range(3)})
    consumer.close()
    with survey.scorer():
        eventually(lambda: survey.counted() == 30)


def test_a_new_version_is_applied_to_what_was_counted_before(survey: Survey, small: Campaign) -> None:
    survey.publish(small)
    survey.say("responses", response(1, GOOD))
    with survey.scorer():
        eventually(lambda: survey.counted() == 1)
        field = small.fields[0]
        criterion = field.criteria[0]
        heavier = tuple(replace(leaf, max_points=leaf.max_points * 2) for leaf in criterion.leaves)
        second = replace(small, fields=(replace(field, criteria=(replace(criterion, leaves=heavier),)),), version=2)
        survey.publish(replace(second, layout=extended_layout(second, small.layout)))
        eventually(lambda: survey.db.campaign_state.find_one()["version"] == 2)
    assert {found["version"] for found in survey.db.indices.find()} == {2}
    assert index_document.read(survey.index("w1")).leaves["l2"].points == Decimal("0.2")


def test_of_two_definitions_of_one_version_the_first_in_the_log_stands(survey: Survey, small: Campaign) -> None:
    survey.publish(small)
    survey.publish(replace(small, rules=replace(small.rules, decimals=6)))
    with survey.scorer():
        eventually(survey.db.campaign_state.find_one)
    assert survey.db.campaigns.find_one()["definition"]["rules"]["decimals"] == small.rules.decimals


def test_a_response_whose_definition_is_read_later_waits_for_it(survey: Survey, small: Campaign) -> None:
    with survey.scorer():
        survey.publish(small)
        survey.say("responses", response(1, GOOD))
        eventually(lambda: survey.counted() == 1)
    assert survey.db.rejected.count_documents({}) == 0


def test_readiness_names_what_is_wrong_and_a_halted_partition_stops_alone(survey: Survey, small: Campaign) -> None:
    survey.publish(small)
    topic = survey.settings.topic("responses")
    for _ in range(120):
        survey.producer.send(topic, partition=0, key=b"k", value=b"{")
    said = survey.say("responses", *(response(number, GOOD) for number in range(1, 31)))
    elsewhere = sum(record.partition != 0 for record in said)
    with survey.scorer() as scorer:
        eventually(lambda: scorer.consumer.halted)
        eventually(lambda: survey.counted() == elsewhere)
        answer = httpx.get(f"http://{scorer.bind}/readyz")
        assert answer.status_code == 503
        assert "cannot be applied" in answer.json()["checks"]["halted"]
        assert httpx.get(f"http://{scorer.bind}/livez").status_code == 200
        assert "parindex_scoring_halted" in httpx.get(f"http://{scorer.bind}/metrics").text


def test_a_log_that_lost_its_beginning_stops_the_partition(survey: Survey, small: Campaign) -> None:
    survey.publish(small)
    survey.say("responses", *(response(number, GOOD) for number in range(1, 31)))
    admin = KafkaAdminClient(bootstrap_servers=survey.settings.bootstrap, api_version=kafka.API_VERSION)
    admin.delete_records({TopicPartition(survey.settings.topic("responses"), 1): 3})
    admin.close()
    with survey.scorer() as scorer:
        halted = eventually(lambda: scorer.consumer.halted)
    assert "records are lost to scoring" in next(iter(halted.values()))


def test_a_topic_made_anew_stops_the_partition(survey: Survey, small: Campaign) -> None:
    survey.publish(small)
    survey.say("responses", *(response(number, GOOD) for number in range(1, 31)))
    with survey.scorer():
        eventually(lambda: survey.counted() == 30)
    topic = survey.settings.topic("responses")
    admin = KafkaAdminClient(bootstrap_servers=survey.settings.bootstrap, api_version=kafka.API_VERSION)
    admin.delete_topics([topic])
    eventually(lambda: topic not in admin.list_topics())
    admin.close()
    eventually(lambda: kafka.create_topics(survey.settings))
    with survey.scorer() as scorer:
        halted = eventually(lambda: len(scorer.consumer.halted) == 3 and scorer.consumer.halted)
    assert "made anew" in next(iter(halted.values()))


def test_another_number_of_partitions_stops_the_topic(survey: Survey, small: Campaign) -> None:
    survey.publish(small)
    wrong = Survey(replace(survey.settings, response_partitions=4), survey.db.client)
    with wrong.scorer() as scorer:
        halted = eventually(lambda: scorer.consumer.halted)
    assert "has 3 partitions, not 4" in next(iter(halted.values()))
    wrong.producer.close(timeout=2)


def test_offsets_without_records_are_passed_over(survey: Survey, small: Campaign) -> None:
    """Someone's Kafka transaction leaves marks in the log that no consumer is given."""
    survey.publish(small)
    producer = KafkaProducer(
        bootstrap_servers=survey.settings.bootstrap,
        api_version=kafka.API_VERSION,
        transactional_id=survey.settings.topic_prefix + "stranger",
    )
    producer.init_transactions()
    for number in range(1, 4):
        record = encode(response(number, GOOD), NOW, source="/test")
        producer.begin_transaction()
        producer.send(survey.settings.topic("responses"), record.value, record.key, record.headers, partition=0)
        producer.commit_transaction()
    producer.close()
    with survey.scorer():
        eventually(lambda: survey.counted() == 3)
