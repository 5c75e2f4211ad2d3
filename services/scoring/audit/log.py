"""The log as a verification reads it: partition by partition from its first record, in no consumer group."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from services.common import kafka
from services.common.settings import Settings
from services.scoring.ledger import Unavailable
from services.scoring.polled import CHUNK_BYTES

ANSWER_MS = 10_000
POLL_MS = 500
PATIENCE_S = 30.0
"""How long nothing may come of what is known to be there."""


class Log:
    """Reads partitions one after the other. Every method may raise KafkaError: no broker answers."""

    def __init__(self, settings: Settings) -> None:
        self._consumer = kafka.reader(settings, "verify", max_poll_records=5_000, max_partition_fetch_bytes=CHUNK_BYTES)

    def close(self) -> None:
        self._consumer.close(autocommit=False, timeout_ms=2_000)

    def bounds(self, partition: TopicPartition) -> tuple[int, int]:
        """The offsets of a partition's first record and of the one that will come next."""
        start = self._consumer.beginning_offsets([partition], timeout_ms=ANSWER_MS)[partition]
        end = self._consumer.end_offsets([partition], timeout_ms=ANSWER_MS)[partition]
        return start, end

    def read(self, partition: TopicPartition, end: int) -> Iterator[Sequence[ConsumerRecord]]:
        """The records before an offset that the log has reached, in their order and without an empty batch.

        Raises:
            Unavailable: nothing comes.
        """
        self._consumer.assign([partition])
        self._consumer.seek(partition, 0)
        deadline = time.monotonic() + PATIENCE_S
        while self._consumer.position(partition) < end:
            records = self._consumer.poll(timeout_ms=POLL_MS).get(partition, [])
            if records:
                deadline = time.monotonic() + PATIENCE_S
            elif time.monotonic() > deadline:
                raise Unavailable(f"nothing more of {partition} could be read within {PATIENCE_S:.0f} s")
            if wanted := [record for record in records if record.offset < end]:
                yield wanted
