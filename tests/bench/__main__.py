"""`make bench`: starts a stack of its own, measures it, prints the table and keeps it as JSON."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from pathlib import Path

import click
from rich.console import Console

from deploy.embedded.errors import StartError
from deploy.stack import ended_by_signals
from services.cli.demo_stack import running
from services.cli.stages import Stages
from tests.bench import catching_up, freshness, reading, report, writing
from tests.bench.figures import Row
from tests.bench.page import with_figures
from tests.bench.processes import machine
from tests.bench.running import FULL, QUICK, Bench, Wrong
from tests.bench.wire import Broken

OUTPUT = Path(".parindex/bench.json")
HOME = Path(".parindex/bench")


@click.command()
@click.option("--quick", is_flag=True, help="Measure too little to mean anything, in a minute: does it all work?")
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
def main(*, quick: bool, output: Path, home: Path, page: Path | None) -> None:
    """Measure the one-machine stack beside what this machine could do at most, all in one run."""
    console = Console(width=None if sys.stdout.isatty() else report.WIDTH)
    sizes = QUICK if quick else FULL
    stages = Stages(console)
    before, began = machine(), time.monotonic()
    rows: list[Row] = []
    try:
        with ended_by_signals(), running(home, stages) as stack:
            bench = Bench(stack, sizes)
            try:
                with stages.stage("Single POSTs"):
                    rows += writing.singles(bench)
                with stages.stage("Batches until counted"):
                    rows.append(writing.batches_until_counted(bench))
                with stages.stage("Batches, and catching up"):
                    rows += catching_up.batches_and_catching_up(bench)
                with stages.stage("From 202 to visible"):
                    rows.append(freshness.freshness(bench))
                with stages.stage("Rankings, many readers"):
                    rows += reading.rankings(bench)
                with stages.stage("Rankings, one reader"):
                    rows += reading.one_reader(bench)
                bench.await_counted()
            finally:
                bench.close()
    except (StartError, Wrong, Broken) as error:
        raise click.ClickException(str(error)) from error
    report.show(console, before, rows)
    found = report.document(before, dataclasses.asdict(sizes), time.monotonic() - began, rows)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(found, indent=2) + "\n")
    console.print(f"\nkept in {output}", highlight=False)
    if page:
        page.write_text(with_figures(page.read_text(encoding="utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    main()
