"""One state of the log as the refresher sees it: its own partitions from memory, those of other processes mirrored.

A mirror is what another process has counted in a partition, read from the database as far as it has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from pymongo.client_session import ClientSession

from services.common.generation import Generation
from services.common.settings import Settings
from services.scoring.appraising import AppraisalsPartition
from services.scoring.counting import ResponsesPartition, weighed_of
from services.scoring.ledger import Fenced, Position
from services.scoring.tallies import Tally, TallyKey, tally_key


@dataclass(frozen=True, slots=True)
class View:
    """One state of the log: positions by topic and partition, responses counted by campaign and group."""

    generation: int
    positions: Mapping[str, Mapping[str, int]]
    counted: Mapping[str, Mapping[str, int]]
    weighed: Mapping[str, AbstractSet[int]]
    """By campaign, the versions that the contributions of its partitions are of; 0 where they are not of one."""
    weighings: Mapping[str, int]
    """How often the sums of partitions of responses were made anew, of those where it ever happened."""


@dataclass(slots=True)
class _Mirror:
    next: int = 0
    weighings: int | None = None
    tallies: dict[TallyKey, Tally] = field(default_factory=dict)
    campaigns: set[str] = field(default_factory=set)
    """Those of the tallies."""


class Mirrors:
    """What other processes have counted, as last read.

    Attributes:
        touched: the tallies that have changed since somebody cleared this.
        moved: whether a partition has gone on since somebody reset this, whatever that changed.
    """

    def __init__(self, settings: Settings, newest: Callable[[str], int]) -> None:
        """Of the topics of the settings; `newest` finds the newest version of a campaign, 0 where none is known."""
        self._newest = newest
        self._responses, self._appraisals = settings.topic("responses"), settings.topic("appraisals")
        self._mirrors: dict[int, _Mirror] = {}
        self.touched: set[TallyKey] = set()
        self.moved = False

    @property
    def tallies(self) -> Mapping[int, Mapping[TallyKey, Tally]]:
        """By partition of another process, its tallies."""
        return {p: mirror.tallies for p, mirror in self._mirrors.items()}

    def clear(self) -> None:
        """Forgets all of it: the next look reads everything."""
        self._mirrors.clear()
        self.touched.clear()
        self.moved = False

    def look(
        self, generation: Generation, own: Mapping[int, ResponsesPartition], appraisals: AppraisalsPartition
    ) -> View:
        """Reads where all partitions stand, and what others have counted since the last look, in one snapshot.

        Raises:
            Fenced: a partition of this process has moved in the database.
            PyMongoError: MongoDB does not answer.
        """
        positions: dict[str, dict[str, int]] = {"responses": {}, "appraisals": {}}
        counted: dict[str, dict[str, int]] = {}
        weighed: dict[str, set[int]] = {}
        weighings: dict[str, int] = {}
        with generation.db.client.start_session(snapshot=True) as session:
            for stored in generation.positions.find({}, session=session):
                topic, p = stored["_id"]["topic"], stored["_id"]["partition"]
                if topic == self._responses:
                    positions["responses"][str(p)] = stored["next"]
                    if (times := stored.get("weighings")) is not None:
                        weighings[str(p)] = times
                    if p in own:
                        _expect(stored, own[p].position)
                        versions = own[p].counts.weighed
                    else:
                        versions = self._follow(generation, p, stored, session)
                    for campaign, version in versions.items():
                        weighed.setdefault(campaign, set()).add(version)
                    _add(counted, stored["counted"])
                elif topic == self._appraisals:
                    _expect(stored, appraisals.position)
                    positions["appraisals"][str(p)] = stored["next"]
        for p in own:
            self._mirrors.pop(p, None)
        return View(generation.number, positions, counted, weighed, weighings)

    def _follow(
        self, generation: Generation, p: int, stored: Mapping[str, Any], session: ClientSession
    ) -> Mapping[str, int]:
        """Reads what has changed in a partition; returns which version the contributions of each campaign are of."""
        next_, weighings = stored["next"], stored.get("weighings")
        mirror = self._mirrors.get(p)
        # While sums are written in parts they are not shown, and when that is over all of them are read.
        between = 0 in stored.get("weighed", {}).values()
        if mirror is None or next_ < mirror.next or (weighings != mirror.weighings and not between):
            mirror = self._mirrors[p] = _Mirror(weighings=weighings)
        if next_ != mirror.next:
            self._read(generation, p, mirror, session)
            mirror.next = next_
        return weighed_of(stored, mirror.campaigns, self._newest)

    def _read(self, generation: Generation, p: int, mirror: _Mirror, session: ClientSession) -> None:
        for found in generation.tallies.find({"p": p, "at": {"$gt": mirror.next}}, session=session):
            key = tally_key(found)
            mirror.tallies[key] = Tally.of(found)
            mirror.campaigns.add(key[0])
            self.touched.add(key)
        self.moved = True


def _expect(stored: Mapping[str, Any], position: Position) -> None:
    if not position.is_that_of(stored):
        raise Fenced(f"position of {stored['_id']} is {stored['next']}, not {position.next}, or its sums are new")


def _add(counted: dict[str, dict[str, int]], more: Mapping[str, Mapping[str, int]]) -> None:
    for campaign, groups in more.items():
        total = counted.setdefault(campaign, {})
        for group, n in groups.items():
            total[group] = total.get(group, 0) + n
