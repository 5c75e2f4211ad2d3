"""Server-sent events: each open stream is told of every new state, and when MongoDB goes away and comes back.

All streams of a campaign that ask for the same wait on one condition and read the same bytes, so an idle stream costs
next to nothing. What a stream has not sent yet is not queued: a slow reader goes straight to the latest state.

A stream that names a ranking is sent what everybody may see of it with every state that comes: thousands of dashboards
that ask for it after each would cost several times as much.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from itertools import chain
from typing import NamedTuple

import orjson

from services.common import problems
from services.common.problems import Problem
from services.reporting.metrics import STREAMS
from services.reporting.standing import Body, Standing
from services.reporting.standings import Standings

KEEP_ALIVE_S = 15.0
MOST_STREAMS = 10_000
"""Of a worker's 12,000 connections: the rest is kept free for the answers that the streams' readers then ask for."""
RETRY_MS = (1_000, 4_000)
"""Spread, so that a restart is not followed by everybody at once."""
TELL_S = 0.0002
"""What it takes to tell one stream, with room for answers: as long as it takes to tell all, nobody is told again."""
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 1.0

Ranking = Callable[[Standing], Body | None]
"""What everybody may see of a ranking in a state; None where that is nothing."""


class _Message(NamedTuple):
    """What a stream says now: the id of the state, empty when there is none to be had, and the bytes of the event.

    `more` is the same with the ranking that the stream named.
    """

    id: str
    event: bytes
    more: bytes


_UNAVAILABLE = b'event: unavailable\ndata: {"retryable":true}\n\n'
UNAVAILABLE = _Message("", _UNAVAILABLE, _UNAVAILABLE)


class _Channel:
    """What the streams of one campaign wait on that ask for the same."""

    def __init__(self, ranking: Ranking | None) -> None:
        self.ranking = ranking
        self.changed = threading.Condition()
        self.state: _Message | None = None


class Live:
    """The open streams of this process."""

    def __init__(self, standings: Standings) -> None:
        self._standings = standings
        self._channels: dict[str, dict[Hashable, _Channel]] = {}
        """By campaign, and by the ranking that is named."""
        self._open = 0
        self._closed = False
        standings.listen(self._heard)

    def close(self) -> None:
        """Ends all streams; their readers come back by themselves."""
        self._closed = True
        self._wake(*self._all())

    def stream(
        self, campaign: str, last: str | None, named: Hashable = None, ranking: Ranking | None = None
    ) -> Iterator[bytes]:
        """The events of a campaign from now on.

        Args:
            campaign: one that has a state, or had one when MongoDB was last seen.
            last: the id of the last event that the reader has; the state is not told again while it is that.
            named: the ranking that is sent with every state that comes; None is none.
            ranking: makes it; of one that is `named` alike it makes the same.

        Raises:
            Problem: 503 when there are too many streams.
        """
        if self._open >= MOST_STREAMS:
            raise Problem(problems.UNAVAILABLE, "too many streams are open: poll the rankings", retry_after_s=30)
        # Known from here on, so that none of the next states is missed.
        channel = self._channels.setdefault(campaign, {}).setdefault(named, _Channel(ranking))
        return self._events(campaign, channel, last)

    def _events(self, campaign: str, channel: _Channel, sent: str | None) -> Iterator[bytes]:
        self._open += 1
        STREAMS.inc()
        try:
            low, high = RETRY_MS
            yield b"retry: %d\n\n" % (low + secrets.randbelow(high - low))
            # Who comes asks for the ranking of the state in force, and has it before this would be read.
            first = True
            while not self._closed:
                message = self._message(campaign, channel)
                if message.id == sent:
                    yield b": still here\n\n"
                else:
                    yield message.event if first else message.more
                sent, first = message.id, False
                self._pause()
                self._wait(campaign, channel, sent)
        finally:
            self._open -= 1
            STREAMS.dec()

    def _pause(self) -> None:
        """Where many streams are open, each has its turn before one is told again."""
        pause = min(LONGEST_PAUSE_S, TELL_S * self._open)
        if pause >= SHORTEST_PAUSE_S:
            time.sleep(pause)

    def _wait(self, campaign: str, channel: _Channel, sent: str) -> None:
        """Until there is something to say, or it is time for a sign of life."""
        with channel.changed:
            channel.changed.wait_for(lambda: self._closed or self._message(campaign, channel).id != sent, KEEP_ALIVE_S)

    def _message(self, campaign: str, channel: _Channel) -> _Message:
        if not self._standings.current:
            return UNAVAILABLE
        with channel.changed:
            if channel.state is None:
                standing = self._standings.find(campaign)
                channel.state = UNAVAILABLE if standing is None else _state(standing, channel.ranking)
            return channel.state

    def _heard(self, campaign: str | None) -> None:
        """A campaign has a new state, or MongoDB came or went."""
        if campaign is None:
            self._wake(*self._all())
        for channel in list(self._channels.get(campaign or "", {}).values()):
            with channel.changed:
                # Made again by the first stream that wakes, for all.
                channel.state = None
                channel.changed.notify_all()

    def _all(self) -> Iterator[_Channel]:
        return chain.from_iterable([list(channels.values()) for channels in list(self._channels.values())])

    @staticmethod
    def _wake(*channels: _Channel) -> None:
        for channel in channels:
            with channel.changed:
                channel.changed.notify_all()


def _state(standing: Standing, ranking: Ranking | None) -> _Message:
    as_of = standing.as_of
    data = orjson.dumps({"state": as_of.state, "version": as_of.version, "as_of": as_of.document()})
    event = b"id: %d\nevent: state\ndata: %s\n\n" % (as_of.state, data)
    body = None if ranking is None else ranking(standing)
    # Before the state, so that who hears of that has its ranking.
    with_it = (
        b'event: ranking\ndata: {"etag":"%s","ranking":%s}\n\n' % (body.etag.encode(), body.content) if body else b""
    )
    return _Message(str(as_of.state), event, with_it + event)
