"""`parindex verify`: what is stored is compared with the log, and every kind of damage is found and named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaAdminClient
from kafka.structs import TopicPartition

from deploy.embedded.machine import free_ports
from services.cli.main import main
from services.common import kafka, mongo
from services.common.appraisals import Change, LeafAppraisal
from services.common.campaign import Campaign
from services.common.generation import INDEXES
from services.common.settings import Settings
from services.scoring.audit.verification import Verification
from services.scoring.ledger import Document
from tests.conftest import environment
from tests.integration.conftest import appraisal, appraisals_of, id_of, response, settings_of, withdrawal
from tests.integration.test_scoring_process import BAD, GOOD, Survey, eventually

Damage = Callable[[mongo.Database[Document]], object]

POINTS = {"l1": LeafAppraisal(points=Decimal("1.5"))}


@pytest.fixture(scope="module")
def survey(kafka_server: str, mongo_server: str, small: Campaign) -> Iterator[Survey]:
    """Counted: ninety responses, an edit, a withdrawal, a duplicate, a conflict, appraisals, and what is no event."""
    with environment(kafka_server, mongo_server) as made:
        settings = settings_of(made)
        with mongo.client(settings.mongo) as client:
            mongo.prepare(mongo.database(client))
            kafka.create_topics(settings)
            survey = Survey(settings, client)
            survey.publish(small)
            survey.say("responses", *(response(number, GOOD if number % 3 else BAD) for number in range(1, 91)))
            survey.say("responses", response(1, BAD, revision=2), withdrawal(2, revision=2))
            survey.say("responses", response(4, GOOD), response(5, BAD))
            survey.producer.send(settings.topic("responses"), key=b"no response", value=b"{").get(timeout=10)
            survey.say("appraisals", appraisal("w1", Change(POINTS)), appraisal("o1", Change(POINTS, base=3)))
            survey.say("appraisals", appraisals_of({"w1": Change(POINTS), "002": Change(POINTS)}))
            with survey.scorer():
                eventually(lambda: all_counted(survey))
            yield survey
            survey.producer.close(timeout=2)


def all_counted(survey: Survey) -> bool:
    state = survey.db.campaign_state.find_one({"_id": "small"})
    return state is not None and [sum(ends.values()) for ends in state["positions"].values()] == [95, 3]


def parindex(settings: Settings, *arguments: str) -> Result:
    variables = {
        "PARINDEX_KAFKA": settings.kafka,
        "PARINDEX_MONGO": settings.mongo,
        "PARINDEX_TOPIC_PREFIX": settings.topic_prefix,
        "PARINDEX_RESPONSE_PARTITIONS": str(settings.response_partitions),
    }
    return CliRunner().invoke(main, arguments, env=variables)


def verify(settings: Settings, *options: str) -> Result:
    return parindex(settings, "verify", *options)


def verified(survey: Survey) -> dict[str, Any]:
    done = verify(survey.settings, "--json")
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.exit_code == (0 if found["equal"] else 1), done.output
    return found


def test_what_scoring_made_is_equal_to_the_log(survey: Survey) -> None:
    found = verified(survey)
    assert found["first"] == []
    assert found["compared"] == {
        "partitions": 4,
        "records": 98,
        "responses": 90,
        "tallies": survey.db.tallies.count_documents({}),
        "appraisals": 2,
        "indices": 3,
        "definitions": 1,
    }
    assert sum(found["positions"]["responses"].values()) == 95
    assert found["positions"]["appraisals"] == {"0": 3}
    assert verified(survey)["digests"] == found["digests"]
    said = verify(survey.settings)
    assert said.stdout.startswith("4 partitions with 98 records, 90 responses, ")
    assert said.stdout.endswith(" tallies, 3 indices: all equal to the log.\n")


def _row(db: mongo.Database[Document], number: int = 7) -> Document:
    found: Document = db.responses.find_one({"_id": id_of(number)})
    return found


def _tally(db: mongo.Database[Document]) -> Document:
    found: Document = db.tallies.find_one({"_id.unit": "w1", "n": {"$gt": 5}}, sort=[("_id", 1)])
    return found


def _set(collection: str, query: Document, **values: object) -> Damage:
    return lambda db: db[collection].update_one(query, {"$set": values})


W1 = {"campaign": "small", "unit": "w1"}
POSITION = {"counted.small.citizen": {"$gt": 5}, "_id.partition": 1}

DAMAGES: Mapping[str, tuple[Damage, str]] = {
    "a rating was changed": (
        _set("responses", {"_id": id_of(7)}, **{"ratings.w1.l2": "N"}),
        f"responses {id_of(7)}: ratings.w1.l2 is N, must be A",
    ),
    "a revision was changed": (
        _set("responses", {"_id": id_of(7)}, revision=2),
        f"responses {id_of(7)}: revision is 2, must be 1",
    ),
    "a row was deleted": (
        lambda db: db.responses.delete_one({"_id": id_of(7)}),
        f"responses {id_of(7)} is missing",
    ),
    "a row was added": (
        lambda db: db.responses.insert_one({**_row(db), "_id": id_of(700)}),
        f"responses {id_of(700)} must not be there",
    ),
    "a row was put into a partition that there is not": (
        _set("responses", {"_id": id_of(7)}, p=77),
        f"responses {id_of(7)} must not be there",
    ),
    "a count was changed": (
        lambda db: db.tallies.update_one({"_id": _tally(db)["_id"]}, {"$inc": {"counts.0": 1}}),
        "group citizen, unit w1: counts[0] is ",
    ),
    "a sum was changed": (
        lambda db: db.tallies.update_one({"_id": _tally(db)["_id"]}, {"$set": {"s2": "1"}}),
        "group citizen, unit w1: s2 is 1, must be ",
    ),
    "a tally was deleted": (
        lambda db: db.tallies.delete_one({"_id": _tally(db)["_id"]}),
        "group citizen, unit w1 is missing",
    ),
    "the number of counted responses was changed": (
        lambda db: db.positions.update_one(POSITION, {"$inc": {"counted.small.citizen": 1}}),
        "partition 1: counted.small.citizen is ",
    ),
    "the activity of a day was changed": (
        lambda db: db.activity.update_one({"withdrawn": 1}, {"$set": {"withdrawn": 0}}),
        ": withdrawn is 0, must be 1",
    ),
    "a conflict was deleted": (
        lambda db: db.rejected.delete_one({"reason": "conflict"}),
        " is missing",
    ),
    "the record of a dead letter was changed": (
        _set("rejected", {"reason": "unreadable"}, **{"record.value": b"{}"}),
        ": record is ",
    ),
    "a dead letter was made up": (
        lambda db: db.rejected.insert_one({"_id": "mine", "reason": "none"}),
        "rejected mine must not be there",
    ),
    "an index was changed": (
        _set("indices", {"_id": W1}, points=["1", "2"]),
        "indices campaign small, unit w1: points[0] is 1, must be ",
    ),
    "a moment of an index was changed": (
        _set("indices", {"_id": W1}, **{"groups.citizen.moments.1": "7"}),
        "indices campaign small, unit w1: groups.citizen.moments[1] is 7, must be ",
    ),
    "an index was deleted": (
        lambda db: db.indices.delete_one({"_id": W1}),
        "indices campaign small, unit w1 is missing",
    ),
    "an index was added": (
        lambda db: db.indices.insert_one({"_id": {"campaign": "small", "unit": "x"}, "state": 1}),
        "indices campaign small, unit x must not be there",
    ),
    "a state's count was changed": (
        lambda db: db.campaign_state.update_one({}, {"$inc": {"counted.citizen": 1}}),
        "campaign_state small: counted.citizen is 90, must be 89",
    ),
    "a state was put before the end of the log": (
        lambda db: db.campaign_state.update_one({}, {"$inc": {"positions.responses.2": 9}}),
        "campaign_state small: positions.responses.2 is ",
    ),
    "a state was put back": (
        lambda db: db.campaign_state.update_one({}, {"$set": {"positions.responses.2": 3}}),
        "campaign_state small: counted.citizen is 89, must be ",
    ),
    "a state was made up": (
        lambda db: db.campaign_state.insert_one({"_id": "none", "state": 1}),
        "campaign_state none: version is 0, must be one that the log has",
    ),
    "a definition was changed": (
        lambda db: db.campaigns.update_one({}, {"$set": {"definition.title.vi": "Khác"}}),
        "campaigns campaign small, version 1: definition.title.vi is Khác, must be Đợt thử",
    ),
    "an appraisal was changed": (
        lambda db: db.appraisals.update_one({}, {"$set": {"leaves.l1.points": "2"}}),
        "appraisals campaign small, unit w1: leaves.l1.points is 2, must be 1.5",
    ),
    "who appraised was changed": (
        lambda db: db.appraisal_changes.update_one({}, {"$set": {"by": "someone"}}),
        ": by is someone, must be an.nguyen",
    ),
    "a late appraisal's letter was deleted": (
        lambda db: db.rejected.delete_one({"reason": "stale"}),
        " is missing",
    ),
    "a position was moved back": (
        lambda db: db.positions.update_one({"_id.partition": 1, "next": {"$gt": 5}}, {"$inc": {"next": -1}}),
        "partition 1: counted.small.citizen is ",
    ),
    "a position was moved forward": (
        lambda db: db.positions.update_one({"_id.partition": 1, "next": {"$gt": 5}}, {"$inc": {"next": 1}}),
        "partition 1: next is ",
    ),
    "a position was deleted": (
        lambda db: db.positions.delete_one({"_id.partition": 1, "next": {"$gt": 5}}),
        " must not be there",
    ),
    "a topic was made anew": (
        lambda db: db.positions.update_one({"_id.partition": 1, "next": {"$gt": 5}}, {"$set": {"topic_id": "old"}}),
        "partition 1: topic_id is old, must be ",
    ),
}


@pytest.fixture
def whole(survey: Survey) -> Iterator[Survey]:
    """The survey, which is whole again afterwards."""
    kept = {name: list(survey.db[name].find()) for name in (*INDEXES, "indices", "campaign_state", "campaigns")}
    yield survey
    for name, documents in kept.items():
        survey.db[name].delete_many({})
        if documents:
            survey.db[name].insert_many(documents)


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_was_damaged_is_found_and_named(whole: Survey, damage: str) -> None:
    inflict, named = DAMAGES[damage]
    inflict(whole.db)
    done = verify(whole.settings)
    assert done.exit_code == 1, done.output
    lines = done.stdout.splitlines()
    first = lines[lines.index("The first of them:") + 1]
    assert named in first
    assert lines[-1] == "The log is what counts. `parindex rebuild` makes everything else anew from it."


def test_all_differences_are_counted_and_the_first_ten_are_named(whole: Survey) -> None:
    whole.db.responses.update_many({"_id": {"$gte": id_of(10), "$lt": id_of(30)}}, {"$set": {"revision": 9}})
    whole.db.tallies.delete_many({})
    found = verified(whole)
    tallies = found["differences"].pop("tallies")
    assert (found["differences"], tallies > 3) == ({"responses": 20}, True)
    assert len(found["first"]) == 10
    named = {"collection": "responses", "id": id_of(10), "field": "revision", "found": 9, "expected": 1}
    assert named in found["first"]


def test_a_position_that_was_moved_back_counts_no_answer_twice(whole: Survey) -> None:
    """The record before it is applied again: to rows and tallies a duplicate. That it was is found all the same."""
    numbers = iter(range(500, 600))
    with whole.scorer() as scorer:
        eventually(lambda: len(scorer.consumer.owned) == 4)
        before = whole.counted()
        (said,) = whole.say("responses", response(next(numbers), GOOD))
        eventually(lambda: whole.counted() == before + 1)
        place = {"_id.topic": said.topic, "_id.partition": said.partition}
        assert whole.db.positions.update_one(place, {"$inc": {"next": -1}}).modified_count == 1
        sent = 1
        for number in numbers:
            sent += 1
            if whole.say("responses", response(number, GOOD))[0].partition == said.partition:
                break
        eventually(lambda: whole.counted() == before + sent)
    found = verified(whole)
    assert found["differences"] == {"activity": 1, "positions": 1}
    fields = {(difference["field"], difference["found"] - difference["expected"]) for difference in found["first"]}
    assert fields == {("duplicate", 1), ("records", 1)}


def test_what_is_counted_meanwhile_is_no_difference(survey: Survey, monkeypatch: pytest.MonkeyPatch) -> None:
    replay = Verification._replay
    numbers = iter(range(1_000, 2_000))

    def replay_under_traffic(*arguments: Any) -> Iterator[int]:  # noqa: ANN401 - handed on as they are
        """What is stored of the partition has been read; much more is counted before it is compared."""
        counted = survey.counted()
        survey.say("responses", *(response(next(numbers), BAD) for _ in range(50)))
        eventually(lambda: survey.counted() >= counted + 50)
        return replay(*arguments)

    monkeypatch.setattr(Verification, "_replay", replay_under_traffic)
    with survey.scorer():
        found = verified(survey)
    assert found["first"] == []
    monkeypatch.undo()
    again = verified(survey)
    assert again["first"] == []
    assert again["compared"]["responses"] >= 90 + 4 * 50


def test_a_comparison_begins_anew_when_a_rebuild_goes_over_meanwhile(
    survey: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.scoring.rebuilding.READERS_S", 0.0)
    compare = Verification.compare
    rebuilds = iter(["rebuild"])

    def compare_late(self: Verification, advance: Callable[[int], None]) -> None:
        for command in rebuilds:
            assert parindex(survey.settings, command, "--wait", "0").exit_code == 0
        compare(self, advance)

    monkeypatch.setattr(Verification, "compare", compare_late)
    done = verify(survey.settings, "--json")
    found = json.loads(done.stdout)
    assert (found["generation"], found["first"]) == (1, [])
    assert "Begins anew: another generation has become current meanwhile." in done.stderr


def test_servers_that_do_not_answer_are_no_difference(survey: Survey) -> None:
    (port,) = free_ports(1)
    done = verify(replace(survey.settings, mongo=f"mongodb://127.0.0.1:{port}/x?replicaSet=rs0"))
    assert (done.exit_code, done.stdout) == (3, "")
    done = verify(replace(survey.settings, kafka=f"127.0.0.1:{port}"))
    assert (done.exit_code, done.stdout) == (3, "")


def test_settings_that_do_not_fit_are_named(survey: Survey) -> None:
    done = verify(replace(survey.settings, response_partitions=4))
    assert done.exit_code == 2
    assert "has 3 partitions, not 4" in done.stderr
    done = verify(replace(survey.settings, topic_prefix="nobody."))
    assert done.exit_code == 2
    assert "there is no topic nobody.responses" in done.stderr


def test_a_log_that_lost_its_beginning_cannot_be_replayed(survey: Survey) -> None:
    admin = KafkaAdminClient(bootstrap_servers=survey.settings.bootstrap, api_version=kafka.API_VERSION)
    admin.delete_records({TopicPartition(survey.settings.topic("responses"), 1): 3})
    admin.close()
    done = verify(survey.settings)
    assert done.exit_code == 1
    assert "responses, partition 1: first offset is 3, must be 0" in done.stdout
    assert "restore Kafka" in done.stdout.splitlines()[-1]
