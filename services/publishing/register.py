"""The publications that the log knows, and how one is added: of two with one number the first in the log stands."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from kafka import TopicPartition

from services.common import kafka
from services.common.publications import Publication
from services.common.records import Unreadable, decode, encode
from services.common.settings import Settings
from services.scoring.audit.log import Log
from services.scoring.ledger import Halted
from services.scoring.topics import Topics

log = logging.getLogger(__name__)

SOURCE = "/parindex/publication"
ANSWER_S = 10.0


class Made(NamedTuple):
    """A publication that stands, and where in its topic."""

    offset: int
    event: Publication


class Taken(Exception):
    """Another publication has the number; the message names who made it."""


class Register:
    """Reads and writes the topic `publications`. Every method may raise KafkaError: no broker answers."""

    def __init__(self, settings: Settings, log: Log, topics: Topics) -> None:
        self._settings = settings
        self._log = log
        self._topics = topics
        self._partition = TopicPartition(settings.topic("publications"), 0)

    def there(self) -> bool:
        """Whether the topic is there: an installation of before may not have it."""
        try:
            self._topics.identify(self._partition.topic)
        except Halted:
            return False
        return True

    def read(self) -> dict[str, dict[int, Made]]:
        """By campaign and number all that stand; empty without the topic.

        Raises:
            Unavailable: the topic cannot be read to its end.
        """
        found: dict[str, dict[int, Made]] = {}
        if not self.there():
            return found
        _, end = self._log.bounds(self._partition)
        for records in self._log.read(self._partition, end):
            for record in records:
                try:
                    event = decode(record.value, record.headers)
                except Unreadable as error:
                    log.warning("passed over a record", extra={"offset": record.offset, "error": str(error)})
                    continue
                if isinstance(event, Publication):
                    known = found.setdefault(event.campaign, {})
                    # Numbers have no gaps: what would leave one was written by nobody who had read the log.
                    if event.number == len(known) + 1:
                        known[event.number] = Made(record.offset, event)
        return found

    def add(self, event: Publication) -> Mapping[int, Made]:
        """Writes a publication into the log; returns those of its campaign.

        Raises:
            Taken: another with its number was first.
        """
        record = encode(event, datetime.now(UTC), source=SOURCE)
        producer = kafka.producer(self._settings, "publication")
        try:
            # The first record waits for the names of the partitions, longer than a respondent should.
            producer.config["max_block_ms"] = int(1_000 * ANSWER_S)
            sent = producer.send(
                self._partition.topic,
                record.value,
                record.key,
                record.headers,
                partition=0,
                timestamp_ms=record.timestamp_ms,
            )
            offset = sent.get(timeout=ANSWER_S).offset
        finally:
            kafka.discard(producer, wait_s=2)
        made = self.read().get(event.campaign, {})
        first = made[event.number]
        if first.offset != offset:
            raise Taken(f"{first.event.by} made publication {event.number} of {event.campaign!r} at the same time")
        return made
