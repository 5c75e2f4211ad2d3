"""When the next transactions and the next refresh may begin.

Figures of the present come soon, and never at the expense of counting or of intake, which has the same cores.
"""

from __future__ import annotations

REFRESH_S = 0.1
"""The shortest time between two refreshes."""
LOOK_S = 0.2
"""How often it is looked what other scorers have counted, while there is nothing of its own to be shown."""
SHORT_S = 0.25
"""Refreshes of this length may take two thirds of the time."""
BACKLOG = 1_000
"""Records: with more than that to come, what a refresh shows is of little use to anyone."""
PAUSE_SHORT, PAUSE_LONG, PAUSE_BACKLOG = 0.5, 3, 19
"""Times the length of the last refresh: two thirds, a quarter or a twentieth of the time is spent on them."""
PAUSE_PART = 1
"""Times the length of the last part of a refresh that has to be ended, while there is much to be counted. Else none:
between two parts what there is gets counted anyway."""
LONGEST_PAUSE_S, LONGEST_BACKLOG_S = 5.0, 60.0
"""After a refresh of thousands of units, which takes many seconds; the latter while there is much to be counted."""
GATHER = 0.25
"""Times the length of the last turn: records are gathered so long, so that turns take four fifths of the time."""
GATHER_EACH_S = 0.0005
"""And so long for each record that it had above `FEW`: under load transactions and refreshes are fewer for each."""
FEW = 100
"""Records of a turn, up to which time is worth more than processors."""
GATHER_S = 0.5
"""The longest time that they are gathered: who has been told 202 waits for it."""


class Pace:
    """Follows the turns and refreshes of a process; all times are monotonic seconds."""

    def __init__(self) -> None:
        self._began = self._ended = self._put_off = 0.0
        self._took = 0.0
        self._whole = True
        self._gather_until = 0.0

    def turned(self, began: float, ended: float, records: int) -> None:
        """So many records that were gathered have been counted, and what was due shown."""
        self._gather_until = ended + min(GATHER_S, GATHER * (ended - began) + GATHER_EACH_S * max(0, records - FEW))

    def gather_until(self, *, records: int, behind: int) -> float:
        """The moment until which records are to be gathered; under load a turn is longer, and so is this.

        Args:
            records: those that are gathered already.
            behind: records that are in the log and not counted yet, as far as is known.
        """
        return 0.0 if max(records, behind) > BACKLOG else self._gather_until

    def refreshed(self, began: float, ended: float, *, whole: bool = True) -> None:
        """A refresh has been made, or found nothing to write; not `whole`: a part of it, the last of which is."""
        self._took = ended - began if self._whole else self._took + ended - began
        self._began, self._ended, self._whole = began, ended, whole

    def put_off(self, until: float) -> None:
        """None may begin before that moment."""
        self._put_off = until

    def due(self, *, pending: bool, behind: int) -> float:
        """The moment from which on the next refresh may begin.

        Args:
            pending: whether something is known that must be written.
            behind: records that are in the log and not counted yet.
        """
        took = self._took
        if not self._whole:
            pause = PAUSE_PART * (self._ended - self._began) if behind > BACKLOG else 0.0
        elif behind > BACKLOG:
            pause = min(LONGEST_BACKLOG_S, PAUSE_BACKLOG * took)
        else:
            pause = min(LONGEST_PAUSE_S, (PAUSE_SHORT if took <= SHORT_S else PAUSE_LONG) * took)
        return max(self._put_off, self._began + (REFRESH_S if pending else LOOK_S), self._ended + pause)
