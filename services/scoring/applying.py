"""How a partition goes on: loaded at its stored position, then records applied as long as each is the next."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from services.common.settings import Settings
from services.scoring.appraising import AppraisalsPartition, Appraising
from services.scoring.chunk import Applied
from services.scoring.counting import Counting, ResponsesPartition
from services.scoring.definitions import Definitions
from services.scoring.ledger import Halted, Ledger, TooLarge
from services.scoring.topics import Topics
from services.scoring.weighing import Weighing

log = logging.getLogger(__name__)

Owned = ResponsesPartition | AppraisalsPartition
Write = Callable[[], Sequence[Applied]]
"""Writes a chunk that was counted, in parts when the server refuses its size; returns what each part did.

Until it has ended nothing else may be counted of the partition, nor written of any.
"""
Count = Callable[[Owned], Write]
"""Counts a chunk that was read, as far as that needs no database: the partition's next."""


class Applying:
    """Loads partitions of both topics and applies records to them, whoever reads the log and for whatever purpose."""

    def __init__(self, settings: Settings, ledger: Ledger, definitions: Definitions) -> None:
        self.appraisals = TopicPartition(settings.topic("appraisals"), 0)
        self._ledger = ledger
        self._definitions = definitions
        self._counting = Counting(ledger, definitions)
        self._appraising = Appraising(ledger, definitions)
        self._topics = Topics(settings)
        self._holes: dict[TopicPartition, tuple[int, int]] = {}

    def close(self) -> None:
        self._topics.close()

    def load(self, consumer: KafkaConsumer, partition: TopicPartition) -> Owned:
        """What is counted of a partition as of its stored position, the only offset that matters.

        Raises:
            Halted: the topic is not the one that was counted, or records are missing.
            Fenced, Unavailable, KafkaError: not now.
        """
        topic_id = self._topics.identify(partition.topic)
        position = self._ledger.position(partition.topic, partition.partition, topic_id)
        self._topics.check(consumer, partition, position.next)
        owner = self._appraising if partition == self.appraisals else self._counting
        return owner.load(position)

    def stale(self, owned: Owned) -> str | None:
        """A campaign of a partition whose sums are not of the newest definition."""
        return self._counting.stale(owned) if isinstance(owned, ResponsesPartition) else None

    def weigh(self, owned: ResponsesPartition, campaign: str) -> Weighing:
        """As `Counting.weigh`."""
        return self._counting.weigh(owned, campaign)

    def follows(self, consumer: KafkaConsumer, partition: TopicPartition, next_: int, offset: int) -> bool:
        """Whether a record at `offset` is the next one. Otherwise reading starts again from where it should be.

        Offsets that hold no record (the marks of someone's Kafka transaction) are passed over once they were read
        twice and the log still begins before them.

        Raises:
            Halted: records were deleted before they were counted.
            KafkaError: not now.
        """
        if offset == next_:
            self._holes.pop(partition, None)
            return True
        if offset > next_:
            self._topics.check(consumer, partition, next_)
            if self._holes.get(partition) == (next_, offset):
                log.warning("passed over offsets without records", extra={"partition": str(partition), "next": next_})
                return True
            self._holes[partition] = (next_, offset)
        consumer.seek(partition, next_)
        return False

    def read(self, partition: TopicPartition, chunk: Sequence[ConsumerRecord], owned: Owned) -> Count:
        """The first of three steps in which a chunk is applied: read, count, write. See `Count` and `Write`.

        Of what is owned of the partition only that is looked at which a chunk that is still written does not change.

        Raises, as the other steps do:
            Halted: a single record is too large, or too many cannot be applied.
            Fenced, Unavailable: the partition must be loaded anew.
        """
        self._definitions.look_again()
        # Appraisals are few, and read as they are counted.
        reading = None if isinstance(owned, AppraisalsPartition) else self._counting.read(chunk, owned)

        def count(owned: Owned) -> Write:
            if isinstance(owned, AppraisalsPartition):
                write = self._appraising.begin(owned, chunk)
            elif reading is not None:
                write = self._counting.begin(owned, reading)
            else:
                raise TypeError("a partition belongs to one topic")

            def written() -> Sequence[Applied]:
                try:
                    return [write()]
                except TooLarge:
                    if len(chunk) == 1:
                        raise Halted(f"the record at offset {chunk[0].offset} does not fit a transaction") from None
                middle = len(chunk) // 2
                parts = chunk[:middle], chunk[middle:]
                return [applied for part in parts for applied in self.read(partition, part, owned)(owned)()]

            return written

        return count
