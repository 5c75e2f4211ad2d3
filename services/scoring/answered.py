"""What a record says that was read by the tables of its definition. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import bson

from services.common.campaign import Campaign
from services.common.events import Channel, Response
from services.scoring.answer_tables import Unit
from services.scoring.quality import Filled
from services.scoring.revisions import Row
from services.scoring.tallies import PLACES, Rated, Units

new: Callable[[type[Any], tuple[object, ...]], Any] = tuple.__new__
"""A named tuple in a third of the time that it takes to call it."""


class Encoded(Mapping[str, Mapping[str, str]]):
    """Ratings that are at hand as BSON, for the row; they are taken apart only for those who look into them."""

    __slots__ = ("_decoded", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._decoded: Mapping[str, Mapping[str, str]] | None = None

    @property
    def decoded(self) -> Mapping[str, Mapping[str, str]]:
        if self._decoded is None:
            self._decoded = bson.decode(self.raw)
        return self._decoded

    def __getitem__(self, unit: str) -> Mapping[str, str]:
        return self.decoded[unit]

    def __iter__(self) -> Iterator[str]:
        return iter(self.decoded)

    def __len__(self) -> int:
        return len(self.decoded)


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """What stands before the ratings of a response, and what follows from it. Each is one object: equal is the same."""

    campaign: Campaign
    code: str
    channel: Channel
    group: str
    units: Mapping[bytes, Unit]
    around: tuple[slice, slice]
    """What stands before the version of the definition, which is no part of what was said, and what after it."""


class Answered(NamedTuple):
    """What a record says: the event, its digest, where its answers count, and how it is filled in."""

    head: Head
    response: str
    revision: int
    digest: str
    raw: bytes
    """Its ratings, as BSON."""
    counts: Mapping[str, Rated]
    """By unit."""
    long: int
    straight: int
    comment: str | None

    @property
    def campaign(self) -> Campaign:
        return self.head.campaign

    @property
    def filled(self) -> Filled:
        return Filled(self.long, self.straight)

    @property
    def units(self) -> Units:
        """Where its answers count, as `Rules.units` has it."""
        return {unit: (array(PLACES, places), x) for unit, (places, x) in self.counts.items()}

    @property
    def event(self) -> Response:
        """Made when somebody asks: of a response that is new nobody does."""
        head = self.head
        return Response(
            self.response,
            self.revision,
            head.campaign.code,
            head.campaign.version,
            head.group,
            head.channel,
            Encoded(self.raw),
            self.comment,
        )

    @property
    def row(self) -> Row:
        """The row that it leaves where there is none: that of `revisions.after`."""
        head = self.head
        campaign = head.campaign
        return Row(
            campaign.code,
            campaign.version,
            head.group,
            self.revision,
            self.digest,
            Encoded(self.raw),
            withdrawn=False,
        )


def row_of(row: Row | Answered) -> Row:
    """The row that a response stands for, or the row itself."""
    return row.row if isinstance(row, Answered) else row
