"""`parindex ranking`: who stands where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli import asking


@click.command(epilog=asking.EXITS)
@click.argument("campaign", type=asking.CODES)
@click.option("--block", type=asking.CODES, help="Whose units; needed where the campaign has several blocks.")
@click.option("--field", type=asking.CODES, help="Rank by the sub-index of this field.")
@click.option("--group", type=asking.CODES, help="Rank by what this group's answers alone make of the units.")
@asking.language
@asking.source
def ranking(
    *,
    campaign: str,
    block: str | None,
    field: str | None,
    group: str | None,
    lang: str,
    reporting: str | None,
    token: str | None,
    as_json: bool,
) -> None:
    """Show the ranking of CAMPAIGN as it stands now."""
    found = asking.ask(reporting, token, f"campaigns/{campaign}/rankings", block=block, field=field, group=group)
    if as_json:
        asking.print_json(found)
        return
    console = Console()
    console.print(_table(found["rows"], lang))
    if any(row["provisional"] for row in found["rows"]):
        console.print("* provisional: some leaves have no points yet", highlight=False)
    if any(row.get("suppressed") for row in found["rows"]):
        console.print("— hidden: too few answers", highlight=False)
    asking.print_as_of(console, found)


def _table(rows: list[Mapping[str, Any]], lang: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    intervals = any(row.get("interval") for row in rows)
    places = any(row.get("rank_interval") for row in rows)
    columns = ["rank", *(["95 % ranks"] if places else []), "unit", "index", *(["95 % interval"] if intervals else [])]
    for column in (*columns, "earned", "of", "responses", "grade"):
        left = column in {"unit", "grade"}
        # Where it is narrow the names of units give way.
        table.add_column(column, justify="left" if left else "right", no_wrap=column != "unit")
    for row in rows:
        table.add_row(
            "" if row["rank"] is None else f"{'=' if row['tied'] else ''}{row['rank']}",
            *([between(row.get("rank_interval"))] if places else []),
            Text(asking.name(row["name"], lang)),
            figure(row),
            *([between(row.get("interval"))] if intervals else []),
            row["earned"] if row["earned"] is None else short(row["earned"]),
            row["attainable"] if row["attainable"] is None else short(row["attainable"]),
            f"{row['n']:,}",
            Text(asking.name(row["band"], lang)),
        )
    return table


def figure(row: Mapping[str, Any]) -> str:
    """An index for a table: a dash where it is hidden, a star where something is pending."""
    if row.get("suppressed"):
        return "—"
    return (row["index"] or "") + ("*" if row.get("provisional") else "")


def between(pair: list[object] | None) -> str:
    """An interval."""
    return "" if pair is None else f"{pair[0]} to {pair[1]}"


def short(points: str) -> str:
    """Exact points cut to four decimals for a table, with a sign that more follow."""
    whole, _, decimals = points.partition(".")
    places = 4
    return points if len(decimals) <= places else f"{whole}.{decimals[:places]}…"
