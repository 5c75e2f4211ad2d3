"""The record of a run: as JSON for programs, as tables for a terminal, as Markdown for a page of the docs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.processes import machine
from tests.faults.evidence import Evidence
from tests.faults.gaps import by_kind, waits, worst
from tests.faults.run import Outcome
from tests.faults.schedule import SERVICES, Ability

SHOWN = 20
"""Violations in the terminal; the record has more."""
KEPT = 500
WORST = 5
SENT = {
    "post": "one response, POST",
    "put": "one response, PUT",
    "batch": "a line of a batch",
    "edit": "an edit",
    "withdraw": "a withdrawal",
    "twice": "the same twice at once",
    "again": "the same again",
    "contradict": "other content for a revision",
    "late": "an old revision, late",
    "wrong": "what cannot be",
    "appraise": "an appraisal",
}

Document = dict[str, Any]


def document(
    command: str, seed: int, left_out: Sequence[str], abilities: Sequence[Ability], outcome: Outcome
) -> Document:
    """Everything of a run."""
    evidence = outcome.evidence
    touched = {ability.name: ability.touches for ability in abilities}
    spans = waits(evidence)
    kinds = by_kind(outcome.faults, spans)
    return {
        "command": command,
        "seed": seed,
        "machine": machine(),
        "seconds": round(outcome.seconds, 1),
        "passed": outcome.passed,
        "lost": outcome.lost,
        "said": len(evidence.statements),
        "acknowledged": sum(statement.acknowledged for statement in evidence.statements.values()),
        "attempts_without_a_final_answer": evidence.retries,
        "never_answered": sum(_unknown(evidence)),
        "rankings_read": sum(read.status == 200 for read in evidence.reads),
        "requests": {how: _statuses(evidence, how) for how in SENT},
        "faults": len(outcome.faults),
        "kinds": [
            {
                "kind": name,
                "count": count,
                **{f"{service}_s": round(longest[service], 1) for service in touched.get(name, SERVICES)},
            }
            for name, (count, longest) in kinds.items()
        ],
        "longest_waits": [
            {"service": service, "at": round(since, 1), "seconds": round(until - since, 1), "during": during}
            for service in SERVICES
            for (since, until), during in worst(spans[service], outcome.faults, WORST)
        ],
        "left_out": list(left_out),
        "healed_s": round(outcome.healed_s, 1),
        "counted_s": round(outcome.counted_s, 1),
        "violations": len(outcome.violations),
        "violations_by_kind": dict(Counter(violation.what for violation in outcome.violations)),
        "examples": [
            {"what": each.what, "id": each.id, "expected": each.expected, "found": each.found}
            for each in outcome.violations[:KEPT]
        ],
    }


def _unknown(evidence: Evidence) -> list[bool]:
    return [not statement.acknowledged and not statement.refusals for statement in evidence.statements.values()]


def _statuses(evidence: Evidence, how: str) -> Document:
    return {str(status or "none"): count for (kind, status), count in sorted(evidence.answers.items()) if kind == how}


def show(console: Console, record: Document) -> None:
    """Prints a record."""
    for title, head, rows in _tables(record):
        table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
        for number, column in enumerate(head):
            table.add_column(column, justify="left" if number == 0 else "right")
        for row in rows:
            table.add_row(*row)
        console.print()
        console.print(table)
    console.print()
    for line in (*_sums(record), *record["left_out"]):
        console.print(line, markup=False, highlight=False)
    for each in record["examples"][:SHOWN]:
        console.print(f"VIOLATION {each['what']}: {each['id']}", markup=False, highlight=False)
        console.print(f"  expected {each['expected'][:500]}", markup=False, highlight=False)
        console.print(f"  found    {each['found'][:500]}", markup=False, highlight=False)
    if record["lost"]:
        console.print(f"LOST {record['lost']}", markup=False, highlight=False)


def page(record: Document) -> str:
    """A record as Markdown."""
    about = record["machine"]
    began = (
        f"`{record['command']}`, seed {record['seed']}, {about['date'][:10]}, on {about['cores']} cores of "
        f"{about['cpu']}, {about['memory_gib']} GiB, Linux {about['kernel']}, Python {about['python']}."
    )
    parts = [began, *_sums(record), *record["left_out"]]
    for _, head, rows in _tables(record):
        rule = ["---", *("---:" for _ in head[1:])]
        parts.append("\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *rows)))
    return "\n\n".join(parts)


def _tables(record: Document) -> list[tuple[str, list[str], list[list[str]]]]:
    statuses = sorted(
        {status for found in record["requests"].values() for status in found}, key=lambda s: (s == "none", s)
    )
    requests = [
        [SENT[how], *(f"{found[status]:,}" if status in found else "" for status in statuses)]
        for how, found in record["requests"].items()
        if found
    ]
    kinds = [
        [
            found["kind"],
            str(found["count"]),
            *(f"{found[key]:.1f}" if (key := f"{service}_s") in found else "" for service in SERVICES),
        ]
        for found in record["kinds"]
    ]
    return [
        ("What was sent, and the answers", ["sent", *statuses], requests),
        ("Faults, and the longest wait in seconds that began with one", ["fault", "times", *SERVICES], kinds),
        (
            "The longest waits",
            ["service", "at, s", "seconds", "during"],
            [
                [found["service"], f"{found['at']:.0f}", f"{found['seconds']:.1f}", ", ".join(found["during"])]
                for found in record["longest_waits"]
            ],
        ),
    ]


def _sums(record: Document) -> list[str]:
    said = (
        f"{record['said']:,} things were said of responses, {record['acknowledged']:,} of them acknowledged; "
        f"{record['attempts_without_a_final_answer']:,} attempts had no final answer, "
        f"{record['never_answered']:,} things were given up without one. "
        f"{record['rankings_read']:,} rankings were read."
    )
    done = (
        f"{record['faults']} faults; all parts were well {record['healed_s']:.1f} s after the last, and everything "
        f"acknowledged was in the rankings {record['counted_s']:.1f} s after the last client had ended."
    )
    found = f"{record['violations']} violations."
    return [said, done, f"{found} By kind: {record['violations_by_kind']}" if record["violations"] else found]
