"""A reader of the rankings, as a dashboard is one: asks ten times a second and keeps what it was served."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping
from typing import Any

from tests.faults import campaign
from tests.faults.door import BROKEN, Answer, Door
from tests.faults.journal import Journal

EVERY_S = 0.1
TIMEOUT_S = 2.0


class Reader(threading.Thread):
    """Reads one reporting. It ends when it is told to, which is after the clients."""

    def __init__(self, url: str, journal: Journal) -> None:
        super().__init__(name="reader", daemon=True)
        self._url = url
        self._door = Door([url], TIMEOUT_S)
        self._journal = journal
        self._ended = threading.Event()
        self._seen: dict[str, int] = {}
        self.positions: Mapping[str, Mapping[str, int]] = {}
        """How far the log is in what it was served last."""

    def end(self) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        blocks = list(campaign.BLOCKS)
        turn = 0
        while not self._ended.is_set():
            began = time.monotonic()
            self._read(blocks[turn % len(blocks)])
            turn += 1
            self._ended.wait(max(0.0, EVERY_S - (time.monotonic() - began)))
        self._door.close()
        self._journal.close()

    def _read(self, block: str) -> None:
        began = time.monotonic()
        try:
            answer: Answer | None = self._door.ask("GET", f"{campaign.PATH}/rankings?block={block}")
        except BROKEN:
            answer = None
        status = 0 if answer is None else answer.status
        more = self._kept(block, answer) if answer is not None and status == 200 else {}
        took = round(time.monotonic() - began, 4)
        self._journal.note("read", url=self._url, block=block, status=status, took=took, **more)

    def _kept(self, block: str, answer: Answer) -> dict[str, Any]:
        body = answer.document()
        state = body["as_of"]["state"]
        self.positions = body["as_of"]["positions"]
        kept = {"state": state, "fingerprint": hashlib.sha256(answer.body).hexdigest()[:16]}
        if self._seen.get(block) != state:
            self._seen[block] = state
            kept["body"] = body
        return kept
