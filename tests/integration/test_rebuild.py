"""`parindex rebuild`: what is derived is made anew beside what is served, and gone over to without gap or mixture."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from itertools import pairwise

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaAdminClient
from kafka.structs import TopicPartition
from pymongo import MongoClient

from services.cli.main import main
from services.common import campaign_schema, index_document, kafka
from services.common.appraisals import AppraisalRow, Change, LeafAppraisal
from services.common.campaign import Campaign
from services.common.generation import INDEXES, Generation
from services.common.index import Formula
from services.common.settings import Settings
from services.common.unit_index import GroupTally
from services.scoring.ledger import Document
from services.scoring.rebuilding import Rebuilding
from tests.integration.conftest import appraisal, response, withdrawal
from tests.integration.test_scoring_process import BAD, GOOD, Survey, eventually
from tests.unit.surveys import plain_moments

POINTS = {"l1": LeafAppraisal(points=Decimal("1.5"))}


@pytest.fixture
def survey(settings: Settings, client: MongoClient[Document], small: Campaign) -> Iterator[Survey]:
    """Ninety responses, an edit, a withdrawal, a duplicate, a conflict, an appraisal and a record that is none."""
    kafka.create_topics(settings)
    made = Survey(settings, client)
    made.publish(small)
    made.say("responses", *(response(number, GOOD if number % 3 else BAD) for number in range(1, 91)))
    made.say("responses", response(1, BAD, revision=2), withdrawal(2, revision=2), response(4, GOOD), response(5, BAD))
    made.producer.send(settings.topic("responses"), key=b"no response", value=b"{").get(timeout=10)
    made.say("appraisals", appraisal("w1", Change(POINTS)))
    yield made
    made.producer.close(timeout=2)


@pytest.fixture(autouse=True)
def _no_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads what is dropped, so there is no need to wait for them."""
    monkeypatch.setattr("services.scoring.rebuilding.READERS_S", 0.0)


def rebuild(settings: Settings, *options: str) -> Result:
    environment = {
        "PARINDEX_KAFKA": settings.kafka,
        "PARINDEX_MONGO": settings.mongo,
        "PARINDEX_TOPIC_PREFIX": settings.topic_prefix,
        "PARINDEX_RESPONSE_PARTITIONS": str(settings.response_partitions),
    }
    return CliRunner().invoke(main, ["rebuild", *options], env=environment)


def contents(generation: Generation) -> dict[str, list[Document]]:
    """All documents of a generation, but for the marks that depend on where chunks ended."""
    found = {}
    for name in INDEXES:
        documents = list(generation.db[generation.name(name)].find({}, sort=[("_id", 1)]))
        found[name] = [{key: value for key, value in document.items() if key != "at"} for document in documents]
    return found


def all_counted(survey: Survey) -> bool:
    state = survey.db.campaign_state.find_one({"_id": "small"})
    return state is not None and [sum(ends.values()) for ends in state["positions"].values()] == [95, 1]


def test_a_rebuild_gives_the_same_and_scoring_goes_on_from_there(survey: Survey, small: Campaign) -> None:
    with survey.scorer() as scorer:
        eventually(lambda: all_counted(survey))
        before, index = contents(Generation(survey.db)), survey.index("w1")
        done = rebuild(survey.settings, "--json")
        assert done.exit_code == 0, done.output
        assert {**json.loads(done.stdout), "seconds": 0} == {
            "generation": 1,
            "records": 96,
            "resumed_at": 0,
            "seconds": 0,
            "scoring_went_over": True,
            "publications_differing": [],
        }
        current = Generation.current(survey.db)
        assert current.number == 1
        assert contents(current) == before
        assert index_document.read(survey.index("w1")) == index_document.read(index)
        assert not set(INDEXES) & set(survey.db.list_collection_names())
        survey.say("responses", *(response(number, GOOD) for number in range(91, 101)))
        eventually(lambda: survey.counted() == 99)
        assert not scorer.consumer.halted
    again = rebuild(survey.settings, "--json", "--wait", "0")
    assert (again.exit_code, json.loads(again.stdout)["generation"]) == (0, 2), again.output
    with survey.scorer():
        eventually(lambda: survey.db.campaign_state.find_one({"generation": 2}))
    counts = [68, 0, 31, 0, 0, 68, 31, 0]
    tally = GroupTally(99, counts, plain_moments(small, "citizen", "ward", 68 * [GOOD["w1"]] + 31 * [BAD["w1"]]))
    expected = Formula(small).compute("w1", {"citizen": tally}, AppraisalRow(1, POINTS))
    assert index_document.read(survey.index("w1")) == expected


DAMAGE: Mapping[str, Mapping[str, object]] = {
    "responses": {"$set": {"ratings.w1.l2": "N"}},
    "tallies": {"$inc": {"n": 3, "counts.0": 3}},
    "activity": {"$inc": {"submitted": 1}},
    "appraisals": {"$set": {"leaves.l1.points": "0.1"}},
    "positions": {"$set": {"counted": {"small": {"citizen": 1}}}},
    "rejected": {"$set": {"reason": "none"}},
}


def test_what_was_damaged_by_hand_is_whole_after_a_rebuild(survey: Survey, small: Campaign) -> None:
    with survey.scorer():
        eventually(lambda: all_counted(survey))
        whole, index = contents(Generation(survey.db)), survey.index("w1")
        for name, change in DAMAGE.items():
            assert survey.db[name].update_one({}, change).modified_count == 1, name
        survey.db.responses.delete_one({})
        survey.db.indices.update_one({"_id.unit": "w1"}, {"$set": {"points": ["1", "2"]}})
        survey.db.indices.insert_one({"_id": {"campaign": "small", "unit": "none"}, "campaign": "small", "state": 1})
        survey.db.campaign_state.insert_one({"_id": "none", "state": 1, "positions": {}, "counted": {}})
        survey.db.campaigns.update_one({}, {"$set": {"definition.title.vi": "Khác"}})
        assert rebuild(survey.settings).exit_code == 0
        assert contents(Generation.current(survey.db)) == whole
        assert index_document.read(survey.index("w1")) == index_document.read(index)
        assert {found["unit"] for found in survey.db.indices.find()} == set(small.unit)
        assert [found["_id"] for found in survey.db.campaign_state.find()] == ["small"]
        assert survey.db.campaigns.find_one()["definition"] == campaign_schema.dump(small)


@contextmanager
def watched(survey: Survey) -> Iterator[list[Document]]:
    """Every state with its index of w1 that a reader sees meanwhile, each read in one snapshot."""
    seen: list[Document] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            with survey.db.client.start_session(snapshot=True) as session:
                state = survey.db.campaign_state.find_one({}, session=session)
                index = survey.db.indices.find_one({"_id.unit": "w1"}, session=session)
            if state and index and (not seen or seen[-1]["state"] != state["state"]):
                seen.append(state | {"index": index})

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def test_readers_see_one_state_after_the_other_while_responses_come_in(survey: Survey) -> None:
    """No state is of an older log than the one before, and each index is that of its state's count."""
    with survey.scorer(), watched(survey) as seen:
        eventually(lambda: all_counted(survey))
        stop = threading.Event()
        sent = 0

        def send() -> None:
            nonlocal sent
            while not stop.wait(0.005):
                survey.say("responses", response(1_000 + sent, GOOD))
                sent += 1

        thread = threading.Thread(target=send)
        thread.start()
        try:
            eventually(lambda: survey.counted() > 150)
            done = rebuild(survey.settings, "--json")
            after = survey.counted()
            eventually(lambda: survey.counted() > after + 50)
        finally:
            stop.set()
            thread.join()
        assert json.loads(done.stdout)["scoring_went_over"], done.output
        eventually(lambda: survey.counted() == 89 + sent)
    generations = [state["generation"] for state in seen]
    assert generations == sorted(generations)
    assert set(generations) == {0, 1}
    for before, state in pairwise(seen):
        assert state["state"] > before["state"]
        for partition, next_ in before["positions"]["responses"].items():
            assert state["positions"]["responses"][partition] >= next_
    for state in seen:
        assert state["index"]["groups"]["citizen"]["n"] == sum(state["counted"].values())


def test_a_rebuild_that_was_interrupted_goes_on_where_it_was(survey: Survey) -> None:
    interrupted = Rebuilding(survey.settings)
    interrupted.open()
    interrupted.fill(lambda _: None)
    interrupted.close()
    survey.say("responses", *(response(number, GOOD) for number in range(91, 101)))
    done = rebuild(survey.settings, "--json", "--wait", "0")
    assert (json.loads(done.stdout)["resumed_at"], json.loads(done.stdout)["records"]) == (96, 106), done.output


def test_what_another_version_has_begun_is_thrown_away(survey: Survey) -> None:
    interrupted = Rebuilding(survey.settings)
    interrupted.open()
    interrupted.fill(lambda _: None)
    interrupted.close()
    survey.db.generation.update_one({"_id": "building"}, {"$set": {"by": "0.0.0"}})
    done = rebuild(survey.settings, "--json", "--wait", "0")
    assert json.loads(done.stdout)["resumed_at"] == 0, done.output


def test_of_two_rebuilds_one_says_that_it_is_not_needed(survey: Survey) -> None:
    late = Rebuilding(survey.settings)
    try:
        late.open()
        assert rebuild(survey.settings, "--wait", "0").exit_code == 0
        with pytest.raises(Exception, match="another rebuild"):
            late.switch()
    finally:
        late.close()


def test_a_log_that_was_made_anew_is_followed_after_a_rebuild(survey: Survey) -> None:
    """Scoring stops, as what it has counted is of another log; a rebuild counts what there is, and scoring goes on."""
    admin = KafkaAdminClient(bootstrap_servers=survey.settings.kafka, api_version=kafka.API_VERSION)
    topic = survey.settings.topic("responses")
    with survey.scorer():
        eventually(lambda: all_counted(survey))
    try:
        admin.delete_topics([topic])
        eventually(lambda: topic not in admin.list_topics())
    finally:
        admin.close()
    kafka.create_topics(survey.settings)
    survey.producer.close(timeout=2)
    survey.producer = kafka.producer(survey.settings, "test")
    survey.say("responses", *(response(number, GOOD) for number in range(1, 11)))
    with survey.scorer() as scorer:
        eventually(lambda: scorer.consumer.halted)
        done = rebuild(survey.settings, "--json")
        assert json.loads(done.stdout)["scoring_went_over"], done.output
        eventually(lambda: survey.counted() == 10)
        assert not scorer.consumer.halted
        survey.say("responses", response(11, GOOD))
        eventually(lambda: survey.counted() == 11)


def test_a_server_that_is_away_is_named_and_nothing_is_lost() -> None:
    settings = Settings(kafka="127.0.0.1:1", mongo="mongodb://127.0.0.1:1/none?replicaSet=rs0")
    done = rebuild(settings)
    assert done.exit_code == 3
    assert "127.0.0.1:1" in done.stderr


def test_offsets_are_those_of_the_log(survey: Survey) -> None:
    assert rebuild(survey.settings, "--wait", "0").exit_code == 0
    consumer = kafka.reader(survey.settings, "test")
    topic = survey.settings.topic("responses")
    ends = consumer.end_offsets([TopicPartition(topic, p) for p in range(3)])
    consumer.close()
    stored = Generation.current(survey.db).positions.find({"_id.topic": topic})
    assert {found["_id"]["partition"]: found["next"] for found in stored} == {
        partition.partition: end for partition, end in ends.items()
    }
