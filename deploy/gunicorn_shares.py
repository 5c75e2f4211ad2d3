"""How many connections each worker of a service has open, known to all of them."""

from __future__ import annotations

import mmap
from typing import Any, Final

NOBODY: Final = -1
SPARE: Final = 8
"""Workers more than there should be: gunicorn replaces one before it is gone, and may be told to add some."""


class Shares:
    """Made by gunicorn's master and handed to each worker before it is forked."""

    def __init__(self, workers: int) -> None:
        count = workers + SPARE
        # Anonymous and shared: a forked process sees what the others write.
        self._open = memoryview(mmap.mmap(-1, 4 * count)).cast("i")
        for place in range(count):
            self._open[place] = NOBODY

    def begin(self, worker: Any) -> None:  # noqa: ANN401 - gunicorn's worker
        """Gives a worker a share; in the master, before it is forked."""
        place = next((place for place, found in enumerate(self._open) if found == NOBODY), None)
        # More than there are places for have no part in it.
        worker.share = Share(memoryview(bytearray(4)).cast("i"), 0) if place is None else Share(self._open, place)
        worker.share.connections = 0

    def end(self, worker: Any) -> None:  # noqa: ANN401 - likewise
        """Takes a worker's share away; in the master, when it has ended."""
        worker.share.connections = NOBODY


class Share:
    """The connections of one worker beside those of the others."""

    def __init__(self, all_: memoryview[int], place: int) -> None:
        self._all, self._place = all_, place

    @property
    def connections(self) -> int:
        """How many it has."""
        return self._all[self._place]

    @connections.setter
    def connections(self, number: int) -> None:
        self._all[self._place] = number

    @property
    def is_above_another(self) -> bool:
        """Whether some other worker has fewer."""
        own = self.connections
        return any(NOBODY < found < own for found in self._all)
