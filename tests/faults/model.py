"""What the log says must be counted: a second, plain reading of it that shares nothing with scoring."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

import orjson
from kafka.consumer.fetcher import ConsumerRecord

from services.cli.simulation.reckoning import indices
from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign
from services.common.events import Appraisal, Response, Withdrawal
from services.common.records import decode

Place = tuple[int, int]
"""Partition and offset."""
Answers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """The counted revision of a response, and the partition it stands in."""

    p: int
    group: str
    revision: int
    digest: str
    ratings: Mapping[str, Answers]
    withdrawn: bool


@dataclass
class Tally:
    """The sums of one partition for a unit and group; `counts` by leaf and option."""

    n: int = 0
    opinions: int = 0
    s1: int = 0
    s2: int = 0
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, sign: int, answers: Answers, worth: int | None) -> None:
        self.n += sign
        for answer in answers.items():
            self.counts[answer] += sign
        if worth is not None:
            self.opinions += sign
            self.s1 += sign * worth
            self.s2 += sign * worth * worth


TallyKey = tuple[int, str, str]
"""Partition, group, unit."""


class Tallies:
    """The sums of rows, by partition, group and unit."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._percent = {
            (leaf.code, option.code): None if option.percent is None else Fraction(option.percent)
            for leaf in campaign.leaves
            for option in campaign.options(leaf)
        }
        self._worth = lru_cache(maxsize=100_000)(self._worth_of)
        self.by_key: dict[TallyKey, Tally] = {}

    def add(self, sign: int, row: Row) -> None:
        """Counts a row in (1) or out (-1)."""
        for unit, answers in row.ratings.items():
            worth = self._worth(row.group, self._campaign.unit[unit].block, tuple(sorted(answers.items())))
            self.by_key.setdefault((row.p, row.group, unit), Tally()).add(sign, answers, worth)

    def shares(self) -> dict[tuple[str, str, str], Fraction]:
        """Unit, group, leaf → the share (0-1) of the points given, where the group counts."""
        given: dict[tuple[str, str, str], Fraction] = {}
        answered: Counter[tuple[str, str, str]] = Counter()
        for (_, group, unit), tally in self.by_key.items():
            for (leaf, option), count in tally.counts.items():
                if count and (percent := self._percent[leaf, option]) is not None:
                    key = unit, group, leaf
                    answered[key] += count
                    given[key] = given.get(key, Fraction(0)) + count * percent / 100
        least = max(1, self._campaign.rules.min_answers)
        return {key: given[key] / n for key, n in answered.items() if n >= least}

    def n(self) -> Counter[str]:
        """Unit → the responses that rate it."""
        found: Counter[str] = Counter()
        for (_, _, unit), tally in self.by_key.items():
            found[unit] += tally.n
        return found

    def _worth_of(self, group: str, block: str, answers: tuple[tuple[str, str], ...]) -> int | None:
        """A response's contribution to a unit's points (docs/design.md, "The index"), in 1/10,000 point."""
        most: dict[str, Fraction] = {}
        for leaf in self._campaign.leaves:
            raters = self._campaign.raters(leaf, block)
            if group in raters:
                weights = {rater: Fraction(self._campaign.weight(leaf, rater)) for rater in raters}
                most[leaf.code] = Fraction(leaf.max_points) * weights[group] / sum(weights.values())
        opinions = [
            (most[leaf], percent) for leaf, option in answers if (percent := self._percent[leaf, option]) is not None
        ]
        answered = sum(points for points, _ in opinions)
        if not answered:
            return None
        earned = sum(points * percent / 100 for points, percent in opinions)
        exact = 10_000 * earned * sum(most.values()) / answered
        return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)


class Model:
    """The log read record by record, each partition in its order."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.rows: dict[str, Row] = {}
        self.tallies = Tallies(campaign)
        self.counted: Counter[tuple[int, str]] = Counter()
        """Partition, group → responses."""
        self.activity: Counter[tuple[int, str, str, str]] = Counter()
        """Partition, group, day, effect → records."""
        self.conflicts: set[Place] = set()
        self.appraised: dict[str, AppraisalRow] = {}
        self.rows_appraised: dict[tuple[str, int], AppraisalRow] = {}
        """Unit, version → the row that a change made."""

    def take(self, record: ConsumerRecord) -> None:
        """The next record of a partition of responses."""
        event = decode(record.value, record.headers)
        if not isinstance(event, Response | Withdrawal):
            raise TypeError(f"a {type(event).__name__} among responses")
        said, before = digest(record), self.rows.get(event.response)
        effect = self._effect(before, event, said)
        group = event.group if isinstance(event, Response) else before.group if before else ""
        row = Row(record.partition, group, event.revision, said, getattr(event, "ratings", {}), effect == "withdrawn")
        if effect in ("submitted", "edited", "withdrawn"):
            if before is not None and not before.withdrawn:
                self.tallies.add(-1, before)
                self.counted[before.p, before.group] -= 1
            if not row.withdrawn:
                self.tallies.add(1, row)
                self.counted[row.p, row.group] += 1
            self.rows[event.response] = row
        day = datetime.fromtimestamp(record.timestamp / 1_000, UTC).astimezone(self.campaign.opens.tzinfo).date()
        self.activity[record.partition, group, day.isoformat(), effect] += 1
        if effect == "conflict":
            self.conflicts.add((record.partition, record.offset))

    @staticmethod
    def _effect(before: Row | None, event: Response | Withdrawal, said: str) -> str:
        if before is not None and event.revision < before.revision:
            return "superseded"
        if before is not None and event.revision == before.revision:
            return "duplicate" if said == before.digest else "conflict"
        if isinstance(event, Withdrawal):
            return "withdrawn"
        return "submitted" if before is None or before.withdrawn else "edited"

    def appraise(self, record: ConsumerRecord) -> None:
        """The next record of the appraisals."""
        event = decode(record.value, record.headers)
        if not isinstance(event, Appraisal):
            raise TypeError(f"a {type(event).__name__} among appraisals")
        ((unit, change),) = event.changes.items()
        row = self.appraised.get(unit, AppraisalRow())
        if change.base is not None and change.base != row.version:
            return
        leaves = {**row.leaves, **change.leaves}
        said = {code: leaf for code, leaf in leaves.items() if leaf is not None}
        amounts = {name: amount or Decimal(0) for name, amount in change.adjustments.items()}
        bonus, penalty = amounts.get("bonus", row.bonus), amounts.get("penalty", row.penalty)
        row = AppraisalRow(row.version + 1, said, bonus, penalty)
        self.appraised[unit] = self.rows_appraised[unit, row.version] = row

    def indices(self) -> dict[str, Fraction | None]:
        """The index of every unit."""
        return indices(self.campaign, self.tallies.shares(), self.appraised)


def digest(record: ConsumerRecord) -> str:
    """SHA-256 of what a record says, without the version of the campaign it was checked by."""
    content: dict[str, Any] = orjson.loads(record.value)
    del content["campaign_version"]
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def standing(rows: Iterator[Row], campaign: Campaign) -> Tallies:
    """The sums of rows."""
    tallies = Tallies(campaign)
    for row in rows:
        if not row.withdrawn:
            tallies.add(1, row)
    return tallies
