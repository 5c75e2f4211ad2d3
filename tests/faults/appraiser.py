"""The council's appraiser: changes units' rows all the while, sometimes on condition that nobody else has."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from random import Random
from typing import Any

import orjson

from tests.faults import campaign
from tests.faults.delivery import FIRST_PAUSE_S, JSON, LONGEST_PAUSE_S, Closing
from tests.faults.door import BROKEN, Answer, Door
from tests.faults.journal import Journal

TIMEOUT_S = 12.0
"""An appraisal is read back before it is answered."""
THINK_S = 1.5


class Appraiser(threading.Thread):
    """One of the clients. A change is a merge patch, so repeating it does no harm; on condition it may be refused.

    Args:
        urls: of intake.
        token: of an appraiser.
        journal: its own.
        rng: its own.
        closing: shared by all.
    """

    def __init__(self, urls: Sequence[str], token: str, journal: Journal, rng: Random, closing: Closing) -> None:
        super().__init__(name="appraiser", daemon=True)
        self._door = Door(urls, TIMEOUT_S)
        self._headers = JSON | {"Authorization": f"Bearer {token}"}
        self._journal = journal
        self._rng = rng
        self._closing = closing
        self._number = 0
        self._versions: dict[str, int] = {}

    def run(self) -> None:
        while not self._closing.event.wait(self._rng.expovariate(1 / THINK_S)):
            self._appraise()
        self._door.close()
        self._journal.close()

    def _appraise(self) -> None:
        unit = self._rng.choice([unit for units in campaign.BLOCKS.values() for unit in units])
        change = campaign.appraisal(self._rng)
        base = self._versions.get(unit) if self._rng.random() < 0.3 else None
        self._number += 1
        self._journal.note("appraise", number=self._number, unit=unit, change=change, base=base)
        headers = self._headers if base is None else self._headers | {"If-Match": f'"{base}"'}
        pause = FIRST_PAUSE_S
        while time.monotonic() < self._closing.deadline:
            answer = self._once(unit, change, headers)
            if answer is not None and answer.final:
                row = answer.document()
                if answer.status == 200:
                    self._versions[unit] = row["version"]
                return
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _once(self, unit: str, change: dict[str, Any], headers: dict[str, str]) -> Answer | None:
        began = time.monotonic()
        answer: Answer | None = None
        more: dict[str, object] = {}
        try:
            answer = self._door.ask("PATCH", f"{campaign.PATH}/appraisals/{unit}", orjson.dumps(change), headers)
        except BROKEN as error:
            more = {"detail": repr(error)}
        if answer is not None:
            document = answer.document()
            more = {"row": document} if answer.status == 200 else {"detail": document.get("detail", "")}
        self._journal.note(
            "judged",
            number=self._number,
            status=0 if answer is None else answer.status,
            took=round(time.monotonic() - began, 4),
            **more,
        )
        return answer
