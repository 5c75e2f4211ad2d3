"""What a poll brings: records cut into chunks, and which partitions were taken away meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, zip_longest

from kafka import ConsumerRebalanceListener, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

CHUNK_RECORDS = 4_000
CHUNK_BYTES = 8_000_000
"""A transaction of more gains little and comes near what the server refuses."""
READ_AHEAD = {
    # Of several partitions, so that there is always one to be read while another's chunk is written.
    "max_poll_records": 16_000,
    # With answers of twice that size a rebuild is no faster, and what it holds goes up and down by a third.
    "max_partition_fetch_bytes": CHUNK_BYTES,
    "fetch_max_bytes": CHUNK_BYTES,
}
"""How much a reader of the log holds of it, as settings of its consumer."""


def chunks(records: Sequence[ConsumerRecord]) -> Iterator[Sequence[ConsumerRecord]]:
    """Records cut into what one transaction takes, without a gap in any."""
    starts = [0]
    size = 0
    for index, (before, record) in enumerate(pairwise(records), 1):
        size += len(before.value or b"")
        if index - starts[-1] >= CHUNK_RECORDS or size >= CHUNK_BYTES or record.offset != before.offset + 1:
            starts.append(index)
            size = 0
    return (records[start:end] for start, end in pairwise([*starts, len(records)]))


def in_turn(
    batches: Mapping[TopicPartition, Sequence[ConsumerRecord]],
) -> Iterator[tuple[TopicPartition, Sequence[ConsumerRecord]]]:
    """The chunks of all partitions, one of each in turn: two in a row are of different ones where that can be."""
    for row in zip_longest(*map(chunks, batches.values())):
        for partition, chunk in zip(batches, row, strict=True):
            if chunk is not None:
                yield partition, chunk


class Reassignments(ConsumerRebalanceListener):  # type: ignore[misc]
    """Collects what was taken away. Called on the client's own thread, so it only takes notes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: set[TopicPartition] = set()

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        with self._lock:
            self._taken.update(revoked)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """What is new is seen by comparing the assignment with what is loaded."""

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self.on_partitions_revoked(lost)

    def drain(self) -> set[TopicPartition]:
        with self._lock:
            taken, self._taken = self._taken, set()
            return taken
