"""One state of the log as the refresher sees it: its own partitions from memory, those of other processes mirrored.

A mirror is what another process has counted in a partition, read from the database as far as it has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pymongo.client_session import ClientSession

from services.common.generation import Generation
from services.common.settings import Settings
from services.scoring.appraising import AppraisalsPartition
from services.scoring.counting import ResponsesPartition
from services.scoring.ledger import Fenced
from services.scoring.tallies import Tally, TallyKey, tally_key


@dataclass(frozen=True, slots=True)
class View:
    """One state of the log: positions by topic and partition, responses counted by campaign and group."""

    generation: int
    positions: Mapping[str, Mapping[str, int]]
    counted: Mapping[str, Mapping[str, int]]


@dataclass(slots=True)
class _Mirror:
    next: int = 0
    tallies: dict[TallyKey, Tally] = field(default_factory=dict)


class Mirrors:
    """What other processes have counted, as last read.

    Attributes:
        touched: the tallies that have changed since somebody cleared this.
        moved: whether a partition has gone on since somebody reset this, whatever that changed.
    """

    def __init__(self, settings: Settings) -> None:
        self._responses, self._appraisals = settings.topic("responses"), settings.topic("appraisals")
        self._mirrors: dict[int, _Mirror] = {}
        self.touched: set[TallyKey] = set()
        self.moved = False

    @property
    def tallies(self) -> list[Mapping[TallyKey, Tally]]:
        """By partition of another process, its tallies."""
        return [mirror.tallies for mirror in self._mirrors.values()]

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
        with generation.db.client.start_session(snapshot=True) as session:
            for stored in generation.positions.find({}, session=session):
                topic, p = stored["_id"]["topic"], stored["_id"]["partition"]
                if topic == self._responses:
                    positions["responses"][str(p)] = stored["next"]
                    if p in own:
                        _expect(stored, own[p].position.next)
                    else:
                        self._follow(generation, p, stored["next"], session)
                    _add(counted, stored["counted"])
                elif topic == self._appraisals:
                    _expect(stored, appraisals.position.next)
                    positions["appraisals"][str(p)] = stored["next"]
        for p in own:
            self._mirrors.pop(p, None)
        return View(generation.number, positions, counted)

    def _follow(self, generation: Generation, p: int, next_: int, session: ClientSession) -> None:
        mirror = self._mirrors.get(p)
        if mirror is None or next_ < mirror.next:
            mirror = self._mirrors[p] = _Mirror()
        if next_ == mirror.next:
            return
        for found in generation.tallies.find({"p": p, "at": {"$gt": mirror.next}}, session=session):
            key = tally_key(found)
            mirror.tallies[key] = Tally.of(found)
            self.touched.add(key)
        self.moved = True
        mirror.next = next_


def _expect(stored: Mapping[str, Any], next_: int) -> None:
    if stored["next"] != next_:
        raise Fenced(f"position of {stored['_id']} is {stored['next']}, not {next_}")


def _add(counted: dict[str, dict[str, int]], more: Mapping[str, Mapping[str, int]]) -> None:
    for campaign, groups in more.items():
        total = counted.setdefault(campaign, {})
        for group, n in groups.items():
            total[group] = total.get(group, 0) + n
