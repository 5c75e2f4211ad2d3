"""Finds dead letters for an operator: how many there are, which are the newest, and what each holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.common.generation import Generation
from services.common.requeued import Place
from services.common.settings import Settings
from services.scoring.letters import EXPECTED

Letter = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which letters are meant.

    Args:
        campaign: of this one; None: of any, and those of which it is not known.
        reasons: with one of these; without any: but for the `EXPECTED`.
        expected: these too.
        requeued: also those whose record was requeued since.
    """

    campaign: str | None = None
    reasons: tuple[str, ...] = ()
    expected: bool = False
    requeued: bool = False

    def query(self) -> dict[str, Any]:
        """As MongoDB is asked."""
        asked: dict[str, Any] = {} if self.campaign is None else {"campaign": self.campaign}
        if self.reasons:
            asked["reason"] = {"$in": self.reasons}
        elif not self.expected:
            asked["reason"] = {"$nin": EXPECTED}
        if not self.requeued:
            asked["requeued"] = {"$exists": False}
        return asked


@dataclass(frozen=True, slots=True)
class Buried:
    """The dead letters of a generation. Every method may raise PyMongoError: MongoDB does not answer."""

    derived: Generation
    settings: Settings

    def place(self, letter: Letter) -> Place:
        """Where a letter's record stands."""
        key = letter["_id"]
        return Place(key["topic"].removeprefix(self.settings.topic_prefix), key["partition"], key["offset"])

    def by_reason(self, selection: Selection) -> dict[str, dict[str, int]]:
        """By reason: how many letters wait, and how many were requeued."""
        requeued = {"$sum": {"$cond": [{"$gt": ["$requeued", None]}, 1, 0]}}
        found = self.derived.rejected.aggregate(
            [
                {"$match": selection.query()},
                {"$group": {"_id": "$reason", "n": {"$sum": 1}, "requeued": requeued}},
                {"$sort": {"_id": 1}},
            ]
        )
        return {
            count["_id"]: {"waiting": count["n"] - count["requeued"], "requeued": count["requeued"]} for count in found
        }

    def total(self, selection: Selection) -> int:
        return self.derived.rejected.count_documents(selection.query())

    def newest(self, selection: Selection, limit: int) -> Iterator[Letter]:
        """The newest letters by their records' own time, the newest last; all when the limit is 0.

        Of the records only the time is read, nothing of what raters say.
        """
        steps: list[Mapping[str, Any]] = [
            {"$match": selection.query()},
            {"$unset": ["record.key", "record.value", "record.headers"]},
        ]
        if limit:
            steps += [{"$sort": {"record.timestamp": -1, "_id": -1}}, {"$limit": limit}]
        yield from self.derived.rejected.aggregate(
            [*steps, {"$sort": {"record.timestamp": 1, "_id": 1}}], allowDiskUse=True
        )

    def reasons(self, selection: Selection) -> dict[Place, str]:
        """The reason of each letter of a selection. Such a list does not grow by what is requeued from it."""
        found = self.derived.rejected.find(selection.query(), {"reason": 1})
        return {self.place(letter): letter["reason"] for letter in found}

    def at(self, places: Sequence[Place]) -> dict[Place, Letter]:
        """The letters at places, whole, where there are any."""
        keys = [
            {"topic": self.settings.topic(place.topic), "partition": place.partition, "offset": place.offset}
            for place in places
        ]
        return {self.place(letter): letter for letter in self.derived.rejected.find({"_id": {"$in": keys}})}
