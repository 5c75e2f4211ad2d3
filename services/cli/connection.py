"""Keep-alive HTTP connections that send the same again until it is answered for good.

The standard library's client: it costs a third of the processor time of the usual ones, and the sender shares the
machine with the system it sends to.
"""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import orjson

Result = TypeVar("Result")

TIMEOUT_S = 15.0
"""Intake answers within 3 s, a full batch within seconds more."""
PATIENCE_S = 60.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0
RETRYABLE = {408, 425, 429, 500, 502, 503, 504}


class GaveUp(Exception):
    """No final answer came within the patience; the message names the address and the last fault."""


class Stopped(Exception):
    """The sender was asked to stop while it waited."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A final answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after(self) -> str:
        return self.headers.get("retry-after", "")

    def document(self) -> Any:  # noqa: ANN401 - JSON
        """The JSON of the body.

        Raises:
            GaveUp: it is none: another service answers there.
        """
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise GaveUp(f"an answer {self.status} that is no JSON: {self.body[:200]!r}") from error


class Patience:
    """How long one thing is tried again: with growing pauses, until some seconds are over."""

    def __init__(self, what: str, seconds: float, stopping: threading.Event) -> None:
        self._what = what
        self._seconds = seconds
        self._stopping = stopping
        self._deadline = time.monotonic() + seconds
        self._pause = FIRST_PAUSE_S

    def wait(self, fault: str, asked: str = "") -> None:
        """Waits before the next attempt.

        Args:
            fault: what came of the last one.
            asked: the Retry-After that the service sent.

        Raises:
            GaveUp: the patience is over.
            Stopped: `stopping` was set meanwhile.
        """
        pause = float(asked) if asked.isdecimal() else self._pause
        if time.monotonic() + pause > self._deadline:
            raise GaveUp(f"{self._what}: no final answer within {self._seconds:.0f} s; the last was: {fault}")
        if self._stopping.wait(pause):
            raise Stopped
        self._pause = min(2 * self._pause, LONGEST_PAUSE_S)


class Connection:
    """A connection to one service, used by one thread.

    Args:
        url: the service's address.
        token: a bearer token for every request, if it needs one.
        stopping: set when whoever waits here should give up at once.
        patience_s: how long each request is tried again; a minute by default.

    Raises:
        ValueError: `url` is no address.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        stopping: threading.Event | None = None,
        patience_s: float | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no http:// or https:// address")
        self.url = url
        self._prefix = parts.path.rstrip("/")
        self._open = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._host, self._port = parts.hostname, parts.port
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._stopping = stopping or threading.Event()
        self._patience_s = PATIENCE_S if patience_s is None else patience_s
        self._connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def exchange(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Sends a request until its answer is final; what is refused for now is sent again unchanged.

        Raises:
            GaveUp: the patience is over.
            Stopped: `stopping` was set meanwhile.
        """
        patience = self.patience(f"{method} {path}")
        while True:
            try:
                answer = self._once(method, path, body, headers or {})
            except (OSError, http.client.HTTPException) as error:
                self.close()
                patience.wait(str(error) or type(error).__name__)
            else:
                if answer.status not in RETRYABLE:
                    return answer
                patience.wait(f"{answer.status} {answer.body[:200].decode(errors='replace')}", answer.retry_after)

    def patience(self, what: str) -> Patience:
        """A patience for one thing that is sent to this service."""
        return Patience(f"{self.url}: {what}", self._patience_s, self._stopping)

    def _once(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        if self._connection is None:
            self._connection = self._open(self._host, self._port, timeout=TIMEOUT_S)
            self._connection.connect()
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection.request(method, self._prefix + path, body, {**self._headers, **headers})
        response = self._connection.getresponse()
        content = response.read()
        if response.will_close:
            self.close()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)


Work = Callable[[Connection], Result]


@contextmanager
def crew(
    url: str, size: int, token: str | None = None, patience_s: float | None = None
) -> Iterator[Callable[[Work[Result]], Future[Result]]]:
    """Threads with a connection to a service each; yields what hands one of them its work.

    Whatever ends the block ends the threads: who waits stops waiting, and what has not begun is not begun.
    """
    local = threading.local()
    opened: list[Connection] = []
    stopping = threading.Event()

    def open_connection() -> None:
        local.connection = Connection(url, token, stopping, patience_s)
        opened.append(local.connection)

    with ThreadPoolExecutor(size, "sender", open_connection) as pool:
        try:
            yield lambda work: pool.submit(lambda: work(local.connection))
        finally:
            stopping.set()
            pool.shutdown(cancel_futures=True)
            for connection in opened:
                connection.close()
