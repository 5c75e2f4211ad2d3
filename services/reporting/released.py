"""A unit's figures for everybody while responses come in: its index as it stands, the breakdown as it was released.

`common.release` says why. The whole breakdown is made of cells as they were released, so its sums give nothing else
away; it is older than the index of the unit, and its points do not come to that. Where following the index would give
single answers away, the index is that of the breakdown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from services.common import index_document, release
from services.common.appraisals import AppraisalRow, LeafAppraisal
from services.common.campaign import Campaign
from services.common.index import Formula
from services.common.uncertainty import GroupError
from services.common.unit_index import GroupIndex, GroupTally, Points, UnitIndex
from services.reporting.figures import Figures
from services.reporting.suppression import (
    Hidden,
    Key,
    cell_key,
    criterion_key,
    field_key,
    group_in_field_key,
    group_key,
    leaf_key,
)


class Released(Figures):
    """Made of a unit's figures, of which it is another view.

    A breakdown that was computed is many times as large as what it was made of, and a campaign has ten thousand units:
    who needs one takes the unit `apart`, and it goes with that.
    """

    def __init__(self, figures: Figures, campaign: Campaign, formula: Formula) -> None:
        for name, value in vars(figures).items():
            if name not in ("points", "index", "hidden"):
                setattr(self, name, value)
        self._present = figures
        self._formula = formula
        self._derived = {}
        self._held = release.attributable(campaign, campaign.unit[self.unit].block)
        if self._held:
            self.pending = self._breakdown.pending
            self.points = self._breakdown.points
            del self._breakdown

    def apart(self) -> Released:
        return Released(self._present.apart(), self._campaign, self._formula)

    @cached_property
    def points(self) -> Points:
        return self._present.points

    @cached_property
    def index(self) -> Fraction | None:
        return self.points.index

    @property
    def result(self) -> UnitIndex:
        return replace(self._breakdown, points=self.points)

    @property
    def too_few(self) -> bool:
        # How a held index scatters would follow the answers one by one.
        return self._held or self._present.too_few

    def error(self, group: str) -> GroupError | None:  # noqa: ARG002
        """Nothing: it is that of the state in force, and the group's figures beside it are older."""
        return None

    @property
    def pending_in_breakdown(self) -> tuple[str, ...]:
        return self._breakdown.pending

    def field(self, code: str) -> Points:
        return self._breakdown.fields[code]

    def group(self, code: str) -> GroupIndex | None:
        return self._breakdown.groups.get(code)

    @cached_property
    def hidden(self) -> Hidden:
        """What is not shown: cells that have no release yet, and sums while a part of them has none."""
        return frozenset(self._unreleased())

    def _unreleased(self) -> Iterator[Key]:
        present = self._present.document["leaves"]
        for field in self._campaign.fields:
            for criterion in field.criteria:
                for leaf in criterion.leaves:
                    cells = self._leaves.get(leaf.code, {"groups": {}})["groups"]
                    waiting = [group for group, cell in cells.items() if cell["share"] is None]
                    answered = [group for group in waiting if _answered(present[leaf.code]["groups"][group])]
                    for group in answered:
                        yield cell_key(leaf.code, group)
                        yield group_in_field_key(group, field.code)
                        yield group_key(group)
                    if answered and len(waiting) == len(cells):
                        yield from (leaf_key(leaf.code), criterion_key(criterion.code), field_key(field.code))

    @cached_property
    def _breakdown(self) -> UnitIndex:
        """The unit's index as it follows from what is released, with the responses of the present state."""
        tallies = {group: GroupTally(0, found.shown) for group, found in self._released.items()}
        found = self._formula.compute(self.unit, tallies, self._appraised())
        groups = {code: replace(group, n=self._groups[code]["n"]) for code, group in found.groups.items()}
        return replace(found, groups=groups)

    def _appraised(self) -> AppraisalRow:
        """The appraisal in force, as far as it decides the index."""
        document = self._present.document
        leaves = {
            code: LeafAppraisal(
                points=_decimal(found["points"]) if found["state"] == "scored" else None,
                not_applicable=found["state"] == "not_applicable",
            )
            for code, found in document["leaves"].items()
            if not found["groups"] and found["state"] != "pending"
        }
        return AppraisalRow(leaves=leaves, bonus=_decimal(document["bonus"]), penalty=_decimal(document["penalty"]))

    @property
    def document(self) -> Mapping[str, Any]:
        return self._document

    @cached_property
    def _document(self) -> Mapping[str, Any]:
        found = index_document.write(self.result)
        return {**self._present.document, **found, "pending": list(self.pending)}


def _answered(cell: Mapping[str, Any]) -> bool:
    return bool(cell["answers"] + cell["no_opinion"])


def _decimal(ratio: str) -> Decimal:
    """An appraised figure, which is a decimal that ends, from the ratio it is kept as."""
    numerator, _, denominator = ratio.partition("/")
    return Decimal(numerator) / Decimal(denominator or 1)
