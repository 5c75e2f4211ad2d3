"""`parindex robustness`: how firm the ranks of a block are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli import asking
from services.cli.ranking import between

Json = Mapping[str, Any]


@click.command(epilog=asking.EXITS)
@click.argument("campaign", type=asking.CODES)
@click.option("--block", type=asking.CODES, help="Whose units; needed where the campaign has several blocks.")
@click.option("--draws", type=click.IntRange(1), help="How many draws of field weights. Default: 1,000.")
@click.option("--seed", type=click.IntRange(0), help="What they are drawn from. Default: 1.")
@asking.language
@asking.source
def robustness(
    *,
    campaign: str,
    block: str | None,
    draws: int | None,
    seed: int | None,
    lang: str,
    reporting: str | None,
    token: str | None,
    as_json: bool,
) -> None:
    """Show the range of each unit's rank in CAMPAIGN when weights and rules are varied.

    Columns: equal = all groups weigh the same; -X = group X is left out; rule = the other rule for leaves that
    do not apply; draws = nine tenths of the draws of field weights (each field 0.75 to 1.25 times its own); same =
    draws in which the rank is the unit's own.
    """
    numbers = {"draws": draws, "seed": seed}
    query = {name: None if number is None else str(number) for name, number in numbers.items()}
    found = asking.ask(reporting, token, f"campaigns/{campaign}/robustness", block=block, **query)
    if as_json:
        asking.print_json(found)
        return
    console = Console()
    console.print(_table(found, lang))
    asking.print_as_of(console, found)


def _table(found: Json, lang: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("rank", "unit", "range", *map(_heading, found["variations"]), "draws", "same"):
        table.add_column(
            column,
            justify="left" if column == "unit" else "right",
            no_wrap=column != "unit",
            min_width=14 if column == "unit" else None,
        )
    for row in found["rows"]:
        drawn = row["draws"]
        table.add_row(
            _rank(row["rank"]),
            Text(asking.name(row["name"], lang)),
            _between(row["best"], row["worst"]),
            *map(_rank, row["variations"]),
            "" if drawn is None else _between(drawn["low"], drawn["high"]),
            "" if drawn is None else f"{drawn['unchanged'] / found['draws']:.0%}",
        )
    return table


def _heading(variation: Json) -> str:
    if variation["variation"] == "without":
        return f"-{variation['group']}"
    return {"equal_weights": "equal", "not_applicable": "rule"}[variation["variation"]]


def _rank(rank: int | None) -> str:
    return "" if rank is None else str(rank)


def _between(best: int | None, worst: int | None) -> str:
    return _rank(best) if best == worst else between([best, worst])
