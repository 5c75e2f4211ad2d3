"""How firm each rank of a block is: its range when the weights, the groups or a rule were others. Pure.

Variations are made of a unit's shares and appraisals, which stay as they are: `equal_weights` (all groups weigh the
same on every leaf), `without` (a group is left out, each in turn) and `not_applicable` (the other rule holds). In each
draw every field gets a factor of its own, uniform on 0.75 to 1.25 and independent of the others, by which its points
count in earned and attainable.

Variations and draws are reckoned in double precision: units nearer than `TIED` are tied in them. The declared ranks are
the exact ones and are handed in. Draws are the same on every machine: they come of the raw stream of PCG64, which
NumPy keeps as it is from version to version, and of sums whose order is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.common.campaign import Campaign, Leaf, Ties

Kind = Literal["declared", "equal_weights", "without", "not_applicable"]
Floats = NDArray[np.float64]
Ranks = NDArray[np.int16]
"""Of units in the order given; 0 stands for none."""

TIED = 1e-9
"""Percent: far above what double precision loses, far below what any survey tells apart."""
SPREAD = 0.25
TAIL = 20
"""One draw in so many lies below the low rank, and one above the high: nine tenths are between them."""
AT_ONCE = 100_000
"""Ranks made in a stretch: some 20 ms of work."""


@dataclass(frozen=True, slots=True)
class Variation:
    """A definition that differs in one thing from the one in force; `group` is who is left out."""

    kind: Kind
    campaign: Campaign
    group: str | None = None


def variations(campaign: Campaign, block: str) -> tuple[Variation, ...]:
    """The declared definition first, then the others, the groups in the definition's order."""
    rules = campaign.rules
    other = replace(rules, not_applicable="field" if rules.not_applicable == "index" else "index")
    equal = replace(
        _with_leaves(campaign, lambda leaf: replace(leaf, weights={})),
        groups=tuple(replace(group, weight=type(group.weight)(1)) for group in campaign.groups),
    )
    return (
        Variation("declared", campaign),
        Variation("equal_weights", equal),
        *(
            Variation("without", _without(campaign, group.code), group.code)
            for group in campaign.groups
            if block in group.rates
        ),
        Variation("not_applicable", replace(campaign, rules=other)),
    )


def _without(campaign: Campaign, group: str) -> Campaign:
    def left(leaf: Leaf) -> Leaf:
        return replace(leaf, groups=tuple(code for code in leaf.groups if code != group))

    return _with_leaves(campaign, left)


def _with_leaves(campaign: Campaign, change: Callable[[Leaf], Leaf]) -> Campaign:
    fields = tuple(
        replace(
            field,
            criteria=tuple(
                replace(criterion, leaves=tuple(map(change, criterion.leaves))) for criterion in field.criteria
            ),
        )
        for field in campaign.fields
    )
    return replace(campaign, fields=fields)


class Reckoned(NamedTuple):
    """What a unit comes to: its index by variation (NaN where it has none), and its declared points by field."""

    indices: Floats
    earned: Floats
    attainable: Floats
    adjustment: float
    """Bonus less penalty, both capped."""


class Reckoning:
    """The indices of a block's units by all variations at once, prepared once for its many units."""

    def __init__(self, campaign: Campaign, block: str, varied: Sequence[Variation]) -> None:
        self._leaves = [leaf for leaf in campaign.leaves if leaf.method == "appraisal" or campaign.raters(leaf, block)]
        self._groups = [group.code for group in campaign.groups if block in group.rates]
        self._maxima = np.array([float(leaf.max_points) for leaf in self._leaves])
        self._surveyed = np.array([leaf.method == "survey" for leaf in self._leaves])
        in_field = {leaf.code: place for place, field in enumerate(campaign.fields) for leaf in field.leaves}
        self._fields = np.zeros((len(self._leaves), len(campaign.fields)))
        for place, leaf in enumerate(self._leaves):
            self._fields[place, in_field[leaf.code]] = 1
        self._weights = np.array([self._weighed(variation.campaign, block) for variation in varied])
        self._weights = self._weights.reshape(len(varied), len(self._leaves), len(self._groups))
        self._keeps_fields = np.array([variation.campaign.rules.not_applicable == "field" for variation in varied])

    def _weighed(self, campaign: Campaign, block: str) -> list[list[float]]:
        """By leaf and group, the weight of the group's opinion; 0 where it is not asked."""
        return [
            [
                float(campaign.weight(leaf, group)) if group in campaign.raters(leaf, block) else 0.0
                for group in self._groups
            ]
            for leaf in (campaign.leaf[leaf.code] for leaf in self._leaves)
        ]

    def unit(self, document: Mapping[str, Any]) -> Reckoned:
        """What a unit comes to; `document` is its index as index_document writes it."""
        found = [document["leaves"][leaf.code] for leaf in self._leaves]
        shares = np.array(
            [[_float(each["groups"].get(code, {}).get("share")) for code in self._groups] for each in found],
        ).reshape(len(self._leaves), len(self._groups))
        given = np.array([_float(each["points"]) for each in found])
        weights = self._weights * ~np.isnan(shares)
        with np.errstate(invalid="ignore"):
            said = self._maxima * (weights * np.nan_to_num(shares)).sum(axis=2) / weights.sum(axis=2)
        points = np.where(self._surveyed, said, given)
        earned = np.nan_to_num(points) @ self._fields
        attainable = (self._maxima * ~np.isnan(points)) @ self._fields
        left_out = np.array([each["state"] == "not_applicable" for each in found])
        whole = attainable + (self._maxima * left_out) @ self._fields
        scaled = self._keeps_fields[:, None] & (attainable > 0)
        earned *= np.divide(whole, attainable, where=scaled, out=np.ones_like(whole))
        below = np.where(scaled, whole, attainable).sum(axis=1)
        adjustment = _float(document["bonus"]) - _float(document["penalty"])
        with np.errstate(invalid="ignore", divide="ignore"):
            indices = np.where(below > 0, 100 * (earned.sum(axis=1) + adjustment) / below, np.nan)
        sums = np.array([[_float(earned), _float(attainable)] for earned, attainable in document["fields"].values()])
        return Reckoned(indices, sums[:, 0], sums[:, 1], adjustment)


def _float(text: str | None) -> float:
    """The nearest double to an exact ratio; NaN for none."""
    if text is None:
        return float("nan")
    above, _, below = text.partition("/")
    return int(above) / int(below or 1)


def factors(seed: int, draws: int, fields: int) -> Floats:
    """By draw and field, uniform on 1 ± SPREAD; the first of many draws are those of few."""
    raw = np.random.PCG64(seed).random_raw(draws * fields)
    uniform = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53
    found: Floats = (1 - SPREAD + 2 * SPREAD * uniform).reshape(draws, fields)
    return found


def ranks(indices: Floats, ties: Ties) -> Ranks:
    """Ranks along the last axis, the highest index first."""
    order = np.argsort(-indices, axis=-1, kind="stable")
    ordered = np.take_along_axis(indices, order, axis=-1)
    known = ~np.isnan(ordered)
    apart = np.ones(indices.shape, dtype=bool)
    apart[..., 1:] = ~(ordered[..., :-1] - ordered[..., 1:] <= TIED)
    if ties == "dense":
        placed = np.cumsum(apart, axis=-1)
    else:
        placed = np.maximum.accumulate(np.where(apart, np.arange(1, indices.shape[-1] + 1), 0), axis=-1)
    found = np.empty(indices.shape, dtype=np.int16)
    np.put_along_axis(found, order, np.where(known, placed, 0).astype(np.int16), axis=-1)
    return found


def drawn(units: Sequence[Reckoned], weights: Floats, ties: Ties, between: Callable[[], None] = lambda: None) -> Ranks:
    """The ranks of the units (second axis) in each draw (first axis).

    Args:
        units: of a block.
        weights: what `factors` gives.
        ties: the campaign's rule.
        between: called again and again between stretches of some `AT_ONCE` ranks.
    """
    earned = np.array([unit.earned for unit in units])
    attainable = np.array([unit.attainable for unit in units])
    adjustment = np.array([unit.adjustment for unit in units])
    found = np.empty((len(weights), len(units)), dtype=np.int16)
    stretch = max(1, AT_ONCE // max(1, len(units)))
    for start in range(0, len(weights), stretch):
        some = weights[start : start + stretch]
        above, below = np.tile(adjustment, (len(some), 1)), np.zeros((len(some), len(units)))
        # Field by field, not as a product of matrices: whose sums are made in an order of the machine's own.
        for field in range(weights.shape[1]):
            above += some[:, field, None] * earned[:, field]
            below += some[:, field, None] * attainable[:, field]
        with np.errstate(invalid="ignore", divide="ignore"):
            found[start : start + stretch] = ranks(np.where(below > 0, 100 * above / below, np.nan), ties)
        between()
    return found


class Drawn(NamedTuple):
    """A unit's ranks over all draws: nine tenths are from `low` to `high`, `unchanged` are the declared one."""

    best: int
    low: int
    median: int
    high: int
    worst: int
    unchanged: int


def summed_up(drawn: Ranks, declared: Sequence[int | None]) -> Iterator[Drawn | None]:
    """By unit what its draws come to; None for a unit without a figure.

    Args:
        drawn: ranks by draw and unit.
        declared: the units' exact ranks.
    """
    last = len(drawn) - 1
    for unit, rank in enumerate(declared):
        own = np.sort(drawn[:, unit])
        if rank is None or not own[0]:
            yield None
            continue
        tail = len(own) // TAIL
        unchanged = int(np.count_nonzero(own == rank))
        yield Drawn(int(own[0]), int(own[tail]), int(own[last // 2]), int(own[last - tail]), int(own[last]), unchanged)
