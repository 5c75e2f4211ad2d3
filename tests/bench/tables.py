"""The kept figures as tables of text: one for people at a terminal and on a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.targets import COUNTED, SINGLE

Document = Mapping[str, Any]
VERDICT = {True: "met", False: "**not met**", None: "not measured"}


@dataclass(frozen=True, slots=True)
class Table:
    """A head and lines of as many cells; all but the first are figures."""

    head: Sequence[str]
    body: Sequence[Sequence[str]]


def targets(document: Document) -> Table:
    """What is held to, what was reached, by rates and by processor time."""
    body = []
    for each in document["targets"]:
        unit, reached, by_cpu = each["unit"], each["reached"], each["by_cpu"]
        body.append(
            [
                each["what"],
                each["target"],
                "" if reached is None else f"{figure(reached)}{unit}",
                "" if by_cpu is None else figure(by_cpu),
                VERDICT[each["met"]],
            ]
        )
    return Table(("what", "target", "reached", "by processor time", "verdict"), body)


def rates(document: Document) -> Table:
    """What was measured beside its limit and the weekend system: ratios of rates, and of processor time."""
    head = (
        "measured",
        "per second",
        "lowest to highest",
        "p50 / p99 ms",
        "limit",
        "of the limit",
        "by cpu",
        "weekend",
        "times weekend",
        "by cpu",
        "others",
    )
    return Table(head, [_rate(row) for row in document["rows"]])


def _rate(row: Document) -> list[str]:
    ours, limit, weekend = row["ours"], row.get("limit"), row.get("weekend")
    return [
        row["name"],
        figure(ours["per_second"]),
        f"{figure(ours['lowest'])} to {figure(ours['highest'])}",
        _latency(ours),
        "" if limit is None else _latency(limit) + " ms" if row["latency"] else figure(limit["per_second"]),
        "" if row["latency"] or limit is None else _ratio(row["ratio_to_limit"]),
        "" if limit is None else _ratio(row["cpu_ratio_to_limit"]),
        "" if weekend is None else f"{figure(weekend['per_second'])} (p99 {weekend['p99_ms']:,.0f} ms)",
        "" if weekend is None else _ratio(row["ratio_to_weekend"]),
        "" if weekend is None else _ratio(row["cpu_ratio_to_weekend"]),
        f"{ours['others_percent']:.0f} %",
    ]


def costs(document: Document) -> Table:
    """Processor time of one operation by family of processes: ours, the limit's, the weekend system's."""
    systems = [
        (row["name"] if name == "ours" else f"… {name}", row[name]["cpu_ms_per_operation"])
        for row in document["rows"]
        for name in ("ours", "limit", "weekend")
        if name in row and row[name]["cpu_ms_per_operation"] and not (name == "limit" and row["latency"])
    ]
    families = list(dict.fromkeys(family for _, found in systems for family in found))
    body = [
        [
            name,
            *(f"{found[family]:.3f}" if family in found else "" for family in families),
            f"{sum(found.values()):.3f}",
        ]
        for name, found in systems
    ]
    return Table(("processor time of one operation, ms", *families, "in all"), body)


STEPS = {
    "client": "the client sends it and reads the answer",
    "intake": "intake reads, checks, writes to the log, answers",
    "kafka": "Kafka keeps it and hands it on",
    "scoring": "scoring counts it and refreshes indices",
    "mongo": "MongoDB writes rows, tallies and indices",
    "reporting": "reporting brings new states into memory",
}


def steps(document: Document) -> Table | None:
    """Where the processor time of one response goes, by itself and in a batch; None where that was not measured."""
    rows = {row["name"]: row["ours"]["cpu_ms_per_operation"] for row in document["rows"]}
    ways = [rows[name] for name in (SINGLE, COUNTED) if name in rows]
    if len(ways) < 2:
        return None
    wholes = [sum(way.values()) for way in ways]
    body = [
        [
            what,
            *(
                cell
                for way, whole in zip(ways, wholes, strict=True)
                for cell in (f"{way.get(family, 0.0):.3f}", f"{way.get(family, 0.0) / whole:.0%}")
            ),
        ]
        for family, what in STEPS.items()
    ]
    head = ("step", "single POST, ms", "of it", "in a batch of 500, ms", "of it")
    whole = ["in all", *(cell for whole in wholes for cell in (f"{whole:.3f}", ""))]
    return Table(head, [*body, whole])


def memory(document: Document) -> Table | None:
    """How much memory processes held while they worked, in MB; None where it was not looked at."""
    body = [
        [f"{row['name']}: {family}", *(f"{found[when]:,.0f}" for when in ("begin", "quarter", "end", "most"))]
        for row in document["rows"]
        if "memory" in row
        for family, found in row["memory"]["families"].items()
    ]
    return (
        Table(("resident memory, MB", "at the start", "after a quarter", "at the end", "most"), body) if body else None
    )


def figure(value: float) -> str:
    """A number in as many digits as mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.2f}"


def _latency(found: Document) -> str:
    return f"{found['p50_ms']:,.1f} / {found['p99_ms']:,.1f}" if "p50_ms" in found else ""
