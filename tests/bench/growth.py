"""`python -m tests.bench.growth`: how cost grows with units, groups, questions, partitions and responses.

One thing grows at a time, over three decades where the machine allows; the others stay as in the bench's campaign.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import click
from rich.console import Console

from deploy.embedded.errors import StartError
from deploy.stack import ended_by_signals
from services.cli.demo_stack import running
from services.cli.stages import Stages
from tests.bench import report
from tests.bench.communes import singly
from tests.bench.page import markdown, with_figures
from tests.bench.processes import machine
from tests.bench.running import FULL as SIZES
from tests.bench.running import Bench, Wrong, costs
from tests.bench.shapes import Shape, chance, complete, send, shaped
from tests.bench.tables import Table
from tests.bench.wire import Broken

OUTPUT, HOME = Path(".parindex/growth.json"), Path(".parindex/growth")
BEGIN, END = "<!-- growth: python -m tests.bench.growth --page FILE -->", "<!-- end of growth -->"
LINES = 250
LOOKS = 4
FAMILIES = ("intake", "kafka", "scoring", "mongo")


@dataclass(frozen=True, slots=True)
class Point:
    """One size of what grows.

    Attributes:
        size: how large it is.
        shape: of the campaign.
        before: responses that are counted before.
        forms: responses whose cost is measured.
    """

    size: int
    shape: Shape
    before: int = 0
    forms: int = 4_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What grows, and the stack on which it does: with so many partitions and scorers."""

    grows: str
    points: Sequence[Point]
    partitions: int = 12
    scorers: int = 1


PARTITIONS = "partitions, two scorers"
PLANS = (
    Plan("units", [Point(size, Shape(units=size), forms=max(4_000, 2 * size)) for size in (10, 100, 1_000, 10_000)]),
    Plan("groups", [Point(size, Shape(groups=size)) for size in (1, 7, 50)]),
    Plan("questions", [Point(size, Shape(leaves=size), forms=max(800, 12_000 // size)) for size in (3, 26, 260)]),
    Plan("responses", [Point(size, Shape(), before=size) for size in (1_000, 10_000, 100_000)]),
    *(Plan(PARTITIONS, [Point(size, Shape())], size, 2) for size in (2, 12, 120)),
)
QUICK = (
    Plan("units", [Point(10, Shape(units=10), forms=200)]),
    Plan(PARTITIONS, [Point(2, Shape(units=10), forms=200)], 2, 2),
)


@click.command()
@click.option("--quick", is_flag=True, help="Measure too little to mean anything: does it all work?")
@click.option("--only", metavar="THING", help="Let this grow alone; the others stay in the JSON as they were.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), default=OUTPUT, show_default=True)
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), default=HOME, show_default=True)
@click.option(
    "--page", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Set the table into this page."
)
def main(*, quick: bool, only: str | None, output: Path, home: Path, page: Path | None) -> None:
    """Measure how the cost of a response, of a refresh and of a ranking grows."""
    console = Console(width=None if sys.stdout.isatty() else report.WIDTH)
    stages, about, began = Stages(console), machine(), time.monotonic()
    points: list[dict[str, Any]] = []
    chosen = [plan for plan in (QUICK if quick else PLANS) if only in {None, plan.grows}]
    if not chosen:
        raise click.BadParameter(f"{only!r} does not grow: {', '.join(dict.fromkeys(plan.grows for plan in PLANS))} do")
    try:
        with ended_by_signals():
            for plan in chosen:
                points += _measure(plan, home, stages)
    except (StartError, Wrong, Broken) as error:
        raise click.ClickException(str(error)) from error
    if only and output.exists():
        kept = [point for point in json.loads(output.read_text())["points"] if point["grows"] != only]
        order = [plan.grows for plan in PLANS]
        points = sorted([*kept, *points], key=lambda point: order.index(point["grows"]))
    found = {"machine": about, "seconds": round(time.monotonic() - began, 1), "points": points}
    console.print(report.shown(table(found)))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(found, indent=2) + "\n")
    if page:
        page.write_text(with_figures(page.read_text(encoding="utf-8"), text(found), BEGIN, END), encoding="utf-8")


def table(found: dict[str, Any]) -> Table:
    """A line for each point."""
    head = (
        "grows",
        "to",
        "bytes",
        *(f"{family}, ms" for family in FAMILIES),
        "refresh, ms",
        "first ranking, ms",
        "its kB",
    )
    body = [
        [
            point["grows"],
            f"{point['size']:,}",
            f"{point['bytes']:,}",
            *(f"{point['cpu_ms'][family]:.3f}" for family in FAMILIES),
            f"{point['refresh_ms']:,.1f}",
            f"{point['ranking_ms']:,.1f}",
            f"{point['ranking_bytes'] / 1_000:,.0f}",
        ]
        for point in found["points"]
    ]
    return Table(head, body)


def text(found: dict[str, Any]) -> str:
    """The table for a page, and how quiet the machine was."""
    others = max(point["others_percent"] for point in found["points"])
    about = (
        f"{found['machine']['date']}, {found['machine']['cores']} cores, of which other work took up to {others:.0f} %:"
    )
    return f"{about}\n\n{markdown(table(found))}"


def _measure(plan: Plan, home: Path, stages: Stages) -> Iterator[dict[str, Any]]:
    with (
        # At the end the environment is as it was, so that the next stack starts servers of its own.
        mock.patch.dict(os.environ, {"PARINDEX_RESPONSE_PARTITIONS": str(plan.partitions)}),
        running(home, stages, plan.scorers) as stack,
    ):
        bench = Bench(stack, SIZES)
        try:
            for number, point in enumerate(plan.points):
                with stages.stage(f"{plan.grows}: {point.size:,}"):
                    yield {"grows": plan.grows, "size": point.size, **_point(bench, point, f"growth-{number}")}
        finally:
            bench.close()


def _point(bench: Bench, point: Point, code: str) -> dict[str, Any]:
    campaign = bench.trial.publish(shaped(code, point.shape))
    forms = chance(campaign)
    # Every group has rated every unit before anything is measured, so that no table is empty.
    counted = send(bench, code, complete(campaign, 20), LINES // 5)
    counted += send(bench, code, itertools.islice(forms, max(0, point.before - counted)), LINES)
    bench.await_counted(code, counted)
    batch = list(itertools.islice(forms, point.forms))
    began = time.perf_counter()
    with costs(bench.processes) as cost:
        counted += send(bench, code, iter(batch), LINES)
        bench.await_counted(code, counted)
    seconds = time.perf_counter() - began
    seen = singly(bench, campaign, counted, 1 + LOOKS)[1:]
    return {
        "bytes": sum(map(len, batch)) // len(batch),
        "per_second": round(point.forms / seconds, 1),
        "cpu_ms": {family: round(1_000 * cpu / point.forms, 4) for family, cpu in cost.cpu.items()},
        "others_percent": round(100 * cost.others, 1),
        "refresh_ms": round(1_000 * median(each.refresh for each in seen), 1),
        "ranking_ms": round(1_000 * median(each.ranking for each in seen), 1),
        "ranking_bytes": seen[-1].size,
    }


if __name__ == "__main__":
    main()
