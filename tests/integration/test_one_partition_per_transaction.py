"""A transaction of counting names one partition in all it does: with `p` first in the shard key it has one shard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from pymongo import MongoClient, monitoring

from services.common import kafka, mongo
from services.common.appraisals import Change, LeafAppraisal
from services.common.campaign import Campaign
from services.common.requeued import HEADER
from services.common.settings import Settings
from services.scoring.ledger import Document
from tests.integration.conftest import appraisal, response, withdrawal
from tests.integration.test_scoring_process import Survey, eventually

GOOD = {"w1": {"l2": "A", "l3": "B"}}
BAD = {"w1": {"l2": "C", "l3": "C"}, "002": {"l2": "N"}}
PARTITIONED = ("positions", "responses", "tallies", "activity", "appraisals", "appraisal_changes", "rejected")
UNNAMED = -1
"""Where a command does not say whose documents it is about: every shard would be asked."""


class Transactions(monitoring.CommandListener):
    """By transaction: the commands on partitioned collections, and the partitions that each names."""

    def __init__(self) -> None:
        self.seen: dict[tuple[bytes, int], list[tuple[str, set[int]]]] = defaultdict(list)

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        command = event.command
        collection = command.get(event.command_name)
        if "autocommit" not in command or not isinstance(collection, str) or collection not in PARTITIONED:
            return
        transaction = bytes(command["lsid"]["id"]), int(command["txnNumber"])
        named = {_partition(target) for target in _targets(event.command_name, command)}
        self.seen[transaction].append((f"{event.command_name} {collection}", named))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


def _targets(name: str, command: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """The documents that are inserted, and the filters by which others are found."""
    match name:
        case "insert":
            return list(command["documents"])
        case "update":
            # A document that is put in place of another must be of the same partition.
            return [
                part
                for update in command["updates"]
                for part in (update["q"], *([update["u"]] if "_id" in update["u"] else ()))
            ]
        case "find":
            return [command["filter"]]
    raise AssertionError(f"{name} in a transaction of counting")


def _partition(target: Mapping[str, Any]) -> int:
    """The partition that a document or a filter names; where its id names one as well, both must be the same."""
    p = target.get("p", UNNAMED)
    id_ = target["_id"]
    inner = id_.get("p", id_.get("partition", p)) if isinstance(id_, Mapping) else p
    assert inner == p, f"{target} names two partitions"
    return int(p)


def say_of_everything(survey: Survey) -> None:
    """New responses, repeats, edits, withdrawals, conflicts, garbage and what was requeued, in every partition."""
    numbers = range(30)
    survey.say("responses", *(response(number, GOOD) for number in numbers))
    eventually(lambda: survey.counted() == len(numbers))
    survey.say(
        "responses",
        *(response(number, GOOD) for number in numbers),
        *(response(number, BAD) for number in numbers[::3]),
        *(response(number, BAD, revision=2) for number in numbers[::2]),
        *(withdrawal(number, revision=3) for number in numbers[::5]),
        *(response(number + 100, GOOD, version=7) for number in numbers),
    )
    survey.say("appraisals", appraisal("w1", Change({"l1": LeafAppraisal(points=Decimal(1))}, {}, None)))
    survey.say("appraisals", appraisal("w1", Change({"l1": LeafAppraisal(points=Decimal(9))}, {}, None)))
    for p in range(survey.settings.response_partitions):
        letter = eventually(lambda p=p: survey.db.rejected.find_one({"p": p, "reason": "unknown-campaign"}))
        record = letter["record"]
        headers = [(name, value) for name, value in record["headers"]]
        headers.append((HEADER, f"responses/{p}/{letter['_id']['offset']}".encode()))
        survey.producer.send(survey.settings.topic("responses"), record["value"], record["key"], headers, p).get(10)


def all_applied(survey: Survey) -> bool:
    marked = survey.db.rejected.count_documents({"requeued": {"$exists": True}})
    return marked == survey.settings.response_partitions and survey.db.appraisal_changes.count_documents({}) == 1


@pytest.fixture
def transactions(
    settings: Settings, client: MongoClient[Document], small: Campaign, monkeypatch: pytest.MonkeyPatch
) -> Transactions:
    """Those of a scorer that was told of everything."""
    found = Transactions()
    kafka.create_topics(settings)
    survey = Survey(settings, client)
    survey.publish(small)
    monkeypatch.setattr(mongo, "MongoClient", partial(MongoClient, event_listeners=[found]))
    with survey.scorer():
        say_of_everything(survey)
        eventually(lambda: all_applied(survey))
    survey.producer.close(timeout=2)
    return found


def test_every_transaction_names_one_partition(transactions: Transactions) -> None:
    for commands in transactions.seen.values():
        partitions = {p for _, named in commands for p in named}
        assert len(partitions) == 1, f"{partitions} in one transaction: {commands}"
        assert UNNAMED not in partitions, f"a command does not say of which partition it is: {commands}"


def test_all_that_counting_does_was_seen(transactions: Transactions) -> None:
    """A check of the check: every kind of write, and every partition."""
    seen = {name: set[int]() for commands in transactions.seen.values() for name, _ in commands}
    for commands in transactions.seen.values():
        for name, named in commands:
            seen[name] |= named
    assert set(seen) == {
        "update positions",
        "find responses",
        "insert responses",
        "update responses",
        "update tallies",
        "update activity",
        "insert rejected",
        "update rejected",
        "update appraisals",
        "insert appraisal_changes",
    }
    assert seen["insert responses"] == {0, 1, 2}
