"""What records of responses say: events of known campaigns, or what can never be one. Nothing is counted yet.

So it depends on nothing but the records and the definitions, and is done while the chunk before is still written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import NamedTuple, Protocol

from kafka.consumer.fetcher import ConsumerRecord

from services.common.campaign import Campaign
from services.common.contribution import Contribution
from services.common.events import Ratings, Response, Withdrawal, digest
from services.common.records import SUBMITTED, Unreadable, decode
from services.common.requeued import HEADER, origin
from services.scoring.answered import Answered, new
from services.scoring.answers import Forms
from services.scoring.quality import Filled, Quality
from services.scoring.revisions import Rejected
from services.scoring.tallies import Units

TYPE = SUBMITTED.encode()


class Finder(Protocol):
    """Where definitions are found."""

    def find(self, campaign: str, version: int) -> Campaign:
        """A version of a campaign.

        Raises:
            Rejected: there is no such version.
        """

    def newest(self, campaign: str) -> int:
        """The newest version of a campaign; 0 where none is known."""


class Rules:
    """The definitions that records name, each prepared once for the counting of its responses."""

    def __init__(self, definitions: Finder) -> None:
        self._definitions = definitions
        self._contributions: dict[tuple[str, int], Contribution] = {}
        self._quality: dict[tuple[str, int], Quality] = {}
        self._learned: set[tuple[str, int, int]] = set()
        self._forms = Forms()
        self.read = self._forms.read
        self.newest = definitions.newest

    def find(self, code: str, version: int) -> Campaign:
        """A version of a campaign.

        Raises:
            Rejected: there is no such version.
        """
        return self._definitions.find(code, version)

    def contribution(self, code: str, version: int) -> Contribution:
        """What responses contribute by a version of a campaign.

        Raises:
            Rejected: there is no such version.
        """
        found = self._contributions.get((code, version))
        if found is None:
            found = self._contributions[code, version] = Contribution(self.find(code, version))
        return found

    def learn(self, campaign: Campaign, weighed: int) -> None:
        """Makes ready for many responses to a definition, weighed by a version that may be another.

        Raises:
            Rejected: there is no such version.
        """
        key = campaign.code, campaign.version, weighed
        if key not in self._learned:
            self._forms.learn(campaign, self.contribution(campaign.code, weighed), weighed)
            self._learned.add(key)

    def filled(self, campaign: Campaign, group: str, units: Units) -> Filled:
        """How a response is filled in; it must have been found to fit the campaign."""
        key = campaign.code, campaign.version
        quality = self._quality.get(key)
        if quality is None:
            quality = self._quality[key] = Quality(campaign)
        return quality.of(group, units.values())

    def units(self, campaign: Campaign, group: str, ratings: Ratings, weighed: int) -> Units:
        """Where a response's answers count, and what it contributes by a version that may be another.

        Raises:
            Rejected: a code that the definition does not know for this group.
        """
        places = campaign.place.get(group)
        if places is None:
            raise Rejected("unknown-group", f"group {group!r}")
        blocks = campaign.group[group].rates
        contribution = self.contribution(campaign.code, weighed)
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


class Said(NamedTuple):
    """What a record says that was read at length; where its answers count is not known yet."""

    event: Response | Withdrawal
    digest: str
    campaign: Campaign

    @property
    def response(self) -> str:
        return self.event.response

    @property
    def revision(self) -> int:
        return self.event.revision


class Read(NamedTuple):
    """A record that is an event of a known campaign."""

    record: ConsumerRecord
    said: Answered | Said
    day: str
    """In the campaign's own time zone."""


class Unfit(Exception):
    """A record can never be applied; `event` is what could be read of it."""

    def __init__(self, why: Rejected, event: Response | Withdrawal | None = None) -> None:
        super().__init__(str(why))
        self.why = why
        self.event = event


class _Weighed(dict[str, int]):
    """By campaign, the version by which a partition weighs it; the newest where it has not begun to."""

    def __init__(self, weighed: Mapping[str, int], rules: Rules) -> None:
        super().__init__(weighed)
        self._rules = rules

    def __missing__(self, campaign: str) -> int:
        version = self[campaign] = self._rules.newest(campaign)
        return version


class Reading:
    """What the records of a chunk say.

    Args:
        records: of one partition without a gap, at least one.
        rules: where the definitions are.
        weighed: by campaign, the version by which the partition weighs responses, as far as it has counted any.

    Raises:
        Unavailable: the definitions cannot be read to their end now.
    """

    def __init__(
        self, records: Sequence[ConsumerRecord], rules: Rules, weighed: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        self.records = records
        self.rules = rules
        self.weighed: Mapping[str, int] = _Weighed(weighed, rules)
        self.fit: list[Read] = []
        self.unfit: list[tuple[ConsumerRecord, Unfit]] = []
        self.origins: dict[int, int] = {}
        """Of requeued records: offset → the offset that each was requeued from."""
        for record in records:
            try:
                self.fit.append(self._read(record))
            except Unfit as error:
                self.unfit.append((record, error))

    @property
    def next(self) -> int:
        """The offset after the last record."""
        return int(self.records[-1].offset) + 1

    @cached_property
    def ids(self) -> set[str]:
        """The responses that the records speak of."""
        return {read.said.response for read in self.fit}

    @property
    def later(self) -> set[str]:
        """Those of them that a record calls a later revision: most were counted before."""
        return {read.said.response for read in self.fit if read.said.revision > 1}

    def _read(self, record: ConsumerRecord) -> Read:
        headers = dict(record.headers)
        if HEADER in headers and (came_from := origin(record)) is not None:
            self.origins[record.offset] = came_from
        answered = self.rules.read(record.value or b"", self.weighed) if headers.get("ce_type") == TYPE else None
        if answered is None:
            return self._read_at_length(record)
        try:
            day = _day(record.timestamp, answered.head.campaign.opens.tzinfo)
        except Rejected as error:
            raise Unfit(error, answered.event) from error
        read: Read = new(Read, (record, answered, day))
        return read

    def _read_at_length(self, record: ConsumerRecord) -> Read:
        """Reads a record that is not of the one form of all responses."""
        try:
            event = decode(record.value, record.headers)
        except Unreadable as error:
            raise Unfit(Rejected("unreadable", str(error))) from error
        if not isinstance(event, Response | Withdrawal):
            raise Unfit(Rejected("misplaced", f"a {type(event).__name__.lower()} among responses"))
        try:
            campaign = self.rules.find(event.campaign, event.campaign_version)
            self.rules.learn(campaign, self.weighed[campaign.code])
            day = _day(record.timestamp, campaign.opens.tzinfo)
        except Rejected as error:
            raise Unfit(error, event) from error
        return Read(record, Said(event, digest(event), campaign), day)


@lru_cache
def _day(timestamp: int, zone: tzinfo | None) -> str:
    """The day of a time in milliseconds.

    Raises:
        Rejected: the calendar does not reach so far.
    """
    try:
        return datetime.fromtimestamp(timestamp / 1000, tz=UTC).astimezone(zone).date().isoformat()
    except (OverflowError, ValueError) as error:
        # A broker takes any timestamp of the past, however far back.
        raise Rejected("unreadable", f"timestamp {timestamp}: {error}") from error
