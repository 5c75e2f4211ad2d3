"""The figures of a run as Markdown, set into a page between two marks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.bench import tables

BEGIN, END = "<!-- figures of a run: make bench ARGS='--page FILE' -->", "<!-- end of the figures -->"


def with_figures(page: str, figures: str, begin: str = BEGIN, end: str = END) -> str:
    """A page with new figures in the place of those before.

    Raises:
        ValueError: it has no such place.
    """
    before, found_begin, rest = page.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise ValueError(f"the page has no place for figures: {begin} … {end}")
    return f"{before}{begin}\n\n{figures}\n\n{end}{after}"


def figures(document: Mapping[str, Any]) -> str:
    """What was measured, on what, what it cost, and what of the targets was reached."""
    found = {
        "Targets": tables.targets(document),
        "Rates": tables.rates(document),
        "What one response costs": tables.steps(document),
        "What everything costs": tables.costs(document),
        "Memory": tables.memory(document),
    }
    chapters = [f"### {title}\n\n{markdown(table)}" for title, table in found.items() if table]
    return "\n\n".join([_about(document), *chapters])


def markdown(table: tables.Table) -> str:
    rule = ["---", *("---:" for _ in table.head[1:])]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (table.head, rule, *table.body))


def _about(document: Mapping[str, Any]) -> str:
    machine = document["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    loads = f"{machine['load_average_before']} before, {machine['load_average_after']} after"
    about = (
        f"{machine['date']}, in {document['seconds']:.0f} s: {machine['cpu']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, Linux {machine['kernel']}, Python {machine['python']} ({packages}). "
        f"Load average {loads}."
    )
    earlier: dict[str, list[str]] = {}
    for row in document["rows"]:
        if row["date"] != machine["date"]:
            earlier.setdefault(row["date"], []).append(row["name"])
    for date, names in earlier.items():
        about += f"\nFrom the run of {date}: {'; '.join(names)}."
    return about
