"""The figures as JSON for programs and as tables at a terminal."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench import tables
from tests.bench.figures import Row
from tests.bench.parts import PARTS
from tests.bench.targets import judged

WIDTH = 190


def document(
    machine: Mapping[str, Any],
    sizes: Mapping[str, Any],
    seconds: float,
    measured: Mapping[str, Sequence[Row]],
    before: Mapping[str, Any],
    *,
    storage: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """All that was measured, and on what.

    Args:
        machine: what it was measured on.
        sizes: how much of it.
        seconds: how long that took.
        measured: what was measured now, by part.
        before: the document of an earlier run; of the same sizes, it gives the parts that were not measured now.
        storage: bytes of a response, by where they are.
    """
    now = [{"part": part, "date": machine["date"], **row.document()} for part, rows in measured.items() for row in rows]
    comparable = before.get("sizes") == json.loads(json.dumps(sizes))
    kept = [row for row in before.get("rows", ()) if row["part"] not in measured] if comparable else []
    order = list(PARTS)
    rows = sorted([*now, *kept], key=lambda row: order.index(row["part"]))
    return {
        "machine": {**machine, "load_average_after": round(os.getloadavg()[0], 2)},
        "sizes": dict(sizes),
        "seconds": round(seconds, 1),
        "rows": rows,
        "targets": list(judged(rows)),
        "storage": storage or (before.get("storage", {}) if comparable else {}),
    }


def show(console: Console, found: Mapping[str, Any]) -> None:
    """Prints what was measured, what the limits are, what it cost, and what was reached."""
    machine = found["machine"]
    console.print(
        f"\n{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']}, "
        f"{machine['date']}; load average before {machine['load_average_before']}, "
        f"after {machine['load_average_after']}",
        highlight=False,
    )
    console.print(shown(tables.rates(found)))
    console.print()
    for row in found["rows"]:
        limit = f". Limit: {row['limit_is']}" if "limit" in row else ""
        earlier = f" ({row['date']})" if row["date"] != machine["date"] else ""
        console.print(f"{row['name']}{earlier}: {row['about']}{limit}.", markup=False, highlight=False)
    for table in (tables.costs(found), tables.memory(found), tables.targets(found)):
        if table:
            console.print()
            console.print(shown(table))


def shown(table: tables.Table) -> Table:
    """A table for a terminal."""
    found = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(table.head):
        found.add_column(column, justify="left" if number == 0 else "right", no_wrap=number > 0)
    for cells in table.body:
        found.add_row(*(cell.replace("*", "") for cell in cells))
    return found
