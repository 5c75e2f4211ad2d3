"""A chunk of a responses partition: what each record does to rows and tallies, written in the ledger's transaction."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kafka.consumer.fetcher import ConsumerRecord
from pymongo import InsertOne, ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

from services.common.campaign import Campaign
from services.common.contribution import Contribution
from services.common.events import Ratings, Response, Unreadable, Withdrawal, decode, digest
from services.scoring.definitions import Definitions
from services.scoring.ledger import Document, Halted, Ledger, Position
from services.scoring.letters import letter
from services.scoring.revisions import Effect, Rejected, Row, after, effect
from services.scoring.tallies import Counts, Stage, Tally, Units, tally_key

COUNTING: tuple[Effect, ...] = ("submitted", "edited", "withdrawn")
"""The effects that change what is counted."""
WINDOW = 1_000
"""Of the last so many records of a partition …"""
MOST_REJECTED = 100
"""… at most so many may be rejected: beyond it the fault is a deployment's, not the records'."""


@dataclass(slots=True)
class ResponsesPartition:
    """A partition this process owns: its position and, in memory, all it has counted."""

    position: Position
    counts: Counts
    rejected: deque[int] = field(default_factory=deque)
    """Offsets of the rejected among the last records."""


@dataclass(slots=True)
class Applied:
    """What a chunk did: campaigns spoken of, units touched, and how many records had which effect."""

    campaigns: set[str] = field(default_factory=set)
    units: set[tuple[str, str]] = field(default_factory=set)
    effects: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Read:
    """A record that is an event of a known campaign."""

    record: ConsumerRecord
    event: Response | Withdrawal
    digest: str
    campaign: Campaign


class Counting:
    """Loads and advances partitions of the topic `responses`."""

    def __init__(self, ledger: Ledger, definitions: Definitions) -> None:
        self._ledger = ledger
        self._definitions = definitions
        self._contributions: dict[tuple[str, int], Contribution] = {}

    def load(self, position: Position) -> ResponsesPartition:
        """A partition's counts as of its stored position, read in one snapshot.

        Raises:
            Fenced, Unavailable: of `Ledger.read`.
        """
        p = position.partition

        def query(db: Database[Document], session: ClientSession) -> ResponsesPartition:
            stored = db.positions.find_one({"_id": position.key}, session=session) or {}
            tallies = {tally_key(found): Tally.of(found) for found in db.tallies.find({"p": p}, session=session)}
            activity = {}
            for found in db.activity.find({"p": p}, session=session):
                key = found.pop("_id")
                del found["p"]
                activity[key["campaign"], key["group"], key["day"]] = found
            window = {
                "$gte": {**position.key, "offset": position.next - WINDOW},
                "$lt": {**position.key, "offset": position.next},
            }
            # A conflict is a rater's doing and says nothing about a deployment.
            letters = db.rejected.find({"_id": window, "reason": {"$ne": "conflict"}}, {"_id": 1}, session=session)
            rejected = deque(sorted(found["_id"]["offset"] for found in letters))
            return ResponsesPartition(position, Counts(p, tallies, activity, stored.get("counted", {})), rejected)

        return self._ledger.read(query, position)

    def apply(self, owned: ResponsesPartition, records: Sequence[ConsumerRecord]) -> Applied:
        """Applies a chunk: records without a gap, the first of them the partition's next.

        Raises:
            Fenced, TooLarge, Unavailable: of `Ledger.apply`; but for TooLarge the partition must be loaded anew.
            Halted: too many records cannot be applied.
        """
        chunk = _Chunk(owned, records[-1].offset + 1)
        read = [item for record in records if (item := self._read(record, chunk)) is not None]

        def work(db: Database[Document], session: ClientSession) -> list[Document]:
            ids = list({item.event.response for item in read})
            found = db.responses.find({"_id": {"$in": ids}}, session=session)
            rows = {document["_id"]: _row(document) for document in found}
            known = frozenset(rows)
            changed = {item.event.response for item in read if self._count(item, rows, chunk) in COUNTING}
            chunk.write(db, session, {id_: rows[id_] for id_ in changed}, known)
            return chunk.letters

        self._ledger.apply(owned.position, chunk.next, work)
        return chunk.adopt()

    def _read(self, record: ConsumerRecord, chunk: _Chunk) -> _Read | None:
        try:
            event = decode(record.value, record.headers)
        except Unreadable as error:
            chunk.reject(record, Rejected("unreadable", str(error)))
            return None
        if not isinstance(event, Response | Withdrawal):
            chunk.reject(record, Rejected("misplaced", f"a {type(event).__name__.lower()} among responses"))
            return None
        try:
            campaign = self._definitions.find(event.campaign, event.campaign_version)
        except Rejected as error:
            chunk.reject(record, error, event)
            return None
        return _Read(record, event, digest(event), campaign)

    def _count(self, item: _Read, rows: dict[str, Row], chunk: _Chunk) -> Effect | None:
        event, row = item.event, rows.get(item.event.response)
        try:
            what = effect(row, event, item.digest)
            new = after(row, event, item.digest)
            if what in COUNTING:
                added = None if new.withdrawn else _units(item.campaign, new.group, new.ratings)
                if row is not None and not row.withdrawn:
                    self._take_out(row, chunk.stage)
                if added is not None:
                    chunk.stage.count(1, new.campaign, new.group, added, self._contribution(item.campaign))
                rows[event.response] = new
        except Rejected as error:
            chunk.reject(item.record, error, event)
            return None
        chunk.note(item.record, item.campaign, new.group, what)
        if what == "conflict":
            detail = f"revision {event.revision} was counted before with other content; the first in the log stands"
            chunk.letters.append(letter(item.record, "conflict", detail, event, item.digest))
        return what

    def _take_out(self, row: Row, stage: Stage) -> None:
        campaign = self._definitions.find(row.campaign, row.version)
        units = _units(campaign, row.group, row.ratings)
        stage.count(-1, row.campaign, row.group, units, self._contribution(campaign))

    def _contribution(self, campaign: Campaign) -> Contribution:
        key = campaign.code, campaign.version
        if key not in self._contributions:
            self._contributions[key] = Contribution(campaign)
        return self._contributions[key]


class _Chunk:
    """What one chunk changes, until its transaction has committed."""

    def __init__(self, owned: ResponsesPartition, next_: int) -> None:
        self._owned = owned
        self.next = next_
        self.stage = owned.counts.stage()
        self.letters: list[Document] = []
        self._rejected = deque(owned.rejected)
        self._applied = Applied()

    def reject(self, record: ConsumerRecord, error: Rejected, event: Response | Withdrawal | None = None) -> None:
        """Buries a record, unless too many are."""
        self.letters.append(letter(record, error.reason, error.detail, event, None if event is None else digest(event)))
        self._applied.effects["rejected"] += 1
        self._rejected.append(record.offset)
        recent = sum(1 for offset in self._rejected if abs(record.offset - offset) < WINDOW)
        if recent > MOST_REJECTED:
            raise Halted(
                f"{recent} of the last {WINDOW} records of partition {record.partition} of {record.topic} cannot be "
                f"applied, the last at offset {record.offset}: {error}. If a wrong version of a service wrote or reads "
                "them, deploy the right one and start scoring again"
            )

    def note(self, record: ConsumerRecord, campaign: Campaign, group: str, what: Effect) -> None:
        day = datetime.fromtimestamp(record.timestamp / 1000, tz=UTC).astimezone(campaign.opens.tzinfo).date()
        self.stage.note((campaign.code, group, day.isoformat()), what)
        self._applied.campaigns.add(campaign.code)
        self._applied.effects[what] += 1

    def write(
        self, db: Database[Document], session: ClientSession, rows: Mapping[str, Row], known: frozenset[str]
    ) -> None:
        """Writes rows, tallies and activity, and what of each campaign now counts."""
        p = self._owned.counts.partition
        self.stage.seal(self.next)
        documents = [(_document(id_, p, row), id_ in known) for id_, row in rows.items()]
        if documents:
            db.responses.bulk_write(
                [ReplaceOne({"_id": row["_id"]}, row) if there else InsertOne(row) for row, there in documents],
                ordered=False,
                session=session,
            )
        for name, changed in (("tallies", self.stage.tally_documents()), ("activity", self.stage.activity_documents())):
            replacements = [ReplaceOne({"_id": row["_id"]}, row, upsert=True) for row in changed]
            if replacements:
                db[name].bulk_write(replacements, ordered=False, session=session)
        db.positions.update_one(
            {"_id": self._owned.position.key}, {"$set": {"counted": self.stage.counted}}, session=session
        )

    def adopt(self) -> Applied:
        """The transaction has committed: memory follows."""
        self.stage.adopt()
        self._owned.position.next = self.next
        self._owned.rejected = deque(offset for offset in self._rejected if offset >= self.next - WINDOW)
        self._applied.units = {(campaign, unit) for campaign, _, unit in self.stage.tallies}
        return self._applied


def _units(campaign: Campaign, group: str, ratings: Ratings) -> Units:
    """The places of a response's answers, by unit.

    Raises:
        Rejected: a code that the definition does not know for this group.
    """
    places = campaign.place.get(group)
    if places is None:
        raise Rejected("unknown-group", f"group {group!r}")
    blocks = campaign.group[group].rates
    units: dict[str, tuple[list[int], Mapping[str, str]]] = {}
    for unit, answers in ratings.items():
        if unit not in campaign.unit or campaign.unit[unit].block not in blocks:
            raise Rejected("unknown-unit", f"unit {unit!r} is not rated by group {group!r}")
        try:
            units[unit] = [places[leaf][option] for leaf, option in answers.items()], answers
        except (KeyError, TypeError) as error:
            raise Rejected(
                "unknown-answer", f"unit {unit!r}: {error} is no leaf or option of group {group!r}"
            ) from error
    return units


def _row(document: Mapping[str, Any]) -> Row:
    return Row(
        document["campaign"],
        document["version"],
        document["group"],
        document["revision"],
        document["digest"],
        document["ratings"],
        document["withdrawn"],
    )


def _document(id_: str, p: int, row: Row) -> Document:
    return {
        "_id": id_,
        "p": p,
        "campaign": row.campaign,
        "version": row.version,
        "group": row.group,
        "revision": row.revision,
        "digest": row.digest,
        "ratings": row.ratings,
        "withdrawn": row.withdrawn,
    }
