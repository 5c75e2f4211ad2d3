"""docs/method.md: every example gives what the page says, by the code that scoring and reporting run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from surveys import FIVE, appraised, asked, rater, scale, survey

from services.common.appraisals import AppraisalRow, LeafAppraisal
from services.common.campaign import Band, Campaign, Leaf, Quota, Rules, Text
from services.common.contribution import Contribution
from services.common.index import Formula
from services.common.rank_intervals import Estimate, rank_intervals
from services.common.ranking import band, ranks, shown
from services.common.uncertainty import SamplingErrors, interval
from services.common.unit_index import GroupTally, Moments, UnitIndex

Example = dict[str, Any]

PAGE = (Path(__file__).parents[2] / "docs" / "method.md").read_text(encoding="utf-8")
BLOCKS: dict[str, str] = dict(re.findall(r"^```yaml\n# (.+)\n((?:.*\n)+?)```$", PAGE, re.MULTILINE))
# The base loader leaves every number a text, so that none is rounded on the way.
EXAMPLES: dict[str, Example] = {name: yaml.load(text, yaml.BaseLoader) for name, text in BLOCKS.items()}  # noqa: S506
UNIT = "u1"


def examples(kind: str) -> list[str]:
    return [name for name, example in EXAMPLES.items() if kind in example]


def rules(example: Example) -> Rules:
    given = example.get("rules", {})
    return Rules(**{name: int(value) if value.isdecimal() else value for name, value in given.items()})


def leaf(code: str, given: Mapping[str, Any]) -> Leaf:
    if "appraised" in given:
        return appraised(code, given["max"])
    return asked(code, given["max"], *given["answers"], **given.get("weights", {}))


def campaign(example: Example) -> Campaign:
    weights = example.get("weights", {})
    groups = dict.fromkeys(group for _, given in leaves(example) for group in given.get("answers", ()))
    percents = {
        "none" if code == "N" else code: None if percent in {None, "null"} else percent
        for code, percent in example.get("scale", FIVE).items()
    }
    caps = example.get("caps", {})
    whole = {group: Quota("unit", int(forms), "population") for group, forms in example.get("population", {}).items()}
    return survey(
        *(tuple(leaf(code, given) for code, given in field.items()) for field in example["fields"].values()),
        units={UNIT: "b1"},
        groups=tuple(
            replace(rater(group, "b1", weight=weights.get(group, "1")), quota=whole.get(group)) for group in groups
        ),
        scales=(scale("five", percents),),
        adjustments=(caps.get("bonus", "0"), caps.get("penalty", "0")),
        rules=rules(example),
    )


def leaves(example: Example) -> list[tuple[str, Mapping[str, Any]]]:
    return [(code, given) for field in example["fields"].values() for code, given in field.items()]


def computed(example: Example, campaign: Campaign) -> UnitIndex:
    counts = {group: [0] * len(layout) for group, layout in campaign.layout.items()}
    row = {}
    for code, given in leaves(example):
        for group, answers in given.get("answers", {}).items():
            for option, times in answers.items():
                counts[group][campaign.place[group][code][option]] += int(times)
        said = given.get("appraised", "pending")
        if said != "pending":
            row[code] = LeafAppraisal(not_applicable=True) if said == "not applicable" else LeafAppraisal(Decimal(said))
    tallies = {
        group: GroupTally(0, tuple(values), moments(campaign, group, values)) for group, values in counts.items()
    }
    adjustments = Decimal(example.get("bonus", "0")), Decimal(example.get("penalty", "0"))
    return Formula(campaign).compute(UNIT, tallies, AppraisalRow(1, row, *adjustments))


def moments(campaign: Campaign, group: str, counts: list[int]) -> Moments:
    """As if every answer were a response of its own: right where a group is asked one question."""
    contribution = Contribution(campaign)
    answers = zip(campaign.layout[group], counts, strict=True)
    xs = [contribution.of(group, UNIT, {leaf: option}) for (leaf, option), times in answers for _ in range(times)]
    return Moments(sum(x is not None for x in xs), sum(x or 0 for x in xs), sum((x or 0) ** 2 for x in xs))


def said(campaign: Campaign, found: UnitIndex, example: Example) -> dict[str, Any]:
    """All that an example may say of a unit; its figures in the page's own form."""
    fields = zip(example["fields"], found.fields.values(), strict=True)
    se = SamplingErrors(campaign).of(UNIT, found).se
    limits = None if se is None or found.index is None else interval(found.index, se)
    return {
        "shares": {
            code: {group: share.share for group, share in leaf.groups.items() if share.share is not None}
            for code, leaf in found.leaves.items()
            if leaf.groups
        },
        "points": {code: leaf.points for code, leaf in found.leaves.items() if leaf.points is not None},
        "earned": found.points.earned,
        "attainable": found.points.attainable,
        "pending": list(found.pending),
        "fields": {name: as_shown(campaign, points.index) for name, points in fields},
        "groups": {group: as_shown(campaign, index.points.index) for group, index in found.groups.items()},
        "index": as_shown(campaign, found.index),
        "se": None if se is None else as_shown(campaign, Fraction(se)),
        "interval": None if limits is None else [as_shown(campaign, Fraction(limit)) for limit in limits],
    }


def as_shown(campaign: Campaign, index: Fraction | None) -> str | None:
    return None if index is None else shown(index, campaign.rules.decimals)


def as_written(name: str, value: Any) -> Any:  # noqa: ANN401 - a tree of YAML
    """What the page says: exact figures as ratios, those that are shown as their digits."""
    if isinstance(value, dict):
        return {key: as_written(name, part) for key, part in value.items()}
    return Fraction(value) if name in {"shares", "points", "earned", "attainable"} else value


@pytest.mark.parametrize("name", examples("fields"))
def test_an_example_of_an_index_gives_what_the_page_says(name: str) -> None:
    example = EXAMPLES[name]
    asked_of = campaign(example)

    found = said(asked_of, computed(example, asked_of), example)

    expected = {key: as_written(key, value) for key, value in example["gives"].items()}
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize("name", examples("indices"))
def test_an_example_of_a_ranking_gives_what_the_page_says(name: str) -> None:
    example = EXAMPLES[name]
    indices = {unit: None if index == "null" else Fraction(index) for unit, index in example["indices"].items()}
    bands = [Band(Decimal(floor), Text(vi)) for vi, floor in example.get("bands", {}).items()]

    found = ranks(indices, rules(example).ties)

    assert {unit: str(rank.rank or "null") for unit, rank in found.items()} == example["gives"]["ranks"]
    if "se" in example:
        errors = {unit: None if se == "null" else float(se) for unit, se in example["se"].items()}
        estimates = [Estimate(float(index), errors[unit]) for unit, index in indices.items() if index is not None]
        said = [list(map(str, limits)) if limits else "null" for limits in rank_intervals(estimates)]
        assert dict(zip(indices, said, strict=True)) == example["gives"]["rank_intervals"]
    if bands:
        grades = {unit: band(index, bands) for unit, index in indices.items()}
        names = {unit: "null" if grade is None else grade.name.vi for unit, grade in grades.items()}
        assert names == example["gives"]["bands"]


def test_the_page_has_an_example_of_every_rule() -> None:
    used = [
        (rule, value)
        for example in EXAMPLES.values()
        for rule, value in [
            *example.get("rules", {}).items(),
            *((key, "") for key in ("weights", "caps", "scale", "population")),
        ]
        if rule in example or rule in example.get("rules", {})
    ]
    for needed in (
        ("not_applicable", "index"),
        ("not_applicable", "field"),
        ("ties", "shared"),
        ("ties", "dense"),
        ("min_answers", "5"),
        ("weights", ""),
        ("caps", ""),
        ("population", ""),
        ("scale", ""),
    ):
        assert needed in used


def test_every_block_of_the_page_is_an_example_that_is_tried() -> None:
    assert PAGE.count("```yaml") == len(BLOCKS) == len(examples("fields")) + len(examples("indices"))
