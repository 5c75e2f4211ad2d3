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
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import orjson

from services.common import problems
from services.common.problems import Problem
from services.reporting.metrics import STREAMS
from services.reporting.rankings import View
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

Rankings = Callable[[Standing, View], Body | None]
"""What everybody may see of a ranking in a state; None where that is nothing, or not yet."""


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

    def __init__(self, named: View | None) -> None:
        self.named = named
        self.changed = threading.Condition()
        self.making = threading.Lock()
        self.message: tuple[Standing, _Message] | None = None
        """What is said of a state, made once for all."""


class Live:
    """The open streams of this process."""

    def __init__(self, standings: Standings, rankings: Rankings) -> None:
        self._standings = standings
        self._rankings = rankings
        self._channels: dict[str, dict[View | None, _Channel]] = {}
        """By campaign, and by the ranking that is named."""
        self._open = 0
        self._closed = False
        standings.listen(self._heard)

    def close(self) -> None:
        """Ends all streams; their readers come back by themselves."""
        self._closed = True
        self._wake(self._all())

    def stream(self, campaign: str, last: str | None, named: View | None = None) -> Iterator[bytes]:
        """The events of a campaign from now on.

        Args:
            campaign: one that has a state, or had one when MongoDB was last seen.
            last: the id of the last event that the reader has; the state is not told again while it is that.
            named: the ranking that is sent with every state that comes.

        Raises:
            Problem: 503 when there are too many streams.
        """
        if self._open >= MOST_STREAMS:
            raise Problem(problems.UNAVAILABLE, "too many streams are open: poll the rankings", retry_after_s=30)
        # Known from here on, so that none of the next states is missed.
        channel = self._channels.setdefault(campaign, {}).setdefault(named, _Channel(named))
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
            channel.changed.wait_for(lambda: self._closed or self._id(campaign) != sent, KEEP_ALIVE_S)

    def _id(self, campaign: str) -> str:
        """That of the message which a stream would be sent now."""
        standing = self._standings.find(campaign) if self._standings.current else None
        return UNAVAILABLE.id if standing is None else str(standing.as_of.state)

    def _message(self, campaign: str, channel: _Channel) -> _Message:
        standing = self._standings.find(campaign) if self._standings.current else None
        if standing is None:
            return UNAVAILABLE
        # Whoever comes first makes it for all. Whoever brings a new state does not wait for that.
        with channel.making:
            if (made := channel.message) is None or made[0] is not standing:
                body = None if channel.named is None else self._rankings(standing, channel.named)
                made = channel.message = standing, _state(standing, body)
            return made[1]

    def _heard(self, campaign: str | None) -> None:
        """A campaign has a new state, or MongoDB came or went."""
        found = self._all() if campaign is None else list(self._channels.get(campaign, {}).values())
        for channel in found:
            channel.message = None  # a state that is over is not held
        self._wake(found)

    def _all(self) -> list[_Channel]:
        return [channel for channels in list(self._channels.values()) for channel in list(channels.values())]

    @staticmethod
    def _wake(channels: Iterable[_Channel]) -> None:
        for channel in channels:
            with channel.changed:
                channel.changed.notify_all()


def _state(standing: Standing, ranking: Body | None) -> _Message:
    as_of = standing.as_of
    data = orjson.dumps({"state": as_of.state, "version": as_of.version, "as_of": as_of.document()})
    event = b"id: %d\nevent: state\ndata: %s\n\n" % (as_of.state, data)
    if ranking is None:
        return _Message(str(as_of.state), event, event)
    # Before the state, so that who hears of that has its ranking.
    said = b'event: ranking\ndata: {"etag":"%s","ranking":%s}\n\n' % (ranking.etag.encode(), ranking.content)
    return _Message(str(as_of.state), event, said + event)
