"""Hands records to Kafka and waits for all replicas: bounded, behind a breaker, with a producer that can be replaced.

Records of requests that come in at the same time leave together: the producer gathers what is handed over within some
milliseconds (`grouping.LINGER_MS`), and while a request is on its way its answer is what sends the next one. Under load
this makes requests few and large.

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
from functools import partial
from typing import Final, NamedTuple

from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError

from services.common import kafka, problems
from services.common.problems import Problem
from services.common.records import Record
from services.intake import metrics
from services.intake.grouping import GroupingProducer
from services.intake.serving import Bell, Serving

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
GATHER_S: Final = 0.02
"""The longest that an answer is relied on to send what was handed over meanwhile: one broker of several may be gone."""


Callbacks = tuple[Callable[[object], None], Callable[[BaseException], None]]


class Position(NamedTuple):
    """Where a record stands in its topic; `offset` is None when Kafka had it already and did not say where."""

    partition: int
    offset: int | None


class _Full(Exception):
    """No place is free, and none is to be waited for."""


class _Handed:
    """The records of one call: through which producer, until when they are waited for, how many are on their way."""

    __slots__ = ("deadline", "line", "open", "over", "taken")

    def __init__(self, line: _Line, deadline: float, over: Bell) -> None:
        self.line = line
        self.deadline = deadline
        self.taken = 0
        self.open = 1  # the call itself counts until it has handed all over
        self.over = over

    def wait(self) -> None:
        """Returns when the last is answered, at the latest at the deadline."""
        self.over.wait(max(0.0, self.deadline - time.monotonic()))


class _Line:
    """A producer with the count of records on their way through it; ill when it gave one up."""

    def __init__(self, producer: GroupingProducer) -> None:
        self.producer = producer
        self.ill = False
        self.open = 0
        self._room = threading.Condition()
        self._waiting = 0
        # Records that will leave without another call, and are not answered yet.
        self._departing = 0
        self._woken_at = float("-inf")

    def enter(self, handed: _Handed, *, patient: bool) -> bool:
        """Takes a place for a record; False when none was free in time.

        Raises:
            _Full: none is free now, and the caller is not patient.
        """
        with self._room:
            if self.open >= MOST_OPEN:
                if not patient:
                    raise _Full
                self.producer.wake()  # what was appended before may not have departed yet
                self._waiting += 1
                wait_s = max(0.0, handed.deadline - time.monotonic())
                free = self._room.wait_for(lambda: self.open < MOST_OPEN, wait_s)
                self._waiting -= 1
                if not free:
                    return False
            self.open += 1
            handed.open += 1
            handed.taken += 1
        return True

    def turn_away(self, handed: _Handed) -> None:
        """Gives back the place of a record that the producer did not take."""
        with self._room:
            handed.taken -= 1
            self._leave(handed)

    def depart(self, handed: _Handed) -> None:
        """Sees to it that what was handed over leaves."""
        with self._room:
            now = time.monotonic()
            # While an answer is expected nobody needs to: after it the producer's thread looks for what was appended.
            wakes = handed.taken > 0 and (self._departing <= 0 or now - self._woken_at >= GATHER_S)
            self._departing += handed.taken
            if wakes:
                self._woken_at = now
            self._end(handed)
        if wakes:
            self.producer.wake()

    def answered(self, handed: _Handed) -> None:
        """Gives back the place of a record that needs no more waiting for; called on the producer's thread."""
        with self._room:
            self._departing -= 1
            self._leave(handed)

    def _leave(self, handed: _Handed) -> None:
        self.open -= 1
        self._end(handed)
        if self._waiting:
            self._room.notify()

    def _end(self, handed: _Handed) -> None:
        handed.open -= 1
        if not handed.open:
            handed.over.ring()


class Publisher:
    """Publishes from any thread. Built by the composition root, started after fork."""

    def __init__(self, make: Callable[[], GroupingProducer], probe_topic: str, serving: Serving) -> None:
        self._make = make
        self._serving = serving
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

    def publish_at_once(self, topic: str, record: Record) -> Position | None:
        """The same where nothing has to be waited for but Kafka's answer. None: nothing was handed over.

        Raises:
            Problem: of `publish`.
        """
        line = self._line
        if line is None or self._tripped or not line.producer.knows(topic):
            return None
        try:
            (outcome,) = self._publish(topic, [record], patient=False)
        except _Full:
            return None
        if isinstance(outcome, Problem):
            raise outcome
        return outcome

    def publish_many(self, topic: str, records: Sequence[Record]) -> list[Position | Problem]:
        """Publishes records in their order and waits for all of them together, at most `WAIT_S`; one outcome each."""
        return self._publish(topic, records, patient=True)

    def _publish(self, topic: str, records: Sequence[Record], *, patient: bool) -> list[Position | Problem]:
        """See `publish_many`; who is not patient has one record.

        Raises:
            _Full: of `_Line.enter`.
        """
        line = self._line
        if line is None or self._tripped:
            return [_unavailable() for _ in records]
        start = time.monotonic()
        handed = _Handed(line, start + WAIT_S, self._serving.bell())
        callbacks = partial(self._acknowledged, handed), partial(self._given_up, handed)
        sent = [self._send(handed, topic, record, callbacks, patient=patient) for record in records]
        line.depart(handed)
        handed.wait()
        outcomes = [self._outcome(line, future) for future in sent]
        metrics.PUBLISH_SECONDS.observe(time.monotonic() - start)
        return outcomes

    def _send(
        self, handed: _Handed, topic: str, record: Record, callbacks: Callbacks, *, patient: bool
    ) -> kafka.Sent | Problem:
        line = handed.line
        if self._tripped or not line.enter(handed, patient=patient):
            return _unavailable()
        try:
            future = line.producer.append(topic, record)
        except MessageSizeTooLargeError:
            line.turn_away(handed)
            return _too_large()
        except KafkaError as error:
            line.turn_away(handed)
            self._trip(line, error)
            return _unavailable()
        # The places are counted on the producer's thread, whoever waits or has stopped waiting.
        acknowledged, given_up = callbacks
        future.add_callback(acknowledged)
        future.add_errback(given_up)
        return future

    def _outcome(self, line: _Line, future: kafka.Sent | Problem) -> Position | Problem:
        if isinstance(future, Problem):
            return future
        if future.is_done and future.exception is None:
            stored = future.value
            return Position(stored.partition, stored.offset if stored.offset >= 0 else None)
        if isinstance(future.exception, MessageSizeTooLargeError):
            return _too_large()
        self._trip(line, future.exception or KafkaTimeoutError(f"no answer within {WAIT_S} s"))
        return _unavailable()

    def _acknowledged(self, handed: _Handed, _: object) -> None:
        line = handed.line
        line.answered(handed)
        if self._tripped and line is self._line and not line.ill:
            self._close("it acknowledged a record")

    def _given_up(self, handed: _Handed, error: BaseException) -> None:
        handed.line.ill = True
        handed.line.answered(handed)
        self._trip(handed.line, error)

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
