"""What a definition comes to, in figures that its author can check at a glance: units, points, questions, forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.common.campaign import Campaign, Leaf, Quota

_NUMBERS = {"units", "leaves", "appraisal", "survey", "points", "questions"}


def summary(campaign: Campaign) -> dict[str, Any]:
    """The figures as JSON data; points are exact and travel as texts."""
    return {
        "campaign": campaign.code,
        "version": campaign.version,
        "title": campaign.title.vi,
        "opens": campaign.opens.isoformat(),
        "closes": campaign.closes.isoformat(),
        "blocks": [
            {
                "code": block.code,
                "name": block.name.vi,
                "units": sum(unit.block == block.code for unit in campaign.units),
                "unanswered": _unanswered(campaign, block.code),
            }
            for block in campaign.blocks
        ],
        "fields": [
            {"code": field.code, "name": field.name.vi, **_points(tuple(field.leaves))} for field in campaign.fields
        ],
        "total": _points(campaign.leaves),
        "groups": [
            {
                "code": group.code,
                "name": group.name.vi,
                "rates": list(group.rates),
                "questions": sum(group.code in leaf.groups for leaf in campaign.leaves),
                "quota": _quota(group.quota),
                "access": group.access,
            }
            for group in campaign.groups
        ],
    }


def show(figures: dict[str, Any], console: Console) -> None:
    """Prints the figures of `summary` as tables."""
    version = f", version {figures['version']}" if figures["version"] else ""
    console.print(f"{figures['campaign']}{version}: {figures['title']}", markup=False, highlight=False)
    console.print(f"{figures['opens']} to {figures['closes']}", highlight=False)
    for head, rows, columns in _tables(figures):
        console.print()
        console.print(_table(head, rows, columns))
    for block in figures["blocks"]:
        if block["units"] and block["unanswered"]:
            leaves = ", ".join(block["unanswered"])
            console.print(
                f"Note: no group rates block {block['code']} on {leaves}; these leaves will stay pending there.",
                markup=False,
                highlight=False,
            )


def _tables(figures: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]], Sequence[str]]]:
    """What each table is about, its rows and its columns."""
    yield "block", figures["blocks"], ("name", "units")
    total = {"code": "", "name": "total", **figures["total"]}
    yield "field", [*figures["fields"], total], ("name", "leaves", "appraisal", "survey", "points")
    if figures["groups"]:
        groups = [{**group, "rates": ", ".join(group["rates"])} for group in figures["groups"]]
        yield "group", groups, ("name", "rates", "questions", "quota", "access")


def _points(leaves: Sequence[Leaf]) -> dict[str, Any]:
    def of(method: str) -> str:
        return format(sum((leaf.max_points for leaf in leaves if leaf.method == method), Decimal(0)), "f")

    return {
        "leaves": len(leaves),
        "appraisal": of("appraisal"),
        "survey": of("survey"),
        "points": format(sum((leaf.max_points for leaf in leaves), Decimal(0)), "f"),
    }


def _unanswered(campaign: Campaign, block: str) -> list[str]:
    """The survey leaves that no group answers for the units of a block."""
    return [leaf.code for leaf in campaign.leaves if leaf.method == "survey" and not campaign.raters(leaf, block)]


def _quota(quota: Quota | None) -> str | None:
    if quota is None:
        return None
    return f"{quota.forms:,} per {quota.per}{', everybody' if quota.covers == 'population' else ''}"


def _table(head: str, rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> Table:
    """A table of rows, each led by its code."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(head)
    for column in columns:
        table.add_column(column, justify="right" if column in _NUMBERS else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if row[key] is None else str(row[key])) for key in ("code", *columns)))
    return table
