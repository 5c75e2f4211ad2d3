"""A producer whose records share requests: who hands them over decides when the producer's thread is woken for them.

kafka-python wakes its thread for the first record of every partition, and each time the thread goes through all
partitions and the connection; a record that travels alone costs it and the broker many times what it costs in company.
"""

from __future__ import annotations

import struct
import threading
from typing import Any, Final

from kafka import KafkaProducer, TopicPartition
from kafka.net.compat import KafkaNetClient

from services.common.kafka import Sent
from services.common.records import Record

SURELY_SENT: Final = 512 * 1024
"""Bytes of a value that are not too many for a record, whatever its key and headers."""
LINGER_MS: Final = 8
"""How long a record waits for company. Who was answered together comes again almost together: without a pause each
request would carry only those who came while the one before was on its way, half of them.
"""

_SEED: Final = 0x9747B28C
_FACTOR: Final = 0x5BD1E995
_WORD: Final = 0xFFFFFFFF


class GroupingProducer(KafkaProducer):  # type: ignore[misc]
    """`append` as often as there are records, then `wake`: they leave in one request."""

    def __init__(self, **configs: Any) -> None:  # noqa: ANN401 - kafka-python's own
        self._silence = threading.local()
        self._places: dict[str, list[TopicPartition]] = {}
        super().__init__(**configs | {"linger_ms": LINGER_MS, "kafka_client": self._client})

    def knows(self, topic: str) -> bool:
        """Whether `append` need not ask for the partitions of a topic first, and wait."""
        return topic in self._places

    def append(self, topic: str, record: Record) -> Sent:
        """Hands a record over without waking the producer's thread.

        Raises:
            KafkaError: of `KafkaProducer.send`.
        """
        places = self._places.get(topic)
        if places is None or len(record.value) > SURELY_SENT:
            return self._sent(topic, record)
        # What is left of `send` for a record that needs no check, at less than half its cost.
        place = places[partition_of(record.key, len(places))]
        future: Sent = self._accumulator.append(place, record.timestamp_ms, record.key, record.value, record.headers)[0]
        return future

    def _sent(self, topic: str, record: Record) -> Sent:
        partitions = self.partitions_for(topic)  # waits for them, the first time, which needs the thread awake
        self._places[topic] = [TopicPartition(topic, number) for number in sorted(partitions)]
        self._silence.kept = True
        try:
            return self.send(topic, record.value, record.key, record.headers, timestamp_ms=record.timestamp_ms)
        finally:
            self._silence.kept = False

    def wake(self) -> None:
        """Has the thread send what it was handed."""
        self._net.wakeup()

    def _client(self, **configs: Any) -> KafkaNetClient:  # noqa: ANN401 - kafka-python's own
        self._net = _Client(self._silence, **configs)
        return self._net


class _Client(KafkaNetClient):  # type: ignore[misc]
    """Does not wake the producer's thread for a caller who keeps silence."""

    def __init__(self, silence: threading.local, **configs: Any) -> None:  # noqa: ANN401 - kafka-python's own
        self._silence = silence
        super().__init__(**configs)

    def wakeup(self) -> None:
        if not getattr(self._silence, "kept", False):
            super().wakeup()


def partition_of(key: bytes, partitions: int) -> int:
    """The partition that kafka-python gives a key, and every other client that keeps to Kafka's default."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """The 32 bits by which Kafka's clients spread keys: MurmurHash2 (Appleby, 2008) with their seed.

    The same as kafka-python's, which reads byte by byte, in half the time.
    """
    size = len(data)
    whole = size & ~3
    found = _SEED ^ size
    for word in struct.unpack_from(f"<{whole >> 2}I", data):
        mixed = word * _FACTOR & _WORD
        found = found * _FACTOR & _WORD ^ (mixed ^ mixed >> 24) * _FACTOR & _WORD
    if size > whole:
        found = (found ^ int.from_bytes(data[whole:], "little")) * _FACTOR & _WORD
    found = (found ^ found >> 13) * _FACTOR & _WORD
    return found ^ found >> 15
