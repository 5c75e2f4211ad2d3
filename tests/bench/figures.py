"""Rounds of one measurement → its median and spread; ours beside the limit and the baseline of the same run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

Told = Callable[[str], object]
"""Is told what has just been measured."""


@dataclass(slots=True)
class Cost:
    """What a round took of the processors.

    Attributes:
        cpu: seconds by family of processes.
        others: the part of all cores (0-1) that went to what does not belong to the bench, or to another machine.
    """

    cpu: dict[str, float] = field(default_factory=dict)
    others: float = 0.0


@dataclass(frozen=True, slots=True)
class Round:
    """One round: how much in which time, single latencies, and what it cost."""

    amount: int
    seconds: float
    latencies: Sequence[float] = ()
    cost: Cost = field(default_factory=Cost)
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
            total.update(each.cost.cpu)
        amount = sum(each.amount for each in self.rounds)
        return {family: 1_000 * seconds / amount for family, seconds in total.items()}

    def document(self) -> dict[str, Any]:
        rates = [each.rate for each in self.rounds]
        document: dict[str, Any] = {
            "per_second": round(self.rate, 2),
            "lowest": round(min(rates), 2),
            "highest": round(max(rates), 2),
            "rounds": [round(rate, 2) for rate in rates],
            "seconds": round(median(each.seconds for each in self.rounds), 2),
            "operations": sum(each.amount for each in self.rounds),
            "cpu_ms_per_operation": {family: round(ms, 4) for family, ms in self.cpu_ms().items()},
            "others_percent": round(100 * max(each.cost.others for each in self.rounds), 1),
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

    `latency` says that the figures are times, not rates: less is better. `memory` is what processes held meanwhile.
    """

    name: str
    about: str
    ours: Figure
    limit: Figure | None = None
    limit_is: str = ""
    baseline: Figure | None = None
    latency: bool = False
    memory: Mapping[str, Any] | None = None

    def ratio(self, other: Figure) -> float | None:
        """Ours as a part of another figure's rate; for latencies of its median.

        Of rounds that took turns each is held to its neighbour, and the median of these ratios counts: what else the
        machine did in a round fell on both.
        """
        if self.latency:
            mine, theirs = self.ours.latency_ms(50), other.latency_ms(50)
            return mine / theirs if mine and theirs else None
        if len(self.ours.rounds) != len(other.rounds):
            return self.ours.rate / other.rate
        return median(
            mine.rate / theirs.rate for mine, theirs in zip(self.ours.rounds, other.rounds, strict=True) if theirs.rate
        )

    def cpu_ratio(self, other: Figure) -> float | None:
        """Another's processor time for one operation as a part of ours, of all processes that take part."""
        mine, theirs = sum(self.ours.cpu_ms().values()), sum(other.cpu_ms().values())
        return theirs / mine if mine and theirs and not self.latency else None

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
                document[f"ratio_to_{name}"] = _rounded(self.ratio(other))
                document[f"cpu_ratio_to_{name}"] = _rounded(self.cpu_ratio(other))
        more = {"limit_is": self.limit_is if self.limit else None, "memory": self.memory}
        return document | {name: value for name, value in more.items() if value is not None}


def interleaved(rounds: int, told: Told, *ways: Callable[[], Round], warm: bool = True) -> list[Figure]:
    """Measures ways in turn, so that what else the machine does falls on all of them.

    Args:
        rounds: how often each is measured.
        told: is told each round's rates.
        ways: what is measured.
        warm: whether each way has a round before that does not count.
    """
    if warm:
        for way in ways:
            way()
    taken: list[list[Round]] = [[] for _ in ways]
    for number in range(1, rounds + 1):
        for found, way in zip(taken, ways, strict=True):
            found.append(way())
        told(f"round {number} of {rounds}: " + " | ".join(f"{found[-1].rate:,.4g}/s" for found in taken))
    return [Figure(found) for found in taken]


def _rounded(ratio: float | None) -> float | None:
    return None if ratio is None else round(ratio, 3)
