"""Kafka: the topics, and clients with settled settings. Clients are built by a composition root, after fork."""

from __future__ import annotations

import importlib.util

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import KafkaError
from kafka.producer.future import FutureRecordMetadata

from services.common.settings import Settings
from services.common.unpacking import speed_up

KEPT_FOR_EVER = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}
# By default a broker refuses what bears a time an hour or more after its own: a clock that is wrong, on whichever
# side, would stop a survey, and nothing is counted by these times.
ANY_TIME = {"message.timestamp.after.max.ms": str(2**63 - 1)}

# Naming the version spares a client its questions at start, so that it can be built while no broker answers.
API_VERSION = (4, 1)
RECONNECT_MS = 500
"""The longest pause between attempts: the default of 30 s would outlast most outages by seconds."""

READ_MS = 5_000
"""The longest wait for an answer to a reader. Within it the partitions of a broker that is cut off get another leader;
by default they would not be looked for before 30 s are over."""

LARGEST_RECORD = 16 * 1024 * 1024
"""Of a definition, or of appraisals of many units: the broker's default of 1 MB would refuse those of 10,000 units.
Responses are bounded by intake."""

TOPICS_MS = 5_000
"""How often a reader asks anew about topics. kafka-python 3.0.12 takes an answer that was on its way when a topic was
added for one about that topic, too: a scorer that starts then is assigned nothing until it asks again.
"""

_LARGEST = "max.message.bytes"

WIDE = ("campaigns", "appraisals", "publications")
"""Topics with records of up to that size."""

Sent = FutureRecordMetadata
"""A record on its way; `get(timeout)` waits for all replicas to have it."""

INSTALL_HINT = "install it with: pip install 'kafka-python[crc32c,zstd]'"


class Unready(Exception):
    """Kafka cannot be used as it is; the message says what to change."""


def require_accelerators() -> None:
    """Refuses to run without the C checksum (reading is 18 times slower without it) and the codec of the log.

    Raises:
        Unready: a package is missing.
    """
    for package in ("crc32c", "zstandard"):
        if importlib.util.find_spec(package) is None:
            raise Unready(f"the package {package} is missing; {INSTALL_HINT}")


def producer(settings: Settings, client_id: str, kind: type[KafkaProducer] = KafkaProducer) -> KafkaProducer:
    """An idempotent producer, of some kind, that waits for all in-sync replicas.

    A batch once sent must never expire here: kafka-python 3.0.12 resets its producer id then and never sends again. So
    the delivery timeout is a day, and who waits bounds the wait with `future.get(timeout)`.
    """
    require_accelerators()
    return kind(
        bootstrap_servers=settings.bootstrap,
        client_id=client_id,
        api_version=API_VERSION,
        acks="all",
        enable_idempotence=True,
        max_block_ms=500,
        request_timeout_ms=2_000,
        delivery_timeout_ms=86_400_000,
        linger_ms=5,
        batch_size=65_536,
        max_request_size=LARGEST_RECORD,
        reconnect_backoff_max_ms=RECONNECT_MS,
        metadata_max_age_ms=30_000,
        allow_auto_create_topics=False,
        metrics_enabled=False,
    )


def discard(producer: KafkaProducer, wait_s: float) -> None:
    """Ends a producer: waits for what is on its way, then gives up what is left; its futures fail."""
    try:
        producer.close(timeout=wait_s)
    except KafkaError:
        # kafka-python 3.0.12 gives up here before it has told its thread to end, and has no other way to say so.
        producer._sender.force_close()  # noqa: SLF001
        producer._sender.join(timeout=5)  # noqa: SLF001


def reader(settings: Settings, client_id: str, *, fetch_ms: int = 100, **more: object) -> KafkaConsumer:
    """A consumer that starts at the beginning and never commits by itself.

    `fetch_ms` is how long the broker may keep a question open while there is nothing new.
    """
    require_accelerators()
    return speed_up(
        KafkaConsumer(
            bootstrap_servers=settings.bootstrap,
            client_id=client_id,
            api_version=API_VERSION,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            fetch_max_wait_ms=fetch_ms,
            request_timeout_ms=READ_MS,
            reconnect_backoff_max_ms=RECONNECT_MS,
            metadata_max_age_ms=TOPICS_MS,
            metrics_enabled=False,
            **more,
        )
    )


def create_topics(settings: Settings) -> list[str]:
    """Creates the topics that are missing and returns their names.

    Raises:
        Unready: no broker answers, or a topic is there with another number of partitions.
    """
    wanted = {
        settings.topic("responses"): settings.response_partitions,
        settings.topic("appraisals"): 1,
        settings.topic("campaigns"): 1,
        settings.topic("publications"): 1,
    }
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=settings.bootstrap, api_version=API_VERSION, bootstrap_timeout_ms=10_000
        )
    except KafkaError as error:
        raise Unready(f"no Kafka broker answers at {settings.kafka} ({error}); check PARINDEX_KAFKA") from error
    try:
        present = set(admin.list_topics())
        missing = [name for name in wanted if name not in present]
        _widen(admin, [name for name in map(settings.topic, WIDE) if name in present])
        if missing:
            admin.create_topics(
                [
                    NewTopic(name, wanted[name], settings.replication, topic_configs=_topic_configs(settings, name))
                    for name in missing
                ]
            )
        admin.wait_for_topics(list(wanted))
        for topic in admin.describe_topics(list(wanted)):
            found = len(topic["partitions"])
            if found != wanted[topic["name"]]:
                raise Unready(
                    f"topic {topic['name']} has {found} partitions, not {wanted[topic['name']]}: the partition of a "
                    "response must never change; set PARINDEX_RESPONSE_PARTITIONS to what is there"
                )
    except KafkaError as error:
        raise Unready(f"the topics could not be created at {settings.kafka}: {error}") from error
    finally:
        admin.close()
    return missing


def _widen(admin: KafkaAdminClient, topics: list[str]) -> None:
    """Lets topics that an earlier version made take records as large as they may be now."""
    for topic in topics:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        found = admin.describe_configs([resource], config_filter="all")["topic"][topic][_LARGEST]["value"]
        if int(found) < LARGEST_RECORD:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {_LARGEST: str(LARGEST_RECORD)})])


def _topic_configs(settings: Settings, name: str) -> dict[str, str]:
    # With three replicas a write must reach two before it is acknowledged, so that any one machine may be lost.
    configs = KEPT_FOR_EVER | ANY_TIME | {"min.insync.replicas": str(max(1, settings.replication - 1))}
    if name in map(settings.topic, WIDE):
        configs[_LARGEST] = str(LARGEST_RECORD)
    return configs
