"""A stream tells the latest state to slow and quick readers alike, shows that it lives, and ends when it shall."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from surveys import asked, survey

from services.common.problems import Problem
from services.reporting import live as module
from services.reporting.live import Live
from services.reporting.standing import AsOf, Standing
from services.reporting.standings import Standings

CAMPAIGN = survey((asked("q", "1", "g1"),))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def standings(clock: Clock) -> Standings:
    """With the state 1 of a campaign, current."""
    made = Standings(clock)
    take(made, 1)
    made.complete()
    made.confirm(clock())
    return made


@pytest.fixture
def live(standings: Standings) -> Live:
    return Live(standings)


def take(standings: Standings, state: int) -> None:
    standings.take("survey", Standing(CAMPAIGN, AsOf(state, 1, {}, {}), {}))


def opened(live: Live, last: str | None = None) -> Iterator[bytes]:
    stream = live.stream("survey", last)
    assert next(stream).startswith(b"retry: ")
    return stream


def test_a_slow_reader_goes_straight_to_the_latest_state(standings: Standings, live: Live):
    stream = opened(live)
    assert next(stream).startswith(b"id: 1\n")
    for state in (2, 3, 4):
        take(standings, state)
    assert next(stream).startswith(b"id: 4\n")


def test_all_streams_send_the_same_bytes(live: Live):
    assert next(opened(live)) is next(opened(live))


def test_an_idle_stream_shows_that_it_lives(live: Live, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "KEEP_ALIVE_S", 0.01)
    stream = opened(live, "1")
    assert [next(stream), next(stream)] == 2 * [b": still here\n\n"]


def test_who_knows_the_state_is_told_only_the_next(standings: Standings, live: Live, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "KEEP_ALIVE_S", 0.01)
    stream = opened(live, "1")
    assert next(stream).startswith(b":")
    take(standings, 2)
    assert next(stream).startswith(b"id: 2\n")


def test_who_knows_a_later_state_is_told_the_one_in_force(live: Live):
    """The database was made anew, or the reader comes from a worker that was ahead."""
    assert next(opened(live, "9")).startswith(b"id: 1\n")


def test_a_waiting_reader_is_woken(standings: Standings, live: Live):
    stream = opened(live)
    next(stream)
    told: list[bytes] = []
    reader = threading.Thread(target=lambda: told.append(next(stream)))
    reader.start()
    take(standings, 2)
    reader.join(10)
    assert told[0].startswith(b"id: 2\n")


def test_silence_is_told_once_and_then_the_state_again(standings: Standings, live: Live, clock: Clock):
    stream = opened(live)
    next(stream)
    clock.now = 5.0
    standings.judge()
    assert next(stream) == module.UNAVAILABLE.event
    standings.confirm(clock())
    assert next(stream).startswith(b"id: 1\n")


def test_a_campaign_that_is_gone_is_unavailable(standings: Standings, live: Live):
    stream = opened(live)
    next(stream)
    standings.forget("survey")
    assert next(stream) == module.UNAVAILABLE.event


def test_streams_end_when_they_are_closed(live: Live):
    stream = opened(live)
    next(stream)
    live.close()
    assert list(stream) == []


def test_beyond_the_most_streams_one_is_told_to_poll(live: Live, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST_STREAMS", 2)
    streams = [opened(live), opened(live)]
    with pytest.raises(Problem) as caught:
        live.stream("survey", None)
    assert (caught.value.kind.status, caught.value.retry_after_s) == (503, 30)
    streams[0].close()  # type: ignore[attr-defined]
    assert next(live.stream("survey", None))
