"""Fills a generation from the log: every partition from its stored position to an end, through the ledger."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from services.common import kafka
from services.common.settings import Settings
from services.scoring.applying import Applying, Owned
from services.scoring.ledger import Fenced, Unavailable
from services.scoring.polled import READ_AHEAD, in_turn
from services.scoring.writing import Writing

log = logging.getLogger(__name__)

Advance = Callable[[int], None]
"""Told how many records were applied."""

PATIENCE_S = 60.0
"""How long a server may be away."""
PAUSE_S = 0.5
POLL_MS = 200
ANSWER_MS = 10_000


class Filling:
    """Reads all partitions of both topics side by side, in no consumer group.

    Every method may raise
        Halted: the log cannot be applied; the message says why.
        Unavailable, KafkaError: a server was away for longer than `PATIENCE_S`; filling can go on later.
    """

    def __init__(self, settings: Settings, applying: Applying) -> None:
        responses = settings.topic("responses")
        partitions = [TopicPartition(responses, p) for p in range(settings.response_partitions)]
        self._partitions = [*partitions, applying.appraisals]
        self._applying = applying
        self._owned: dict[TopicPartition, Owned] = {}
        self._writing = Writing()
        self._begun_at = 0
        self._went_well_at = 0.0
        self._consumer = kafka.reader(settings, "rebuild", **READ_AHEAD)
        self._consumer.assign(self._partitions)

    def close(self) -> None:
        self._writing.close()
        self._consumer.close(autocommit=False, timeout_ms=2_000)

    def ends(self) -> Mapping[TopicPartition, int]:
        """Where the log of each partition ends now."""
        ends: Mapping[TopicPartition, int] = self._consumer.end_offsets(self._partitions, timeout_ms=ANSWER_MS)
        return ends

    def applied(self) -> int:
        """How many records are applied, of all partitions together."""
        self._load_missing()
        return sum(owned.position.next for owned in self._owned.values())

    def fill(self, ends: Mapping[TopicPartition, int], advance: Advance) -> None:
        """Applies the log up to some ends."""
        self._went_well_at = time.monotonic()
        while True:
            try:
                self._load_missing()
                if all(self._owned[partition].position.next >= end for partition, end in ends.items()):
                    return self._end(advance)
                self._go_on(advance)
            except (Unavailable, Fenced, KafkaError) as error:
                # What became of a chunk on its way is unknown, and what was polled after it is not applied.
                self._writing.give_up()
                self._owned.clear()
                if time.monotonic() - self._went_well_at > PATIENCE_S:
                    raise
                log.warning("tries again", extra={"error": str(error)})
                time.sleep(PAUSE_S)

    def _go_on(self, advance: Advance) -> None:
        """Applies what a poll brings. Nothing holds on to it while the next one comes: it is much."""
        batches = self._consumer.poll(timeout_ms=0 if self._writing.partition else POLL_MS)
        if not batches:
            self._end(advance)
        self._apply(batches, advance)

    def _load_missing(self) -> None:
        for partition in self._partitions:
            if partition not in self._owned:
                owned = self._applying.load(self._consumer, partition)
                self._consumer.seek(partition, owned.position.next)
                self._owned[partition] = owned

    def _apply(self, batches: Mapping[TopicPartition, Sequence[ConsumerRecord]], advance: Advance) -> None:
        astray: set[TopicPartition] = set()
        for partition, chunk in in_turn(batches):
            if partition in astray:
                continue
            count = self._applying.read(partition, chunk, self._owned[partition])
            if partition == self._writing.partition:
                self._end(advance)
            owned = self._owned[partition]
            if self._applying.follows(self._consumer, partition, owned.position.next, chunk[0].offset):
                write = count(owned)
                self._end(advance)
                self._begun_at = owned.position.next
                self._writing.begin(partition, write)
            else:
                astray.add(partition)

    def _end(self, advance: Advance) -> None:
        """Sees the chunk on its way to its end."""
        partition = self._writing.partition
        if partition is not None:
            self._writing.end()
            self._went_well_at = time.monotonic()
            advance(self._owned[partition].position.next - self._begun_at)
