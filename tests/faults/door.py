"""A client's keep-alive connection to a service at one or several addresses, light enough to share two processors."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

BROKEN = (OSError, http.client.HTTPException)
"""What a client sees of a fault on the way."""
RETRYABLE = (408, 425, 429)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; one that broke off has what came of it."""

    status: int
    body: bytes
    whole: bool = True

    @property
    def final(self) -> bool:
        """Whether sending the same again cannot help."""
        return not self.document().get("retryable", self.status in RETRYABLE or self.status >= 500)

    def document(self) -> dict[str, Any]:
        """The JSON object of the body; empty when it is none."""
        try:
            found = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) else {}


class Door:
    """Asks the first address until it fails or answers 5xx, then the next one, and so on in a circle."""

    def __init__(self, urls: Sequence[str], timeout_s: float) -> None:
        self._urls = urls
        self._timeout_s = timeout_s
        self._turn = 0
        self._connection: http.client.HTTPConnection | None = None

    @property
    def url(self) -> str:
        return self._urls[self._turn % len(self._urls)]

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Sends a request and waits for its answer.

        Raises:
            BROKEN: no answer came.
        """
        self.send(method, path, body, headers)
        return self.receive()

    def send(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> None:
        """Sends a request only.

        Raises:
            BROKEN: it could not be sent.
        """
        try:
            if self._connection is None:
                parts = urlsplit(self.url)
                self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=self._timeout_s)
                self._connection.connect()
                self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connection.request(method, path, body, dict(headers or {}))
        except BROKEN:
            self._turn_away()
            raise

    def receive(self) -> Answer:
        """The answer to what was sent last.

        Raises:
            BROKEN: none came.
        """
        if self._connection is None:
            raise ConnectionResetError("nothing was sent")
        try:
            response = self._connection.getresponse()
            status = response.status
            try:
                content = response.read()
            except http.client.IncompleteRead as error:
                self._turn_away()
                return Answer(status, error.partial, whole=False)
        except BROKEN:
            self._turn_away()
            raise
        if response.will_close:
            self.close()
        if status >= 500 and len(self._urls) > 1:
            self._turn_away()
        return Answer(status, content)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _turn_away(self) -> None:
        self.close()
        self._turn += 1
