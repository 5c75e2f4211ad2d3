"""Rounds of one measurement → its median and spread; ours beside the limit and the baseline of the same run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any


@dataclass(frozen=True, slots=True)
class Round:
    """One round: how much in which time, single latencies, and processor time by family."""

    amount: int
    seconds: float
    latencies: Sequence[float] = ()
    cpu: Mapping[str, float] = field(default_factory=dict)
    details: Mapping[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return self.amount / self.seconds


@dataclass(frozen=True, slots=True)
class Figure:
    """What rounds come to."""

    rounds: Sequence[Round]

    @property
    def rate(self) -> float:
        return median(each.rate for each in self.rounds)

    def latency_ms(self, percent: int) -> float | None:
        """A percentile over all rounds together."""
        found = [latency for each in self.rounds for latency in each.latencies]
        return 1_000 * quantiles(found, n=100, method="inclusive")[percent - 1] if len(found) > 1 else None

    def cpu_ms(self) -> dict[str, float]:
        """Processor time for one operation, by family."""
        total: Counter[str] = Counter()
        for each in self.rounds:
            total.update(each.cpu)
        amount = sum(each.amount for each in self.rounds)
        return {family: 1_000 * seconds / amount for family, seconds in total.items()}

    def document(self) -> dict[str, Any]:
        rates = [each.rate for each in self.rounds]
        document: dict[str, Any] = {
            "per_second": round(self.rate, 2),
            "lowest": round(min(rates), 2),
            "highest": round(max(rates), 2),
            "rounds": [round(rate, 2) for rate in rates],
            "operations": sum(each.amount for each in self.rounds),
            "cpu_ms_per_operation": {family: round(ms, 4) for family, ms in self.cpu_ms().items()},
        }
        for percent in (50, 99):
            if (ms := self.latency_ms(percent)) is not None:
                document[f"p{percent}_ms"] = round(ms, 2)
        if details := [dict(each.details) for each in self.rounds if each.details]:
            document["details"] = details
        return document


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: `name` in few words, `about` in full.

    `latency` says that the figures are times, not rates: less is better.
    """

    name: str
    about: str
    ours: Figure
    limit: Figure | None = None
    limit_is: str = ""
    baseline: Figure | None = None
    latency: bool = False

    def ratio(self, other: Figure | None) -> float | None:
        """Ours as a part of another figure's rate; for latencies of its median."""
        if other is None:
            return None
        if self.latency:
            mine, theirs = self.ours.latency_ms(50), other.latency_ms(50)
            return mine / theirs if mine and theirs else None
        return self.ours.rate / other.rate

    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "name": self.name,
            "about": self.about,
            "latency": self.latency,
            "ours": self.ours.document(),
        }
        for name, other in (("limit", self.limit), ("weekend", self.baseline)):
            if other is not None:
                document[name] = other.document()
                ratio = self.ratio(other)
                document[f"ratio_to_{name}"] = None if ratio is None else round(ratio, 3)
        return document | ({"limit_is": self.limit_is} if self.limit else {})


def interleaved(rounds: int, *ways: Callable[[], Round]) -> list[Figure]:
    """Measures ways in turn, so that what else the machine does falls on all of them."""
    taken: list[list[Round]] = [[] for _ in ways]
    for _ in range(rounds):
        for found, way in zip(taken, ways, strict=True):
            found.append(way())
    return [Figure(found) for found in taken]
