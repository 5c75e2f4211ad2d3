"""The board applies changes in the order of the log, as scoring does, and remembers what became of each."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from kafka.consumer.fetcher import ConsumerRecord

from services.common import campaign_schema
from services.common.appraisals import AppraisalRow, Change, LeafAppraisal, Stale, Unfit
from services.common.campaign import Campaign
from services.common.catalogue import Catalogue
from services.common.events import Appraisal, Definition, Withdrawal
from services.common.requeued import HEADER
from services.common.settings import Settings
from services.intake.board import OUTCOMES, Board
from tests.intake import definition

NOW = datetime(2022, 11, 18, tzinfo=UTC)


def defined(version: int = 1) -> Definition:
    campaign: Campaign = campaign_schema.parse(json.dumps(definition("small")))
    return Definition("small", version, campaign_schema.dump(dataclasses.replace(campaign, version=version)))


def appraisal(change: Change, *, unit: str = "w1", version: int = 1) -> Appraisal:
    return Appraisal("small", version, "ops", NOW, {unit: change})


@pytest.fixture
def board() -> Board:
    catalogue = Catalogue(Settings())
    catalogue.follower._handle(at("campaigns", 0), defined())
    return Board(Settings(), catalogue)


def at(topic: str, offset: int, *came_from: int) -> ConsumerRecord:
    headers = [(HEADER, f"{topic}/0/{place}".encode()) for place in came_from]
    return ConsumerRecord(topic, 0, 0, offset, 0, 0, b"", b"", headers, None, 0, 0, 0)


def learn(board: Board, offset: int, event: Appraisal | Withdrawal, *came_from: int) -> None:
    """Hands the board an event; `came_from` are the places it was requeued from."""
    board.follower._handle(at("appraisals", offset, *came_from), event)


def bonus(value: int, base: int | None = None) -> Change:
    return Change(adjustments={"bonus": Decimal(value)}, base=base)


def test_a_row_before_any_change_is_version_0(board: Board) -> None:
    assert board.row("small", "w1") == AppraisalRow()


def test_of_two_changes_for_one_version_the_first_in_the_log_stands(board: Board) -> None:
    learn(board, 0, appraisal(bonus(1, base=0)))
    learn(board, 1, appraisal(bonus(2, base=0)))
    assert board.row("small", "w1").bonus == 1
    assert board.outcome(0) == {"w1": board.row("small", "w1")}
    assert isinstance(board.outcome(1), Stale)


def test_each_unit_has_a_row_of_its_own(board: Board) -> None:
    learn(board, 0, appraisal(bonus(1)))
    learn(board, 1, appraisal(bonus(2, base=0), unit="w2"))
    assert (board.row("small", "w1").bonus, board.row("small", "w2").bonus) == (1, 2)


@pytest.mark.parametrize(
    "change",
    [
        Change({"l1": LeafAppraisal(points=Decimal("2.01"))}),
        Change({"l1": LeafAppraisal(points=Decimal(-1))}),
        Change({"l2": LeafAppraisal(points=Decimal(0))}),
        Change({"lx": None}),
        bonus(-1),
    ],
)
def test_a_change_that_scoring_rejects_makes_no_version(board: Board, change: Change) -> None:
    """Somebody may have written it past intake: the versions must stay the same on both sides."""
    learn(board, 0, appraisal(change))
    assert board.row("small", "w1").version == 0
    assert isinstance(board.outcome(0), Unfit)


def test_a_change_of_an_unknown_unit_or_version_makes_none(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.intake.board.DEFINITION_S", 0.01)
    learn(board, 0, appraisal(bonus(1), unit="w9"))
    learn(board, 1, appraisal(bonus(1), version=7))
    assert isinstance(board.outcome(0), Unfit)
    assert isinstance(board.outcome(1), Unfit)


def test_a_requeued_change_counts_only_where_the_first_had_no_effect(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scoring may have refused what was applied here: it then has the row of this version too."""
    monkeypatch.setattr("services.intake.board.DEFINITION_S", 0.01)
    learn(board, 0, appraisal(bonus(1)))
    learn(board, 1, appraisal(bonus(1)), 0)
    assert board.row("small", "w1").version == 1
    learn(board, 2, appraisal(bonus(2), version=2))
    assert isinstance(board.outcome(2), Unfit)
    board._catalogue.follower._handle(at("campaigns", 1), defined(2))
    learn(board, 3, appraisal(bonus(2), version=2), 2)
    assert (board.row("small", "w1").version, board.row("small", "w1").bonus) == (2, 2)


def test_an_event_of_another_kind_is_passed_over(board: Board) -> None:
    learn(board, 0, Withdrawal("3fa85f64-5717-4562-b3fc-2c963f66afa6", 1, "small", 1))
    assert board.outcome(0) is None


def test_outcomes_of_long_ago_are_forgotten(board: Board) -> None:
    for offset in range(OUTCOMES + 5):
        learn(board, offset, appraisal(bonus(offset)))
    assert board.outcome(4) is None
    assert board.outcome(5) is not None
    assert board.row("small", "w1").version == OUTCOMES + 5
