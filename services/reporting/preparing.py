"""Makes what the views of large campaigns rest on before anybody asks for it: the outlines of all units.

After a start, and after a new definition, all of them are made: some seconds of work in small stretches, beside the
answering. Whoever asks meanwhile waits for the rest of it. After that a state brings a few.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime

from services.common.problems import Problem
from services.reporting.beside import beside
from services.reporting.loading import LARGE
from services.reporting.standing import Standing
from services.reporting.standings import Standings

log = logging.getLogger(__name__)

PAUSE, LONGEST_S = 9, 5.0
"""After each campaign it rests for so many times as long as that took, but not for longer."""


class Preparer:
    """The thread that goes through new states. One per process."""

    def __init__(self, standings: Standings) -> None:
        self._standings = standings
        self._new: set[str] = set()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="preparer", daemon=True)
        standings.listen(self._note)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Lets it go; it is not waited for while it is in the middle of a large campaign."""
        self._stop.set()
        self._wake.set()

    def _note(self, campaign: str | None) -> None:
        if campaign is not None:
            self._new.add(campaign)
            self._wake.set()

    def _run(self) -> None:
        while self._wake.wait() and not self._stop.is_set():
            self._wake.clear()
            while self._new and not self._stop.is_set():
                standing = self._standings.find(self._new.pop())
                if standing is not None and standing.detailed and len(standing.campaign.units) >= LARGE:
                    began = time.monotonic()
                    self._prepare(standing)
                    self._stop.wait(min(LONGEST_S, PAUSE * (time.monotonic() - began)))

    def _prepare(self, standing: Standing) -> None:
        shown = standing.for_everybody(datetime.now(UTC))
        for found in (shown, standing) if shown is not standing else (standing,):
            for block in standing.campaign.blocks:
                if self._stop.is_set():
                    return
                try:
                    beside(found, block.code)
                except Problem as problem:
                    log.info("a campaign could not be prepared", extra={"why": problem.detail})
