"""What the records of one chunk do to rows, tallies and activity: no database here, and nothing counts before `adopt`.

A chunk is read record by record, then counted against the stored rows of the ids it speaks of; what that changes is
written by `counting` in the ledger's transaction.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from kafka.consumer.fetcher import ConsumerRecord

from services.common.campaign import Campaign
from services.common.contribution import Contribution
from services.common.events import Ratings, Response, Withdrawal, digest
from services.common.records import SUBMITTED, Unreadable, decode
from services.common.requeued import HEADER, origin
from services.scoring.answers import Forms
from services.scoring.ledger import Halted
from services.scoring.letters import letter, mark
from services.scoring.revisions import Effect, Rejected, Row, after, effect
from services.scoring.tallies import Counts, Units

TYPE = SUBMITTED.encode()
COUNTING: tuple[Effect, ...] = ("submitted", "edited", "withdrawn")
"""The effects that change what is counted."""
WINDOW = 1_000
"""Of the last so many records of a partition …"""
MOST_REJECTED = 100
"""… at most so many may be rejected: beyond it the fault is a deployment's, not the records'."""


class Finder(Protocol):
    """Where definitions are found."""

    def find(self, campaign: str, version: int) -> Campaign:
        """A version of a campaign.

        Raises:
            Rejected: there is no such version.
        """


class Rules:
    """The definitions that records name, each prepared once for the counting of its responses."""

    def __init__(self, definitions: Finder) -> None:
        self._definitions = definitions
        self._contributions: dict[tuple[str, int], Contribution] = {}
        self._forms = Forms()
        self.read = self._forms.read

    def find(self, code: str, version: int) -> Campaign:
        """A version of a campaign.

        Raises:
            Rejected: there is no such version.
        """
        campaign = self._definitions.find(code, version)
        if (code, version) not in self._contributions:
            contribution = self._contributions[code, version] = Contribution(campaign)
            self._forms.learn(campaign, contribution)
        return campaign

    def units(self, campaign: Campaign, group: str, ratings: Ratings) -> Units:
        """Where a response's answers count.

        Raises:
            Rejected: a code that the definition does not know for this group.
        """
        places = campaign.place.get(group)
        if places is None:
            raise Rejected("unknown-group", f"group {group!r}")
        blocks = campaign.group[group].rates
        contribution = self._contributions[campaign.code, campaign.version]
        units: dict[str, tuple[Sequence[int], int | None]] = {}
        for unit, answers in ratings.items():
            if unit not in campaign.unit or campaign.unit[unit].block not in blocks:
                raise Rejected("unknown-unit", f"unit {unit!r} is not rated by group {group!r}")
            try:
                found = [places[leaf][option] for leaf, option in answers.items()]
            except (KeyError, TypeError) as error:
                raise Rejected(
                    "unknown-answer", f"unit {unit!r}: {error} is no leaf or option of group {group!r}"
                ) from error
            units[unit] = found, contribution.of(group, unit, answers)
        return units


@dataclass(slots=True)
class Applied:
    """What a chunk did: campaigns spoken of, units touched, and how many records had which effect."""

    campaigns: set[str] = field(default_factory=set)
    units: set[tuple[str, str]] = field(default_factory=set)
    effects: Counter[str] = field(default_factory=Counter)


class _Read(NamedTuple):
    """A record that is an event of a known campaign."""

    record: ConsumerRecord
    event: Response | Withdrawal
    digest: str
    campaign: Campaign
    day: str
    """In the campaign's own time zone."""
    units: Units | None
    """Where its answers count, if reading it has told that."""


class Chunk:
    """What one chunk changes, until its transaction has committed.

    Args:
        records: records of one partition without a gap, the first of them the partition's next.
        counts: what the partition has counted before them.
        rejected: offsets of the rejected among the records before them.
        rules: where the definitions are.
        most_rejected: of `WINDOW` records; None: any number, for what was applied before.

    Raises:
        Halted: too many records cannot be applied.
    """

    def __init__(
        self,
        records: Sequence[ConsumerRecord],
        counts: Counts,
        rejected: Sequence[int],
        rules: Rules,
        *,
        most_rejected: int | None = MOST_REJECTED,
    ) -> None:
        self.next = records[-1].offset + 1
        self.stage = counts.stage()
        self.letters: list[dict[str, Any]] = []
        """The dead letters, conflicts among them."""
        self._origins: dict[int, int] = {}
        self._rules = rules
        self._most_rejected = most_rejected
        self._rejected = deque(rejected)
        self._applied = Applied()
        self._read = [item for record in records if (item := self._reading(record)) is not None]
        self.requeued = {came_from: offset for offset, came_from in self._origins.items()}
        """What letters were requeued as, offset → offset; where there is no such letter it means nothing."""

    @property
    def ids(self) -> set[str]:
        """The responses that the records speak of."""
        return {item.event.response for item in self._read}

    @property
    def later(self) -> set[str]:
        """Those of them that a record calls a later revision: most were counted before."""
        return {item.event.response for item in self._read if item.event.revision > 1}

    def count(self, rows: Mapping[str, Row]) -> dict[str, Row]:
        """Counts the records in their order; returns the rows that are new or changed.

        Args:
            rows: of the responses of `ids`, those that there are.

        Raises:
            Halted: too many records cannot be applied.
        """
        now = dict(rows)
        changed = {item.event.response for item in self._read if self._count(item, now) in COUNTING}
        self.stage.seal(self.next)
        mark(self.letters, self.requeued)
        return {id_: now[id_] for id_ in changed}

    def adopt(self) -> tuple[Applied, deque[int]]:
        """The transaction has committed: the counts follow. Returns what was done, and which offsets were rejected."""
        self.stage.adopt()
        self._applied.units = {(campaign, unit) for campaign, _, unit in self.stage.tallies}
        return self._applied, deque(offset for offset in self._rejected if offset >= self.next - WINDOW)

    def _reading(self, record: ConsumerRecord) -> _Read | None:
        headers = dict(record.headers)
        if HEADER in headers and (came_from := origin(record)) is not None:
            self._origins[record.offset] = came_from
        if headers.get("ce_type") == TYPE and (answered := self._rules.read(record.value or b"")) is not None:
            try:
                day = _day(record.timestamp, answered.campaign.opens.tzinfo)
            except (OverflowError, ValueError):
                # Told below, as of any record.
                pass
            else:
                return _Read(record, answered.event, answered.digest, answered.campaign, day, answered.units)
        return self._read_at_length(record)

    def _read_at_length(self, record: ConsumerRecord) -> _Read | None:
        """Reads a record that is not of the one form of all responses."""
        try:
            event = decode(record.value, record.headers)
        except Unreadable as error:
            self._reject(record, Rejected("unreadable", str(error)))
            return None
        if not isinstance(event, Response | Withdrawal):
            self._reject(record, Rejected("misplaced", f"a {type(event).__name__.lower()} among responses"))
            return None
        try:
            campaign = self._rules.find(event.campaign, event.campaign_version)
        except Rejected as error:
            self._reject(record, error, event)
            return None
        try:
            day = _day(record.timestamp, campaign.opens.tzinfo)
        except (OverflowError, ValueError) as error:
            # A broker takes any timestamp of the past, however far back.
            self._reject(record, Rejected("unreadable", f"timestamp {record.timestamp}: {error}"), event)
            return None
        return _Read(record, event, digest(event), campaign, day, None)

    def _count(self, item: _Read, rows: dict[str, Row]) -> Effect | None:
        event, row = item.event, rows.get(item.event.response)
        try:
            what = effect(row, event, item.digest)
            new = after(row, event, item.digest)
            if what in COUNTING:
                added = item.units
                if added is None and not new.withdrawn:
                    added = self._rules.units(item.campaign, new.group, new.ratings)
                if row is not None and not row.withdrawn:
                    self._take_out(row)
                if added is not None:
                    self.stage.count(1, new.campaign, new.group, added)
                rows[event.response] = new
        except Rejected as error:
            self._reject(item.record, error, event, item.digest)
            return None
        self._note(item, new.group, what)
        if what == "conflict":
            detail = f"revision {event.revision} was counted before with other content; the first in the log stands"
            self.letters.append(letter(item.record, "conflict", detail, event, item.digest))
        return what

    def _take_out(self, row: Row) -> None:
        campaign = self._rules.find(row.campaign, row.version)
        self.stage.count(-1, row.campaign, row.group, self._rules.units(campaign, row.group, row.ratings))

    def _note(self, item: _Read, group: str, what: Effect) -> None:
        self.stage.note((item.campaign.code, group, item.day), what)
        self._applied.campaigns.add(item.campaign.code)
        self._applied.effects[what] += 1

    def _reject(
        self,
        record: ConsumerRecord,
        error: Rejected,
        event: Response | Withdrawal | None = None,
        known: str | None = None,
    ) -> None:
        """Buries a record, unless too many are. `known` is the event's digest."""
        if event is not None and known is None:
            known = digest(event)
        self.letters.append(letter(record, error.reason, error.detail, event, known))
        self._applied.effects["rejected"] += 1
        if record.offset in self._origins:
            # It was buried before: an operator who requeues too early must not stop the partition.
            return
        self._rejected.append(record.offset)
        if self._most_rejected is None:
            return
        recent = sum(1 for offset in self._rejected if abs(record.offset - offset) < WINDOW)
        if recent > self._most_rejected:
            raise Halted(
                f"{recent} of the last {WINDOW} records of partition {record.partition} of {record.topic} cannot be "
                f"applied, the last at offset {record.offset}: {error}. If a wrong version of a service wrote or reads "
                "them, deploy the right one and start scoring again"
            )


@lru_cache
def _day(timestamp: int, zone: tzinfo | None) -> str:
    """The day of a time in milliseconds.

    Raises:
        OverflowError, ValueError: the calendar does not reach so far.
    """
    return datetime.fromtimestamp(timestamp / 1000, tz=UTC).astimezone(zone).date().isoformat()
