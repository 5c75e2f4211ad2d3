"""Responses are taken for new without a look, and each is counted once: what is not new is found out in time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from pymongo import MongoClient

from services.common import mongo
from services.common.campaign import Campaign
from services.common.events import Response, Withdrawal
from services.common.generation import INDEXES, Generation
from services.common.settings import Settings
from services.scoring import counting
from services.scoring.ledger import Document
from tests.integration.conftest import Partition, response, withdrawal
from tests.integration.steps import Steps

GOOD = {"w1": {"l2": "A", "l3": "B"}}
BAD = {"w1": {"l2": "C", "l3": "C"}, "002": {"l2": "N"}}
ALWAYS = 10**9
"""Chunks in which every response is looked up."""


@pytest.fixture
def steps() -> Steps:
    return Steps()


@pytest.fixture
def watched(settings: Settings, small: Campaign, steps: Steps) -> Iterator[Partition]:
    """A partition under scoring whose driver's commands are counted."""
    with MongoClient(settings.mongo, event_listeners=[steps], w="majority", tz_aware=True) as client:
        mongo.prepare(mongo.database(client))
        made = Partition(client, settings, (small,))
        steps.sent.clear()
        yield made
        made.ledger.close()


def test_new_responses_cost_no_look(watched: Partition, steps: Steps) -> None:
    watched.say(*(response(number, GOOD) for number in range(50)))
    assert steps.sent == {
        "update positions": 1,
        "insert responses": 1,
        "update tallies": 1,
        "update activity": 1,
        "commitTransaction": 1,
    }


def test_later_revisions_are_looked_up_alone(watched: Partition, steps: Steps) -> None:
    watched.say(response(1, GOOD), response(2, GOOD))
    steps.sent.clear()
    watched.say(response(3, GOOD), response(1, BAD, revision=2), withdrawal(2, revision=2))
    assert (steps.sent["find responses"], steps.sent["abortTransaction"]) == (1, 0)
    assert watched.tally("w1")["counts"] == [1, 0, 1, 0, 0, 1, 1]
    assert watched.owned.wary == 0


def test_what_is_not_new_is_found_out_and_counted_with_a_look(watched: Partition, steps: Steps) -> None:
    watched.say(response(1, GOOD))
    before = watched.tally("w1")
    steps.sent.clear()
    applied = watched.say(response(1, GOOD), response(2, BAD), response(1, BAD))
    assert applied.effects == {"duplicate": 1, "submitted": 1, "conflict": 1}
    assert (steps.sent["abortTransaction"], steps.sent["commitTransaction"]) == (1, 1)
    assert (before["n"], watched.tally("w1")["n"]) == (1, 2)
    assert watched.row(1)["ratings"] == GOOD
    assert watched.load().counts == watched.owned.counts


def test_after_that_all_are_looked_up_for_a_while(
    watched: Partition, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "WARY", 2)
    watched.say(response(1, GOOD))
    watched.say(response(1, GOOD))
    steps.sent.clear()
    for number in range(2):
        watched.say(response(1, GOOD), response(10 + number, GOOD))
    assert (steps.sent["find responses"], steps.sent["abortTransaction"]) == (2, 0)
    watched.say(response(20, GOOD))
    assert steps.sent["find responses"] == 2


@pytest.mark.parametrize(
    "said",
    [
        [response(1, {"w1": {"l2": "Z"}})],
        [response(1, {"w1": {"l2": "Z"}}, group="nobody")],
        [response(1, {"w1": {"l2": "Z"}}), response(1, {"w1": {"l2": "Z"}}, revision=2)],
        [response(1, GOOD, campaign="twin"), response(2, GOOD)],
        [withdrawal(1, revision=1)],
    ],
)
def test_what_would_be_rejected_if_it_were_new_is_looked_up(
    client: MongoClient[Document], settings: Settings, small: Campaign, said: list[Response | Withdrawal]
) -> None:
    """A row that is not inserted cannot show that there is one already."""
    found = []
    for wary in (0, ALWAYS):
        partition = Partition(client, settings, (small, dataclasses.replace(small, code="twin")))
        partition.owned.wary = wary
        partition.say(response(1, GOOD))
        partition.say(*said)
        found.append(contents(partition.ledger.generation))
        partition.ledger.close()
        partition.ledger.generation.drop()
        partition.ledger.generation.create()
    assert found[0] == found[1]


@pytest.mark.parametrize("seed", range(25))
def test_any_mixture_in_any_chunks_comes_to_what_it_does_with_a_look_at_all(
    client: MongoClient[Document], settings: Settings, small: Campaign, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - no secret
    monkeypatch.setattr(counting, "WARY", random.randrange(3))
    said = [saying(random) for _ in range(60)]
    sizes = [random.randint(1, 9) for _ in said]
    found = []
    for number, wary in enumerate((0, ALWAYS)):
        Generation(mongo.database(client), number).create()
        partition = Partition(client, settings, (small,), generation=number)
        partition.owned.wary = wary
        left = list(said)
        for size in sizes:
            if left:
                partition.say(*left[:size])
                del left[:size]
        assert partition.load().counts == partition.owned.counts
        found.append(contents(partition.ledger.generation))
        partition.ledger.close()
    assert found[0] == found[1]


def saying(random: Random) -> Response | Withdrawal:
    """Of one of a few raters; some of it has been said before, some of it cannot be counted."""
    number, revision = random.randrange(12), random.choice([1, 1, 1, 2, 3])
    if random.random() < 0.15:
        return withdrawal(number, revision=revision)
    ratings = random.choice([GOOD, GOOD, BAD, {"w1": {"l3": "N"}}, {"w1": {"l2": "Z"}}])
    return response(number, ratings, revision=revision, group=random.choice(["citizen", "citizen", "deputy"]))


def contents(generation: Generation) -> dict[str, list[Any]]:
    """All that is stored."""
    return {name: list(generation.db[generation.name(name)].find().sort("_id")) for name in INDEXES}
