"""Reads a topic of one partition from its start and goes on for ever: how the services learn what they must know."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from services.common import kafka
from services.common.events import Event
from services.common.records import Unreadable, decode
from services.common.settings import Settings

log = logging.getLogger(__name__)

POLL_MS = 200
FETCH_MS = 250
"""How long the broker keeps a question open while there is nothing new: a question costs more than what it brings, and
an answer to `catch_up` stands behind one."""
PAUSE_S = 0.2


class Follower:
    """A thread that hands every event of a topic to `handle(record, event)`, in the order of the log.

    `handle` runs on the follower's thread and must not raise. A record that is no event is logged and passed over.
    While Kafka is away nothing happens, and reading goes on by itself when it is back.
    """

    def __init__(self, settings: Settings, topic: str, handle: Callable[[ConsumerRecord, Event], None]) -> None:
        self._settings = settings
        self._partition = TopicPartition(settings.topic(topic), 0)
        self._handle = handle
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._next = 0
        # Whoever wants to know that the end was reached raises `asked`; the thread answers with the number it saw.
        self._asked = 1
        self._answered = 0
        self._thread = threading.Thread(target=self._run, name=f"follow-{topic}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    @property
    def ready(self) -> bool:
        """Whether all that stood in the topic at the start has been handled."""
        return self._answered > 0

    def await_offset(self, offset: int, timeout_s: float) -> bool:
        """Waits until the record at an offset has been handled; False when the time is over."""
        with self._changed:
            return self._changed.wait_for(lambda: self._next > offset, timeout_s)

    def catch_up(self, timeout_s: float) -> bool:
        """Waits until all that stands in the topic at this moment has been handled; False when the time is over."""
        with self._changed:
            self._asked += 1
            mine = self._asked
            return self._changed.wait_for(lambda: self._answered >= mine, timeout_s)

    def _run(self) -> None:
        consumer = kafka.reader(self._settings, f"follow-{self._partition.topic}", fetch_ms=FETCH_MS)
        consumer.assign([self._partition])
        consumer.seek(self._partition, 0)
        away = False
        try:
            while not self._stopped.is_set():
                try:
                    self._follow(consumer)
                    if away:
                        log.info("can read a topic again", extra={"topic": self._partition.topic})
                    away = False
                except KafkaError as error:
                    if not away:
                        log.warning("cannot read a topic", extra={"topic": self._partition.topic, "error": repr(error)})
                    away = True
                    self._stopped.wait(PAUSE_S)
        finally:
            consumer.close(autocommit=False, timeout_ms=1_000)

    def _follow(self, consumer: KafkaConsumer) -> None:
        asked = self._asked
        if asked > self._answered:
            end = consumer.end_offsets([self._partition], timeout_ms=2_000)[self._partition]
            deadline = time.monotonic() + 2
            while self._next < end and not self._stopped.is_set() and time.monotonic() < deadline:
                self._poll(consumer)
            if self._next >= end:
                with self._changed:
                    self._answered = asked
                    self._changed.notify_all()
        else:
            self._poll(consumer)

    def _poll(self, consumer: KafkaConsumer) -> None:
        for record in consumer.poll(timeout_ms=POLL_MS).get(self._partition, []):
            try:
                event = decode(record.value, record.headers)
            except Unreadable as error:
                log.error(
                    "passed over a record that is no event",
                    extra={"topic": record.topic, "offset": record.offset, "error": str(error)},
                )
            else:
                self._handle(record, event)
            with self._changed:
                self._next = record.offset + 1
                self._changed.notify_all()
