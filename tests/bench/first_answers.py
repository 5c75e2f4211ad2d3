"""What the first answers of a large campaign's state cost reporting, without servers: as a table of Markdown.

    python -m tests.bench.first_answers [UNITS]

`prepared` is the work that is done after a start before anybody asks; `first` then are the first answers of that state,
and `next` those of a state in which a hundred units have changed. `everybody` are those who hold no token while the
campaign takes responses.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import bson
import click

from services.common.campaign import Campaign
from services.reporting import by_field, comparison, fieldwork, lost, rankings, robustness, units
from services.reporting.beside import beside
from services.reporting.figures import Figures
from services.reporting.queries import Draws
from services.reporting.rankings import View
from services.reporting.standing import AsOf, Standing
from tests import communes

CHANGED = 100
BLOCK = "communes"


def standings(campaign: Campaign) -> tuple[Standing, Standing]:
    """A state, and one after it."""
    raw = [bson.encode(document) for document in communes.index_documents(campaign, 1)]
    found = {unit.code: Figures(campaign, text) for unit, text in zip(campaign.units, raw, strict=True)}
    first = Standing(campaign, as_of(1), found)
    some = {unit.code: Figures(campaign, raw[number + 1]) for number, unit in enumerate(campaign.units[:CHANGED])}
    return first, Standing(campaign, as_of(2), {**found, **some}, carried=first.carried_on)


def as_of(state: int) -> AsOf:
    return AsOf(state, 1, {"CI": 600}, {"responses": {"0": state}})


def views(standing: Standing) -> Mapping[str, Callable[[], object]]:
    """By address what makes its answer."""
    campaign = standing.campaign
    unit, field, group = campaign.units[CHANGED], campaign.fields[0].code, campaign.groups[0].code
    return {
        "/rankings": lambda: rankings.document(standing, View(BLOCK)),
        "/units/{unit}": lambda: units.document(standing, unit),
        "/units/{unit}/lost": lambda: lost.document(standing, unit),
        "/rankings?field=": lambda: rankings.document(standing, View(BLOCK, field)),
        "/rankings?group=": lambda: rankings.document(standing, View(BLOCK, None, group)),
        "/fields": lambda: by_field.document(standing, View(BLOCK)),
        "participation: blocks, missing": lambda: (fieldwork.blocks(standing), fieldwork.missing(standing)),
        "participation: quality": lambda: fieldwork.quality(standing, {}),
        "/compare": lambda: comparison.document(standing, standing, BLOCK),
        "/robustness, 1,000 draws": lambda: robustness.document(standing, Draws(BLOCK, 1000, 1)),
    }


def seconds(make: Callable[[], object]) -> float:
    began = time.perf_counter()
    make()
    return time.perf_counter() - began


def main() -> None:
    campaign = communes.campaign(int(sys.argv[1]) if len(sys.argv) > 1 else communes.COMMUNES)
    state, after = standings(campaign)
    columns: dict[str, dict[str, float]] = {}
    for who, first, following in (("viewer", state, after), ("everybody", state.released, after.released)):
        columns[f"{who}, prepared"] = {"prepared": seconds(lambda first=first: beside(first, BLOCK))}
        for what, standing in (("first", first), ("next", following)):
            columns[f"{who}, {what}"] = {name: seconds(make) for name, make in views(standing).items()}
    click.echo(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S%z}, {len(campaign.units):,} units, seconds:\n")
    names = [name for name in columns if not name.endswith("prepared")]
    click.echo("| first answer of | " + " | ".join(names) + " |")
    click.echo("| --- |" + " ---: |" * len(names))
    for view in columns["viewer, first"]:
        click.echo(f"| {view} | " + " | ".join(f"{columns[name][view]:.2f}" for name in names) + " |")
    ahead = ", ".join(f"{name} {of['prepared']:.1f} s" for name, of in columns.items() if "prepared" in of)
    click.echo(f"\n{ahead}; {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at the most")


if __name__ == "__main__":
    main()
