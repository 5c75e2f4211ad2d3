"""Recounts, again and again and at low priority, the partitions that this process owns: the audit that never ends.

What is wrong in the database stays wrong for ever and nobody sees it: counts only ever change by what is new. So each
partition is added up anew from its own rows, in one snapshot, beside the counting.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from kafka import TopicPartition
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from services.common import mongo
from services.common.generation import Generation
from services.common.settings import Settings
from services.scoring import metrics
from services.scoring.audit.difference import Difference
from services.scoring.audit.recount import AppraisalsRecount, ResponsesRecount
from services.scoring.audit.stored import letters_of, position_id
from services.scoring.counting import weighed_in
from services.scoring.ledger import Document, Unavailable
from services.scoring.reading import Finder, Rules

log = logging.getLogger(__name__)

EVERY_S = 60.0
"""How long after a recount of a partition the next may begin; and how long a process has time to catch up first."""
TURN_S = 1.0
SHARE = 0.05
"""Of the time, while rows are read: so counting loses no more than that to it."""
LONGEST_S = 200.0
"""A snapshot can be read for 300 s: where a twentieth of the time is too little, a partition gets what it needs."""
BATCH = 200
"""Rows between two pauses: some hundredths of a second of work, in which a chunk may have to wait."""
BEHIND = 2_000
"""Records that wait to be counted: whoever has so many to count does nothing else."""


class Owner(Protocol):
    """Who counts the partitions; asked from the reconciler's thread."""

    @property
    def assigned(self) -> frozenset[TopicPartition]:
        """The partitions that the group has given to it, loaded or not."""

    @property
    def generation(self) -> int:
        """The generation that it counts in."""

    @property
    def behind(self) -> int:
        """How many records wait to be counted."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of a partition's last whole recount: in which generation, how many differences, and the first."""

    generation: int
    differences: int = 0
    first: Difference | None = None


class GivenUp(Exception):
    """The recount was given up: the process ends, or the partition is no longer its own."""


class Reconciler:
    """A thread that goes round the partitions one after the other, with a session of its own.

    Whatever cannot be read now concludes nothing: the last outcome stands until there is another one, the partition has
    another owner or another generation is current.
    """

    def __init__(self, client: MongoClient[Document], definitions: Finder, settings: Settings, owner: Owner) -> None:
        self._client = client
        self._db = mongo.database(client)
        self._rules = Rules(definitions)
        self._prefix = settings.topic_prefix
        self._appraisals = TopicPartition(settings.topic("appraisals"), 0)
        self._owner = owner
        self._due: dict[TopicPartition, float] = {}
        self._outcomes: Mapping[TopicPartition, Outcome] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconcile", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, in the middle of a recount too."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    @property
    def differences(self) -> dict[str, Difference]:
        """The first difference of each partition that has any, of those that this process counts now."""
        assigned, generation = self._owner.assigned, self._owner.generation
        return {
            f"{partition.topic}-{partition.partition}": outcome.first
            for partition, outcome in self._outcomes.items()
            if outcome.first is not None and partition in assigned and outcome.generation == generation
        }

    def recount(self, partition: TopicPartition) -> Outcome:
        """Recounts one partition as of now.

        Raises:
            PyMongoError, Unavailable: it cannot be read now.
            GivenUp: it was given up.
        """
        with self._client.start_session(snapshot=True) as session:
            derived = Generation.current(self._db, session)
            position = derived.positions.find_one({"_id": position_id(partition)}, session=session)
            if position is None or derived.number != self._owner.generation:
                raise GivenUp("the partition is not counted in the current generation yet")
            recount = self._recount_appraisals if partition == self._appraisals else self._recount_responses
            try:
                found = list(recount(partition, position, derived, session))
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                # No version of scoring ever wrote a document of such a form.
                found = [Difference("positions", position["_id"], "documents", repr(error), "readable")]
        return Outcome(derived.number, len(found), found[0] if found else None)

    def _recount_responses(
        self, partition: TopicPartition, position: Document, derived: Generation, session: ClientSession
    ) -> Iterator[Difference]:
        mine = {"p": partition.partition}
        many = [derived.responses, derived.tallies]
        pace = self._pace(partition, sum(collection.count_documents(mine, session=session) for collection in many))
        told = partial(weighed_in, position, self._rules.newest)
        recount = ResponsesRecount(partition.partition, self._rules, told)
        for row in pace(derived.responses.find(mine, session=session, batch_size=BATCH)):
            recount.add(row)
        tallies = pace(derived.tallies.find(mine, session=session, batch_size=BATCH))
        activity = derived.activity.find(mine, session=session)
        # A conflict is an effect that the activity has too.
        letters = {**letters_of(partition), "reason": {"$ne": "conflict"}}
        yield from recount.differences(
            position, tallies, activity, derived.rejected.count_documents(letters, session=session)
        )

    def _recount_appraisals(
        self, partition: TopicPartition, position: Document, derived: Generation, session: ClientSession
    ) -> Iterator[Difference]:
        pace = self._pace(partition, derived.appraisal_changes.count_documents({}, session=session))
        recount = AppraisalsRecount()
        for change in pace(derived.appraisal_changes.find({}, session=session, batch_size=BATCH).sort("_id")):
            recount.add(change)
        rows = derived.appraisals.find({}, session=session)
        letters = derived.rejected.count_documents(letters_of(partition), session=session)
        yield from recount.differences(position, rows, letters)

    def _pace(self, partition: TopicPartition, number: int) -> _Pace:
        """A pace for so many documents; whoever keeps it may get GivenUp instead of a document."""

        def wait(seconds: float) -> None:
            if self._stopping.wait(seconds) or partition not in self._owner.assigned:
                raise GivenUp("the process ends, or the partition has another owner")

        return _Pace(number, wait)

    def _run(self) -> None:
        while not self._stopping.wait(TURN_S):
            self._forget()
            partition = min(self._due, key=lambda one: self._due[one], default=None)
            if partition is None or self._due[partition] > time.monotonic() or self._owner.behind > BEHIND:
                continue
            try:
                self._note(partition, self.recount(partition))
            except (PyMongoError, Unavailable, GivenUp) as error:
                log.info("recounts a partition later", extra={"partition": str(partition), "error": str(error)})
            self._due[partition] = time.monotonic() + EVERY_S

    def _forget(self) -> None:
        """Keeps only what belongs to the partitions and the generation at hand."""
        assigned, generation = self._owner.assigned, self._owner.generation
        for partition in assigned - self._due.keys():
            self._due[partition] = time.monotonic() + EVERY_S
        for partition in self._due.keys() - assigned:
            del self._due[partition]
        kept = {
            partition: outcome
            for partition, outcome in self._outcomes.items()
            if partition in assigned and outcome.generation == generation
        }
        for partition in self._outcomes.keys() - kept.keys():
            for gauge in (metrics.DIFFERENCES, metrics.RECOUNTED):
                gauge.remove(*self._labels(partition))
        self._outcomes = kept

    def _note(self, partition: TopicPartition, outcome: Outcome) -> None:
        self._outcomes = {**self._outcomes, partition: outcome}
        metrics.DIFFERENCES.labels(*self._labels(partition)).set(outcome.differences)
        metrics.RECOUNTED.labels(*self._labels(partition)).set(time.time())
        if outcome.first is not None:
            log.critical(
                "a partition is not what its rows say: run `parindex verify`, then `parindex rebuild`",
                extra={
                    "partition": str(partition),
                    "differences": outcome.differences,
                    "first": str(outcome.first),
                },
            )

    def _labels(self, partition: TopicPartition) -> tuple[str, str]:
        return partition.topic.removeprefix(self._prefix), str(partition.partition)


class _Pace:
    """Documents one after the other, with pauses between batches, so that the whole takes a share of the time only."""

    def __init__(self, number: int, wait: Callable[[float], None]) -> None:
        self._number = number
        self._wait = wait
        self._done = 0
        self._began = time.monotonic()
        self._paused = 0.0

    def __call__(self, documents: Iterable[Document]) -> Iterator[Document]:
        for document in documents:
            yield document
            self._done += 1
            if self._done % BATCH == 0:
                elapsed = time.monotonic() - self._began
                until = min((elapsed - self._paused) / SHARE, LONGEST_S * self._done / max(self._number, self._done))
                pause = max(0.0, until - elapsed)
                self._wait(pause)
                self._paused += pause
