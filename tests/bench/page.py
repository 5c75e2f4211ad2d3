"""The figures of a run as Markdown, set into a page between two marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

BEGIN, END = "<!-- figures of a run: make bench ARGS='--page FILE' -->", "<!-- end of the figures -->"


def with_figures(page: str, document: dict[str, Any]) -> str:
    """A page with the figures of a run in the place of those before.

    Raises:
        ValueError: it has no such place.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no place for figures: {BEGIN} … {END}")
    return f"{before}{BEGIN}\n\n{figures(document)}\n\n{END}{after}"


def figures(document: dict[str, Any]) -> str:
    """What was measured, on what, and what it cost."""
    machine = document["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    loads = f"{machine['load_average_before']} before, {machine['load_average_after']} after"
    about = (
        f"{machine['date']}, in {document['seconds']:.0f} s: {machine['cpu']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, Linux {machine['kernel']}, Python {machine['python']} ({packages}). "
        f"Load average {loads}."
    )
    return "\n\n".join([about, _rates(document["rows"]), _costs(document["rows"])])


def _rates(rows: Sequence[dict[str, Any]]) -> str:
    head = (
        "measured",
        "per second",
        "lowest to highest",
        "p50 / p99 ms",
        "limit",
        "of the limit",
        "weekend",
        "times weekend",
    )
    return _table(head, [_rate(row) for row in rows])


def _rate(row: dict[str, Any]) -> list[str]:
    ours, limit, weekend = row["ours"], row.get("limit"), row.get("weekend")
    return [
        row["name"],
        _figure(ours["per_second"]),
        f"{_figure(ours['lowest'])} to {_figure(ours['highest'])}",
        _latency(ours),
        "" if limit is None else _latency(limit) + " ms" if row["latency"] else _figure(limit["per_second"]),
        "" if row["latency"] or limit is None else f"{row['ratio_to_limit']:.2f}",
        "" if weekend is None else f"{_figure(weekend['per_second'])} (p99 {weekend['p99_ms']:,.0f} ms)",
        "" if weekend is None else f"{row['ratio_to_weekend']:,.1f}",
    ]


def _costs(rows: Sequence[dict[str, Any]]) -> str:
    families = list(dict.fromkeys(family for row in rows for family in row["ours"]["cpu_ms_per_operation"]))
    body = []
    for row in rows:
        costs = row["ours"]["cpu_ms_per_operation"]
        body.append([row["name"], *(f"{costs[family]:.3f}" for family in families), f"{sum(costs.values()):.3f}"])
    return _table(("processor time of one operation, ms", *families, "in all"), body)


def _table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *body))


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _latency(figure: dict[str, Any]) -> str:
    return f"{figure['p50_ms']:,.1f} / {figure['p99_ms']:,.1f}" if "p50_ms" in figure else ""
