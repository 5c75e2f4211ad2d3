"""Figures are fresh when that is cheap, and counting is not held up by showing what is long past."""

from __future__ import annotations

import pytest

from services.scoring.pace import (
    BACKLOG,
    FEW,
    GATHER,
    GATHER_EACH_S,
    GATHER_S,
    LONGEST_BACKLOG_S,
    LONGEST_PAUSE_S,
    LOOK_S,
    REFRESH_S,
    SHORT_S,
    Pace,
)


def after(took: float, *, pending: bool = True, behind: int = 0) -> float:
    """How long after the end of a refresh that took so long the next one is due."""
    pace = Pace()
    pace.refreshed(100.0, 100.0 + took)
    return pace.due(pending=pending, behind=behind) - (100.0 + took)


def test_the_first_is_due_at_once():
    assert Pace().due(pending=True, behind=0) <= REFRESH_S


@pytest.mark.parametrize(("pending", "period"), [(True, REFRESH_S), (False, LOOK_S)])
def test_short_ones_begin_at_a_steady_pace(pending: bool, period: float):  # noqa: FBT001
    assert after(0.01, pending=pending) == pytest.approx(period - 0.01)


@pytest.mark.parametrize(
    ("took", "behind", "share"),
    [
        (SHORT_S * 0.9, 0, 2 / 3),
        (SHORT_S * 1.1, 0, 1 / 4),
        (1.0, BACKLOG, 1 / 4),
        (SHORT_S, BACKLOG + 1, 1 / 20),
        (3.0, BACKLOG + 1, 1 / 20),
    ],
)
def test_the_longer_and_the_further_behind_the_less_of_the_time_they_take(took: float, behind: int, share: float):
    assert took / (took + after(took, behind=behind)) == pytest.approx(share)


def test_after_the_longest_nobody_waits_for_minutes():
    assert after(20.0, behind=BACKLOG) == LONGEST_PAUSE_S
    assert after(20.0, behind=BACKLOG + 1) == LONGEST_BACKLOG_S


def test_the_parts_of_a_refresh_follow_upon_each_other_and_count_as_one():
    pace = Pace()
    pace.refreshed(100.0, 100.3, whole=False)
    assert pace.due(pending=True, behind=BACKLOG) == pytest.approx(100.3)
    assert pace.due(pending=True, behind=BACKLOG + 1) == pytest.approx(100.6)
    pace.refreshed(101.0, 101.2)
    assert pace.due(pending=True, behind=BACKLOG) == pytest.approx(101.2 + 3 * 0.5)
    assert pace.due(pending=True, behind=BACKLOG + 1) == pytest.approx(101.2 + 19 * 0.5)
    pace.refreshed(200.0, 200.1)
    assert pace.due(pending=True, behind=0) == pytest.approx(200.15)


def test_the_last_of_a_backlog_is_shown_without_its_long_pause():
    """What counts is how far behind it is now, not when the last refresh was made."""
    pace = Pace()
    pace.refreshed(100.0, 100.1)
    assert pace.due(pending=True, behind=BACKLOG + 1) == pytest.approx(102.0)
    assert pace.due(pending=True, behind=0) == pytest.approx(100.15)


def test_what_comes_first_is_counted_at_once():
    assert Pace().gather_until(records=1, behind=0) == 0.0


@pytest.mark.parametrize(
    ("took", "records", "gathers"),
    [
        (0.01, 0, 0.01 * GATHER),
        (0.01, FEW, 0.01 * GATHER),
        (0.01, FEW + 100, 0.01 * GATHER + 100 * GATHER_EACH_S),
        (GATHER_S / GATHER, 0, GATHER_S),
        (0.01, 16_000, GATHER_S),
        (5.0, 0, GATHER_S),
    ],
)
def test_records_are_gathered_by_the_last_turn_and_never_for_long(took: float, records: int, gathers: float):
    pace = Pace()
    pace.turned(100.0, 100.0 + took, records)
    assert pace.gather_until(records=1, behind=BACKLOG) == pytest.approx(100.0 + took + gathers)


@pytest.mark.parametrize(("records", "behind"), [(BACKLOG + 1, 0), (1, BACKLOG + 1)])
def test_nothing_is_gathered_while_there_is_much_to_count(records: int, behind: int):
    pace = Pace()
    pace.turned(100.0, 100.1, 100)
    assert pace.gather_until(records=records, behind=behind) == 0.0


def test_it_is_put_off_when_a_server_is_away():
    pace = Pace()
    pace.put_off(7.0)
    assert pace.due(pending=True, behind=0) == 7.0
