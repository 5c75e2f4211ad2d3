"""Small published surveys for the tests of the index and of counting, and a computation of it that shares no code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from math import floor

from services.common.appraisals import AppraisalRow
from services.common.campaign import (
    Adjustments,
    Block,
    Campaign,
    Criterion,
    Field,
    Group,
    Leaf,
    Option,
    Rules,
    Scale,
    Text,
    Unit,
)
from services.common.campaign_versions import extended_layout
from services.common.unit_index import Moments

HANOI = timezone(timedelta(hours=7))
FIVE = {"A": "100", "B": "75", "C": "50", "D": "25", "E": "0", "N": None}


def scale(code: str, percents: Mapping[str, str | None]) -> Scale:
    return Scale(
        code,
        tuple(
            Option(option, Text(option), None if percent is None else Decimal(percent))
            for option, percent in percents.items()
        ),
    )


def asked(code: str, max_points: str, *groups: str, scale: str = "five", **weights: str) -> Leaf:
    """A survey leaf."""
    exact = {group: Decimal(weight) for group, weight in weights.items()}
    return Leaf(code, Text(code), Decimal(max_points), "survey", scale=scale, groups=groups, weights=exact)


def appraised(code: str, max_points: str) -> Leaf:
    return Leaf(code, Text(code), Decimal(max_points), "appraisal")


def survey(
    *fields: tuple[Leaf, ...],
    units: Mapping[str, str] | None = None,
    groups: tuple[Group, ...] | None = None,
    scales: tuple[Scale, ...] = (scale("five", FIVE),),
    adjustments: tuple[str, str] = ("0", "0"),
    rules: Rules = Rules(),  # noqa: B008 (frozen)
    code: str = "survey",
) -> Campaign:
    """A campaign as published, version 1: one criterion a field, two groups that rate the one block by default."""
    units = {"u1": "b1"} if units is None else units
    groups = (rater("g1", "b1"), rater("g2", "b1")) if groups is None else groups
    return published(
        Campaign(
            code=code,
            title=Text(code),
            opens=datetime(2022, 11, 1, tzinfo=HANOI),
            closes=datetime(2022, 12, 1, tzinfo=HANOI),
            blocks=tuple(Block(block, Text(block)) for block in dict.fromkeys(units.values())),
            units=tuple(Unit(unit, Text(unit), block) for unit, block in units.items()),
            groups=groups,
            scales=scales,
            fields=tuple(
                Field(f"f{number}", Text("f"), (Criterion(f"c{number}", Text("c"), leaves),))
                for number, leaves in enumerate(fields, 1)
            ),
            adjustments=Adjustments(*map(Decimal, adjustments)),
            rules=rules,
        )
    )


def rater(code: str, *blocks: str, weight: str = "1") -> Group:
    return Group(code, Text(code), blocks, Decimal(weight))


def published(campaign: Campaign, before: Campaign | None = None) -> Campaign:
    """The next version, with its layout."""
    version, layout = (before.version, before.layout) if before else (0, {})
    return replace(campaign, version=version + 1, layout=extended_layout(campaign, layout))


Answers = Mapping[tuple[str, str, str], int]
"""How often a group gave an option for a leaf: (group, leaf, option) → n."""


def plain_index(
    campaign: Campaign, unit: str, answers: Answers, appraisal: AppraisalRow
) -> tuple[Fraction, Fraction, dict[str, Fraction | str]]:
    """The index of a unit by the page's formula, step by step: earned, attainable, and by leaf points or state."""
    block = campaign.unit[unit].block
    found: dict[str, Fraction | str] = {}
    earned = attainable = Fraction(0)
    for field in campaign.fields:
        field_earned, field_attainable, left_out = Fraction(0), Fraction(0), Fraction(0)
        for leaf in field.leaves:
            if leaf.method == "survey":
                said = plain_survey(campaign, leaf, block, answers)
            else:
                given = appraisal.leaves.get(leaf.code)
                if given is not None and given.not_applicable:
                    said = "not_applicable"
                elif given is None or given.points is None:
                    said = "pending"
                else:
                    said = min(Fraction(given.points), Fraction(leaf.max_points))
            if said is None:
                continue
            found[leaf.code] = said
            if said == "not_applicable":
                left_out += Fraction(leaf.max_points)
            elif isinstance(said, Fraction):
                field_earned += said
                field_attainable += Fraction(leaf.max_points)
        if campaign.rules.not_applicable == "field" and field_attainable:
            factor = 1 + left_out / field_attainable
            field_earned, field_attainable = field_earned * factor, field_attainable * factor
        earned += field_earned
        attainable += field_attainable
    earned += min(Fraction(appraisal.bonus), Fraction(campaign.adjustments.bonus_cap))
    earned -= min(Fraction(appraisal.penalty), Fraction(campaign.adjustments.penalty_cap))
    return earned, attainable, found


def plain_survey(campaign: Campaign, leaf: Leaf, block: str, answers: Answers) -> Fraction | str | None:
    """The points of a survey leaf, "pending", or None where nobody is asked."""
    asked_groups = [group for group in campaign.groups if group.code in leaf.groups and block in group.rates]
    if not asked_groups:
        return None
    percents = {
        option.code: Fraction(option.percent)
        for scale in campaign.scales
        if scale.code == leaf.scale
        for option in scale.options
        if option.percent is not None
    }
    weighted = weights = Fraction(0)
    for group in asked_groups:
        n = sum(answers.get((group.code, leaf.code, option), 0) for option in percents)
        if n < campaign.rules.min_answers:
            continue
        got = sum(answers.get((group.code, leaf.code, option), 0) * percent for option, percent in percents.items())
        weight = Fraction(leaf.weights.get(group.code, group.weight))
        weighted += weight * Fraction(got) / (100 * n)
        weights += weight
    return Fraction(leaf.max_points) * weighted / weights if weights else "pending"


def plain_contribution(campaign: Campaign, group: str, block: str, answers: Mapping[str, str]) -> int | None:
    """What one response adds to a unit's survey points, by the page's formula, in 1/10,000 point."""

    def part(leaf: Leaf) -> Fraction:
        weights = {
            each.code: Fraction(leaf.weights.get(each.code, each.weight))
            for each in campaign.groups
            if each.code in leaf.groups and block in each.rates
        }
        return Fraction(leaf.max_points) * weights[group] / sum(weights.values())

    percents = {
        (leaf.code, option.code): option.percent
        for leaf in campaign.leaves
        for scale in campaign.scales
        if scale.code == leaf.scale
        for option in scale.options
    }
    asked_leaves = [leaf for leaf in campaign.leaves if group in leaf.groups]
    opinions = [
        (leaf, Fraction(percent))
        for leaf in asked_leaves
        if leaf.code in answers and (percent := percents[leaf.code, answers[leaf.code]]) is not None
    ]
    if not opinions:
        return None
    x = sum((part(leaf) * percent / 100 for leaf, percent in opinions), start=Fraction(0))
    scaled = x * sum(map(part, asked_leaves)) / sum(part(leaf) for leaf, _ in opinions)
    return floor(10_000 * scaled + Fraction(1, 2))


def plain_moments(campaign: Campaign, group: str, block: str, said: Iterable[Mapping[str, str]]) -> Moments:
    """The moments of what a group's responses say of a unit, each by leaf and option, by the page's formula."""
    found = [plain_contribution(campaign, group, block, answers) for answers in said]
    opinions = [x for x in found if x is not None]
    return Moments(len(opinions), sum(opinions), sum(x * x for x in opinions))
