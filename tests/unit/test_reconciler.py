"""A recount takes a small share of the time, and in the end no longer than a snapshot can be read."""

from __future__ import annotations

import pytest

from services.scoring.audit import reconciler
from services.scoring.audit.reconciler import BATCH, LONGEST_S, SHARE, GivenUp


class Clock:
    """Time that passes when somebody works or waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        self.waited: list[float] = []
        monkeypatch.setattr(reconciler.time, "monotonic", lambda: self.now)

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def counted(clock: Clock, number: int, seconds_each: float) -> float:
    """How long a partition of so many documents takes."""
    began = clock.now
    pace = reconciler._Pace(number, clock.wait)
    for _ in pace({} for _ in range(number)):
        clock.now += seconds_each
    return clock.now - began


def test_a_partition_takes_a_twentieth_of_the_time(clock: Clock):
    number = 100 * BATCH
    work = number * 0.0001
    assert counted(clock, number, 0.0001) == pytest.approx(work / SHARE)
    assert max(clock.waited) < 1


def test_a_small_partition_is_done_at_once(clock: Clock):
    assert counted(clock, BATCH - 1, 0.0001) < 0.1
    assert not clock.waited


@pytest.mark.parametrize("work", [0.5 * LONGEST_S, 0.9 * LONGEST_S])
def test_a_large_partition_is_done_while_its_snapshot_can_be_read(clock: Clock, work: float):
    assert counted(clock, 500 * BATCH, work / (500 * BATCH)) == pytest.approx(LONGEST_S)


def test_what_is_too_much_even_without_a_pause_has_no_pause(clock: Clock):
    assert counted(clock, 500 * BATCH, 2 * LONGEST_S / (500 * BATCH)) == pytest.approx(2 * LONGEST_S)
    assert set(clock.waited) == {0.0}


def test_two_readings_of_one_recount_share_its_time(clock: Clock):
    began, pace = clock.now, reconciler._Pace(100 * BATCH, clock.wait)
    for part in (30 * BATCH, 70 * BATCH):
        for _ in pace({} for _ in range(part)):
            clock.now += 0.001
    assert clock.now - began == pytest.approx(LONGEST_S)


def test_who_waits_may_give_up():
    def leave(_seconds: float) -> None:
        raise GivenUp

    pace = reconciler._Pace(BATCH, leave)
    with pytest.raises(GivenUp):
        list(pace({} for _ in range(BATCH + 1)))
