"""A survey of every commune of the country, as large as wanted: one block, five groups, the example's questions."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from services.common import campaign_schema, index_document
from services.common.appraisals import AppraisalRow, LeafAppraisal
from services.common.campaign import Block, Campaign, Group, Leaf, Rules, Text, Unit
from services.common.campaign_versions import extended_layout
from services.common.index import Formula
from services.common.uncertainty import SamplingErrors
from services.common.unit_index import GroupTally, Moments

EXAMPLE = Path(__file__).parents[1] / "examples" / "hanoi-2022.yaml"
COMMUNES = 10_600
"""About as many as the country had in 2022."""
DIFFERENT = 500
"""Results are computed for so many units; the others repeat them."""

Document = dict[str, Any]


def campaign(units: int = COMMUNES) -> Campaign:
    """Version 1 of it, with the layout that its publication would give it."""
    example = campaign_schema.parse(EXAMPLE.read_bytes())
    groups = tuple(Group(group.code, group.name, ("communes",)) for group in example.groups)
    codes = tuple(group.code for group in groups)

    def asked(leaf: Leaf) -> Leaf:
        return dataclasses.replace(leaf, groups=codes, weights={}) if leaf.method == "survey" else leaf

    fields = tuple(
        dataclasses.replace(
            field,
            criteria=tuple(
                dataclasses.replace(criterion, leaves=tuple(asked(leaf) for leaf in criterion.leaves))
                for criterion in field.criteria
            ),
        )
        for field in example.fields
    )
    made = dataclasses.replace(
        example,
        code="communes",
        blocks=(Block("communes", Text("Xã, phường, thị trấn")),),
        units=tuple(Unit(f"c{number:05}", Text(f"Xã số {number}"), "communes") for number in range(units)),
        groups=groups,
        fields=fields,
        rules=Rules(live="public"),
        version=1,
    )
    return dataclasses.replace(made, layout=extended_layout(made, {}))


def moments(n: int, chance: Random) -> Moments:
    """Of so many responses, each of some points."""
    xs = [chance.randrange(80_000) for _ in range(n)]
    return Moments(n, sum(xs), sum(x * x for x in xs))


def index_documents(made: Campaign, state: int, answers: int = 60) -> Iterator[Document]:
    """Every unit's document of `indices`: some hundred different results, each of so many answers or fewer a group."""
    chance = Random(2022)  # noqa: S311 (figures, not secrets)
    formula, errors = Formula(made), SamplingErrors(made)
    results = []
    for unit in made.units[:DIFFERENT]:
        tallies = {
            group: GroupTally(answers, [chance.randrange(answers // 4 + 1) for _ in places], moments(answers, chance))
            for group, places in made.layout.items()
        }
        points = {
            leaf.code: LeafAppraisal(Decimal(chance.randrange(int(100 * leaf.max_points) + 1)) / 100)
            for leaf in made.leaves
            if leaf.method == "appraisal" and chance.random() < 0.9
        }
        found = formula.compute(unit.code, tallies, AppraisalRow(1, points))
        results.append(index_document.write(found) | errors.of(unit.code, found).document())
    for number, unit in enumerate(made.units):
        yield {
            "_id": {"campaign": made.code, "unit": unit.code},
            "campaign": made.code,
            "unit": unit.code,
            "block": unit.block,
            "version": made.version,
            "state": state,
            **results[number % len(results)],
        }
