"""A stream tells the latest state to slow and quick readers alike, shows that it lives, and ends when it shall."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import orjson
import pytest
from surveys import asked, survey

from services.common import problems
from services.common.problems import Problem
from services.reporting import live as module
from services.reporting import views
from services.reporting.live import Live
from services.reporting.rankings import View
from services.reporting.standing import AsOf, Body, Standing
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
    return Live(standings, ranking)


def ranking(standing: Standing, named: View) -> Body | None:
    """As everybody may see it; nothing where the block is one that nobody may."""
    if named.block == "closed":
        return None
    return Body(b'{"state":%d,"block":"%s"}' % (standing.as_of.state, named.block.encode()), "application/json")


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


def sent_with(live: Live, block: str) -> Iterator[bytes]:
    stream = live.stream("survey", None, View(block))
    assert next(stream).startswith(b"retry: ")
    return stream


def test_a_named_ranking_comes_before_each_new_state_and_not_with_the_one_found(standings: Standings, live: Live):
    streams = [sent_with(live, block) for block in ("b1", "b1", "b2")]
    plain = opened(live, None)
    first = {next(stream) for stream in [*streams, plain]}
    assert len(first) == 1
    take(standings, 2)
    one, same, other = (next(stream) for stream in streams)
    assert one is same
    sent, state, _ = one.split(b"\n\n")
    name, data = sent.split(b"\ndata: ")
    assert name == b"event: ranking"
    assert orjson.loads(data)["ranking"] == {"state": 2, "block": "b1"}
    assert orjson.loads(data)["etag"]
    assert state + b"\n\n" == next(plain)
    assert b'"block":"b2"' in other


def test_where_nobody_may_see_a_ranking_the_state_comes_alone(standings: Standings, live: Live):
    stream = sent_with(live, "closed")
    assert next(stream).startswith(b"id: 1\n")
    take(standings, 2)
    assert next(stream).startswith(b"id: 2\n")


def test_where_many_are_told_nobody_is_told_again_before_all_were(
    standings: Standings, live: Live, monkeypatch: pytest.MonkeyPatch
):
    slept: list[float] = []
    monkeypatch.setattr(module.time, "sleep", slept.append)
    monkeypatch.setattr(module, "TELL_S", 0.02)
    streams = [opened(live) for _ in range(5)]
    for _ in range(2):
        for stream in streams:
            next(stream)
        take(standings, 2)
    assert slept == 5 * [0.1]


def test_a_ranking_whose_details_are_still_being_read_holds_no_stream_up(monkeypatch: pytest.MonkeyPatch):
    def unread(*_: object) -> Body:
        raise Problem(problems.UNAVAILABLE, "the details of the units are still being read")

    monkeypatch.setattr(views, "ranking", unread)
    assert views.seen_by_everybody(Standing(CAMPAIGN, AsOf(1, 1, {}, {}), {}), View("b1", "f1")) is None
