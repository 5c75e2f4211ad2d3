"""A partition's counts in memory: loaded with its position, changed on a stage, adopted after the commit."""

from __future__ import annotations

import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, MutableSequence, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from operator import add
from typing import Any

from services.common.events import Channel
from services.common.unit_index import NO_MOMENTS, GroupTally, Moments
from services.scoring.quality import NOTED, Filled
from services.scoring.revisions import EFFECTS, Effect

Document = dict[str, Any]

TallyKey = tuple[str, str, str]
"""Campaign, group, unit."""
DayKey = tuple[str, str, str]
"""Campaign, group, day as YYYY-MM-DD in the campaign's own time zone."""
Units = Mapping[str, tuple[Sequence[int], int | None]]
"""Of one response: unit → (places of its answers in the group's counts, the response's contribution)."""


Rated = tuple[bytes, int | None]
"""The same of one unit, the places as an array of `PLACES`."""
PLACES = "I"
"""The array type of places that are at hand as one."""
FEW = 5
"""Responses to a unit whose answers are counted one by one: for these numpy takes longer than it spares."""

NO_ACTIVITY = dict.fromkeys((*EFFECTS, *NOTED), 0)


@dataclass(slots=True)
class Tally:
    """One partition's sums for a unit and group.

    `n` responses, `opinions` of them with an opinion; `counts` by the group's layout; `s1` and `s2` are the sums of x
    and x² of `Contribution` (1/10,000 point). `at` is the partition's position after the chunk that last changed it.

    Only the copies on a stage are changed. Of all others a process may hold hundreds of thousands: they are packed.
    """

    n: int = 0
    opinions: int = 0
    s1: int = 0
    s2: int = 0
    counts: MutableSequence[int] = field(default_factory=list)
    at: int = 0

    @property
    def moments(self) -> Moments:
        return Moments(self.opinions, self.s1, self.s2)

    def copy(self) -> Tally:
        """One that may be changed."""
        return Tally(self.n, self.opinions, self.s1, self.s2, list(self.counts), self.at)

    def pack(self) -> None:
        """Keeps the counts in as few bytes as they need. A list is quicker to change, and several times as large."""
        self.counts = packed(self.counts)

    def add(self, sign: int, places: Sequence[int], contribution: int | None) -> None:
        """Counts one response in (sign 1) or out (sign -1)."""
        self.n += sign
        self.count(sign, places)
        if contribution is not None:
            self.opinions += sign
            self.s1 += sign * contribution
            self.s2 += sign * contribution * contribution

    def count(self, sign: int, places: Sequence[int]) -> None:
        """Counts answers in (sign 1) or out (sign -1)."""
        counts = self.counts
        if places and (missing := max(places) + 1 - len(counts)) > 0:
            counts.extend([0] * missing)
        for place in places:
            counts[place] += sign

    def count_many(self, places: Iterable[bytes]) -> None:
        """Counts the answers of many responses in."""
        import numpy as np

        counts = self.counts
        found = np.bincount(np.frombuffer(b"".join(places), np.uintc), minlength=len(counts))
        counts.extend([0] * (len(found) - len(counts)))
        self.counts = (found + counts).tolist()

    def document(self, partition: int, key: TallyKey) -> Document:
        campaign, group, unit = key
        return {
            "_id": {"p": partition, "campaign": campaign, "group": group, "unit": unit},
            "p": partition,
            "at": self.at,
            "n": self.n,
            "counts": list(self.counts),
            "opinions": self.opinions,
            # As text: a sum of squares may outgrow the 64 bits of the database's integers.
            "s1": str(self.s1),
            "s2": str(self.s2),
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Tally:
        return cls(
            document["n"],
            document["opinions"],
            int(document["s1"]),
            int(document["s2"]),
            packed(document["counts"]),
            document["at"],
        )


def packed(counts: Sequence[int]) -> MutableSequence[int]:
    """Counts in the smallest integers that hold all of them."""
    for size in "BHI":
        with suppress(OverflowError):
            return array(size, counts)
    return array("q", counts)


def total(sources: Iterable[Mapping[TallyKey, Tally]], key: TallyKey) -> GroupTally:
    """The sum over all partitions; their counts may differ in length, what is missing being zero."""
    n = 0
    moments = NO_MOMENTS
    counts: Sequence[int] = []
    for source in sources:
        tally = source.get(key)
        if tally is not None:
            n += tally.n
            moments += tally.moments
            counts = added(counts, tally.counts)
    return GroupTally(n, counts, moments)


def added(counts: Sequence[int], more: Sequence[int]) -> list[int]:
    """Sums by place; counts that one of them lacks at the end are zero."""
    short, long = (counts, more) if len(counts) < len(more) else (more, counts)
    return [*map(add, short, long), *long[len(short) :]]


def tally_key(document: Mapping[str, Any]) -> TallyKey:
    key = document["_id"]
    return shared((key["campaign"], key["group"], key["unit"]))


def shared(key: TallyKey) -> TallyKey:
    """The key, of codes that all keys have in common in memory."""
    campaign, group, unit = key
    return sys.intern(campaign), sys.intern(group), sys.intern(unit)


@dataclass(slots=True)
class Counts:
    """All that a partition of responses has counted."""

    partition: int
    tallies: dict[TallyKey, Tally] = field(default_factory=dict)
    activity: dict[DayKey, dict[str, int]] = field(default_factory=dict)
    counted: dict[str, dict[str, int]] = field(default_factory=dict)
    """Campaign → group → responses that count now."""
    weighed: Mapping[str, int] = field(default_factory=dict)
    """By campaign that has tallies, the version that all contributions in them are of; 0 while that is not one.

    Replaced, never changed, and so read from any thread.
    """

    def stage(self) -> Stage:
        return Stage(self)


class Stage:
    """Changes to counts that become theirs only when the transaction has committed."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self.tallies: dict[TallyKey, Tally] = {}
        self.activity: dict[DayKey, dict[str, int]] = {}
        self.counted: dict[str, dict[str, int]] = {
            campaign: dict(groups) for campaign, groups in counts.counted.items()
        }
        self.weighed = counts.weighed
        self._new: defaultdict[TallyKey, list[bytes]] = defaultdict(list)
        """The places of answers that are in tallies but for their counts."""

    def count(self, sign: int, campaign: str, group: str, units: Units) -> None:
        """Counts a response in (sign 1) or out (sign -1)."""
        self.count_responses(sign, campaign, group)
        self.count_answers(sign, campaign, group, units)

    def count_responses(self, number: int, campaign: str, group: str) -> None:
        """Counts so many responses in, or out where it is negative, but for their answers."""
        groups = self.counted.setdefault(campaign, {})
        groups[group] = groups.get(group, 0) + number

    def count_answers(self, sign: int, campaign: str, group: str, units: Units) -> None:
        """Counts a response's answers in (sign 1) or out (sign -1)."""
        for unit, (places, contribution) in units.items():
            self._tally((campaign, group, unit)).add(sign, places, contribution)

    def count_new(self, campaign: str, group: str, units: Mapping[str, Rated]) -> None:
        """Counts a response's answers in. Where they count is counted for many responses at once, by `settle`."""
        tallies, new = self.tallies, self._new
        for unit, (places, contribution) in units.items():
            key = campaign, group, unit
            tally = tallies.get(key) or self._tally(key)
            new[key].append(places)
            tally.n += 1
            if contribution is not None:
                tally.opinions += 1
                tally.s1 += contribution
                tally.s2 += contribution * contribution

    def settle(self) -> None:
        """Counts what `count_new` has left."""
        for key, said in self._new.items():
            tally = self.tallies[key]
            if len(said) > FEW:
                tally.count_many(said)
            else:
                for places in said:
                    tally.count(1, array(PLACES, places))
        self._new.clear()

    def note(self, key: DayKey, effect: Effect, times: int = 1) -> None:
        """Notes in the activity of a day what a record did, or several."""
        self._day(key)[effect] += times

    def note_channel(self, key: DayKey, channel: Channel, times: int = 1) -> None:
        """Notes by which channel a form came in, or several."""
        self._day(key)[f"via_{channel}"] += times

    def note_filled(self, sign: int, key: DayKey, filled: Filled) -> None:
        """Notes how a form that came to count (sign 1) or ceased to (sign -1) was filled in."""
        if filled.long:
            day = self._day(key)
            day["long"] += sign * filled.long
            day["straight"] += sign * filled.straight

    def _day(self, key: DayKey) -> dict[str, int]:
        day = self.activity.get(key)
        if day is None:
            # What an earlier version of scoring wrote lacks some: they count from here on, until the next rebuild.
            day = self.activity[key] = NO_ACTIVITY | self._counts.activity.get(key, {})
        return day

    def _tally(self, key: TallyKey) -> Tally:
        tally = self.tallies.get(key)
        if tally is None:
            known = self._counts.tallies.get(key)
            if known is None:
                key = shared(key)
            tally = self.tallies[key] = known.copy() if known is not None else Tally()
        return tally

    def seal(self, next_: int) -> None:
        """Marks what was touched with the position after the chunk, for the refresher of another process."""
        self.settle()
        for tally in self.tallies.values():
            tally.at = next_

    def weigh(self, weighed: Mapping[str, int]) -> None:
        """Notes, of the campaigns that have tallies now, which versions contributions are of."""
        new = {campaign for campaign, _, _ in self.tallies} - self.weighed.keys()
        if new:
            self.weighed = {**self.weighed, **{campaign: weighed[campaign] for campaign in new}}

    def tally_documents(self) -> Iterator[Document]:
        return (tally.document(self._counts.partition, key) for key, tally in self.tallies.items())

    def activity_documents(self) -> Iterator[Document]:
        for (campaign, group, day), effects in self.activity.items():
            partition = self._counts.partition
            key = {"p": partition, "campaign": campaign, "group": group, "day": day}
            yield {"_id": key, "p": partition, **effects}

    def adopt(self) -> None:
        """The transaction has committed: the changes are now what is counted."""
        for tally in self.tallies.values():
            tally.pack()
        self._counts.tallies.update(self.tallies)
        self._counts.activity.update(self.activity)
        self._counts.counted = self.counted
        self._counts.weighed = self.weighed
