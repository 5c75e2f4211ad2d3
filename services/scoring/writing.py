"""One chunk is written on a thread of its own while the next one is read and counted: the two hardly need each other.

The database has as much to do with a chunk as this process, and either would wait for the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from kafka import TopicPartition

from services.scoring.applying import Write
from services.scoring.chunk import Applied


class Writing:
    """At most one chunk on its way, so that the transactions of a process stay one after the other."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._outcome: Future[Sequence[Applied]] | None = None
        self.partition: TopicPartition | None = None
        """Whose chunk is on its way. Nothing that is kept of it may be touched meanwhile."""

    def close(self) -> None:
        """Waits for what is on its way."""
        self._thread.shutdown()

    def begin(self, partition: TopicPartition, write: Write) -> None:
        """Has a chunk written; the one before must have been seen to its end by `end`."""
        if self._outcome is not None:
            raise RuntimeError("a chunk is on its way")
        self.partition, self._outcome = partition, self._thread.submit(write)

    def end(self) -> Sequence[Applied]:
        """Waits for the chunk on its way; what it did, and nothing when there is none. Raises what its writing does."""
        outcome, self._outcome, self.partition = self._outcome, None, None
        return () if outcome is None else outcome.result()

    def give_up(self) -> None:
        """Waits for the chunk on its way, whatever becomes of it: its partition must be loaded anew."""
        if self._outcome is not None:
            wait([self._outcome])
        self.partition = self._outcome = None
