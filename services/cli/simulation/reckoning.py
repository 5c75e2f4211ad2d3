"""The index by plain fractions: written apart from `services.common.index`, so that each can be held to the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction

from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign, Leaf, Unit
from services.common.events import Response

Shares = Mapping[tuple[str, str, str], Fraction]
"""Unit, group, leaf → share (0-1) of the points that a group gives; only where it counts."""


def shares(campaign: Campaign, standing: Iterable[Response]) -> dict[tuple[str, str, str], Fraction]:
    """The shares that some responses give, each the one counted revision of its id."""
    given: Counter[tuple[str, str, str, str]] = Counter()
    for response in standing:
        for unit, answers in response.ratings.items():
            given.update((unit, response.group, leaf, option) for leaf, option in answers.items())
    worth: dict[tuple[str, str, str], Fraction] = {}
    answered: Counter[tuple[str, str, str]] = Counter()
    for (unit, group, leaf, code), count in given.items():
        option = next(option for option in campaign.options(campaign.leaf[leaf]) if option.code == code)
        if option.percent is not None:
            key = unit, group, leaf
            answered[key] += count
            worth[key] = worth.get(key, Fraction(0)) + count * Fraction(option.percent) / 100
    return {key: worth[key] / n for key, n in answered.items() if n >= campaign.rules.min_answers}


def indices(campaign: Campaign, given: Shares, appraisals: Mapping[str, AppraisalRow]) -> dict[str, Fraction | None]:
    """The index of every unit, in percent; None where nothing is attainable."""
    return {
        unit.code: _index(campaign, unit, given, appraisals.get(unit.code, AppraisalRow())) for unit in campaign.units
    }


def _index(campaign: Campaign, unit: Unit, given: Shares, row: AppraisalRow) -> Fraction | None:
    caps = campaign.adjustments
    earned = Fraction(min(row.bonus, caps.bonus_cap)) - Fraction(min(row.penalty, caps.penalty_cap))
    attainable = Fraction(0)
    for field in campaign.fields:
        points = {leaf.code: _points(campaign, unit, leaf, given, row) for leaf in field.leaves}
        gained = sum(value for value in points.values() if value is not None)
        possible = sum(Fraction(leaf.max_points) for leaf in field.leaves if points[leaf.code] is not None)
        if campaign.rules.not_applicable == "field" and possible:
            spared = sum(Fraction(leaf.max_points) for leaf in field.leaves if _spared(leaf, row))
            gained, possible = gained * (possible + spared) / possible, possible + spared
        earned += gained
        attainable += possible
    return 100 * earned / attainable if attainable else None


def _points(campaign: Campaign, unit: Unit, leaf: Leaf, given: Shares, row: AppraisalRow) -> Fraction | None:
    if leaf.method == "appraisal":
        said = row.leaves.get(leaf.code)
        if said is None or said.points is None or said.not_applicable:
            return None
        return Fraction(min(said.points, leaf.max_points))
    opinions = [
        (Fraction(campaign.weight(leaf, group)), given[unit.code, group, leaf.code])
        for group in campaign.raters(leaf, unit.block)
        if (unit.code, group, leaf.code) in given
    ]
    weights = sum(weight for weight, _ in opinions)
    if not weights:
        return None
    return Fraction(leaf.max_points) * sum(weight * share for weight, share in opinions) / weights


def _spared(leaf: Leaf, row: AppraisalRow) -> bool:
    return leaf.method == "appraisal" and leaf.code in row.leaves and row.leaves[leaf.code].not_applicable
