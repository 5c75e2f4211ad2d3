"""A hall full of dashboards in one thread, each of which does as the page of a ranking does.

A dashboard is two connections, as a browser's are: one for the stream, which brings the ranking with each new state,
and one that is kept for questions. It asks for the ranking of the state that it finds.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe

from tests.bench.processes import Address
from tests.bench.wire import Broken

AT_ONCE = 50
"""Connections that are opened together."""
RETRY_S = 1.0
LONGEST_S = 60.0
LOOK_S = 0.02
EVENT = re.compile(rb"id: (\d+)\nevent: state\ndata: (\{.*?\})\n\n")
RANKING = b"event: ranking\n"
STATE = re.compile(rb'"state":(\d+)')
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ETAG = re.compile(rb'\r\netag: *((?:W/)?"[^"]*")', re.IGNORECASE)

Acknowledged = tuple[float, int, int]
"""When a response was answered 202, its partition and its offset."""
Sights = list[tuple[int, float]]
"""States in their order, and when each came."""


@dataclass(slots=True)
class _Dashboard:
    stream: socket.socket
    questions: socket.socket
    heard: bytes = b""
    answer: bytearray = field(default_factory=bytearray)
    etag: bytes = b""
    waiting: bool = False
    told: Sights = field(default_factory=list)
    shown: Sights = field(default_factory=list)

    @property
    def behind(self) -> bool:
        return bool(self.told) and (not self.shown or self.shown[-1][0] < self.told[-1][0])


class Hall:
    """So many dashboards of one ranking.

    Args:
        address: of reporting.
        campaign: whose events they follow.
        ranking: the path that they ask for; its query is that of the stream.
    """

    def __init__(self, address: Address, campaign: str, ranking: str) -> None:
        self._address = address
        self._events = _get(f"/v1/campaigns/{campaign}/events?{ranking.partition('?')[2]}")
        self._ranking = ranking
        self._dashboards: list[_Dashboard] = []
        self._selector = selectors.DefaultSelector()
        self._later: deque[tuple[float, int]] = deque()
        self._positions: dict[int, dict[str, int]] = {}

    def open(self, count: int) -> None:
        """Opens all of them, and waits until each shows a ranking."""
        while len(self._dashboards) < count:
            for _ in range(min(AT_ONCE, count - len(self._dashboards))):
                self._add()
            self.run(until=time.perf_counter() + LOOK_S)
        self.catch_up(0)

    def close(self) -> None:
        self._selector.close()
        for one in self._dashboards:
            one.stream.close()
            one.questions.close()

    def run(self, until: float) -> None:
        """Lets the dashboards do their work up to a moment (`time.perf_counter`)."""
        while (now := time.perf_counter()) < until:
            while self._later and self._later[0][0] <= now:
                one = self._dashboards[self._later.popleft()[1]]
                one.waiting = False
                self._ask_if_behind(one)
            for key, _ in self._selector.select(until - now):
                number, on_stream = key.data
                if on_stream:
                    self._hear(number)
                else:
                    self._take(number)

    def catch_up(self, state: int) -> None:
        """Runs until every dashboard shows a state at least as new.

        Raises:
            Broken: after a long time one does not.
        """
        deadline = time.perf_counter() + LONGEST_S
        while any(not one.shown or one.shown[-1][0] < state for one in self._dashboards):
            self.run(until=time.perf_counter() + LOOK_S)
            if time.perf_counter() > deadline:
                raise Broken(f"a dashboard does not show state {state} after {LONGEST_S:.0f} s")

    def state_of(self, said: Acknowledged) -> int | None:
        """The first state known here that rests on a response."""
        _, partition, offset = said
        having = (state for state, ends in self._positions.items() if ends.get(str(partition), 0) > offset)
        return min(having, default=None)

    def delays(self, said: Sequence[Acknowledged]) -> list[list[float]]:
        """Seconds from each acknowledgement until each dashboard shows a ranking that rests on it; 0 for earlier."""
        states = [self.state_of(one) for one in said]
        return [
            [_after(at, each.shown, state) for each in self._dashboards]
            for (at, _, _), state in zip(said, states, strict=True)
        ]

    def _add(self) -> None:
        one = _Dashboard(socket.create_connection(self._address), socket.create_connection(self._address))
        number = len(self._dashboards)
        self._dashboards.append(one)
        for connection, on_stream in ((one.stream, True), (one.questions, False)):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(connection, selectors.EVENT_READ, (number, on_stream))
        one.stream.sendall(self._events)

    def _hear(self, number: int) -> None:
        one = self._dashboards[number]
        now = time.perf_counter()
        one.heard += _read(one.stream)
        last = 0
        for event in EVENT.finditer(one.heard):
            state = int(event[1])
            if state not in self._positions:
                self._positions[state] = json.loads(event[2])["as_of"]["positions"]["responses"]
            one.told.append((state, now))
            ranking = one.heard.find(RANKING, last, event.start())
            last = event.end()
            if ranking >= 0:
                one.shown.append((int(STATE.search(one.heard, ranking)[1]), now))  # type: ignore[index]
        one.heard = one.heard[last:]
        self._ask_if_behind(one)

    def _ask_if_behind(self, one: _Dashboard) -> None:
        if one.behind and not one.waiting:
            one.waiting = True
            one.questions.sendall(_get(self._ranking, one.etag))

    def _take(self, number: int) -> None:
        one = self._dashboards[number]
        one.answer += _read(one.questions)
        end = one.answer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(one.answer[:end])
        if head[9:12] == b"503":
            # Too many at once: as the page does, it asks again in a while.
            one.answer.clear()
            self._later.append((time.perf_counter() + RETRY_S, number))
            return
        if head[9:12] not in (b"200", b"304"):
            raise Broken(f"a dashboard was answered {bytes(one.answer[:1_000])!r}")
        length = 0 if head[9:12] == b"304" else int(LENGTH.search(head)[1])  # type: ignore[index]
        if len(one.answer) < end + 4 + length:
            return
        if length:
            state = int(STATE.search(one.answer, end)[1])  # type: ignore[index]
            one.etag = ETAG.search(head)[1]  # type: ignore[index]
        else:
            # Another state with the same ranking.
            state = one.told[-1][0]
        one.answer.clear()
        one.waiting = False
        one.shown.append((state, time.perf_counter()))
        self._ask_if_behind(one)


def hall(pipe: Pipe, address: Address, campaign: str, ranking: str, count: int) -> None:
    """A process's whole work: says that all are open, runs until it is told what was acknowledged, answers delays."""
    made = Hall(address, campaign, ranking)
    made.open(count)
    pipe.send("open")
    while not pipe.poll():
        made.run(until=time.perf_counter() + LOOK_S)
    said: list[Acknowledged] = pipe.recv()
    deadline = time.perf_counter() + LONGEST_S
    while (states := [made.state_of(one) for one in said]) and None in states:
        if time.perf_counter() > deadline:
            raise Broken("a response is in no state that was told")
        made.run(until=time.perf_counter() + LOOK_S)
    made.catch_up(max(state for state in states if state is not None))
    pipe.send(made.delays(said))
    made.close()


def _after(at: float, sights: Sights, state: int | None) -> float:
    place = bisect_left(sights, (state or 0, 0.0))
    return max(0.0, sights[place][1] - at)


def _read(connection: socket.socket) -> bytes:
    found = connection.recv(262_144)
    if not found:
        raise Broken("reporting closed a dashboard's connection")
    return found


def _get(path: str, etag: bytes = b"") -> bytes:
    known = b"If-None-Match: " + etag + b"\r\n" if etag else b""
    return f"GET {path} HTTP/1.1\r\nHost: hall\r\nAccept: */*\r\n".encode() + known + b"\r\n"
