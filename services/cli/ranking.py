"""`parindex ranking`: who stands where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli import asking

WIDE: Final = 110
NARROW: Final = {"earned", "of", "95 % interval"}
WORDS: Final = {"unit", "grade"}


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
    console.print(ranked(found["rows"], lang, console.width))
    if any(row["provisional"] for row in found["rows"]):
        console.print("* provisional: some leaves have no points yet", highlight=False)
    if any(row.get("suppressed") for row in found["rows"]):
        console.print("— hidden: too few answers", highlight=False)
    asking.print_as_of(console, found)


def ranked(rows: list[Mapping[str, Any]], lang: str, width: int) -> Table:
    """The ranking; where it is narrow the columns that say least are left out, so that names can be read."""
    left_out = NARROW if width < WIDE else set()
    if not any(row.get("interval") for row in rows):
        left_out = left_out | {"95 % interval", "95 % ranks"}
    columns: dict[str, Callable[[Mapping[str, Any]], str]] = {
        "rank": lambda row: "" if row["rank"] is None else f"{'=' if row['tied'] else ''}{row['rank']}",
        "95 % ranks": lambda row: between(row.get("rank_interval")),
        "unit": lambda row: asking.name(row["name"], lang),
        "index": figure,
        "95 % interval": lambda row: between(row.get("interval")),
        "earned": lambda row: "" if row["earned"] is None else short(row["earned"]),
        "of": lambda row: "" if row["attainable"] is None else short(row["attainable"]),
        "responses": lambda row: f"{row['n']:,}",
        "grade": lambda row: asking.name(row["band"], lang),
    }
    shown = {column: value for column, value in columns.items() if column not in left_out}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in shown:
        # Where it is narrower still the names of units give way.
        table.add_column(column, justify="left" if column in WORDS else "right", no_wrap=column != "unit")
    for row in rows:
        table.add_row(*(Text(value(row)) for value in shown.values()))
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
