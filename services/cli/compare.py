"""`parindex compare`: two campaigns side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli import asking

Json = Mapping[str, Any]

VERDICTS = {True: "yes", False: "no", None: "?"}


@click.command(epilog=asking.EXITS)
@click.argument("earlier", type=asking.CODES)
@click.argument("later", type=asking.CODES)
@click.option("--block", type=asking.CODES, help="Whose units; needed where LATER has several blocks.")
@asking.language
@asking.source
def compare(
    *, earlier: str, later: str, block: str | None, lang: str, reporting: str | None, token: str | None, as_json: bool
) -> None:
    """Show the units of the campaign LATER beside what they were in EARLIER.

    Columns: was = rank then; then and now = the index; +/- = their difference; sure = whether chance among those who
    answered does not explain it (5 % level, ? where that is not known).
    """
    found = asking.ask(reporting, token, "compare", campaigns=f"{earlier},{later}", block=block)
    if as_json:
        asking.print_json(found)
        return
    console = Console()
    console.print(_table(found["rows"], lang))
    for unit in found["gone"]:
        console.print(f"gone: {asking.name(unit['name'], lang)}", markup=False, highlight=False)
    for difference in found["definition"]:
        console.print(asking.name(difference["text"], lang), markup=False, highlight=False)
    for campaign in (found["earlier"], found["later"]):
        asking.print_as_of(console, campaign)


def _table(rows: list[Json], lang: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("rank", "was", "unit", "then", "now", "+/-", "sure", "merged from"):
        left = column in {"unit", "merged from"}
        table.add_column(column, justify="left" if left else "right", no_wrap=not left)
    for row in rows:
        then, difference = row["then"] or {"rank": None, "index": None, "units": []}, row["difference"]
        merged = then["units"] if len(then["units"]) > 1 else []
        table.add_row(
            _text(row["now"]["rank"]),
            _text(then["rank"]),
            Text(asking.name(row["name"], lang)),
            _text(then["index"]),
            _text(row["now"]["index"]),
            "" if difference is None else _text(difference["index"]),
            "" if difference is None else VERDICTS[difference["significant"]],
            Text(", ".join(asking.name(unit["name"], lang) for unit in merged)),
        )
    return table


def _text(figure: object) -> str:
    return "" if figure is None else str(figure)
