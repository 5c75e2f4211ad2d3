"""What an import changes, as it is shown: before → after, cell by cell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from services.cli.appraisal_cells import written
from services.cli.appraisal_plan import Step, Value
from services.common.appraisals import LeafAppraisal
from services.common.events import leaf_document

Document = dict[str, Any]


def step_document(step: Step) -> Document:
    """A change as JSON data."""
    return {
        "cell": step.place.cell("points"),
        "unit": step.unit,
        "leaf": step.what,
        "before": _document(step.before),
        "after": _document(step.after),
    }


def changes_table(found: Iterable[Step]) -> Table:
    """Changes, one a row."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("cell", "unit", "leaf", "before", "after"):
        table.add_column(column, no_wrap=column in {"cell", "unit", "leaf"}, overflow="fold")
    for step in found:
        cells = step.place.cell("points"), step.unit, step.what, _words(step.before), _words(step.after)
        table.add_row(*(Text("".join(c if c.isprintable() else " " for c in cell)) for cell in cells))
    return table


def _document(value: Value) -> Document | None:
    match value:
        case None:
            return None
        case LeafAppraisal():
            return leaf_document(value)
        case (points, note):
            return {"points": format(points, "f")} | ({} if note is None else {"note": note})


def _words(value: Value) -> str:
    match value:
        case None:
            return "—"
        case (points, note):
            return " · ".join(filter(None, (format(points, "f"), note)))
        case leaf:
            said = "not applicable" if leaf.not_applicable else "" if leaf.points is None else format(leaf.points, "f")
            claimed = "" if leaf.self_points is None else f"(self {leaf.self_points:f})"
            proof = written(leaf.evidence).replace("\n", ", ")
            return " · ".join(filter(None, (" ".join(filter(None, (said, claimed))), leaf.note, proof)))
