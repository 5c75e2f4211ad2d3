"""Hands records to Kafka and waits for all replicas: bounded, behind a breaker, with a producer that can be replaced.

The breaker opens at the first wait that is over, and what comes next is refused at once. It closes when Kafka takes a
record again (the one that was waited for in vain is still being sent), or, when none is on its way, when Kafka names
the topic's partitions. A producer that stays ill is thrown away with what it has not sent: those were answered 503,
which means unknown, so their senders send them again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kafka.errors import KafkaError, MessageSizeTooLargeError

from services.common import kafka, problems
from services.common.problems import Problem
from services.common.records import Record
from services.intake import metrics

if TYPE_CHECKING:
    from kafka import KafkaProducer

log = logging.getLogger(__name__)

WAIT_S: Final = 2.5
"""The longest wait for Kafka, so that a refusal leaves within 3 s."""
MOST_OPEN: Final = 1_000
"""Records on their way at a time. The producer's own memory has no bound while Kafka is away."""
PROBE_S: Final = 0.1
REPLACE_S: Final = 2.0
"""While the breaker is open, a producer is given so long before another takes its place: long enough for it to repeat
a request by itself (its request timeout is over when the breaker opens), and far below its delivery timeout, after
which kafka-python 3.0.12 never sends again. A new one also leaves behind a connection whose answers were lost."""
FLUSH_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record stands in its topic; `offset` is None when Kafka had it already and did not say where."""

    partition: int
    offset: int | None


class _Line:
    """A producer with the count of records on their way through it; ill when it gave one up."""

    def __init__(self, producer: KafkaProducer) -> None:
        self.producer = producer
        self.ill = False
        self._room = threading.Condition()
        self._open = 0

    @property
    def open(self) -> int:
        return self._open

    def enter(self, wait_s: float) -> bool:
        """Takes a place for a record; False when none was free in time."""
        with self._room:
            if self._open >= MOST_OPEN and not self._room.wait_for(lambda: self._open < MOST_OPEN, max(0.0, wait_s)):
                return False
            self._open += 1
        return True

    def leave(self) -> None:
        with self._room:
            self._open -= 1
            self._room.notify()


class Publisher:
    """Publishes from any thread. Built by the composition root, started after fork."""

    def __init__(self, make: Callable[[], KafkaProducer], probe_topic: str) -> None:
        self._make = make
        self._probe_topic = probe_topic
        self._line: _Line | None = None
        self._change = threading.Lock()
        self._tripped = False
        self._stopped = threading.Event()

    def start(self) -> None:
        self._line = _Line(self._make())

    def stop(self) -> None:
        """Waits a moment for what is on its way, then ends the producer."""
        self._stopped.set()
        if (line := self._line) is not None:
            kafka.discard(line.producer, wait_s=0 if self._tripped else FLUSH_S)

    @property
    def available(self) -> bool:
        """Whether records are taken at this moment."""
        return self._line is not None and not self._tripped

    def publish(self, topic: str, record: Record) -> Position:
        """Publishes one record.

        Raises:
            Problem: 503, it is unknown whether the record is stored; 413, Kafka takes no record of this size.
        """
        outcome = self.publish_many(topic, [record])[0]
        if isinstance(outcome, Problem):
            raise outcome
        return outcome

    def publish_many(self, topic: str, records: Sequence[Record]) -> list[Position | Problem]:
        """Publishes records in their order and waits for all of them together, at most `WAIT_S`; one outcome each."""
        line = self._line
        if line is None or self._tripped:
            return [_unavailable() for _ in records]
        start = time.monotonic()
        deadline = start + WAIT_S
        sent = [self._send(line, topic, record, deadline) for record in records]
        outcomes = [self._awaited(line, future, deadline) for future in sent]
        metrics.PUBLISH_SECONDS.observe(time.monotonic() - start)
        return outcomes

    def _send(self, line: _Line, topic: str, record: Record, deadline: float) -> kafka.Sent | Problem:
        if self._tripped or not line.enter(deadline - time.monotonic()):
            return _unavailable()
        try:
            future: kafka.Sent = line.producer.send(
                topic, record.value, record.key, record.headers, timestamp_ms=record.timestamp_ms
            )
        except MessageSizeTooLargeError:
            line.leave()
            return _too_large()
        except KafkaError as error:
            line.leave()
            self._trip(line, error)
            return _unavailable()
        # The places are counted on the producer's thread, whoever waits or has stopped waiting.
        future.add_callback(self._acknowledged, line)
        future.add_errback(self._given_up, line)
        return future

    def _awaited(self, line: _Line, future: kafka.Sent | Problem, deadline: float) -> Position | Problem:
        if isinstance(future, Problem):
            return future
        try:
            stored = future.get(timeout=max(0.0, deadline - time.monotonic()))
        except MessageSizeTooLargeError:
            return _too_large()
        except KafkaError as error:
            self._trip(line, error)
            return _unavailable()
        return Position(stored.partition, stored.offset if stored.offset >= 0 else None)

    def _acknowledged(self, line: _Line, _: object) -> None:
        line.leave()
        if self._tripped and line is self._line and not line.ill:
            self._close("it acknowledged a record")

    def _given_up(self, line: _Line, error: BaseException) -> None:
        line.ill = True
        line.leave()
        self._trip(line, error)

    def _trip(self, line: _Line, error: BaseException) -> None:
        with self._change:
            if self._tripped or line is not self._line:
                return
            self._tripped = True
            log.warning("Kafka does not answer: refusing until it does", extra={"error": repr(error)})
            metrics.BREAKER_OPEN.inc()
            metrics.BREAKER_CHANGES.labels("open").inc()
            threading.Thread(target=self._mend, args=(line,), name="mend-publisher", daemon=True).start()

    def _close(self, why: str) -> None:
        with self._change:
            if not self._tripped:
                return
            self._tripped = False
            log.info("Kafka answers again", extra={"sign": why})
            metrics.BREAKER_OPEN.dec()
            metrics.BREAKER_CHANGES.labels("closed").inc()

    def _mend(self, line: _Line) -> None:
        """Runs while the breaker is open: asks for Kafka when nothing is on its way, replaces what stays ill."""
        since = time.monotonic()
        while self._tripped and not self._stopped.wait(PROBE_S):
            metrics.UNACKNOWLEDGED.set(line.open)
            if line.ill or time.monotonic() - since >= REPLACE_S:
                line = self._replaced(line)
                since = time.monotonic()
            elif line.open == 0 and self._answers(line):
                self._close("it named the partitions")
        metrics.UNACKNOWLEDGED.set(0)

    def _answers(self, line: _Line) -> bool:
        try:
            return bool(line.producer.partitions_for(self._probe_topic))
        except KafkaError:
            return False

    def _replaced(self, old: _Line) -> _Line:
        new = _Line(self._make())
        self._line = new
        metrics.PRODUCERS_REPLACED.inc()
        log.debug("replaced the producer", extra={"unacknowledged": old.open})
        # Its thread may be in the middle of a wait.
        threading.Thread(target=kafka.discard, args=(old.producer, 0), name="discard-producer", daemon=True).start()
        return new


def _too_large() -> Problem:
    return Problem(problems.TOO_LARGE, "this is more than one record of the log may hold")


def _unavailable() -> Problem:
    return Problem(
        problems.UNAVAILABLE, "the log does not answer; it is unknown whether this was stored: send the same again"
    )
