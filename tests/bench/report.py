"""The figures as a table for people and as JSON for programs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.bench.figures import Figure, Row

WIDTH = 150


def document(machine: dict[str, Any], sizes: dict[str, Any], seconds: float, rows: Sequence[Row]) -> dict[str, Any]:
    """All that was measured, and on what."""
    return {
        "machine": machine | {"load_average_after": round(os.getloadavg()[0], 2)},
        "sizes": sizes,
        "seconds": round(seconds, 1),
        "rows": [row.document() for row in rows],
    }


def show(console: Console, machine: dict[str, Any], rows: Sequence[Row]) -> None:
    """Prints what was measured, what the limits are, and what it cost."""
    console.print()
    console.print(
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']}, "
        f"{machine['date']}; load average before {machine['load_average_before']}, "
        f"after {os.getloadavg()[0]:.2f}",
        highlight=False,
    )
    console.print(_rates(rows))
    console.print()
    for row in rows:
        limit = f". Limit: {row.limit_is}" if row.limit else ""
        console.print(f"{row.name}: {row.about}{limit}.", markup=False, highlight=False)
    console.print()
    console.print(_costs(rows))


def _rates(rows: Sequence[Row]) -> Table:
    table = _table(
        "measured", "ours/s", "spread", "p50 ms", "p99 ms", "limit", "of limit", "weekend/s", "p99 ms", "times"
    )
    for row in rows:
        low, high = (f(each.rate for each in row.ours.rounds) for f in (min, max))
        limit = "" if row.limit is None else f"{_ms(row.limit, 50)} ms" if row.latency else f"{row.limit.rate:,.0f}"
        ratio, times = row.ratio(row.limit), row.ratio(row.baseline)
        table.add_row(
            Text(row.name),
            f"{row.ours.rate:,.0f}",
            f"{low:,.0f}-{high:,.0f}",
            _ms(row.ours, 50),
            _ms(row.ours, 99),
            limit,
            "" if ratio is None else f"{ratio:.2f}",
            "" if row.baseline is None else f"{row.baseline.rate:,.4g}",
            _ms(row.baseline, 99),
            "" if times is None else f"{times:,.1f}",
        )
    return table


def _costs(rows: Sequence[Row]) -> Table:
    families = list(dict.fromkeys(family for row in rows for family in row.ours.cpu_ms()))
    table = _table("processor time, ms for one operation", *families)
    for row in rows:
        costs = row.ours.cpu_ms()
        table.add_row(Text(row.name), *(f"{costs[family]:.3f}" if family in costs else "" for family in families))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right", no_wrap=number > 0)
    return table


def _ms(figure: Figure | None, percent: int) -> str:
    found = figure.latency_ms(percent) if figure else None
    return "" if found is None else f"{found:,.1f}"
