"""The council's points in force as tables: one for each block, and one of bonus and penalty."""

from __future__ import annotations

from collections.abc import Sequence

from services.reporting.exports.headings import NOTES
from services.reporting.exports.making import Contents, Making, without
from services.reporting.exports.table import Record

PARTS = ("leaves", "adjustments")
APPRAISED = (
    *("block", "unit", "unit_name", "leaf", "leaf_name", "max_points", "self_points", "points", "not_applicable"),
    *("note", "evidence"),
)
ADJUSTED = ("block", "unit", "unit_name", "bonus", "penalty")


def appraisals(making: Making) -> Contents:
    (document,) = making.documents

    def of_block(block: str) -> list[tuple[Record, Record]]:
        found = [unit for unit in document["units"] if unit["block"] == block]
        return [(u, {"block": block, "unit": u["unit"], "unit_name": u["name"]}) for u in found]

    leaves = [
        making.table(
            "leaves",
            name,
            APPRAISED,
            (
                {**head, **without(leaf, "name"), "leaf_name": leaf["name"], "evidence": _links(leaf["evidence"])}
                for unit, head in of_block(block)
                for leaf in unit["leaves"]
            ),
        )
        for block, name in making.blocks.items()
    ]
    adjusted = (
        {**head, "bonus": unit["bonus"], "penalty": unit["penalty"]}
        for block in making.blocks
        for unit, head in of_block(block)
    )
    title = {"vi": "Điểm thưởng, điểm trừ", "en": "Bonus and penalty"}
    tables = [*leaves, making.table("adjustments", title, ADJUSTED, adjusted)]
    return Contents({"vi": "Kết quả thẩm định", "en": "Appraisals"}, tables, NOTES)


def _links(evidence: Sequence[Record]) -> str:
    """Links in one cell, a line for each."""
    return "\n".join(" ".join(filter(None, (link.get("title"), link.get("url")))) for link in evidence)
