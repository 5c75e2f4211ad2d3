"""`parindex participation`: who has answered so far, and what to look after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli import asking

Document = Mapping[str, Any]
SHOWN_CELLS = 10


@click.command(epilog=asking.EXITS)
@click.argument("campaign", type=asking.CODES)
@click.option("--days", is_flag=True, help="Show what came in day by day as well.")
@asking.language
@asking.source
def participation(
    *, campaign: str, days: bool, lang: str, reporting: str | None, token: str | None, as_json: bool
) -> None:
    """Show the forms of CAMPAIGN against its quota, how they are filled in, and what passes a threshold."""
    found = asking.ask(reporting, token, f"campaigns/{campaign}/participation")
    if as_json:
        asking.print_json(found)
        return
    console = Console()
    console.print(_groups(found, lang))
    console.print(_blocks(found, lang))
    if days:
        console.print(_days(found))
    _print_line(console, "Channels", found["activity"]["channels"])
    _print_line(console, "Rejected", found["activity"]["rejected"])
    missing = found["missing"]
    if missing["cells"]:
        some = (f"{cell['unit']}/{cell['group']} ({cell['n']})" for cell in missing["listed"][:SHOWN_CELLS])
        more = " …" if missing["cells"] > SHOWN_CELLS else ""
        line = f"{missing['cells']:,} cells with fewer than {missing['below']} forms: {', '.join(some)}{more}"
        console.print(line, markup=False, highlight=False)
    for warning in found["warnings"]:
        where = " ".join(warning["where"].values())
        line = f"! {where}: {asking.name(warning['detail'], lang)} (from {warning['limit']} %)"
        console.print(line, markup=False, highlight=False, style="yellow")
    asking.print_as_of(console, found)


def _groups(found: Document, lang: str) -> Table:
    table = _table("group", "", "forms", "of", "%", "no opinion %", "straight %")
    filled = {group["group"]: group for group in found["quality"] or ()}
    for group in found["groups"]:
        quality = filled.get(group["group"], {})
        table.add_row(
            group["group"],
            Text(asking.name(group["name"], lang)),
            f"{group['counted']:,}",
            "" if group["required"] is None else f"{group['required']:,}",
            group["share"] or "",
            quality.get("no_opinion") or "",
            "—" if quality.get("suppressed") else quality.get("straight_lining") or "",
        )
    return table


def _blocks(found: Document, lang: str) -> Table:
    table = _table("block", "", "group", "ratings", "of", "%", "units", "too few")
    for block in found["blocks"]:
        for group in block["groups"]:
            table.add_row(
                block["block"],
                Text(asking.name(block["name"], lang)),
                group["group"],
                f"{group['n']:,}",
                "" if group["required"] is None else f"{group['required']:,}",
                group["share"] or "",
                f"{group['cells']:,}",
                f"{group['missing']:,}",
            )
    return table


def _days(found: Document) -> Table:
    effects = ("submitted", "edited", "withdrawn", "duplicate", "superseded", "conflict")
    table = _table("day", *effects)
    for day in found["activity"]["days"]:
        table.add_row(day["day"], *(f"{day[effect]:,}" for effect in effects))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="left" if column in {"group", "block", "day", ""} else "right")
    return table


def _print_line(console: Console, called: str, counts: Mapping[str, int]) -> None:
    said = ", ".join(f"{name} {n:,}" for name, n in counts.items() if n)
    if said:
        console.print(f"{called}: {said}", markup=False, highlight=False)
