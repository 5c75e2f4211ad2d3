"""A seeded population of units and raters of any campaign, whose true indices are known exactly.

A unit has a quality in each field, a question is easier or harder, a group sees things brighter or darker, a rater is
lenient or strict. What a rater feels is the sum of these and of a momentary error, all normal; the answer is the option
between whose thresholds it falls (an ordered probit model). So the chance of each option, and with it the index that
the survey would show if it asked for ever, has a closed form: the truth that the measured ranking can stand beside.
"""

from __future__ import annotations

import itertools
import math
import uuid
from bisect import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from random import Random
from statistics import NormalDist

from services.cli.simulation.reckoning import indices
from services.common.appraisals import AppraisalRow, LeafAppraisal
from services.common.campaign import Campaign, Leaf, Unit
from services.common.events import Channel, Ratings, Response

# Standard deviations on the latent scale; a rater's momentary error has the deviation 1.
OVERALL = 0.35
FIELD = 0.30
QUESTION = 0.35
GROUP = 0.25
LENIENCY = 0.60
CONTENT = 0.90
"""The mean feeling lies above the middle of a scale, as in published surveys."""
SPREAD = 1.2

NO_OPINION = (0.02, 0.08)
"""Range of the groups' shares of answers without an opinion."""
WITHOUT_QUOTA = 30.0
"""Forms per unit of a group that owes no number of them."""
NOT_APPLICABLE = 0.01
ADJUSTED = 0.15
SEVERAL = 0.10
MOST_UNITS = 4
COMMENTED = 0.03
COMMENTS = (
    "Thủ tục đã nhanh hơn năm trước.",
    "Cần công khai phí, lệ phí rõ hơn.",
    "Cán bộ một cửa hướng dẫn tận tình.",
    "Nộp hồ sơ trực tuyến còn hay lỗi.",
    "Phải đi lại hai lần vì thiếu giấy tờ.",
)
CHANNELS: tuple[Channel, ...] = ("web", "web", "tablet", "paper")
PORTIONS = (Fraction(0), Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), Fraction(1))
CENT = Decimal("0.01")

NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class _Scale:
    """Options from the worst opinion to the best, the thresholds between them, and those without an opinion."""

    options: tuple[str, ...]
    shares: tuple[float, ...]
    thresholds: tuple[float, ...]
    silent: tuple[str, ...]

    def expected(self, mean: float) -> float:
        """The expected share (0-1) of an answer with an opinion, over all raters and moments."""
        deviation = math.sqrt(1 + LENIENCY**2)
        below = [0.0, *(NORMAL.cdf((threshold - mean) / deviation) for threshold in self.thresholds), 1.0]
        return sum(
            share * (upper - lower)
            for share, (lower, upper) in zip(self.shares, itertools.pairwise(below), strict=True)
        )


class Population:
    """Units, groups and raters of a campaign. The same campaign and seed give the same population and responses.

    Args:
        campaign: the definition; its code and version go into the responses.
        seed: names the population. Response ids depend on the campaign's code too, so that two campaigns never share
            one.
    """

    def __init__(self, campaign: Campaign, seed: int) -> None:
        self._campaign = campaign
        self._seed = seed
        rng = self.stream("qualities")
        self._scales = {scale.code: _scale(campaign, scale.code) for scale in campaign.scales}
        self._bias = {group.code: rng.gauss(0, GROUP) for group in campaign.groups}
        self._silence = {group.code: rng.uniform(*NO_OPINION) for group in campaign.groups}
        self._easiness = {leaf.code: rng.gauss(0, QUESTION) for leaf in campaign.leaves}
        self._quality: dict[tuple[str, str], float] = {}
        for unit in campaign.units:
            overall = rng.gauss(0, OVERALL)
            for field in campaign.fields:
                quality = overall + rng.gauss(0, FIELD)
                self._quality.update(((unit.code, leaf.code), quality) for leaf in field.leaves)
        self._forms = self._questionnaires()

    @property
    def may_edit(self) -> bool:
        """Whether the campaign lets a response be changed or withdrawn."""
        return self._campaign.rules.edits != "none"

    @cached_property
    def appraisals(self) -> Mapping[str, AppraisalRow]:
        """The council's row of every unit: all appraisal leaves, and for some units bonus or penalty points."""
        rng = self.stream("appraisals")
        return {unit.code: self._appraisal(unit, rng) for unit in self._campaign.units}

    @cached_property
    def truth(self) -> Mapping[str, Fraction | None]:
        """The true index of every unit: as if each group had answered without end, with the appraisals as given."""
        shares = {
            (unit.code, group, leaf.code): Fraction(self._expected(unit.code, group, leaf))
            for unit in self._campaign.units
            for leaf in self._campaign.leaves
            for group in self._campaign.raters(leaf, unit.block)
        }
        return indices(self._campaign, shares, self.appraisals)

    def responses(self, count: int, units: int | None = None) -> Iterator[Response]:
        """The first revisions of `count` raters.

        Every group meets every unit once before chance, weighted by the quotas, takes over.

        Args:
            count: how many.
            units: how many units each rates (fewer where its group has fewer); by default one, and some raters several.
        """
        rng, ids = self.stream("responses"), self.stream(f"ids/{self._campaign.code}")
        cells = list(self._forms)
        weights = list(itertools.accumulate(self._weight(*cell) for cell in cells))
        first = rng.sample(cells, len(cells))
        for number in range(count):
            group, unit = first[number] if number < len(first) else rng.choices(cells, cum_weights=weights)[0]
            yield Response(
                response=str(uuid.UUID(int=ids.getrandbits(128), version=4)),
                revision=1,
                campaign=self._campaign.code,
                campaign_version=self._campaign.version,
                group=group,
                channel=rng.choice(CHANNELS),
                ratings=self.ratings(group, self._rated(group, unit, units, rng), rng),
                comment=rng.choice(COMMENTS) if rng.random() < COMMENTED else None,
            )

    def ratings(self, group: str, units: list[str], rng: Random) -> Ratings:
        """The answers of one rater of a group about some units."""
        leniency = rng.gauss(0, LENIENCY)
        silence = self._silence[group]
        ratings: dict[str, dict[str, str]] = {}
        for unit in units:
            answers = ratings[unit] = {}
            for leaf, mean, scale in self._forms[group, unit]:
                if scale.silent and rng.random() < silence:
                    answers[leaf] = rng.choice(scale.silent)
                else:
                    answers[leaf] = scale.options[bisect(scale.thresholds, rng.gauss(mean + leniency, 1))]
        return ratings

    def stream(self, purpose: str) -> Random:
        """A stream of chance of its own for each purpose, the same for the same seed."""
        # Streams of their own: more responses change neither the qualities nor the appraisals.
        return Random(f"{self._seed}/{purpose}")  # noqa: S311 - a simulation, not a secret

    def _questionnaires(self) -> dict[tuple[str, str], list[tuple[str, float, _Scale]]]:
        """What a group is asked about a unit: leaf, mean feeling, scale."""
        forms: dict[tuple[str, str], list[tuple[str, float, _Scale]]] = {}
        for unit in self._campaign.units:
            for leaf in self._campaign.leaves:
                for group in self._campaign.raters(leaf, unit.block):
                    mean = self._mean(unit.code, group, leaf.code)
                    forms.setdefault((group, unit.code), []).append((leaf.code, mean, self._scales[leaf.scale or ""]))
        return forms

    def _mean(self, unit: str, group: str, leaf: str) -> float:
        return CONTENT + self._quality[unit, leaf] + self._easiness[leaf] + self._bias[group]

    def _expected(self, unit: str, group: str, leaf: Leaf) -> float:
        return self._scales[leaf.scale or ""].expected(self._mean(unit, group, leaf.code))

    def _weight(self, group: str, unit: str) -> float:
        """How many forms of a group are meant for a unit."""
        quota = self._campaign.group[group].quota
        if quota is None:
            return WITHOUT_QUOTA
        if quota.per == "unit":
            return quota.forms
        block = self._campaign.unit[unit].block
        blocks = {block} if quota.per == "block" else set(self._campaign.group[group].rates)
        return quota.forms / sum(other.block in blocks for other in self._campaign.units)

    def _rated(self, group: str, unit: str, units: int | None, rng: Random) -> list[str]:
        if units is None:
            units = rng.randint(2, MOST_UNITS) if rng.random() < SEVERAL else 1
        if units == 1:
            return [unit]
        others = [other for rater, other in self._forms if rater == group and other != unit]
        return [unit, *rng.sample(others, min(units - 1, len(others)))]

    def _appraisal(self, unit: Unit, rng: Random) -> AppraisalRow:
        leaves = {}
        for leaf in self._campaign.leaves:
            if leaf.method == "appraisal":
                if rng.random() < NOT_APPLICABLE:
                    leaves[leaf.code] = LeafAppraisal(not_applicable=True)
                    continue
                mean = CONTENT + self._quality[unit.code, leaf.code] + self._easiness[leaf.code]
                portion = PORTIONS[bisect(_thresholds(len(PORTIONS)), rng.gauss(mean, 1))]
                points = leaf.max_points * portion.numerator / portion.denominator
                leaves[leaf.code] = LeafAppraisal(points=min(points.quantize(CENT), leaf.max_points))
        caps = self._campaign.adjustments
        bonus = (caps.bonus_cap / 4).quantize(CENT) if rng.random() < ADJUSTED else Decimal(0)
        penalty = (caps.penalty_cap / 10).quantize(CENT) if rng.random() < ADJUSTED else Decimal(0)
        return AppraisalRow(leaves=leaves, bonus=bonus, penalty=penalty)


def _scale(campaign: Campaign, code: str) -> _Scale:
    options = campaign.scale[code].options
    opinions = sorted(
        ((option.percent, option.code) for option in reversed(options) if option.percent is not None),
        key=lambda opinion: opinion[0],
    )
    return _Scale(
        options=tuple(name for _, name in opinions),
        shares=tuple(float(percent) / 100 for percent, _ in opinions),
        thresholds=_thresholds(len(opinions)),
        silent=tuple(option.code for option in options if option.percent is None),
    )


def _thresholds(options: int) -> tuple[float, ...]:
    return tuple(SPREAD * NORMAL.inv_cdf(number / options) for number in range(1, options))
