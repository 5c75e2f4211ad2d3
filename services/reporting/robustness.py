"""How firm the ranks of a block are: each unit's rank by other weights, without each group, by the other rule.

Whoever chooses the draws, or has ten thousand units to compare with, gets from ranks alone what a unit comes to in
them. So ranks rest on nothing that is not shown. Of a unit of which something is hidden, the hidden fields share what
it has beside the fields that are shown; by variations it has no rank, and to the others it stands there with its index.
"""

from __future__ import annotations

import time
from collections.abc import Hashable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from services.common import robustness
from services.common.campaign import Campaign
from services.common.robustness import Drawn, Reckoned, Reckoning, Variation
from services.common.unit_index import Points
from services.reporting.figures import Figures, label
from services.reporting.queries import Draws
from services.reporting.rankings import View, places
from services.reporting.standing import Standing
from services.reporting.suppression import field_key
from services.reporting.turns import in_turns

Document = dict[str, Any]
Ranked = tuple[int | None, int | None]
"""The rank in force, and the one from which variations and draws depart."""

STRETCH = 25
"""Units in a row: some 20 ms, for all of a unit's figures are read."""


def document(standing: Standing, asked: Draws) -> Document:
    """The robustness of a block's ranks as it travels in JSON."""
    campaign = standing.campaign
    ranked = places(standing, View(asked.block)).ranks
    varied = robustness.variations(campaign, asked.block)
    reckoning = Reckoning(campaign, asked.block, varied)
    key = ("robustness", campaign.version)
    # Unchanged units are handed on from state to state, and with them what they come to.
    told = [_told(standing, unit, reckoning, key) for unit in in_turns(ranked, STRETCH)]
    reckoned = [one.reckoned for one in told]
    declared = [rank.rank for rank in ranked.values()]
    ties = campaign.rules.ties
    indices = np.array([unit.indices for unit in reckoned])
    # What was released comes to ranks of its own, older than those in force: only from these a variation moves a unit.
    of_released = [int(rank) or None for rank in robustness.ranks(indices[:, 0], ties)]
    base = of_released if standing.of_releases else declared
    by_variation = [robustness.ranks(indices[:, place], ties) for place in range(1, len(varied))]
    weights = robustness.factors(asked.seed, asked.draws, len(campaign.fields))
    drawn = robustness.drawn(reckoned, weights, ties, lambda: time.sleep(0))
    summed_up = robustness.summed_up(drawn, base)
    return {
        "campaign": campaign.code,
        "version": campaign.version,
        "block": asked.block,
        "as_of": standing.as_of.document(),
        **({"released": True} if standing.of_releases else {}),
        "draws": asked.draws,
        "seed": asked.seed,
        "variations": [_variation(variation) for variation in varied[1:]],
        "rows": [
            _row(
                campaign,
                unit,
                (rank, base[place]),
                [int(ranks[place]) or None for ranks in by_variation],
                found,
                whole=one.whole,
            )
            for place, (unit, rank, found, one) in enumerate(
                zip(ranked, declared, in_turns(summed_up), told, strict=True)
            )
        ],
    }


class _Told(NamedTuple):
    """What a unit comes to as far as it may be told, and whether that is all of it."""

    reckoned: Reckoned
    whole: bool


def _told(standing: Standing, unit: str, reckoning: Reckoning, key: Hashable) -> _Told:
    figures = standing.units[unit]

    def make() -> _Told:
        apart = figures.apart()
        found = reckoning.unit(apart.document)
        # A breakdown as it was released is made of shown cells alone.
        whole = standing.of_releases or not apart.hidden
        return _Told(found if whole else _as_shown(standing.campaign, apart, found), whole)

    return figures.derived(key, make)


def _as_shown(campaign: Campaign, unit: Figures, found: Reckoned) -> Reckoned:
    """What follows from the figures of a unit that are shown; hidden fields share the rest by their maxima."""
    adjusted = Fraction(unit.document["bonus"]) - Fraction(unit.document["penalty"])
    hidden = [field for field in campaign.fields if field_key(field.code) in unit.hidden]
    shown = {field.code: unit.field(field.code) for field in campaign.fields if field not in hidden}
    rest = sum(shown.values(), Points())
    maxima = {field.code: sum(Fraction(leaf.max_points) for leaf in field.leaves) for field in hidden}
    parts = {
        code: Points(
            (unit.points.earned - adjusted - rest.earned) * maximum / sum(maxima.values()),
            (unit.points.attainable - rest.attainable) * maximum / sum(maxima.values()),
        )
        for code, maximum in maxima.items()
    }
    points = [(shown | parts)[field.code] for field in campaign.fields]
    index = float("nan") if unit.index is None else float(unit.index)
    return Reckoned(
        np.full_like(found.indices, index),
        np.array([float(each.earned) for each in points]),
        np.array([float(each.attainable) for each in points]),
        float(adjusted),
    )


def _variation(variation: Variation) -> Document:
    said: Document = {"variation": variation.kind}
    if variation.group is not None:
        said["group"] = variation.group
    if variation.kind == "not_applicable":
        said["rule"] = variation.campaign.rules.not_applicable
    return said


def _row(
    campaign: Campaign, unit: str, ranks: Ranked, varied: list[int | None], drawn: Drawn | None, *, whole: bool
) -> Document:
    rank, base = ranks
    varied = varied if whole else [None for _ in varied]
    of_draws = () if drawn is None else (drawn.best, drawn.worst)
    known = [found for found in (rank, base, *varied, *of_draws) if found is not None]
    return {
        "unit": unit,
        "name": label(campaign.unit[unit].name),
        "rank": rank,
        "base": base,
        "best": min(known, default=None),
        "worst": max(known, default=None),
        "variations": varied,
        "draws": None if drawn is None else drawn._asdict(),
        **({} if whole else {"suppressed": True}),
    }
