"""What the system is held to, and what of it a run has reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

ODK_CENTRAL = 97.0
"""Forms a second that ODK Central's backend v2026.2.2 took one by one from 32 connections (30 select-one answers, four
workers, PostgreSQL with fsync): measured on a machine of the same kind on another day, good to 25 %."""

SINGLE, BATCHES, SCORING = "single POSTs, 1 unit", "batches, 1 unit", "scoring's catch-up, 1 unit"
COUNTED = "batches until counted, 1 unit"
FRESH = "202 to visible in /rankings"
CHANGED, UNCHANGED = "/rankings, {:,} responses", "/rankings, If-None-Match, {:,} responses"
ONE_READER = "/rankings, one reader, {:,} rows"
FILE = "a file of {:,} forms until ranked"
REBUILD = "rebuild of {:,} responses"
SHOWN, LAST = "202 to shown on {:,} dashboards", "202 to shown on the last of {:,} dashboards"
REFRESH, COLD = "refresh after one response, {:,} units", "cold ranking, {:,} units"

TIMES = (" ms", " s")

Path = tuple[str, ...]
RATIO: Path = ("ratio_to_limit",)
WEEKEND: Path = ("ratio_to_weekend",)
RATE: Path = ("ours", "per_second")
P50: Path = ("ours", "p50_ms")
P99: Path = ("ours", "p99_ms")
SECONDS: Path = ("ours", "seconds")
GROWTH: Path = ("memory", "grew_percent")


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to reach.

    Attributes:
        what: in words.
        short: in the few that a picture has room for.
        row: the name of the measurement.
        path: where its document has the value.
        side: whether more or less than the bound is wanted.
        bound: the bound.
        unit: of both.
        per: what the value is divided by first.
    """

    what: str
    short: str
    row: str
    path: Path
    side: Literal["≥", "≤"]
    bound: float
    unit: str = ""
    per: float = 1.0


TARGETS = (
    Target("single POST: of a bare Flask application", "single POST", SINGLE, RATIO, "≥", 0.5),
    Target("single POST: p99", "single POST, slowest hundredth", SINGLE, P99, "≤", 60, " ms"),
    Target("single POST: times the weekend system", "single POST", SINGLE, WEEKEND, "≥", 3),
    Target(
        "single POST: times ODK Central (97/s, measured on another day)",
        "single POST",
        SINGLE,
        RATE,
        "≥",
        10,
        per=ODK_CENTRAL,
    ),
    Target("batches: of kafka-python writing the same bytes", "batches of 500", BATCHES, RATIO, "≥", 0.65),
    Target(
        "batches: times ODK Central (97/s, measured on another day)", "batches", BATCHES, RATE, "≥", 50, per=ODK_CENTRAL
    ),
    Target("scoring: of pymongo inserting the same rows", "scoring, catching up", SCORING, RATIO, "≥", 0.35),
    Target("202 to visible at 300 a second: p50", "from 202 to visible", FRESH, P50, "≤", 250, " ms"),
    Target(
        "202 to visible at 300 a second: p99", "from 202 to visible, slowest hundredth", FRESH, P99, "≤", 600, " ms"
    ),
    *(
        target
        for responses in (20_000, 1_000_000)
        for target in (
            Target(
                f"/rankings with If-None-Match, {responses:,} responses: of the bare application",
                f"/rankings, unchanged, {responses:,} responses",
                UNCHANGED.format(responses),
                RATIO,
                "≥",
                0.8,
            ),
            Target(
                f"/rankings, {responses:,} responses: of the bare application",
                f"/rankings, {responses:,} responses",
                CHANGED.format(responses),
                RATIO,
                "≥",
                0.6,
            ),
        )
    ),
    Target(
        "/rankings: times the weekend system at 200,000 rows",
        "/rankings",
        ONE_READER.format(200_000),
        WEEKEND,
        "≥",
        100,
    ),
    Target(
        "85,684 forms from one file until ranked",
        "85,684 forms from a file, ranked",
        FILE.format(85_684),
        SECONDS,
        "≤",
        25,
        " s",
    ),
    Target(
        "rebuild of 1,000,000 responses: of scoring's catch-up",
        "rebuild of 1,000,000, of first counting",
        REBUILD.format(1_000_000),
        RATIO,
        "≥",
        1,
    ),
    Target(
        "rebuild: most that a process grew after the first quarter",
        "rebuild",
        REBUILD.format(1_000_000),
        GROWTH,
        "≤",
        10,
        " %",
    ),
    Target(
        "5,000 dashboards: from 202 until the last shows it, p99",
        "5,000 dashboards, the last",
        LAST.format(5_000),
        P99,
        "≤",
        1_000,
        " ms",
    ),
    Target(
        "10,600 units of 5 groups: refresh after one response",
        "10,600 units: refresh",
        REFRESH.format(10_600),
        P50,
        "≤",
        300,
        " ms",
    ),
    Target(
        "10,600 units of 5 groups: cold ranking",
        "10,600 units: cold ranking",
        COLD.format(10_600),
        P50,
        "≤",
        1_000,
        " ms",
    ),
)


def judged(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each target with what was reached, None where it was not measured; for ratios also that of processor time."""
    found = {row["name"]: row for row in rows}
    for target in TARGETS:
        row = found.get(target.row, {})
        value = _at(row, target.path)
        reached = None if value is None else value / target.per
        yield {
            "what": target.what,
            "short": target.short,
            "kind": "ratio" if target.path == RATIO else "time" if target.unit in TIMES else "other",
            "row": target.row,
            "target": f"{target.side} {target.bound:,g}{target.unit}",
            "bound": target.bound,
            "side": target.side,
            "unit": target.unit,
            "reached": None if reached is None else round(reached, 3),
            "by_cpu": _at(row, (f"cpu_{target.path[0]}",)),
            "met": None
            if reached is None
            else reached >= target.bound
            if target.side == "≥"
            else reached <= target.bound,
        }


def _at(document: Mapping[str, Any], path: Path) -> float | None:
    found: Any = document
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    return None if found is None else float(found)
