"""A partition of the topic `responses`: loaded with all it has counted, advanced chunk by chunk in the ledger."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from kafka.consumer.fetcher import ConsumerRecord
from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError

from services.common.generation import Generation
from services.scoring.answered import Answered, row_of
from services.scoring.chunk import WINDOW, Applied, Chunk
from services.scoring.ledger import BY_ID, Document, Halted, Ledger, Position, Unavailable, replacement
from services.scoring.letters import marks
from services.scoring.reading import Finder, Reading, Rules
from services.scoring.revisions import Rejected, Row
from services.scoring.rows import Encoding, read_row
from services.scoring.tallies import Counts, Tally, tally_key
from services.scoring.weighing import Weighing

Changed = Mapping[str, Row | Answered]

WARY = 20
"""Chunks: where one response was sent again, others are."""
DUPLICATE_KEY = 11000


@dataclass(slots=True)
class ResponsesPartition:
    """A partition this process owns: its position and, in memory, all it has counted."""

    position: Position
    counts: Counts
    rejected: deque[int] = field(default_factory=deque)
    """Offsets of the rejected among the last records."""
    wary: int = 0
    """For so many chunks more all responses are looked up."""


class _NotNew(Exception):
    """A response that was taken for new is not, or may not be."""


@dataclass(slots=True)
class _Attempt:
    """A chunk, and the responses that are looked up for it; those beside them are taken for new."""

    reading: Reading
    chunk: Chunk
    sought: AbstractSet[str]
    changed: Changed | None = None
    """The rows it leaves, if that is known without a look at any."""

    @property
    def thorough(self) -> bool:
        return self.sought == self.reading.ids

    def count(self, rows: Mapping[str, Row]) -> Changed:
        """Counts the chunk against the rows of what was looked up.

        Raises:
            Halted: of `Chunk.count`.
            _NotNew: what becomes of a record depends on a row that was not looked up.
        """
        try:
            changed = self.chunk.count(rows)
        except Halted:
            if self.thorough:
                raise
            raise _NotNew from None
        # What is not inserted would not be found out to be there already.
        if not self.reading.ids <= changed.keys() | self.sought:
            raise _NotNew
        return changed


class Counting:
    """Loads and advances partitions of the topic `responses`."""

    def __init__(self, ledger: Ledger, definitions: Finder) -> None:
        self._ledger = ledger
        self._rules = Rules(definitions)

    def stale(self, owned: ResponsesPartition) -> str | None:
        """A campaign whose contributions are not of the newest version, the one first that can be of none."""
        weighed = owned.counts.weighed
        behind = (code for code, version in weighed.items() if version < self._rules.newest(code))
        return min(behind, key=lambda code: weighed[code], default=None)

    def weigh(self, owned: ResponsesPartition, campaign: str) -> Weighing:
        """Begins to make a campaign's sums those of the newest version. Nothing else may be applied meanwhile."""
        return Weighing(self._ledger, self._rules, owned.position, owned.counts, campaign)

    def load(self, position: Position) -> ResponsesPartition:
        """A partition's counts as of its stored position, read in one snapshot.

        Raises:
            Fenced, Unavailable: of `Ledger.read`, or the definitions cannot be read to their end now.
        """
        p = position.partition

        def query(derived: Generation, session: ClientSession) -> ResponsesPartition:
            stored = derived.positions.find_one({"_id": position.key}, session=session) or {}
            tallies = {tally_key(found): Tally.of(found) for found in derived.tallies.find({"p": p}, session=session)}
            activity = {}
            for found in derived.activity.find({"p": p}, session=session):
                key = found.pop("_id")
                del found["p"]
                activity[key["campaign"], key["group"], key["day"]] = found
            window = {
                "$gte": {**position.key, "offset": position.next - WINDOW},
                "$lt": {**position.key, "offset": position.next},
            }
            # A conflict is a rater's doing, what was requeued an operator's: they say nothing about a deployment.
            telling = {"_id": window, "reason": {"$ne": "conflict"}, "requeued_from": {"$exists": False}}
            letters = derived.rejected.find(telling, {"_id": 1}, session=session)
            rejected = deque(sorted(found["_id"]["offset"] for found in letters))
            counts = Counts(p, tallies, activity, stored.get("counted", {}))
            counts.weighed = weighed_of(stored, {campaign for campaign, _, _ in tallies}, self._rules.newest)
            return ResponsesPartition(position, counts, rejected)

        owned = self._ledger.read(query, position)
        for code, version in owned.counts.weighed.items():
            try:
                self._rules.contribution(code, version)
            except Rejected:
                # The log was restored from an older copy: what the sums are of is gone.
                owned.counts.weighed = {**owned.counts.weighed, code: 0}
        return owned

    def apply(self, owned: ResponsesPartition, records: Sequence[ConsumerRecord]) -> Applied:
        """Applies a chunk: records without a gap, the first of them the partition's next.

        Raises:
            Fenced, TooLarge, Unavailable: of `Ledger.apply`; but for TooLarge the partition must be loaded anew.
            Halted: too many records cannot be applied.
        """
        return self.begin(owned, self.read(records, owned))()

    def read(self, records: Sequence[ConsumerRecord], owned: ResponsesPartition) -> Reading:
        """The first step of `apply`: what the records say. It needs no database, and of the partition one thing only.

        Raises:
            Unavailable: the definitions cannot be read to their end now.
        """
        return Reading(records, self._rules, owned.counts.weighed)

    def begin(self, owned: ResponsesPartition, reading: Reading) -> Callable[[], Applied]:
        """The second step: counts, as far as that needs no database. What is returned is the third and writes.

        Nearly all responses are new, so only those are looked up that say otherwise. One that is stored all the same
        cannot be inserted: then nothing is written, and the chunk is counted anew with all of them looked up.

        Raises:
            Unavailable: the partition's sums must be made anew before anything is added to them.
        """
        weighed = owned.counts.weighed
        if any(weighed.get(code, version) != version for code, version in reading.weighed.items()):
            reading = Reading(reading.records, self._rules, weighed)
        if any(not weighed.get(code, version) for code, version in reading.weighed.items()):
            raise Unavailable("the partition's sums are not of one version: they are made anew first")
        attempt = self._attempt(owned, reading)

        def write() -> Applied:
            nonlocal attempt
            try:
                self._write(owned, attempt)
            except _NotNew:
                attempt = self._thorough(owned, reading)
                owned.wary = WARY
                self._write(owned, attempt)
            else:
                owned.wary = max(0, owned.wary - 1)
            applied, owned.rejected = attempt.chunk.adopt()
            return applied

        return write

    def _attempt(self, owned: ResponsesPartition, reading: Reading) -> _Attempt:
        if owned.wary:
            return self._thorough(owned, reading)
        attempt = _Attempt(reading, Chunk(reading, owned.counts, owned.rejected), reading.later)
        if not attempt.sought:
            try:
                attempt.changed = attempt.count({})
            except _NotNew:
                return self._thorough(owned, reading)
        return attempt

    def _thorough(self, owned: ResponsesPartition, reading: Reading) -> _Attempt:
        return _Attempt(reading, Chunk(reading, owned.counts, owned.rejected), reading.ids)

    def _write(self, owned: ResponsesPartition, attempt: _Attempt) -> None:
        chunk, position, p = attempt.chunk, owned.position, owned.position.partition

        def work(derived: Generation, session: ClientSession) -> list[Document]:
            rows: dict[str, Row] = {}
            changed = attempt.changed
            if changed is None:
                query = {"_id": {"$in": list(attempt.sought)}, "p": p}
                found = derived.responses.find(query, session=session, hint=BY_ID)
                rows = {document["_id"]: read_row(document) for document in found}
                changed = attempt.count(rows)
                derived.positions.update_one({"_id": position.key, "p": p}, {"$set": _told(chunk)}, session=session)
            encoding = Encoding(p)
            try:
                if new := encoding.encoded([item for item in changed.items() if item[0] not in rows]):
                    derived.responses.insert_many(new, ordered=False, session=session)
            except BulkWriteError as error:
                if attempt.thorough or error.details["writeErrors"][0]["code"] != DUPLICATE_KEY:
                    raise
                raise _NotNew from error
            edited = rows.keys() & changed.keys()
            for collection, operations in (
                (derived.responses, [replacement(encoding.document(id_, row_of(changed[id_]))) for id_ in edited]),
                (derived.tallies, [replacement(tally) for tally in chunk.stage.tally_documents()]),
                (derived.activity, [replacement(day) for day in chunk.stage.activity_documents()]),
                (derived.rejected, marks(position.key, chunk.requeued)),
            ):
                if operations:
                    collection.bulk_write(operations, ordered=False, session=session)
            return chunk.letters

        known = {} if attempt.changed is None else _told(chunk)
        self._ledger.apply(position, chunk.next, len(attempt.reading.records), work, known)


def _told(chunk: Chunk) -> Document:
    """What the position says of the counts."""
    return {"counted": chunk.stage.counted, "weighed": chunk.stage.weighed, "weighed_at": chunk.next}


def weighed_of(stored: Mapping[str, Any], campaigns: Iterable[str], newest: Callable[[str], int]) -> dict[str, int]:
    """By campaign, the version that a partition's contributions are of; 0 where they are not of one, or nobody knows.

    A scorer of an earlier version of the software weighed each response by its own version, and moves `next` without
    `weighed_at`. That is well as long as there is one version only.

    Args:
        stored: the partition's position.
        campaigns: those of its tallies.
        newest: finds the newest version of a campaign.
    """
    return {code: weighed_in(stored, newest, code) for code in campaigns}


def weighed_in(stored: Mapping[str, Any], newest: Callable[[str], int], campaign: str) -> int:
    """As `weighed_of`, of one campaign."""
    told: Mapping[str, int] = stored.get("weighed", {}) if stored.get("weighed_at", 0) == stored.get("next") else {}
    return told[campaign] if campaign in told else int(newest(campaign) == 1)
