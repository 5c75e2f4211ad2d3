"""Compares all that is stored with a replay of the log, while both go on.

Each partition is compared at the position of a snapshot of its own, so nothing that is counted meanwhile can look like
a difference. What readers are shown is read before, and compared at the positions that it states.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from services.common import campaign_schema, kafka, mongo
from services.common.catalogue import Catalogue
from services.common.generation import Generation
from services.common.settings import Settings
from services.scoring.audit.difference import Difference, compare
from services.scoring.audit.log import Log
from services.scoring.audit.replay import AppraisalsReplay, Replay, ResponsesReplay, replay
from services.scoring.audit.report import Report
from services.scoring.audit.shown import Shown
from services.scoring.audit.stored import StoredAppraisals, StoredResponses, position_id, strays
from services.scoring.definitions import Definitions
from services.scoring.ledger import Unavailable
from services.scoring.reading import Rules
from services.scoring.topics import Topics

Document = dict[str, Any]
Advance = Callable[[int], None]

PATIENCE_S = 30.0
SETTLE_S = 120.0
"""A refresh of a very large campaign takes long; one that a dying scorer left is made anew by the next."""
LOOK_S = 0.2
ELSEWHERE = "another generation has become current meanwhile"


class Moved(Exception):
    """What was being compared has been replaced: begin anew."""


class Verification:
    """One comparison: `open`, then `compare` and `compare_shown`, then `report` is whole; `close` at the end.

    Every step may raise
        Moved: another generation became current, or a topic was made anew.
        Halted: the settings do not fit the topics; the message says what to change.
        Unavailable, KafkaError, PyMongoError: a server does not answer.
    """

    def __init__(self, settings: Settings) -> None:
        kafka.require_accelerators()
        self._prefix = settings.topic_prefix
        self._client = mongo.client(settings.mongo)
        self.db = mongo.database(self._client)
        self._catalogue = Catalogue(settings)
        self._definitions = Definitions(self._catalogue)
        self.topics = Topics(settings)
        self.log = Log(settings)
        self._responses = [
            TopicPartition(settings.topic("responses"), partition) for partition in range(settings.response_partitions)
        ]
        self._appraisals = TopicPartition(settings.topic("appraisals"), 0)

    def close(self) -> None:
        self._catalogue.follower.stop()
        self.topics.close()
        self.log.close()
        self._client.close()

    def open(self) -> int:
        """Reads what readers are shown, and the definitions; returns about how many records there are to replay."""
        self._ids = self._identify()
        self._generation = Generation.current(self.db)
        self.report = Report(self._generation.number)
        self._shown, definitions, length = self._look()
        # Only now: of whatever was shown, the definition is in the log.
        self._catalogue.follower.start()
        if not self._catalogue.follower.catch_up(PATIENCE_S):
            raise Unavailable("the definitions cannot be read from Kafka")
        self._compare_definitions(definitions)
        return length

    @property
    def units(self) -> int:
        """How many indices are shown."""
        return self._shown.units

    def compare(self, advance: Advance) -> None:
        """Replays every partition and compares it; `advance` is told how many records were applied."""
        for partition in self._responses:
            self._compare_responses(partition, advance)
        self._compare_appraisals(self._appraisals, advance)

    def compare_shown(self, advance: Advance) -> None:
        """Computes every index anew and compares it; `advance` is told how many."""
        self._shown.compare(self._catalogue.version, self.report, advance)
        if self._identify() != self._ids:
            raise Moved("a topic was made anew meanwhile")
        if self._has_moved():
            raise Moved(ELSEWHERE)

    def _identify(self) -> dict[str, str]:
        return {topic: self.topics.identify(topic) for topic in (self._responses[0].topic, self._appraisals.topic)}

    def _has_moved(self) -> bool:
        return Generation.current(self.db).number != self._generation.number

    @contextmanager
    def _snapshot(self) -> Iterator[ClientSession]:
        """A session that reads one state of the database, in which the generation is still the current one."""
        try:
            with self._client.start_session(snapshot=True) as session:
                if Generation.current(self.db, session).number != self._generation.number:
                    raise Moved(ELSEWHERE)
                yield session
        except PyMongoError as error:
            # The collections of the one before are dropped soon.
            if self._has_moved():
                raise Moved(ELSEWHERE) from error
            raise

    def _look(self) -> tuple[Shown, list[Document], int]:
        """What is shown, not between the transactions of a refresh; all definitions; how far scoring is."""
        deadline = time.monotonic() + SETTLE_S
        while True:
            with self._snapshot() as session:
                shown = Shown(self.db, session)
                if shown.settled or time.monotonic() > deadline:
                    for stray in strays(self._generation, [*self._responses, self._appraisals], session):
                        self.report.note(stray)
                    definitions = list(self.db.campaigns.find({}, session=session))
                    positions = self._generation.positions.find({}, session=session)
                    return shown, definitions, sum(found["next"] for found in positions)
            time.sleep(LOOK_S)

    def _compare_definitions(self, stored: Sequence[Document]) -> None:
        self.report.compared["definitions"] = len(stored)
        kept = set()
        for found in stored:
            code, version = found["_id"]["campaign"], found["_id"]["version"]
            campaign = self._catalogue.version(code, version)
            expected = None
            if campaign is not None:
                expected = {"_id": found["_id"], "definition": campaign_schema.dump(campaign)}
            self.report.note(compare("campaigns", found["_id"], _as_now(found), expected))
            kept.add((code, version))
        for code, version in self._shown.versions:
            if (code, version) not in kept and self._catalogue.version(code, version) is not None:
                self.report.note(Difference("campaigns", {"campaign": code, "version": version}, "", None, {}))

    def _compare_responses(self, partition: TopicPartition, advance: Advance) -> None:
        with self._snapshot() as session:
            # All of it before the replay, which may take longer than a snapshot can be read.
            stored = StoredResponses(self._generation, partition, session, self._definitions.newest)
            target = ResponsesReplay(partition.partition, Rules(self._definitions), stored.settled, stored.weighed)
            states = self._shown.stops("responses", partition.partition)
            for stop in self._replay(partition, target, stored, states, advance):
                if stop == stored.next:
                    stored.compare(target, self.report)
                for campaign in (code for code, wanted in states.items() if wanted == stop):
                    self._shown.add_responses(campaign, target)

    def _compare_appraisals(self, partition: TopicPartition, advance: Advance) -> None:
        with self._snapshot() as session:
            stored = StoredAppraisals(self._generation, partition, session)
        target = AppraisalsReplay(self._definitions, stored.settled)
        states = self._shown.stops("appraisals", partition.partition)
        for stop in self._replay(partition, target, stored, states, advance):
            if stop == stored.next:
                stored.compare(target, self.report)
            for campaign in (code for code, wanted in states.items() if wanted == stop):
                self._shown.add_appraisals(campaign, target.rows)

    def _replay(
        self,
        partition: TopicPartition,
        target: Replay,
        stored: StoredResponses | StoredAppraisals,
        states: dict[str, int],
        advance: Advance,
    ) -> Iterator[int]:
        """Replays a partition, stopping at its position and where the states end, as far as the log is there."""
        topic, number, id_ = partition.topic.removeprefix(self._prefix), partition.partition, position_id(partition)
        self.report.positions[topic][str(number)] = stored.next
        start, end = self.log.bounds(partition)
        lost = Difference("log", id_, "first offset", start, 0) if start else None
        if stored.position is not None and stored.position["topic_id"] != self._ids[partition.topic]:
            lost = Difference("positions", id_, "topic_id", stored.position["topic_id"], self._ids[partition.topic])
        if lost is not None:
            self.report.note(lost)
            self._shown.lose()
            return
        stops = {stop for stop in (stored.next, *states.values()) if stop <= end}
        if stored.next > end:
            self.report.note(Difference("positions", id_, "next", stored.next, end))
        for campaign, stop in states.items():
            if stop > end:
                self.report.note(Difference("campaign_state", campaign, f"positions.{topic}.{number}", stop, end))
                self._shown.lose(campaign)
        log = self.log.read(partition, max(stops, default=0))
        yield from replay(target, _told(log, advance), stops)
        self.report.compared.update(partitions=1, records=target.records)


def _told(batches: Iterable[Sequence[ConsumerRecord]], advance: Advance) -> Iterator[Sequence[ConsumerRecord]]:
    for batch in batches:
        yield batch
        advance(len(batch))


def _as_now(stored: Document) -> Document:
    """A stored definition as it would be written now: with the rules that a later version of scoring has added."""
    try:
        return stored | {"definition": campaign_schema.dump(campaign_schema.load(stored["definition"]))}
    except (KeyError, campaign_schema.DefinitionError):
        return stored
