"""A refresh writes what has changed, and what readers are shown never goes back in the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import pytest
from pymongo import MongoClient

from services.common import index_document, release
from services.common.appraisals import AppraisalRow, Change, LeafAppraisal
from services.common.campaign import Campaign
from services.common.catalogue import Catalogue
from services.common.settings import Settings
from services.common.unit_index import GroupTally
from services.scoring import refresher as module
from services.scoring.appraising import Appraising
from services.scoring.chunk import Applied
from services.scoring.ledger import Document, Unavailable
from services.scoring.refresher import UNITS_PER_TRANSACTION, Refresher
from tests import communes
from tests.integration.conftest import TOPIC_ID, Known, Log, Partition, appraisal, response
from tests.unit.plain_formula import PlainFormula
from tests.unit.surveys import plain_moments

Shown = tuple[int, Mapping[str, int]]
GOOD = {"w1": {"l2": "A"}}


@pytest.fixture
def refreshed(
    client: MongoClient[Document], settings: Settings, small: Campaign, partition: Partition
) -> Callable[[], Shown]:
    """Refreshes as a process that owns no partition of responses; returns number and positions of the state shown."""
    catalogue = Catalogue(settings)
    catalogue._versions = {small.code: {small.version: small}}
    refresher = Refresher(client, catalogue, settings)
    position = partition.ledger.position(settings.topic("appraisals"), 0, TOPIC_ID)
    appraisals = Appraising(partition.ledger, Known(small)).load(position)

    def refresh() -> Shown:
        refresher.refresh(partition.ledger.generation, {}, appraisals)
        state = partition.db.campaign_state.find_one()
        return state["state"], state["positions"]["responses"]

    return refresh


def test_a_read_that_is_older_than_what_was_shown_is_not_shown(
    refreshed: Callable[[], Shown], partition: Partition
) -> None:
    """A primary that has just been elected may not know yet what a majority has."""
    partition.say(response(1, GOOD))
    partition.say(response(2, GOOD))
    assert refreshed() == (1, {"0": 2})
    position = {"_id": partition.owned.position.key}
    partition.db.positions.update_one(position, {"$set": {"next": 1}})
    assert refreshed() == (1, {"0": 2})
    partition.db.positions.update_one(position, {"$set": {"next": 2}})
    partition.say(response(3, GOOD))
    assert refreshed() == (2, {"0": 3})


def test_a_response_in_a_survey_as_large_as_the_country_rewrites_one_index(
    client: MongoClient[Document], settings: Settings
) -> None:
    country = communes.campaign(2 * UNITS_PER_TRANSACTION + 1)
    partition = Partition(client, settings, (country,))
    catalogue = Catalogue(settings)
    catalogue._versions = {country.code: {country.version: country}}
    refresher = Refresher(client, catalogue, settings)
    position = partition.ledger.position(settings.topic("appraisals"), 0, TOPIC_ID)
    appraisals = Appraising(partition.ledger, Known(country)).load(position)
    generation, own = partition.ledger.generation, {0: partition.owned}
    parts = [refresher.refresh(generation, own, appraisals) for _ in range(3)]
    assert parts == [UNITS_PER_TRANSACTION, UNITS_PER_TRANSACTION, 1]
    assert not refresher.pending
    group, unit = country.groups[0].code, country.units[300].code
    leaf = next(leaf for leaf in country.leaves if leaf.method == "survey")
    option = country.options(leaf)[1].code
    said = response(1, {unit: {leaf.code: option}}, group=group, campaign=country.code)
    refresher.touch(partition.say(said))
    assert refresher.refresh(generation, own, appraisals) == 1
    written = list(partition.db.indices.find({"campaign": country.code, "state": {"$gt": 1}}))
    counts = [int(place == (leaf.code, option)) for place in country.layout[group]]
    moments = plain_moments(country, group, country.unit[unit].block, [said.ratings[unit]])
    expected = PlainFormula(country).compute(unit, {group: GroupTally(1, counts, moments)}, AppraisalRow())
    assert [index_document.read(found) for found in written] == [expected]
    assert partition.db.indices.count_documents({"campaign": country.code}) == len(country.units)
    refresher.close()
    partition.ledger.close()


def test_what_is_counted_between_the_parts_of_a_refresh_is_in_the_next(
    client: MongoClient[Document], settings: Settings, small: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each state is one state of the log, and another campaign does not wait for it."""
    monkeypatch.setattr(module, "UNITS_PER_TRANSACTION", 2)
    other = replace(small, code="other", units=small.units[:1])
    partition = Partition(client, settings, (small, other))
    appraising = Appraising(partition.ledger, Known(small, other))
    appraisals = appraising.load(partition.ledger.position(settings.topic("appraisals"), 0, TOPIC_ID))
    catalogue = Catalogue(settings)
    catalogue._versions = {campaign.code: {1: campaign} for campaign in (small, other)}
    refresher = Refresher(client, catalogue, settings)
    appraised = Log(settings.topic("appraisals"))

    def shown(unit: str) -> Document:
        state = partition.db.campaign_state.find_one({"_id": "small"}) or {"state": 0, "positions": None}
        found = partition.db.indices.find_one({"_id": {"campaign": "small", "unit": unit}})
        n = found["groups"]["citizen"]["n"], found["leaves"]["l1"]["state"]
        return {"state": state["state"], "positions": state["positions"], "of": found["state"], "says": n}

    def go_on() -> int:
        return refresher.refresh(partition.ledger.generation, {0: partition.owned}, appraisals)

    refresher.touch(partition.say(response(1, {"w1": {"l2": "A"}, "002": {"l2": "A"}})))
    assert go_on() == 1 + 2
    assert refresher.under_way
    first = {"responses": {"0": 1}, "appraisals": {"0": 0}}
    refresher.touch(partition.say(response(2, {"w1": {"l2": "A"}, "002": {"l2": "A"}})))
    said = response(3, GOOD, campaign="other")
    refresher.touch(partition.say(said))
    points = {"l1": LeafAppraisal(points=Decimal(1))}
    appraising.apply(appraisals, appraised.say(appraisal("w1", Change(points))))
    refresher.touch(Applied({"small"}, {("small", "w1")}))
    assert go_on() == 1 + 1
    assert not refresher.under_way
    assert partition.db.campaign_state.find_one({"_id": "other"})["counted"] == {"citizen": 1}
    for unit in ("w1", "002"):
        assert shown(unit) == {"state": 1, "positions": first, "of": 1, "says": (1, "pending")}
    assert go_on() == 2
    second = {"responses": {"0": 3}, "appraisals": {"0": 1}}
    assert shown("w1") == {"state": 2, "positions": second, "of": 2, "says": (2, "scored")}
    assert shown("002") == {"state": 2, "positions": second, "of": 2, "says": (2, "pending")}
    assert not refresher.pending
    refresher.close()
    partition.ledger.close()


def test_who_takes_the_refresh_over_goes_on_from_what_was_released(
    client: MongoClient[Document], settings: Settings, small: Campaign
) -> None:
    """Else two successive breakdowns could be one response apart."""
    public = replace(small, rules=replace(small.rules, live="public", suppress_below=2))
    partition = Partition(client, settings, (public,))
    catalogue = Catalogue(settings)
    catalogue._versions = {public.code: {public.version: public}}
    position = partition.ledger.position(settings.topic("appraisals"), 0, TOPIC_ID)
    appraisals = Appraising(partition.ledger, Known(public)).load(position)
    shown = []
    first, second = Refresher(client, catalogue, settings), Refresher(client, catalogue, settings)
    for number, refresher in enumerate((first, first, second, second, second, first, first), 1):
        refresher.touch(partition.say(response(number, GOOD)))
        with suppress(Unavailable):  # the first to learn that it was replaced; the next call takes over again
            refresher.refresh(partition.ledger.generation, {0: partition.owned}, appraisals)
        released = partition.db.indices.find_one({"_id.unit": "w1"}).get("released")
        shown.append(sum(release.read(released)["citizen"].shown) if released else 0)
    assert shown == [0, 0, 0, 2, 2, 2, 4]
    for refresher in (first, second):
        refresher.close()
    partition.ledger.close()
