"""How far the answers that came in may lead astray: standard errors of a unit's index, from moments. Pure.

What a group brings to a unit's points is a mean over its responses, so its variance is that of a mean: s²/n, times
1 - n/N where the group's quota is its whole population of N (Cochran, Sampling Techniques, 3rd ed. 1977, sections 2.5
and 2.6). Groups answer independently of each other, so variances add. Points of appraisals, bonus and penalty are no
sample: they have no sampling error.

The moments hold the contributions x of `common.contribution`, in which every group that is asked counts on every leaf
and every leaf keeps its maximum. Where that is so, or changes all of a group's leaves alike, the error is a multiple of
that of x. Where it changes some leaves more than others (another group does not count on some of them; a field is
scaled up for a leaf that does not apply), the variance of what is then summed up is not in the moments, and an upper
limit stands for the error: with y = r·x + Σ d_k·p_k, p_k being a response's share (0-1) of leaf k,

    sd(y) ≤ r·sd(x) + Σ |d_k|·sd(p_k)   and   sd(p_k)² ≤ n/(n-1) · share_k·(1 - share_k)

(the triangle inequality; Bhatia and Davis, American Mathematical Monthly 107, 2000, 353-357).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import fsum, lcm, sqrt
from statistics import NormalDist
from typing import Any, NamedTuple

from services.common.campaign import Campaign
from services.common.contribution import PARTS_OF_A_POINT
from services.common.unit_index import Moments, Share, UnitIndex

LEVEL = 0.95
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)
"""Standard errors from an estimate to either end of its 95 % interval."""

LEAST = 2
"""Responses of a group without which there is no variance."""
MOST_KEPT = 1_000
"""Scalings: one for each way in which groups count; nearly all units of a campaign share a few."""
UNKNOWN_SHARE_SD = 0.5
"""The most that shares between 0 and 1 can scatter."""
NOBODY, SOME, COUNTS = 0, 1, 2
"""Of a group on a leaf: without opinions; with too few of them to count; with enough."""


@dataclass(frozen=True, slots=True)
class GroupError:
    """What the sampling of one group does.

    Attributes:
        points: standard error of the points it brings to the unit, in points; None where too few have answered.
        limit: whether that is an upper limit.
        index: standard error of its own index of the unit, in percentage points; None where too few have answered or
            the moments do not hold it: leaves on which it has not the same part of the points each.
    """

    points: float | None
    limit: bool
    index: float | None


@dataclass(frozen=True, slots=True)
class SamplingError:
    """The sampling error of a unit's index.

    Attributes:
        se: standard error of the index in percentage points; 0 where nobody is asked; None where it is not known: a
            group that counts has too few responses, or leaves are asked and none has points.
        fewest: of the groups that count on some leaf, the fewest responses with an opinion; None where none counts.
        groups: of the groups that count, in the order of the definition.
    """

    se: float | None
    fewest: int | None
    groups: Mapping[str, GroupError]

    def document(self) -> dict[str, Any]:
        """As a part of the unit's document in the database."""
        errors = {code: [group.points, group.limit, group.index] for code, group in self.groups.items()}
        return {"se": self.se, "fewest": self.fewest, "errors": errors}


def group_error(written: Sequence[Any]) -> GroupError:
    """A group's error from a document's `errors`."""
    return GroupError(*written)


def interval(index: Fraction, se: float) -> tuple[float, float]:
    """The 95 % interval of an index by the normal distribution, in percent. It is not cut at 0 and 100."""
    middle, half = float(index), Z * se
    return middle - half, middle + half


class _Mean(NamedTuple):
    """What the mean of x becomes: times `factor`, and `drift` by leaf, in what it is made into per share (0-1)."""

    factor: float
    drift: tuple[tuple[str, float], ...]


class _Scaling(NamedTuple):
    """Of a group: the points it brings to the unit, and its own index (0-1)."""

    points: _Mean
    own: _Mean


class _Cell(NamedTuple):
    """A leaf as it is put to a group of a block."""

    at: int
    """Its place among all cells of the block."""
    leaf: str
    field: str
    maximum: int
    """Points, in 1/`_unit`."""
    weight: int
    """Of the group on the leaf, in a unit common to the block."""
    x: int
    """Points that x gives for a share of 1, in a unit common to the group."""


class SamplingErrors:
    """The sampling errors of a definition's units, prepared once."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._scaled = campaign.rules.not_applicable == "field"
        self._unit = lcm(*(Fraction(leaf.max_points).denominator for leaf in campaign.leaves))
        """Points are counted in 1/`_unit`, of which every maximum is a whole number."""
        self._cells = {
            block.code: tuple(
                (leaf.code, group) for leaf in campaign.leaves for group in campaign.raters(leaf, block.code)
            )
            for block in campaign.blocks
        }
        self._asked: dict[str, dict[str, list[_Cell]]] = {block: {} for block in self._cells}
        """By block and group, in the order of the definition."""
        self._x: dict[tuple[str, str], Fraction] = {}
        """By block and group: the points that x gives for a share of 1 of all leaves."""
        for block in self._cells:
            self._prepare(block)
        self._population = {
            group.code: group.quota.forms
            for group in campaign.groups
            if group.quota is not None and group.quota.covers == "population"
        }
        self._kept: dict[tuple[object, ...], Mapping[str, _Scaling]] = {}

    def _prepare(self, block: str) -> None:
        campaign, cells = self._campaign, self._cells[block]
        field = {leaf.code: field.code for field in campaign.fields for leaf in field.leaves}
        weight = {(leaf, group): Fraction(campaign.weight(campaign.leaf[leaf], group)) for leaf, group in cells}
        common = lcm(*(each.denominator for each in weight.values()))
        asked: dict[str, Fraction] = {}
        for (leaf, _), each in weight.items():
            asked[leaf] = asked.get(leaf, Fraction(0)) + each
        for group in campaign.group:
            own = [(at, leaf) for at, (leaf, rater) in enumerate(cells) if rater == group]
            x = [Fraction(campaign.leaf[leaf].max_points) * weight[leaf, group] / asked[leaf] for _, leaf in own]
            if own:
                below = lcm(*(each.denominator for each in x))
                self._x[block, group] = sum(x, start=Fraction(0))
                self._asked[block][group] = [
                    _Cell(
                        at,
                        leaf,
                        field[leaf],
                        int(Fraction(campaign.leaf[leaf].max_points) * self._unit),
                        int(weight[leaf, group] * common),
                        int(each * below),
                    )
                    for (at, leaf), each in zip(own, x, strict=True)
                ]

    def of(self, unit: str, result: UnitIndex) -> SamplingError:
        """The sampling error of a unit's index."""
        block = self._campaign.unit[unit].block
        if not self._cells[block]:
            return SamplingError(0.0, None, {})
        groups = {code: self._group(code, result, scaling) for code, scaling in self._scalings(block, result).items()}
        errors = [group.points for group in groups.values()]
        known = [error for error in errors if error is not None]
        fewest = min((result.groups[code].moments.n for code in groups), default=None)
        if not errors or len(known) < len(errors):
            return SamplingError(None, fewest, groups)
        se = 100 * sqrt(fsum(error * error for error in known)) / float(result.points.attainable)
        return SamplingError(se, fewest, groups)

    def _group(self, code: str, result: UnitIndex, scaling: _Scaling) -> GroupError:
        moments, (points, own) = result.groups[code].moments, scaling
        if moments.n < LEAST:
            return GroupError(None, bool(points.drift), None)
        population = self._population.get(code)
        se = standard_error(moments, population)
        drifts = fsum(weight * _spread(result.leaves[leaf].groups[code]) for leaf, weight in points.drift)
        limit = points.factor * se + drifts * _of_a_mean(moments.n, population)
        return GroupError(limit, bool(points.drift), None if own.drift else 100 * own.factor * se)

    def _scalings(self, block: str, result: UnitIndex) -> Mapping[str, _Scaling]:
        """How the groups' contributions become points, by the way in which they count."""
        cells = self._cells[block]
        leaves = result.leaves
        shares = (leaves[leaf].groups[group] for leaf, group in cells)
        flags = bytes(COUNTS if share.share is not None else SOME if share.answers else NOBODY for share in shares)
        factors = tuple(self._factors(result)) if self._scaled else ()
        key = block, flags, factors
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            found = self._kept[key] = dict(self._made(block, flags, dict(factors)))
        return found

    def _factors(self, result: UnitIndex) -> Iterator[tuple[str, Fraction]]:
        """The fields that are scaled up for leaves that do not apply."""
        if all(leaf.state != "not_applicable" for leaf in result.leaves.values()):
            return
        for field in self._campaign.fields:
            plain = sum((result.criteria[criterion.code].attainable for criterion in field.criteria), start=Fraction(0))
            if plain and result.fields[field.code].attainable != plain:
                yield field.code, result.fields[field.code].attainable / plain

    def _made(
        self, block: str, flags: Sequence[int], factors: Mapping[str, Fraction]
    ) -> Iterator[tuple[str, _Scaling]]:
        counting: dict[str, int] = {}
        for cells in self._asked[block].values():
            for cell in cells:
                if flags[cell.at] == COUNTS:
                    counting[cell.leaf] = counting.get(cell.leaf, 0) + cell.weight
        # Sums run over integers, each with the denominator of all of its terms.
        weights = lcm(*counting.values())
        whole = lcm(*(factor.denominator for factor in factors.values()))
        scaled = {field: int(factor * whole) for field, factor in factors.items()}
        for group, cells in self._asked[block].items():
            own = {
                cell.leaf: (
                    cell.maximum * cell.weight * (weights // counting[cell.leaf]) * scaled.get(cell.field, whole),
                    cell.maximum,
                )
                for cell in cells
                if flags[cell.at] == COUNTS
            }
            if own:
                answered = {cell.leaf: cell.x for cell in cells if flags[cell.at]}
                points = {leaf: part for leaf, (part, _) in own.items()}
                maxima = {leaf: maximum for leaf, (_, maximum) in own.items()}
                x = self._x[block, group]
                yield (
                    group,
                    _Scaling(
                        _mean(x, answered, points, self._unit * weights * whole),
                        _mean(x, answered, maxima, sum(maxima.values())),
                    ),
                )


def standard_error(moments: Moments, population: int | None = None) -> float:
    """Of the mean of x, in points.

    The variance (n·Σx² - (Σx)²) / (n²·(n-1)) is an exact ratio of integers and becomes a float once.

    Args:
        moments: of at least `LEAST` responses.
        population: how many could have answered, where that is known.
    """
    n = moments.n
    above, below = max(n * moments.s2 - moments.s1**2, 0), n * n * (n - 1)
    if population is not None:
        above, below = above * max(population - n, 0), below * population
    return sqrt(above / below) / PARTS_OF_A_POINT


def _of_a_mean(n: int, population: int | None) -> float:
    """What makes sd·sqrt((n-1)/n) the standard error of a mean of n."""
    return sqrt((1 if population is None else max(population - n, 0) / population) / (n - 1))


def _spread(share: Share) -> float:
    """The most that shares (0-1) of this mean can scatter, with n for a divisor."""
    return UNKNOWN_SHARE_SD if share.share is None else sqrt(share.share * (1 - share.share))


def _mean(x: Fraction, answered: Mapping[str, int], wanted: Mapping[str, int], one: int) -> _Mean:
    """How the mean of x becomes another.

    Args:
        x: what it gives for a share of 1 of all leaves.
        answered: what it gives for a share of 1 by leaf; leaves that nobody answers are made up for by these in every
            response alike. In any unit.
        wanted: by leaf what the other gives, in 1/`one`.
        one: the unit.
    """
    whole, among = sum(wanted.values()), sum(answered.values())
    drift = ((leaf, wanted.get(leaf, 0) * among - whole * value) for leaf, value in answered.items())
    return _Mean(
        whole * x.denominator / (one * x.numerator),
        tuple((leaf, abs(weight) / (one * among)) for leaf, weight in drift if weight),
    )
