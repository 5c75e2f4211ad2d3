"""The log as it stands, read past all that scoring does."""

from __future__ import annotations

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from services.common import kafka
from services.common.settings import Settings

POLL_MS = 500


def records(settings: Settings, topic: str) -> dict[int, list[ConsumerRecord]]:
    """All records of a topic by partition, from offset 0 to the end at this moment."""
    consumer = kafka.reader(settings, "check", max_poll_records=5_000)
    try:
        name = settings.topic(topic)
        partitions = [TopicPartition(name, number) for number in sorted(consumer.partitions_for_topic(name))]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        found: dict[int, list[ConsumerRecord]] = {partition.partition: [] for partition in partitions}
        while any(consumer.position(partition) < ends[partition] for partition in partitions):
            for partition, polled in consumer.poll(timeout_ms=POLL_MS).items():
                found[partition.partition].extend(polled)
    finally:
        consumer.close()
    return found


def ends(settings: Settings, topic: str) -> dict[int, int]:
    """The end of each partition of a topic at this moment."""
    consumer = kafka.reader(settings, "check")
    try:
        name = settings.topic(topic)
        partitions = [TopicPartition(name, number) for number in sorted(consumer.partitions_for_topic(name))]
        return {partition.partition: end for partition, end in consumer.end_offsets(partitions).items()}
    finally:
        consumer.close()
