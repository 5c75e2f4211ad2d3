"""Whether a topic is still the one that was counted: same id, same partitions, nothing missing at its start or end."""

from __future__ import annotations

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from services.common import kafka
from services.common.settings import Settings
from services.scoring.ledger import Halted

ANSWER_MS = 5_000


class Topics:
    """Asks Kafka about topics. Errors of Kafka reach the caller as KafkaError: not now."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._admin: KafkaAdminClient | None = None

    def close(self) -> None:
        if self._admin is not None:
            self._admin.close()

    def identify(self, topic: str) -> str:
        """The id that Kafka gave the topic when it was made.

        Raises:
            Halted: there is no such topic, or it has another number of partitions than the settings say.
        """
        if self._admin is None:
            self._admin = KafkaAdminClient(
                bootstrap_servers=self._settings.bootstrap,
                api_version=kafka.API_VERSION,
                bootstrap_timeout_ms=ANSWER_MS,
                request_timeout_ms=ANSWER_MS,
            )
        (described,) = self._admin.describe_topics([topic])
        found = len(described["partitions"])
        if not found:
            raise Halted(
                f"there is no topic {topic}: set PARINDEX_TOPIC_PREFIX to what it was made with, "
                "or run `parindex topics`"
            )
        wanted = self._settings.response_partitions if topic == self._settings.topic("responses") else 1
        if found != wanted:
            raise Halted(
                f"topic {topic} has {found} partitions, not {wanted}: a response's records would no longer share one; "
                "set PARINDEX_RESPONSE_PARTITIONS to what the topic was made with, or make the topic anew and rebuild"
            )
        return str(described["topic_id"])

    def check(self, consumer: KafkaConsumer, partition: TopicPartition, next_: int) -> None:
        """Refuses to go on where the log does not hold what the stored position says.

        Raises:
            Halted: records were deleted before they were counted, or counted records are gone.
        """
        start = consumer.beginning_offsets([partition], timeout_ms=ANSWER_MS)[partition]
        end = consumer.end_offsets([partition], timeout_ms=ANSWER_MS)[partition]
        if start > next_:
            raise Halted(
                f"{partition}: the log begins at offset {start}, but only what stands before {next_} was counted: "
                f"records are lost to scoring; restore them, and set retention.ms=-1 on {partition.topic}"
            )
        if end < next_:
            raise Halted(
                f"{partition}: the log ends at offset {end}, but {next_} records were counted: the log was cut or "
                "restored from an older copy; restore the newer one"
            )
