"""How firm the ranks of a block are: each unit's rank by other weights, without each group, by the other rule.

Of the variations only ranks are told: a unit's index with and without a group would give away what the group said where
it must not be shown.
"""

from __future__ import annotations

import time
from collections.abc import Hashable
from typing import Any

import numpy as np

from services.common import robustness
from services.common.campaign import Campaign
from services.common.robustness import Drawn, Reckoned, Reckoning, Variation
from services.reporting.figures import Figures, label
from services.reporting.queries import Draws
from services.reporting.rankings import View, places
from services.reporting.standing import Standing
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
    reckoned = [_reckoned(standing.units[unit], reckoning, key) for unit in in_turns(ranked, STRETCH)]
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
            _row(campaign, unit, (rank, base[place]), [int(ranks[place]) or None for ranks in by_variation], found)
            for place, (unit, rank, found) in enumerate(zip(ranked, declared, in_turns(summed_up), strict=True))
        ],
    }


def _reckoned(unit: Figures, reckoning: Reckoning, key: Hashable) -> Reckoned:
    return unit.derived(key, lambda: reckoning.unit(unit.apart().document))


def _variation(variation: Variation) -> Document:
    said: Document = {"variation": variation.kind}
    if variation.group is not None:
        said["group"] = variation.group
    if variation.kind == "not_applicable":
        said["rule"] = variation.campaign.rules.not_applicable
    return said


def _row(campaign: Campaign, unit: str, ranks: Ranked, varied: list[int | None], drawn: Drawn | None) -> Document:
    rank, base = ranks
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
    }
