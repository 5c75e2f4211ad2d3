"""Survey front-ends under load: they keep on sending, and remember what they were told."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Self

import httpx

from tests.intake import Intake, response


class Senders:
    """Clients that send responses, each with an id of its own, until told to stop; what has no 202 is sent again."""

    def __init__(self, intake: Intake, address: str, count: int = 8) -> None:
        self.accepted: dict[str, dict[str, object]] = {}
        self.accepted_at: list[float] = []
        self.refused_after: list[float] = []
        self._url = f"{intake.url}{address}/responses"
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(count)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        with httpx.Client(trust_env=False, timeout=20) as client:
            while not self._stopped.is_set():
                id_ = str(uuid.uuid4())
                while not self._sent(client, id_):
                    self._stopped.wait(0.05)

    def _sent(self, client: httpx.Client, id_: str) -> bool:
        start = time.monotonic()
        try:
            answer = client.put(f"{self._url}/{id_}", json=response())
        except httpx.TransportError:
            return self._stopped.is_set()
        if answer.status_code == 202:
            self.accepted[id_] = answer.json()["receipt"]
            self.accepted_at.append(time.monotonic())
            return True
        assert answer.status_code == 503, answer.text
        assert answer.json()["retryable"]
        assert answer.headers["Retry-After"] == "1"
        self.refused_after.append(time.monotonic() - start)
        return self._stopped.is_set()
