"""Two campaigns side by side: each unit of the later one with what it was in the earlier."""

from __future__ import annotations

from typing import Any

from services.common.campaign import Campaign, Unit
from services.common.campaign_difference import Difference, differences
from services.common.comparison import Measured, earlier_codes, pooled, significant, without_successor
from services.common.ranking import exact, shown
from services.reporting.figures import label
from services.reporting.rankings import View, figures, places, row, uncertainty
from services.reporting.standing import Standing
from services.reporting.turns import in_turns

Document = dict[str, Any]

ON_FIGURES = {"form", "index", "rank"}
"""Of the effects of a difference between definitions, those on figures and on what they rest on."""


def document(earlier: Standing, later: Standing, block: str) -> Document:
    """The comparison as it travels in JSON: the units of a block of the later campaign, in the order of its ranking."""
    ranked = places(later, View(block)).ranks
    units = {code: later.campaign.unit[code] for code in ranked}
    matched = {code: earlier_codes(unit, earlier.campaign.unit) for code, unit in units.items()}
    # Where units move to other blocks, the blocks of the earlier campaign from which some came are compared.
    everywhere = {unit.code: earlier_codes(unit, earlier.campaign.unit) for unit in later.campaign.units}
    blocks = {earlier.campaign.unit[code].block for codes in matched.values() for code in codes} | {block}
    gone = without_successor((unit.code for unit in earlier.campaign.units if unit.block in blocks), everywhere)
    return {
        "earlier": _campaign(earlier),
        "later": _campaign(later),
        "block": block,
        "rows": [_row(earlier, later, units[code], matched[code]) for code in in_turns(ranked)],
        "gone": [_one(earlier, code) for code in in_turns(gone)],
        "definition": [
            _difference(difference)
            for difference in differences(earlier.campaign, later.campaign)
            if difference.effect in ON_FIGURES and _concerns(difference, block)
        ],
    }


def _campaign(standing: Standing) -> Document:
    campaign = standing.campaign
    return {
        "campaign": campaign.code,
        "title": label(campaign.title),
        "version": campaign.version,
        "opens": campaign.opens.isoformat(),
        "closes": campaign.closes.isoformat(),
        "as_of": standing.as_of.document(),
    }


def _row(earlier: Standing, later: Standing, unit: Unit, codes: tuple[str, ...]) -> Document:
    after = _measured(later, unit.code)
    before = pooled([_measured(earlier, code) for code in codes]) if codes else None
    then = None if before is None else _figures(earlier.campaign, before)
    now = _figures(later.campaign, after)
    rank = row(later, View(unit.block), unit.code).rank.rank
    was = [_one(earlier, code) for code in codes]
    then_rank = was[0]["rank"] if len(was) == 1 else None
    return {
        "unit": unit.code,
        "name": label(unit.name),
        "then": None if then is None else then | {"rank": then_rank, "units": was},
        "now": now | {"rank": rank},
        "difference": None if before is None else _gained(later.campaign, before, after, then_rank, rank),
    }


def _gained(campaign: Campaign, before: Measured, after: Measured, then: int | None, now: int | None) -> Document:
    gained = None if before.index is None or after.index is None else after.index - before.index
    return {
        "index": None if gained is None else shown(gained, campaign.rules.decimals),
        "index_exact": None if gained is None else exact(gained),
        "ranks": None if then is None or now is None else then - now,
        "significant": significant(before, after),
    }


def _figures(campaign: Campaign, measured: Measured) -> Document:
    decimals = campaign.rules.decimals
    said = figures(measured.points, measured.index, decimals)
    return said | {"se": uncertainty(measured.index, measured.se, decimals)["se"]}


def _one(standing: Standing, code: str) -> Document:
    """A unit of the earlier campaign as its ranking has it."""
    unit = standing.campaign.unit[code]
    return {
        "unit": code,
        "name": label(unit.name),
        "block": unit.block,
        "rank": row(standing, View(unit.block), code).rank.rank,
        **_figures(standing.campaign, _measured(standing, code)),
    }


def _measured(standing: Standing, code: str) -> Measured:
    found = standing.units[code]
    return Measured(found.points, found.se)


def _concerns(difference: Difference, block: str) -> bool:
    """Units come and go in the rows; what concerns other blocks alone is no part of this comparison."""
    return difference.kind != "unit" and (not difference.blocks or block in difference.blocks)


def _difference(found: Difference) -> Document:
    return {
        "kind": found.kind,
        "code": found.code,
        "aspect": found.aspect,
        "before": found.before,
        "after": found.after,
        "effect": found.effect,
        "text": label(found.text),
    }
