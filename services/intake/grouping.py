"""A producer whose records share requests: who hands one over decides when the producer's thread is woken for it.

kafka-python wakes its thread for the first record of every partition, and each time the thread goes through all
partitions and the connection; a record that travels alone costs it and the broker many times what it costs in company.
"""

from __future__ import annotations

import threading
from typing import Any, Final

from kafka import KafkaProducer
from kafka.cluster import ClusterMetadata
from kafka.net.compat import KafkaNetClient
from kafka.partitioner import DefaultPartitioner, murmur2

from services.common.kafka import Sent
from services.common.records import Record

LINGER_MS: Final = 3
"""How long a record waits for company: those who were just answered send again meanwhile."""


class GroupingProducer(KafkaProducer):  # type: ignore[misc]
    """`append` as often as there are records, then `wake`: they leave in one request, at once."""

    def __init__(self, **configs: Any) -> None:  # noqa: ANN401 - kafka-python's own
        self._silence = threading.local()
        super().__init__(**configs | {"linger_ms": LINGER_MS, "partitioner": ByKey(), "kafka_client": self._client})

    def append(self, topic: str, record: Record) -> Sent:
        """Hands a record over without waking the producer's thread.

        Raises:
            KafkaError: of `KafkaProducer.send`.
        """
        self.partitions_for(topic)  # waits for them, the first time, which needs the thread awake
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


class ByKey(DefaultPartitioner):  # type: ignore[misc]
    """The default's partition of a key, without asking which partitions have a leader: a key has no choice."""

    def partition(self, topic: str, _: object, key: bytes, *rest: Any) -> int:  # noqa: ANN401 - kafka-python's own
        cluster: ClusterMetadata = rest[-1]
        number: int = (murmur2(key) & 0x7FFFFFFF) % len(cluster.partitions_for_topic(topic))
        return number
