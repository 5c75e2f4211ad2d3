"""Where a unit lost its points, whose opinion took them, and what one more step on a leaf would change. Pure.

Of a leaf with points, lost = M - points. In percentage points of the index that is 100 · lost · s / attainable; s is
what the rule for leaves that do not apply scales the leaf's field by (1 by the rule `index`). A group g that counts on
a survey leaf took M · (w_g / Σ w) · (1 - share_g) of it; the parts come to what was lost.

One more step is arithmetic with everything else as it is, no forecast. On a survey leaf the mean answer of every group
that counts goes up by one option of the scale: a mean between two options is a place on the scale, measured in options;
the place goes up by 1, to the highest option at most, and is read as a percent again. On an appraised leaf the points
go up to the maximum.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import Literal

from services.common.campaign import Campaign, Field, Leaf, Ties
from services.common.unit_index import LeafPoints, UnitIndex


@dataclass(frozen=True, slots=True)
class Step:
    """One more step on a leaf: what it is, the leaf's points after it, and the unit's index."""

    to: Literal["option", "maximum"]
    points: Fraction
    index: Fraction


@dataclass(frozen=True, slots=True)
class Loss:
    """What a unit lost on a leaf, in points and (`of_index`) in percentage points of its index.

    `groups` has the part of each group that counts, in points; `step` is None where nothing was lost.
    """

    field: str
    leaf: Leaf
    points: Fraction
    lost: Fraction
    of_index: Fraction
    groups: Mapping[str, Fraction]
    step: Step | None


def losses(campaign: Campaign, result: UnitIndex) -> Iterator[Loss]:
    """The leaves of a unit that have points, in the definition's order."""
    attainable = result.points.attainable
    if not attainable:
        return
    for field in campaign.fields:
        scale = _scale(field, result)
        for leaf in field.leaves:
            found = result.leaves.get(leaf.code)
            if found is None or found.points is None:
                continue
            lost = Fraction(leaf.max_points) - found.points
            worth = 100 * scale / attainable
            step = None
            if lost:
                points = _raised(campaign, leaf, found)
                gained = worth * (points - found.points)
                to: Literal["option", "maximum"] = "option" if leaf.method == "survey" else "maximum"
                step = Step(to, points, 100 * result.points.earned / attainable + gained)
            yield Loss(field.code, leaf, found.points, lost, worth * lost, _parts(campaign, leaf, found), step)


def _scale(field: Field, result: UnitIndex) -> Fraction:
    """What the points of a field's leaves are scaled by in the index."""
    scored = [
        leaf for leaf in field.leaves if leaf.code in result.leaves and result.leaves[leaf.code].points is not None
    ]
    maxima = sum(Fraction(leaf.max_points) for leaf in scored)
    return result.fields[field.code].attainable / maxima if maxima else Fraction(1)


def _weights(campaign: Campaign, leaf: Leaf, found: LeafPoints) -> dict[str, tuple[Fraction, Fraction]]:
    """By group that counts, its part of the leaf (they come to 1) and its share."""
    counting = {code: share.share for code, share in found.groups.items() if share.share is not None}
    weights = {code: Fraction(campaign.weight(leaf, code)) for code in counting}
    total = sum(weights.values())
    return {code: (weights[code] / total, share) for code, share in counting.items()}


def _parts(campaign: Campaign, leaf: Leaf, found: LeafPoints) -> dict[str, Fraction]:
    maximum = Fraction(leaf.max_points)
    return {code: maximum * part * (1 - share) for code, (part, share) in _weights(campaign, leaf, found).items()}


def _raised(campaign: Campaign, leaf: Leaf, found: LeafPoints) -> Fraction:
    """A leaf's points after one more step."""
    maximum = Fraction(leaf.max_points)
    if leaf.method == "appraisal":
        return maximum
    worth = sorted({Fraction(option.percent) / 100 for option in campaign.options(leaf) if option.percent is not None})
    return sum(
        (maximum * part * raised(share, worth) for part, share in _weights(campaign, leaf, found).values()), Fraction(0)
    )


def raised(share: Fraction, worth: Sequence[Fraction]) -> Fraction:
    """A mean answer one option higher.

    Args:
        share: the mean (0-1), from the lowest of `worth` to the highest.
        worth: what the options are worth (0-1), ascending, each once.
    """
    above = bisect_left(worth, share)
    if above + 1 >= len(worth):
        # From between the two highest options, or from the highest itself, the top is less than a step away.
        return worth[-1]
    if worth[above] == share:
        return worth[above + 1]
    way = (share - worth[above - 1]) / (worth[above] - worth[above - 1])
    return worth[above] + way * (worth[above + 1] - worth[above])


class Others:
    """The indices of a block's units: at which rank one of them would stand with another index."""

    def __init__(self, indices: Iterable[Fraction], ties: Ties) -> None:
        """Takes the indices of all units that have one, highest first."""
        runs = [(index, sum(1 for _ in equals)) for index, equals in groupby(indices)]
        self._dense = ties == "dense"
        self._equals = dict(runs)
        self._negative = [-index for index, n in runs for _ in range(1 if self._dense else n)]

    def rank(self, index: Fraction, own: Fraction | None) -> int:
        """The rank of `index` in place of a unit's `own`; None for a unit that has none."""
        above = bisect_left(self._negative, -index)
        # A unit does not stand before itself; with dense ranks its equals still stand there.
        gone = own is not None and own > index and not (self._dense and self._equals[own] > 1)
        return 1 + above - gone
