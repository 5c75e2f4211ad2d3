"""The publisher survives what kafka-python's producer does not: an outage longer than its delivery timeout."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from services.common import events, kafka
from services.common.problems import Problem
from services.common.records import Record, encode
from services.common.settings import Settings
from services.intake.grouping import GroupingProducer
from services.intake.publisher import Position, Publisher
from services.intake.serving import Threads
from tests.intake import eventually, fresh_topics
from tests.proxy import LOOPBACK, Proxy

DELIVERY_S = 3.0
RETURN_S = 5.0
"""A second is promised; the others are for a busy machine."""


@pytest.fixture
def settings(proxy: Proxy) -> Iterator[Settings]:
    with fresh_topics(f"{LOOPBACK}:{proxy.port}") as made:
        yield made


def impatient(settings: Settings) -> GroupingProducer:
    """A producer as `kafka.producer` makes it, but that gives its records up after a few seconds."""
    return GroupingProducer(
        bootstrap_servers=settings.bootstrap,
        api_version=kafka.API_VERSION,
        acks="all",
        enable_idempotence=True,
        max_block_ms=500,
        request_timeout_ms=2_000,
        delivery_timeout_ms=int(DELIVERY_S * 1_000),
        reconnect_backoff_max_ms=500,
        allow_auto_create_topics=False,
    )


def record() -> Record:
    said = events.Response(str(uuid.uuid4()), 1, "small", 1, "citizen", "web", {"w1": {"l2": "A"}})
    return encode(said, datetime.now(UTC), source="/intake")


@pytest.mark.parametrize("mode", ["refuse", "eatack"])
def test_an_outage_longer_than_the_delivery_timeout_does_not_end_publishing(
    settings: Settings, proxy: Proxy, mode: str
) -> None:
    topic = settings.topic("responses")
    publisher = Publisher(lambda: impatient(settings), topic, Threads())
    publisher.start()
    try:
        assert isinstance(publisher.publish(topic, record()), Position)
        proxy.mode = mode  # type: ignore[assignment]
        began = time.monotonic()
        with pytest.raises(Problem) as refused:
            publisher.publish(topic, record())
        assert refused.value.kind.status == 503
        eventually(lambda: time.monotonic() > began + DELIVERY_S + 2, "the delivery timeout is over")
        proxy.mode = "pass"
        proxy.cut()
        eventually(lambda: publisher.available, "the breaker closes", RETURN_S)
        assert isinstance(publisher.publish(topic, record()), Position)
    finally:
        publisher.stop()


def test_records_of_a_window_are_refused_one_by_one(settings: Settings) -> None:
    """What no record may hold is refused alone; its neighbours stand in their order."""
    topic = settings.topic("responses")
    publisher = Publisher(lambda: kafka.producer(settings, "test", GroupingProducer), topic, Threads())
    publisher.start()
    try:
        huge = Record(b"k", b"x" * (kafka.LARGEST_RECORD + 1), [], 0)
        same = record()
        first, refused, second = publisher.publish_many(topic, [same, huge, same])
        assert isinstance(refused, Problem)
        assert refused.kind.status == 413
        assert isinstance(first, Position)
        assert isinstance(second, Position)
        assert (second.partition, second.offset) == (first.partition, (first.offset or 0) + 1)
    finally:
        publisher.stop()


def test_a_stopped_publisher_has_sent_what_it_was_given(settings: Settings) -> None:
    topic = settings.topic("responses")
    publisher = Publisher(lambda: kafka.producer(settings, "test", GroupingProducer), topic, Threads())
    assert not publisher.available
    publisher.start()
    positions = publisher.publish_many(topic, [record() for _ in range(100)])
    publisher.stop()
    assert all(isinstance(position, Position) for position in positions)
