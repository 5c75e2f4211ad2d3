"""`parindex lost`: where a unit lost its points, and what one more step on a leaf would change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli import asking
from services.cli.ranking import short

Json = Mapping[str, Any]


@click.command(epilog=asking.EXITS)
@click.argument("campaign", type=asking.CODES)
@click.argument("unit", type=asking.CODES)
@click.option("--top", type=click.IntRange(1), help="Show only so many leaves. Default: all that have points.")
@asking.language
@asking.source
def lost(
    *,
    campaign: str,
    unit: str,
    top: int | None,
    lang: str,
    reporting: str | None,
    token: str | None,
    as_json: bool,
) -> None:
    """Show the leaves on which UNIT of CAMPAIGN lost points, those that cost most first.

    Columns: lost = points; % = percentage points of the index; mean and best = the block's points; then = index and
    rank after one more step on the leaf, all else as it is: the mean answer one option higher, or full points of the
    council. That is arithmetic, no forecast.
    """
    found = asking.ask(reporting, token, f"campaigns/{campaign}/units/{unit}/lost")
    if as_json:
        asking.print_json(found)
        return
    console = Console()
    rank = "" if found["rank"] is None else f": rank {found['rank']}, index {found['index']}"
    console.print(f"{asking.name(found['name'], lang)}{rank}", markup=False, highlight=False)
    console.print(_table(found["leaves"][:top], lang))
    for group in found["groups"]:
        text = "hidden: too few answers" if group["lost"] is None else f"{short(group['lost'])} points lost"
        console.print(f"{asking.name(group['name'], lang)}: {text}", markup=False, highlight=False)
    asking.print_as_of(console, found)


def _table(leaves: list[Json], lang: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("leaf", "name", "lost", "of", "%", "mean", "best", "then", "rank"):
        left = column in {"leaf", "name"}
        table.add_column(column, justify="left" if left else "right", no_wrap=column != "name")
    for leaf in leaves:
        step = leaf["step"]
        table.add_row(
            leaf["leaf"],
            Text(asking.name(leaf["name"], lang)),
            "—" if leaf["lost"] is None else short(leaf["lost"]),
            leaf["max_points"],
            leaf["of_index"],
            leaf["block_mean"],
            "" if leaf["block_best"] is None else short(leaf["block_best"]),
            "" if step is None else step["index"],
            "" if step is None else str(step["rank"]),
        )
    return table
