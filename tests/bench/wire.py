"""A lean HTTP client: one thread, keep-alive sockets, prepared bytes. It costs about 0.05 ms of a processor a request.

Closed loop (a connection sends the next request when it has its answer) or at a given rate.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Taken = Callable[[int, bytes, float], None]
"""Called with the number of the request, the body of its answer and the time it was complete."""

LONGEST_S = 60.0
APART_S = 0.003
"""Between two connections: opened all at once, one of a server's workers takes most of them, and the others idle."""


@dataclass(slots=True)
class Sample:
    """What one drive came to. `latencies` are seconds from the first byte sent to the last received."""

    answers: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


class Broken(Exception):
    """The server closed a connection, answered what is no HTTP, or did not answer."""


class _Line:
    """A connection: what is still to be sent and what has arrived of the answer."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)  # noqa: FBT003 - the signature of socket
        self.number = -1
        self.began = 0.0
        self.unsent: memoryview = memoryview(b"")
        self._arrived = bytearray()

    def begin(self, number: int, request: bytes, now: float) -> None:
        self.number, self.began = number, now
        self.unsent = memoryview(request)
        self.push()

    def push(self) -> None:
        try:
            while self.unsent:
                self.unsent = self.unsent[self.socket.send(self.unsent) :]
        except BlockingIOError:
            pass

    def pull(self) -> tuple[int, bytes] | None:
        """Status and body once the answer is whole."""
        try:
            piece = self.socket.recv(262_144)
        except BlockingIOError:
            return None
        if not piece:
            raise Broken(f"the server closed the connection after {bytes(self._arrived[:200])!r}")
        self._arrived += piece
        end = self._arrived.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = bytes(self._arrived[:end])
        status = int(head[9:12])
        body = self._body(status, head.lower(), end + 4)
        if body is not None:
            self._arrived.clear()
            return status, body
        return None

    def _body(self, status: int, head: bytes, start: int) -> bytes | None:
        if status == 304:
            return b""
        if b"\r\ntransfer-encoding: chunked" in head:
            return _unchunked(self._arrived, start) if self._arrived.endswith(b"0\r\n\r\n") else None
        at = head.find(b"\r\ncontent-length:")
        if at < 0:
            raise Broken(f"an answer without a length: {head!r}")
        length = int(head[at + 17 :].split(b"\r\n", 1)[0])
        return bytes(self._arrived[start : start + length]) if len(self._arrived) >= start + length else None


def _unchunked(text: bytearray, at: int) -> bytes:
    parts: list[bytes] = []
    while True:
        end = text.index(b"\r\n", at)
        size = int(bytes(text[at:end]), 16)
        if size == 0:
            return b"".join(parts)
        parts.append(bytes(text[end + 2 : end + 2 + size]))
        at = end + 4 + size


@dataclass(frozen=True, slots=True)
class Pace:
    """How a drive goes.

    Attributes:
        connections: how many requests are under way at most.
        seconds: how long new ones are begun.
        rate: requests a second; by default as many as are answered.
        fewest: it goes on until so many were begun, however long that takes; with no seconds, exactly so many.
    """

    connections: int
    seconds: float
    rate: float | None = None
    fewest: int = 1


def drive(address: tuple[str, int], requests: Iterator[bytes], pace: Pace, taken: Taken = lambda *_: None) -> Sample:
    """Sends requests for some seconds and waits for the answers of those under way.

    Args:
        address: host and port.
        requests: whole requests with head; as many as it takes.
        pace: how.
        taken: is told of each answer.

    Raises:
        Broken: as the class says.
    """
    sample = Sample()
    lines: list[_Line] = []
    try:
        for _ in range(pace.connections):
            lines.append(_Line(address))
            time.sleep(APART_S)
        with selectors.DefaultSelector() as selector:
            for line in lines:
                selector.register(line.socket, selectors.EVENT_READ, line)
            for number, body, at in _answers(selector, lines, requests, pace, sample):
                taken(number, body, at)
    finally:
        for line in lines:
            line.socket.close()
    return sample


def _answers(
    selector: selectors.BaseSelector, lines: list[_Line], requests: Iterator[bytes], pace: Pace, sample: Sample
) -> Iterator[tuple[int, bytes, float]]:
    idle = list(lines)
    started = now = time.perf_counter()
    begun = 0
    while True:
        while idle and _goes_on(pace, begun, now - started):
            if pace.rate is not None and begun >= (now - started) * pace.rate:
                break
            line = idle.pop()
            line.begin(begun, next(requests), time.perf_counter())
            _watch(selector, line)
            begun += 1
        going = _goes_on(pace, begun, now - started)
        if not going and len(idle) == len(lines):
            break
        due = started + begun / pace.rate - now if going and idle and pace.rate else LONGEST_S
        ready = selector.select(max(0.0, due))
        if not ready and due >= LONGEST_S:
            raise Broken(f"no answer for {LONGEST_S:.0f} s")
        for key, events in ready:
            line = key.data
            if events & selectors.EVENT_WRITE:
                line.push()
                _watch(selector, line)
            if events & selectors.EVENT_READ and (answer := line.pull()) is not None:
                at = time.perf_counter()
                status, body = answer
                sample.answers += 1
                sample.statuses[status] += 1
                sample.latencies.append(at - line.began)
                idle.append(line)
                yield line.number, body, at
        now = time.perf_counter()
    sample.seconds = now - started


def _goes_on(pace: Pace, begun: int, seconds: float) -> bool:
    return seconds < pace.seconds or begun < pace.fewest


def _watch(selector: selectors.BaseSelector, line: _Line) -> None:
    events = selectors.EVENT_READ | (selectors.EVENT_WRITE if line.unsent else 0)
    if selector.get_key(line.socket).events != events:
        selector.modify(line.socket, events, line)
