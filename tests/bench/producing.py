"""What Kafka's client could do without HTTP: processes that write the records that intake would write."""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import TYPE_CHECKING, Any

from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from services.common import kafka
from services.common.settings import Settings
from tests.bench.bodies import Bodies, Kind, campaign

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

SCRATCH = "bench-scratch"
UNACKNOWLEDGED = 2_000
PATIENCE_S = 30


@dataclass(frozen=True, slots=True)
class Produced:
    """What all processes together came to."""

    amount: int
    seconds: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Order:
    """What each process writes: responses of a kind for some seconds, and on until there are at least so many.

    Without a `topic` they go where intake would write them, and count.
    """

    settings: Settings
    version: int
    kind: Kind
    seconds: float
    fewest: int = 0
    topic: str = ""


@contextmanager
def scratch_topic(settings: Settings) -> Iterator[None]:
    """A topic like that of the responses which nobody reads; it goes with the block."""
    name = settings.topic_prefix + SCRATCH
    admin = KafkaAdminClient(bootstrap_servers=settings.bootstrap, api_version=kafka.API_VERSION)
    try:
        admin.create_topics([NewTopic(name, settings.response_partitions, settings.replication)])
        try:
            yield
        finally:
            admin.delete_topics([name])
    finally:
        admin.close()


def produce(order: Order, processes: int) -> Produced:
    """Writes responses of the bench's campaign, each with an id of its own, until all are safe."""
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(processes), context.SimpleQueue()
    running = [context.Process(target=_produce, args=(order, start, results)) for _ in range(processes)]
    for process in running:
        process.start()
    for process in running:
        process.join()
        if process.exitcode != 0:
            raise RuntimeError(f"a producing process ended with {process.exitcode}")
    found = [results.get() for _ in running]
    return Produced(
        sum(amount for amount, _, _ in found),
        max(taken for _, taken, _ in found),
        sum(cpu for _, _, cpu in found),
    )


def _produce(order: Order, start: Barrier, results: SimpleQueue[tuple[int, float, float]]) -> None:
    records = Bodies(campaign(order.version), order.kind).records()
    producer = kafka.producer(order.settings, "bench")
    topic = order.settings.topic_prefix + order.topic if order.topic else order.settings.topic("responses")
    producer.partitions_for(topic)
    start.wait()
    began, cpu = time.perf_counter(), time.process_time()
    waiting: deque[Any] = deque()
    amount = 0
    while amount < order.fewest or time.perf_counter() - began < order.seconds:
        key, value, headers, timestamp_ms = next(records)
        waiting.append(producer.send(topic, value, key, headers, timestamp_ms=timestamp_ms))
        amount += 1
        if len(waiting) > UNACKNOWLEDGED:
            waiting.popleft().get(PATIENCE_S)
    for future in waiting:
        future.get(PATIENCE_S)
    results.put((amount, time.perf_counter() - began, time.process_time() - cpu))
    producer.close()
