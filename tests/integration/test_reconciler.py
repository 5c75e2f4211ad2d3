"""Scoring recounts what it owns: damage makes it unready until it is repaired, and nothing else does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from kafka import TopicPartition
from prometheus_client import REGISTRY
from pymongo import MongoClient
from pymongo.errors import AutoReconnect

from services.cli.main import main
from services.common import kafka
from services.common.appraisals import Change, LeafAppraisal
from services.common.campaign import Campaign
from services.common.settings import Settings
from services.scoring.appraising import Appraising
from services.scoring.audit import reconciler
from services.scoring.audit.reconciler import GivenUp, Outcome, Reconciler
from services.scoring.ledger import Document
from tests.integration.conftest import (
    TOPIC_ID,
    Known,
    Log,
    Partition,
    appraisal,
    appraisals_of,
    id_of,
    response,
    withdrawal,
)
from tests.integration.test_scoring_process import BAD, GOOD, Survey, eventually

POINTS = {"l1": LeafAppraisal(points=Decimal("1.5"))}


@dataclass
class Owner:
    """Who counts one partition, as a scorer would be."""

    assigned: frozenset[TopicPartition]
    generation: int = 0
    behind: int = 0


@dataclass
class Audit:
    """A partition of responses and that of appraisals, with a reconciler of both."""

    partition: Partition
    responses: TopicPartition
    appraisals: TopicPartition
    owner: Owner
    reconciler: Reconciler

    def recount(self) -> Outcome:
        """The outcome of the first of both that has a difference, else of responses."""
        outcome = self.reconciler.recount(self.responses)
        return outcome if outcome.differences else self.reconciler.recount(self.appraisals)


@pytest.fixture
def audit(partition: Partition, client: MongoClient[Document], settings: Settings, small: Campaign) -> Audit:
    partition.say(*(response(number, GOOD if number % 3 else BAD) for number in range(1, 31)))
    partition.say(response(1, BAD, revision=2), withdrawal(2, revision=2), response(4, GOOD), response(5, BAD))
    partition.say(withdrawal(99, revision=1), response(6, GOOD, version=7))
    log = Log(settings.topic("appraisals"))
    appraising = Appraising(partition.ledger, Known(small))
    owned = appraising.load(partition.ledger.position(log.topic, 0, TOPIC_ID))
    changes = (Change(POINTS), Change(POINTS, base=4), Change({"l1": None}, {"bonus": Decimal(1)}))
    appraising.apply(owned, log.say(*(appraisal("w1", change) for change in changes), appraisal("o1", Change(POINTS))))
    noted = Change(POINTS, {"penalty": Decimal(1)}, notes={"penalty": "late"})
    appraising.apply(owned, log.say(appraisals_of({"w1": Change(POINTS), "002": noted})))
    responses, appraisals = TopicPartition(partition.log.topic, 0), TopicPartition(log.topic, 0)
    owner = Owner(frozenset({responses, appraisals}))
    return Audit(partition, responses, appraisals, owner, Reconciler(client, Known(small), settings, owner))


Damage = Callable[[Any], object]
TALLY = {"_id.group": "citizen", "_id.unit": "w1"}
DAMAGES: Mapping[str, tuple[Damage, str]] = {
    "a rating was changed": (
        lambda db: db.responses.update_one({"_id": id_of(7)}, {"$set": {"ratings.w1.l2": "B"}}),
        "group citizen, unit w1: counts[0] is 18, must be 17",
    ),
    "a rating became one that there is not": (
        lambda db: db.responses.update_one({"_id": id_of(7)}, {"$set": {"ratings.w1.l2": "Z"}}),
        f"responses {id_of(7)}: ratings is unknown-answer, must be countable",
    ),
    "a row was deleted": (
        lambda db: db.responses.delete_one({"_id": id_of(7)}),
        "group citizen, unit w1: counts[0] is 18, must be 17",
    ),
    "a row was added": (
        lambda db: db.responses.insert_one({**db.responses.find_one({"_id": id_of(7)}), "_id": id_of(700)}),
        "group citizen, unit w1: counts[0] is 18, must be 19",
    ),
    "a row is in a form that there is not": (
        lambda db: db.responses.update_one({"_id": id_of(7)}, {"$unset": {"ratings": ""}}),
        f"responses {id_of(7)}: 'ratings' is nothing, must be readable",
    ),
    "a count was changed": (
        lambda db: db.tallies.update_one(TALLY, {"$set": {"counts.0": 7}}),
        "group citizen, unit w1: counts[0] is 7, must be 18",
    ),
    "a tally was deleted": (
        lambda db: db.tallies.delete_one(TALLY),
        "group citizen, unit w1 is missing",
    ),
    "something else is among the tallies": (
        lambda db: db.tallies.insert_one({"_id": "mine", "p": 0}),
        "tallies mine must not be there",
    ),
    "the number of counted responses was changed": (
        lambda db: db.positions.update_one({"next": 36}, {"$set": {"counted.small.citizen": 7}}),
        "counted.small.citizen is 7, must be 29",
    ),
    "the activity of a day was changed": (
        lambda db: db.activity.update_one({}, {"$inc": {"duplicate": 1}}),
        "partition 0: records is 36, must be 37",
    ),
    "a dead letter was deleted": (
        lambda db: db.rejected.delete_one({"reason": "unknown-campaign"}),
        "partition 0: records is 36, must be 35",
    ),
    "a late appraisal's letter was deleted": (
        lambda db: db.rejected.delete_one({"reason": "stale"}),
        "partition 0: records is 5, must be 4",
    ),
    "an appraisal was changed": (
        lambda db: db.appraisals.update_one({"_id.unit": "o1"}, {"$set": {"leaves.l1.points": "2"}}),
        "appraisals campaign small, unit o1: leaves.l1.points is 2, must be 1.5",
    ),
    "an appraisal was deleted": (
        lambda db: db.appraisals.delete_one({"_id.unit": "o1"}),
        "appraisals campaign small, unit o1 is missing",
    ),
    "a change of an appraisal was deleted": (
        lambda db: db.appraisal_changes.delete_one({"unit": "w1", "version": 1}),
        "offset 2: before.leaves.l1 is points 1.5, must be nothing",
    ),
    "a change of an appraisal is in a form that there is not": (
        lambda db: db.appraisal_changes.update_one({"unit": "o1"}, {"$unset": {"after": ""}}),
        "documents is KeyError('after'), must be readable",
    ),
}


def test_what_scoring_counted_has_no_difference(audit: Audit) -> None:
    assert audit.recount() == Outcome(0)


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_was_damaged_is_named(audit: Audit, damage: str) -> None:
    inflict, named = DAMAGES[damage]
    inflict(audit.partition.db)
    assert named in str(audit.recount().first)


def test_what_is_counted_meanwhile_is_no_difference(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each row that is read, the row itself is edited and another response counted."""
    numbers = iter(range(7, 31))

    def wait(_seconds: float) -> bool:
        if (number := next(numbers, None)) is not None:
            audit.partition.say(response(number, BAD, revision=2), response(100 + number, GOOD))
        return False

    monkeypatch.setattr(reconciler, "BATCH", 1)
    monkeypatch.setattr(audit.reconciler._stopping, "wait", wait)
    assert audit.reconciler.recount(audit.responses) == Outcome(0)
    assert next(numbers, None) is None
    assert audit.reconciler.recount(audit.responses) == Outcome(0)


def test_a_partition_that_somebody_else_counts_is_left_alone(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciler, "BATCH", 1)
    audit.owner.assigned = frozenset()
    with pytest.raises(GivenUp):
        audit.recount()


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recounts follow one another at once."""
    monkeypatch.setattr(reconciler, "EVERY_S", 0.1)
    monkeypatch.setattr(reconciler, "TURN_S", 0.02)


@pytest.fixture
def running(audit: Audit, always: None) -> Iterator[Audit]:  # noqa: ARG001 - before it starts
    audit.reconciler.start()
    yield audit
    audit.reconciler.stop()
    assert not audit.reconciler._thread.is_alive()


def gauge(name: str, topic: str = "responses", partition: str = "0") -> float | None:
    return REGISTRY.get_sample_value(f"parindex_scoring_{name}", {"topic": topic, "partition": partition})


def test_the_outcome_is_known_until_there_is_another(running: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    eventually(lambda: gauge("recounted_timestamp_seconds") and gauge("recounted_timestamp_seconds", "appraisals"))
    assert (gauge("differences"), running.reconciler.differences) == (0, {})
    running.partition.db.tallies.update_one(TALLY, {"$inc": {"n": 1}})
    ((name, first),) = eventually(lambda: running.reconciler.differences).items()
    assert (name, first.field) == (f"{running.responses.topic}-0", "n")
    assert gauge("differences") == 1
    # MongoDB is away: nothing is concluded.
    failed: list[TopicPartition] = []

    def away(partition: TopicPartition) -> Outcome:
        failed.append(partition)
        raise AutoReconnect

    with monkeypatch.context() as patched:
        patched.setattr(running.reconciler, "recount", away)
        eventually(lambda: failed.count(running.responses) > 1)
        assert running.reconciler.differences
    running.partition.db.tallies.update_one(TALLY, {"$inc": {"n": -1}})
    eventually(lambda: not running.reconciler.differences)
    assert gauge("differences") == 0


@pytest.mark.parametrize("change", [{"assigned": frozenset()}, {"generation": 1}])
def test_what_another_process_counts_or_another_generation_holds_is_no_concern(
    running: Audit, change: Mapping[str, Any]
) -> None:
    running.partition.db.tallies.update_one(TALLY, {"$inc": {"n": 1}})
    eventually(lambda: running.reconciler.differences)
    for name, value in change.items():
        setattr(running.owner, name, value)
    assert running.reconciler.differences == {}
    eventually(lambda: gauge("differences") is None)


def test_who_has_much_to_count_recounts_nothing(audit: Audit, always: None) -> None:  # noqa: ARG001 - before it starts
    asked: list[int] = []

    class Busy(Owner):
        @property
        def behind(self) -> int:
            asked.append(reconciler.BEHIND + 1 if len(asked) < 20 else 0)
            return asked[-1]

        @behind.setter
        def behind(self, _n: int) -> None: ...

    audit.reconciler._owner = Busy(audit.owner.assigned)
    audit.partition.db.tallies.update_one(TALLY, {"$inc": {"n": 1}})
    audit.reconciler.start()
    eventually(lambda: audit.reconciler.differences)
    audit.reconciler.stop()
    assert len(asked) > 20


def test_what_an_appraiser_wrote_is_never_told(audit: Audit) -> None:
    """What is told stands in logs."""
    audit.partition.db.appraisals.update_one({"_id.unit": "o1"}, {"$set": {"leaves.l1.note": "secret"}})
    first = audit.recount().first
    assert first is not None
    assert (first.field, "secret" in str(first)) == ("leaves.l1.note", False)


def test_a_scorer_is_unready_from_the_damage_to_the_rebuild(
    settings: Settings,
    client: MongoClient[Document],
    small: Campaign,
    always: None,  # noqa: ARG001 - before it starts
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.scoring.rebuilding.READERS_S", 0.0)
    kafka.create_topics(settings)
    survey = Survey(settings, client)
    survey.publish(small)
    survey.say("responses", *(response(number, GOOD) for number in range(1, 31)))
    environment = {
        "PARINDEX_KAFKA": settings.kafka,
        "PARINDEX_MONGO": settings.mongo,
        "PARINDEX_TOPIC_PREFIX": settings.topic_prefix,
        "PARINDEX_RESPONSE_PARTITIONS": str(settings.response_partitions),
    }
    with survey.scorer() as scorer:

        def readiness() -> httpx.Response:
            return httpx.get(f"http://{scorer.bind}/readyz")

        eventually(lambda: survey.counted() == 30 and gauge("recounted_timestamp_seconds", partition="2"))
        assert readiness().status_code == 200
        survey.db.tallies.update_one({"_id.p": 2, "_id.unit": "w1"}, {"$inc": {"counts.0": 7}})
        answer = eventually(lambda: (found := readiness()).status_code == 503 and found)
        said = answer.json()["checks"]["differences"]
        assert said.startswith(
            f"{settings.topic('responses')}-2: tallies p 2, campaign small, group citizen, unit w1: "
        )
        assert said.endswith("; run `parindex verify`, then `parindex rebuild`")
        done = CliRunner().invoke(main, ["verify", "--json"], env=environment)
        assert (done.exit_code, json.loads(done.stdout)["differences"]["tallies"]) == (1, 1)
        done = CliRunner().invoke(main, ["rebuild"], env=environment)
        assert done.exit_code == 0, done.output
        eventually(lambda: readiness().status_code == 200)
        done = CliRunner().invoke(main, ["verify"], env=environment)
        assert done.exit_code == 0, done.output
        assert survey.counted() == 30
    survey.producer.close(timeout=2)
