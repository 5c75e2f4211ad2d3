"""Who takes the refresh over computes what has changed since the state, and what was not made as it would make it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from pymongo import MongoClient

from services.common.appraisals import AppraisalRow, Change, LeafAppraisal
from services.common.campaign import Campaign
from services.common.campaign_versions import extended_layout
from services.common.catalogue import Catalogue
from services.common.generation import POINTER
from services.common.settings import Settings
from services.scoring import refresher as module
from services.scoring import standing_indices
from services.scoring.appraising import AppraisalsPartition, Appraising
from services.scoring.indices import Indices
from services.scoring.ledger import Document
from services.scoring.refresher import Refresher
from tests.integration.conftest import TOPIC_ID, Known, Log, Partition, appraisal, response

W1, W2 = {"w1": {"l2": "A"}}, {"002": {"l2": "B", "l3": "C"}}
POINTS, LESS = ({"l1": LeafAppraisal(points=Decimal(points))} for points in ("1.5", "1"))


@dataclass
class Scorer:
    """A process that has all partitions: what the log says is applied by it, and shown when it refreshes."""

    client: MongoClient[Document]
    settings: Settings
    campaigns: tuple[Campaign, ...]
    log: Log
    appraised: Log

    def __post_init__(self) -> None:
        self.partition = Partition(self.client, self.settings, self.campaigns)
        self.partition.log = self.log
        self.appraising = Appraising(self.partition.ledger, Known(*self.campaigns))
        position = self.partition.ledger.position(self.appraised.topic, 0, TOPIC_ID)
        self.appraisals: AppraisalsPartition = self.appraising.load(position)
        self.refresher = self.takes_over()

    def takes_over(self) -> Refresher:
        """What would refresh after this process has begun anew."""
        catalogue = Catalogue(self.settings)
        for campaign in self.campaigns:
            catalogue._versions.setdefault(campaign.code, {})[campaign.version] = campaign
        self.refresher = Refresher(self.client, catalogue, self.settings)
        return self.refresher

    def refresh(self) -> int:
        """Shows what has changed; how many indices were written."""
        return self.refresher.refresh(self.partition.ledger.generation, {0: self.partition.owned}, self.appraisals)

    def appraise(self, unit: str, change: Change) -> None:
        self.appraising.apply(self.appraisals, self.appraised.say(appraisal(unit, change)))

    @property
    def written_by(self) -> dict[str, int]:
        """By unit, the number of the state that its index was written for."""
        return {found["unit"]: found["state"] for found in self.partition.db.indices.find()}

    @property
    def state(self) -> Document:
        found: Document = self.partition.db.campaign_state.find_one({"_id": "small"})
        return found

    def check(self) -> None:
        """Every index is the one that is made from nothing, and the state is that of the whole log."""
        campaign, state = self.campaigns[-1], self.state
        assert state["positions"] == {
            "responses": {"0": len(self.log.records)},
            "appraisals": {"0": len(self.appraised.records)},
        }
        sources = [self.partition.load().counts.tallies]
        for unit in campaign.unit:
            found = self.partition.db.indices.find_one({"_id.unit": unit})
            row = self.appraisals.rows.get(("small", unit), AppraisalRow())
            assert found["state"] <= state["state"]
            assert found == Indices(campaign).document(unit, found["state"], sources, row)


@pytest.fixture
def scorer(client: MongoClient[Document], settings: Settings, small: Campaign) -> Iterator[Scorer]:
    """It has shown two responses and an appraisal, in two states."""
    logs = Log(settings.topic("responses")), Log(settings.topic("appraisals"))
    made = Scorer(client, settings, (small,), *logs)
    assert made.refresh() == 3
    made.refresher.touch(made.partition.say(response(1, W1), response(2, W2)))
    made.appraise("w1", Change(POINTS))
    assert made.refresh() == 2
    yield made
    made.partition.ledger.close()


def test_where_nothing_has_changed_nothing_is_written(scorer: Scorer) -> None:
    before = scorer.state
    scorer.takes_over()
    assert scorer.refresh() == 0
    assert scorer.state == before
    assert not scorer.refresher.pending
    scorer.check()


def test_what_was_counted_and_not_shown_is_computed_and_nothing_else(scorer: Scorer) -> None:
    scorer.partition.say(response(3, W2))
    scorer.takes_over()
    assert scorer.refresh() == 1
    assert scorer.written_by == {"w1": 2, "002": 3, "o1": 1}
    scorer.check()


def test_what_another_process_has_counted_is_computed_and_nothing_else(scorer: Scorer) -> None:
    scorer.partition.say(response(3, W2))
    scorer.takes_over()
    assert scorer.refresher.refresh(scorer.partition.ledger.generation, {}, scorer.appraisals) == 1
    assert scorer.written_by == {"w1": 2, "002": 3, "o1": 1}
    scorer.check()


def test_records_that_change_no_tally_move_the_state_alone(scorer: Scorer) -> None:
    scorer.partition.say(response(2, W2))
    scorer.takes_over()
    assert scorer.refresh() == 0
    assert scorer.state["state"] == 3
    scorer.check()


def test_what_was_appraised_and_not_shown_is_computed_and_nothing_else(scorer: Scorer) -> None:
    scorer.appraise("002", Change(POINTS))
    scorer.takes_over()
    assert scorer.refresh() == 1
    assert scorer.written_by == {"w1": 2, "002": 3, "o1": 1}
    scorer.check()


def test_an_appraisal_that_was_said_long_before_and_comes_to_the_row_now_is_computed(scorer: Scorer) -> None:
    """A requeued record counts as said where it stood first; when it came to the row is another matter."""
    nobody = Appraising(scorer.partition.ledger, Known())
    nobody.apply(
        scorer.appraisals, scorer.appraised.say(appraisal("w1", Change(LESS)), appraisal("002", Change(POINTS)))
    )
    scorer.takes_over()
    assert scorer.refresh() == 0
    scorer.appraising.apply(scorer.appraisals, [scorer.appraised.requeue(1)])
    assert scorer.appraisals.rows["small", "w1"].at == 1
    scorer.takes_over()
    assert scorer.refresh() == 1
    scorer.check()


def test_what_was_written_for_a_state_that_never_came_to_be_is_computed(
    scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "UNITS_PER_TRANSACTION", 1)
    scorer.refresher.touch(scorer.partition.say(response(3, W1 | W2)))
    assert scorer.refresh() == 1
    assert sorted(scorer.written_by.values()) == [1, 2, 3]
    # What was counted is taken for shown, so that nothing but the number tells.
    half_way = next(unit for unit, number in scorer.written_by.items() if number == 3)
    scorer.partition.db.tallies.update_many({}, {"$min": {"at": 2}})
    scorer.partition.owned = scorer.partition.load()
    scorer.takes_over()
    assert scorer.refresh() == 1
    assert scorer.written_by[half_way] == scorer.state["state"] == 3


def test_a_refresh_that_was_half_way_is_made_whole(scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNITS_PER_TRANSACTION", 1)
    scorer.refresher.touch(scorer.partition.say(response(3, W1 | W2)))
    assert scorer.refresh() == 1
    scorer.partition.say(response(4, W2))
    scorer.takes_over()
    assert [scorer.refresh(), scorer.refresh()] == [1, 1]
    assert not scorer.refresher.pending
    assert scorer.written_by == {"w1": 3, "002": 3, "o1": 1}
    scorer.check()


def other_form(_: Scorer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing_indices, "FORM", standing_indices.FORM + 1)


def an_earlier_version_of_scoring(scorer: Scorer, _: pytest.MonkeyPatch) -> None:
    """It said nothing of how it made them."""
    scorer.partition.db.campaign_state.update_one({}, {"$unset": {"made": 1}})


def sums_made_anew(scorer: Scorer, _: pytest.MonkeyPatch) -> None:
    scorer.partition.db.positions.update_one({"_id.topic": scorer.log.topic}, {"$set": {"weighings": 1}})
    scorer.partition.owned = scorer.partition.load()
    scorer.partition.owned.position.weighings = 1


def an_index_that_is_gone(scorer: Scorer, _: pytest.MonkeyPatch) -> None:
    scorer.partition.db.indices.delete_one({"_id.unit": "o1"})


def a_new_definition(scorer: Scorer, _: pytest.MonkeyPatch) -> None:
    (before,) = scorer.campaigns
    second = replace(before, version=2, rules=replace(before.rules, decimals=3))
    second = replace(second, layout=extended_layout(second, before.layout))
    scorer.campaigns = (before, second)
    weighed = {"weighed": {"small": 2}, "weighed_at": len(scorer.log.records)}
    scorer.partition.db.positions.update_one({"_id.topic": scorer.log.topic}, {"$set": weighed})
    scorer.partition = Partition(scorer.client, scorer.settings, scorer.campaigns)


def another_generation(scorer: Scorer, _: pytest.MonkeyPatch) -> None:
    db = scorer.partition.db
    for collection in ("positions", "tallies", "appraisals", "appraisal_changes"):
        if found := list(db[collection].find()):
            db[f"{collection}.1"].insert_many(found)
    db[POINTER].insert_one({"_id": "current", "number": 1, "log_shorter": False})
    scorer.partition.ledger.follow()


@pytest.mark.parametrize(
    "become",
    [
        other_form,
        an_earlier_version_of_scoring,
        sums_made_anew,
        an_index_that_is_gone,
        a_new_definition,
        another_generation,
    ],
)
def test_all_is_computed_where_it_might_come_out_otherwise(
    scorer: Scorer, monkeypatch: pytest.MonkeyPatch, become: Callable[[Scorer, pytest.MonkeyPatch], None]
) -> None:
    become(scorer, monkeypatch)
    scorer.takes_over()
    assert scorer.refresh() == 3
    assert set(scorer.written_by.values()) == {3}
    scorer.check()
    scorer.takes_over()
    assert scorer.refresh() == 0
