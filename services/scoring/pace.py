"""When the next refresh may begin: figures of the present soon, and never at the expense of counting."""

from __future__ import annotations

REFRESH_S = 0.1
"""The shortest time between two refreshes."""
LOOK_S = 0.2
"""How often it is looked what other scorers have counted, while there is nothing of its own to be shown."""
SHORT_S = 0.1
"""A refresh of this length may take half of the time."""
BACKLOG = 1_000
"""Records: with more than that to come, what a refresh shows is of little use to anyone."""
PAUSE_SHORT, PAUSE_LONG, PAUSE_BACKLOG = 1, 3, 9
"""Times the length of the last refresh: half, a quarter or a tenth of the time is spent on them."""


class Pace:
    """Follows the refreshes of a process; all times are monotonic seconds."""

    def __init__(self) -> None:
        self._began = self._ended = self._put_off = 0.0

    def refreshed(self, began: float, ended: float) -> None:
        """A refresh has been made, or found nothing to write."""
        self._began, self._ended = began, ended

    def put_off(self, until: float) -> None:
        """None may begin before that moment."""
        self._put_off = until

    def due(self, *, pending: bool, behind: int) -> float:
        """The moment from which on the next refresh may begin.

        Args:
            pending: whether something is known that must be written.
            behind: records that are in the log and not counted yet.
        """
        took = self._ended - self._began
        pause = PAUSE_BACKLOG if behind > BACKLOG else PAUSE_SHORT if took <= SHORT_S else PAUSE_LONG
        return max(self._put_off, self._began + (REFRESH_S if pending else LOOK_S), self._ended + pause * took)
