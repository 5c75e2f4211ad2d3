"""`parindex unit`: one unit down to its leaves, and where it lost points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Literal, get_args

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli import asking
from services.cli.ranking import between, figure, short

Depth = Literal["field", "criterion", "leaf", "group"]
Line = tuple[int, Mapping[str, Any], str]
"""Level from 0, what stands there, its code."""


@click.command(epilog=asking.EXITS)
@click.argument("campaign", type=asking.CODES)
@click.argument("unit", type=asking.CODES)
@click.option(
    "--depth", type=click.Choice(get_args(Depth)), default="criterion", show_default=True, help="How far down to go."
)
@asking.language
@asking.source
def unit(
    *, campaign: str, unit: str, depth: Depth, lang: str, reporting: str | None, token: str | None, as_json: bool
) -> None:
    """Show how UNIT of CAMPAIGN stands: by field, criterion, leaf and group, with the points it lost."""
    found = asking.ask(reporting, token, f"campaigns/{campaign}/units/{unit}")
    if as_json:
        asking.print_json(found)
        return
    console = Console()
    place = "no rank" if found["rank"] is None else f"rank {'=' if found['tied'] else ''}{found['rank']}"
    likely = found.get("rank_interval")
    within = f" (95 %: {between(likely)})" if likely else ""
    grade = asking.name(found["band"], lang)
    parts = (asking.name(found["name"], lang), place + within, f"index {figure(found) or 'none'}", grade)
    console.print(", ".join(filter(None, parts)), style="bold", markup=False, highlight=False)
    if found["pending"]:
        console.print(f"* provisional, pending: {', '.join(found['pending'])}", markup=False, highlight=False)
    console.print(_tree(found, depth, lang))
    console.print(_groups(found["groups"], lang))
    asking.print_as_of(console, found)


def _tree(found: Mapping[str, Any], depth: Depth, lang: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", "", "index", "points", "of", "lost"):
        table.add_column(column, justify="right" if column else "left")
    for level, part, code in _lines(found, get_args(Depth).index(depth)):
        hidden = bool(part.get("suppressed"))
        if "share" in part:
            share = part["share"]
            cells = ["—" if hidden else "" if share is None else f"{float(Fraction(share)) * 100:.2f}", "", "", ""]
        elif "max_points" in part:
            state = {"pending": "pending", "not_applicable": "n/a"}.get(part["state"], "")
            points = "—" if hidden else state or short(part["points"])
            cells = ["", points, short(part["max_points"]), "" if part["lost"] is None else short(part["lost"])]
        else:
            sums = [part["earned"], part["attainable"], part["lost"]]
            cells = ["—" if hidden else part["index"] or "", *("" if sum_ is None else short(sum_) for sum_ in sums)]
        label = asking.name(part["name"], lang) if "name" in part else code
        table.add_row(Text("  " * level + code), Text(label), *cells, style="bold" if level == 0 else "")
    return table


def _lines(found: Mapping[str, Any], depth: int) -> Iterator[Line]:
    """The tree of a unit, from the top down to a depth."""

    def below(level: int, parts: list[Mapping[str, Any]]) -> Iterator[Line]:
        names = get_args(Depth)
        for part in parts:
            yield level, part, part[names[level]]
            if level < depth:
                yield from below(level + 1, part.get(("criteria", "leaves", "groups")[level], []))

    yield from below(0, found["fields"])


def _groups(groups: list[Mapping[str, Any]], lang: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", title="By group", title_justify="left")
    for column in ("", "", "index", "responses"):
        table.add_column(column, justify="right" if column else "left")
    for group in groups:
        n = group["n"]
        table.add_row(
            group["group"], Text(asking.name(group["name"], lang)), figure(group), "—" if n is None else f"{n:,}"
        )
    return table
