"""Which of a process's partitions have their sums made anew after a new definition: one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kafka import TopicPartition

from services.scoring import metrics
from services.scoring.applying import Applying, Owned
from services.scoring.chunk import Applied
from services.scoring.counting import ResponsesPartition
from services.scoring.weighing import Weighing


class _AtHand(NamedTuple):
    partition: TopicPartition
    owned: ResponsesPartition
    weighing: Weighing


class Reweighing:
    """Follows the definitions. A partition that is at hand waits meanwhile; the others are counted as before.

    A partition whose sums are of no one version (a scorer died while it wrote them, or was of an earlier version of the
    software) waits from the start, and comes first.
    """

    def __init__(self, applying: Applying) -> None:
        self._applying = applying
        self._at_hand: _AtHand | None = None

    @property
    def partition(self) -> TopicPartition | None:
        """The one at hand."""
        return None if self._at_hand is None else self._at_hand.partition

    def holds(self, owned: Owned) -> bool:
        """Whether nothing may be applied to a partition before its sums are made anew."""
        stale = self._applying.stale(owned)
        return stale is not None and isinstance(owned, ResponsesPartition) and not owned.counts.weighed[stale]

    def pick(self, owned: Mapping[TopicPartition, Owned]) -> TopicPartition | None:
        """The partition at hand, else the next; None when the sums of all are those of the newest definitions.

        It must be paused, and its last chunk be seen to its end, before `go_on`.
        """
        at_hand = self._at_hand
        if at_hand is not None and owned.get(at_hand.partition) is at_hand.owned:
            return at_hand.partition
        self._drop()
        stale = [
            (self.holds(each), partition, each, campaign)
            for partition, each in owned.items()
            if isinstance(each, ResponsesPartition) and (campaign := self._applying.stale(each)) is not None
        ]
        metrics.UNWEIGHED.set(len(stale))
        if not stale:
            return None
        _, partition, each, campaign = max(stale, key=lambda one: one[0])
        self._at_hand = _AtHand(partition, each, self._applying.weigh(each, campaign))
        return partition

    def go_on(self, owned: Mapping[TopicPartition, Owned], seconds: float) -> Applied | None:
        """Works on the partition at hand for about so long; what was done when that is the end of it.

        Raises:
            Fenced, Unavailable: the partition must be loaded anew.
        """
        at_hand = self._at_hand
        if at_hand is None or owned.get(at_hand.partition) is not at_hand.owned:
            self._drop()
            return None
        done = False
        try:
            done = at_hand.weighing.go_on(seconds)
        except BaseException:
            self._drop()
            raise
        if not done:
            return None
        self._drop()
        return at_hand.weighing.applied

    def _drop(self) -> None:
        if self._at_hand is not None:
            self._at_hand.weighing.close()
            self._at_hand = None
