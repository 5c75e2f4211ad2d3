"""How far a scorer is: told to its metrics, and to the consumer group for those who watch lag there."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import IllegalStateError, KafkaError
from kafka.structs import OffsetAndMetadata

from services.common.settings import Settings
from services.scoring import metrics
from services.scoring.applying import Owned

log = logging.getLogger(__name__)

COMMIT_S = 5.0


class Progress:
    """Follows the partitions that a process applies. Nothing here is ever read to go on from."""

    def __init__(self, settings: Settings) -> None:
        self._prefix = settings.topic_prefix
        self._lag: dict[TopicPartition, int] = {}
        self._commit_at = 0.0
        self.behind = 0
        """Records of all partitions that were there when they were last read, and are not applied."""

    def topic(self, partition: TopicPartition) -> str:
        """The topic's name without the prefix."""
        return str(partition.topic.removeprefix(self._prefix))

    def note(self, consumer: KafkaConsumer, partition: TopicPartition, next_: int) -> None:
        """A partition is applied up to `next_`."""
        labels = self.topic(partition), str(partition.partition)
        metrics.POSITION.labels(*labels).set(next_)
        try:
            end = consumer.highwater(partition)
        except IllegalStateError:
            # It was taken away meanwhile: the next turn sees that.
            return
        if end is not None:
            lag = self._lag[partition] = max(0, end - next_)
            metrics.LAG.labels(*labels).set(lag)
            self.behind = sum(self._lag.values())

    def forget(self, partition: TopicPartition) -> None:
        """A partition is not applied here any more."""
        self._lag.pop(partition, None)
        self.behind = sum(self._lag.values())

    def commit(self, consumer: KafkaConsumer, owned: Mapping[TopicPartition, Owned], *, wait: bool = False) -> None:
        """Tells the group's offsets every few seconds; with `wait` now."""
        if not wait and time.monotonic() < self._commit_at:
            return
        self._commit_at = time.monotonic() + COMMIT_S
        offsets = {partition: OffsetAndMetadata(held.position.next, "", -1) for partition, held in owned.items()}
        if not offsets:
            return
        if wait:
            try:
                consumer.commit(offsets, timeout_ms=2_000)
            except KafkaError as error:
                log.info("the last offsets were not told", extra={"error": repr(error)})
        else:
            consumer.commit_async(offsets)
