"""Server-sent events: each open stream is told of every new state, and when MongoDB goes away and comes back.

All streams of a campaign wait on one condition and read the same bytes, so an idle stream costs next to nothing. What
a stream has not sent yet is not queued: a slow reader goes straight to the latest state.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from typing import NamedTuple

import orjson

from services.common import problems
from services.common.problems import Problem
from services.reporting.metrics import STREAMS
from services.reporting.standing import Standing
from services.reporting.standings import Standings

KEEP_ALIVE_S = 15.0
MOST_STREAMS = 10_000
"""Of a worker's 12,000 connections: the rest is kept free for the answers that the streams' readers then ask for."""
RETRY_MS = (1_000, 4_000)
"""Spread, so that a restart is not followed by everybody at once."""


class _Message(NamedTuple):
    """What a stream says now: the id of the state, empty when there is none to be had, and the bytes of the event."""

    id: str
    event: bytes


UNAVAILABLE = _Message("", b'event: unavailable\ndata: {"retryable":true}\n\n')


class _Channel:
    """What the streams of one campaign wait on."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.state: _Message | None = None


class Live:
    """The open streams of this process."""

    def __init__(self, standings: Standings) -> None:
        self._standings = standings
        self._channels: dict[str, _Channel] = {}
        self._open = 0
        self._closed = False
        standings.listen(self._heard)

    def close(self) -> None:
        """Ends all streams; their readers come back by themselves."""
        self._closed = True
        self._wake(*self._channels.values())

    def stream(self, campaign: str, last: str | None) -> Iterator[bytes]:
        """The events of a campaign from now on.

        Args:
            campaign: one that has a state, or had one when MongoDB was last seen.
            last: the id of the last event that the reader has; the state is not told again while it is that.

        Raises:
            Problem: 503 when there are too many streams.
        """
        if self._open >= MOST_STREAMS:
            raise Problem(problems.UNAVAILABLE, "too many streams are open: poll the rankings", retry_after_s=30)
        # Known from here on, so that none of the next states is missed.
        channel = self._channels.setdefault(campaign, _Channel())
        return self._events(campaign, channel, last)

    def _events(self, campaign: str, channel: _Channel, sent: str | None) -> Iterator[bytes]:
        self._open += 1
        STREAMS.inc()
        try:
            low, high = RETRY_MS
            yield b"retry: %d\n\n" % (low + secrets.randbelow(high - low))
            while not self._closed:
                message = self._message(campaign, channel)
                if message.id == sent:
                    yield b": still here\n\n"
                else:
                    yield message.event
                sent = message.id
                self._wait(campaign, channel, sent)
        finally:
            self._open -= 1
            STREAMS.dec()

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
                channel.state = UNAVAILABLE if standing is None else _state(standing)
            return channel.state

    def _heard(self, campaign: str | None) -> None:
        """A campaign has a new state, or MongoDB came or went."""
        if campaign is None:
            self._wake(*list(self._channels.values()))
        elif (channel := self._channels.get(campaign)) is not None:
            with channel.changed:
                # Made again by the first stream that wakes, for all.
                channel.state = None
                channel.changed.notify_all()

    @staticmethod
    def _wake(*channels: _Channel) -> None:
        for channel in channels:
            with channel.changed:
                channel.changed.notify_all()


def _state(standing: Standing) -> _Message:
    as_of = standing.as_of
    data = orjson.dumps({"state": as_of.state, "version": as_of.version, "as_of": as_of.document()})
    return _Message(str(as_of.state), b"id: %d\nevent: state\ndata: %s\n\n" % (as_of.state, data))
