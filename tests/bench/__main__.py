"""`make bench`: starts a stack of its own, measures it, prints the table and keeps it as JSON."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from deploy.embedded.errors import StartError
from deploy.stack import ended_by_signals
from services.cli.demo_stack import running
from services.cli.stages import Stages
from tests.bench import report
from tests.bench.figures import Row
from tests.bench.page import figures, with_figures
from tests.bench.parts import PARTS, Part, chosen
from tests.bench.picture import picture
from tests.bench.processes import machine
from tests.bench.running import FULL, QUICK, Bench, Sizes, Wrong
from tests.bench.wire import Broken

OUTPUT = Path(".parindex/bench.json")
HOME = Path(".parindex/bench")


@click.command()
@click.option("--quick", is_flag=True, help="Measure too little to mean anything, in a minute: does it all work?")
@click.option(
    "--only",
    metavar="PART,PART",
    callback=lambda _context, _option, value: value and value.lower(),
    help=f"Measure these parts: {', '.join(PARTS)}. The others stay in the JSON as they were, with their date.",
)
@click.option("--large", is_flag=True, help="Also what takes minutes: a million responses, and their rebuild.")
@click.option("--kept", is_flag=True, help="Measure nothing: show what the JSON has, or set it into page and picture.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), default=OUTPUT, show_default=True, help="The JSON."
)
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=HOME,
    show_default=True,
    help="The folder of the stack that is measured. Begun anew each time.",
)
@click.option(
    "--page",
    type=click.Path(exists=True, dir_okay=False, writable=True, path_type=Path),
    help="Also set the figures into this page, in the place of those before: docs/performance.md.",
)
@click.option(
    "--picture",
    "svg",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Also draw the figures: docs/rates.svg.",
)
def main(
    *,
    quick: bool,
    only: str | None,
    large: bool,
    kept: bool,
    output: Path,
    home: Path,
    page: Path | None,
    svg: Path | None,
) -> None:
    """Measure the one-machine stack beside what this machine could do at most, all in one run."""
    try:
        parts = chosen(only, large=large)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--only") from error
    console = Console(width=None if sys.stdout.isatty() else report.WIDTH)
    earlier = json.loads(output.read_text()) if output.exists() else {}
    if kept and not earlier:
        raise click.BadParameter(f"{output} is not there: run `make bench` first", param_hint="--kept")
    failure = None
    found = earlier
    if not kept:
        found, failure = _found(parts, QUICK if quick else FULL, home, earlier, console)
    report.show(console, found)
    if not kept:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(found, indent=2) + "\n")
        console.print(f"\nkept in {output}", highlight=False)
    if failure:
        raise click.ClickException(f"{failure}; the parts that were measured before are kept")
    if page:
        page.write_text(with_figures(page.read_text(encoding="utf-8"), figures(found)), encoding="utf-8")
    if svg:
        svg.write_text(picture(found), encoding="utf-8")


def _found(
    parts: dict[str, Part], sizes: Sizes, home: Path, earlier: dict[str, Any], console: Console
) -> tuple[dict[str, Any], str | None]:
    """Measures parts; the document of what was found, and what has kept the rest from being measured."""
    before, began = machine(), time.monotonic()
    measured: dict[str, list[Row]] = {}
    storage: dict[str, Any] = {}
    failure = None
    try:
        storage = _measure(parts, sizes, home, console, measured)
    except (StartError, Wrong, Broken) as error:
        if not measured:
            raise click.ClickException(str(error)) from error
        failure = str(error)
    seconds = time.monotonic() - began
    document = report.document(before, dataclasses.asdict(sizes), seconds, measured, earlier, storage=storage)
    return document, failure


def _measure(
    parts: dict[str, Part], sizes: Sizes, home: Path, console: Console, measured: dict[str, list[Row]]
) -> dict[str, Any]:
    """Starts a stack, measures the parts in turn, and stops it; fills in rows by part, returns what is stored."""
    stages = Stages(console)
    with ended_by_signals(), running(home, stages) as stack:
        bench = Bench(stack, sizes, lambda line: console.print(f"  {line}", markup=False, highlight=False))
        try:
            for number, (name, part) in enumerate(parts.items(), 1):
                with stages.stage(f"{part.title} ({number} of {len(parts)})"):
                    measured[name] = list(part.measure(bench))
            bench.await_counted()
        finally:
            bench.close()
    return bench.storage


if __name__ == "__main__":
    main()
