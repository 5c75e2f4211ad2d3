"""Publishes records that could not be applied again, each into the partition it came from and with its place told."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kafka.errors import KafkaError, KafkaTimeoutError

from services.common import kafka
from services.common.requeued import HEADER, Place
from services.scoring.buried import Buried, Letter

Advance = Callable[[int], None]
Failed = dict[Place, KafkaError | ValueError]

WINDOW = 100
"""Records on their way together; each may be as large as Kafka takes, 1 MB."""
ANSWER_S = 10.0


class Unreached(Exception):
    """Kafka does not answer, and nothing was sent."""


@dataclass(slots=True)
class Outcome:
    """What became of the records that were to be published again."""

    requeued: int = 0
    problems: list[tuple[Place, str]] = field(default_factory=list)
    unsent: int = 0
    """Records that were not tried, because Kafka had stopped answering."""


class Requeuing:
    """Publishes the records of letters with the partition, key, value, headers and time that they had.

    One header more says where a record stood, so that scoring marks its letter when it applies the record again.
    Publishing one twice is harmless: it is then a duplicate, or rejected again.
    """

    def __init__(self, buried: Buried) -> None:
        self._buried = buried
        self._settings = buried.settings
        self._producer = kafka.producer(self._settings, "requeue")

    def close(self) -> None:
        kafka.discard(self._producer, wait_s=2)

    def requeue(self, places: Sequence[Place], advance: Advance) -> Outcome:
        """Publishes the records of letters in the order of their places and waits until all replicas have them.

        Args:
            places: of the letters, in order.
            advance: told how many are done.

        Raises:
            Unreached: Kafka does not answer, and nothing was sent.
            PyMongoError: MongoDB does not answer; what was sent before is sent.
        """
        if not self._reach():
            raise Unreached("Kafka does not name the partitions of its topics")
        outcome = Outcome()
        for start in range(0, len(places), WINDOW):
            window = places[start : start + WINDOW]
            letters = self._buried.at(window)
            failed = self._publish(letters, time.monotonic() + ANSWER_S)
            outcome.requeued += len(letters) - len(failed)
            outcome.problems += [
                (place, _told(failed.get(place))) for place in window if place not in letters or place in failed
            ]
            advance(len(window))
            if any(isinstance(error, KafkaTimeoutError) for error in failed.values()):
                outcome.unsent = len(places) - start - len(window)
                break
        return outcome

    def _publish(self, letters: Mapping[Place, Letter], deadline: float) -> Failed:
        """Publishes together; returns what went wrong. Who did not have an answer by the deadline is a time-out."""
        failed = self._attempt(letters, deadline)
        if not any(isinstance(error, KafkaError) for error in failed.values()):
            return failed
        # Once Kafka has refused a record, the producer of kafka-python 3.0.12 fails whatever comes after it.
        kafka.discard(self._producer, wait_s=0)
        self._producer = kafka.producer(self._settings, "requeue")
        self._reach()
        if len(letters) == 1:
            return failed
        guilty: Failed = {}
        for place in failed:
            guilty |= self._publish({place: letters[place]}, deadline)
        return guilty

    def _attempt(self, letters: Mapping[Place, Letter], deadline: float) -> Failed:
        failed: Failed = {}
        sent = {}
        for place in sorted(letters):
            try:
                sent[place] = self._send(place, letters[place]["record"])
            except (KafkaError, ValueError) as error:
                failed[place] = error
        for place, future in sent.items():
            try:
                future.get(timeout=max(0.0, deadline - time.monotonic()))
            except KafkaError as error:
                failed[place] = error
        return failed

    def _send(self, place: Place, record: Mapping[str, Any]) -> kafka.Sent:
        # The client cannot write a header without a value, and no reader here tells it from an empty one.
        headers = [(name, value or b"") for name, value in record["headers"]]
        sent: kafka.Sent = self._producer.send(
            self._settings.topic(place.topic),
            record["value"],
            record["key"],
            [*headers, (HEADER, str(place).encode())],
            partition=place.partition,
            timestamp_ms=int(record["timestamp"]),  # Kafka's client does not know the integers of MongoDB
        )
        return sent

    def _reach(self) -> bool:
        """Waits until Kafka has named the partitions of the topics; False when the time is over."""
        deadline = time.monotonic() + ANSWER_S
        for topic in ("responses", "appraisals"):
            while not self._named(self._settings.topic(topic)):
                if time.monotonic() > deadline:
                    return False
        return True

    def _named(self, topic: str) -> bool:
        try:
            return bool(self._producer.partitions_for(topic))
        except KafkaError:
            return False


def _told(error: KafkaError | ValueError | None) -> str:
    if error is None:
        return "there is no such letter any more: was the database rebuilt meanwhile?"
    if isinstance(error, KafkaTimeoutError):
        return "Kafka does not answer, so it is unknown whether this was stored: requeue it again, which is harmless"
    return f"Kafka does not take it: {error!r}"
