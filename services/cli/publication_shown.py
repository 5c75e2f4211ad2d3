"""What `parindex publication` tells: drafts, lists and rankings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from services.cli import asking
from services.cli.ranking import ranked
from services.publishing.making import Draft

Document = Mapping[str, Any]

MOST_NAMED = 10


def against(draft: Draft) -> Iterator[str]:
    """What stands against a publication, line by line."""
    if draft.differences:
        yield f"What is served is not what the log says, in {len(draft.differences):,} places; the first:"
        yield from (f"  {difference}" for difference in draft.differences[:MOST_NAMED])
        yield "Run `parindex verify`, then `parindex rebuild`, and publish then."
    campaign = draft.edition.campaign
    if "open" in draft.event.forced:
        closes = campaign.closes.isoformat(timespec="minutes")
        yield f"The campaign is open until {closes}, and an hour more for what is under way: no breakdown is published."
    if draft.pending:
        yield f"{len(draft.pending):,} units have leaves without points:"
        yield from _named([f"{unit}: {' '.join(leaves)}" for unit, leaves in draft.pending.items()])
    for units, what in ((draft.without_breakdown, "breakdown"), (draft.without_index, "index")):
        if units:
            yield (
                f"{len(units):,} units are published without {what}: beside an earlier publication it would tell what "
                "few answered"
            )
            yield from _named(units)


def _named(lines: Sequence[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines[:MOST_NAMED])
    if len(lines) > MOST_NAMED:
        yield f"  and {len(lines) - MOST_NAMED:,} more"


def tell_draft(draft: Draft, *, made: bool) -> None:
    """What was published, or would be."""
    event = draft.event
    what = "is published" if made else "would be published"
    click.echo(
        f"Publication {event.number} of {event.campaign} {what}: {event.size:,} responses, version {event.version}."
    )
    click.echo(f"  digest: {event.digest}")
    click.echo(f"  root:   {event.root}")
    if event.forced:
        click.echo(f"  forced: {', '.join(event.forced)}")
    if not draft.compared:
        click.echo("  It was not compared with what is served, which is of other records; `parindex verify` compares.")


def tell_list(found: Document, lang: str) -> None:
    """A campaign's publications as a table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("number", "hour (UTC)", "version", "responses", "forced", "digest", "title"):
        table.add_column(column, justify="right" if column in ("number", "version", "responses") else "left")
    for one in found["publications"]:
        table.add_row(
            str(one["number"]),
            f"{datetime.fromisoformat(one['at']).astimezone(UTC):%Y-%m-%d %H:00}",
            str(one["version"]),
            f"{one['counted']:,}",
            " ".join(one["forced"]),
            one["digest"][:16],
            asking.name(one["title"], lang),
        )
    if found["publications"]:
        Console().print(table)
    else:
        click.echo("Nothing has been published.")


def tell_publication(found: Document, lang: str) -> None:
    """The rankings of a publication."""
    console = Console()
    head, content = found["publication"], found["content"]
    console.print(f"{asking.name(head['title'], lang)}: publication {head['number']}", markup=False, style="bold")
    if head.get("note"):
        console.print(head["note"], markup=False)
    for block in content["about"]["blocks"]:
        console.print(f"\n{asking.name(block['name'], lang)}", markup=False, style="bold")
        console.print(ranked(content["rankings"][block["block"]], lang, console.width))
    said = f"Version {head['version']}, {head['counted']:,} responses counted, SHA-256 {head['digest']}"
    console.print(
        said + (f"; forced: {', '.join(head['forced'])}" if head["forced"] else ""), style="dim", markup=False
    )
