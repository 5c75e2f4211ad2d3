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
        self._places: dict[int, int] = {}

    def begin(self, worker: Any) -> None:  # noqa: ANN401 - gunicorn's worker
        """Gives a worker a share; in the master, before it is forked."""
        place = next((place for place, found in enumerate(self._open) if found == NOBODY), None)
        worker.share = Share(self._open, place)
        if place is not None:
            self._open[place] = 0
            self._places[id(worker)] = place

    def end(self, worker: Any) -> None:  # noqa: ANN401 - likewise
        """Takes a worker's share away; in the master, when it has ended."""
        place = self._places.pop(id(worker), None)
        if place is not None:
            self._open[place] = NOBODY


class Share:
    """The connections of one worker beside those of the others. Without a place it has no part in it."""

    def __init__(self, open_: memoryview[int], place: int | None) -> None:
        self._all, self._place = open_, place
        self._own = 0

    @property
    def connections(self) -> int:
        """How many connections it has."""
        return self._own

    @connections.setter
    def connections(self, number: int) -> None:
        self._own = number
        if self._place is not None:
            self._all[self._place] = number

    @property
    def is_above_another(self) -> bool:
        """Whether some other worker has fewer."""
        return self._place is not None and any(NOBODY < found < self._own for found in self._all)
