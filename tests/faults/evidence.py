"""The journals of a run, read: what each client said, what it was told, and when."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.journal import lines

Key = tuple[str, int, str]
"""Response, revision, digest: one thing that was said, however often."""


@dataclass
class Statement:
    """One thing that was said about a response, and all that was answered to it."""

    key: Key
    content: dict[str, Any] | None
    expected: str
    receipts: list[tuple[int, int | None]] = field(default_factory=list)
    """Partition and offset."""
    digests: set[str] = field(default_factory=set)
    """Those of the receipts."""
    refusals: list[str] = field(default_factory=list)
    """The final ones."""

    @property
    def acknowledged(self) -> bool:
        return bool(self.receipts)


@dataclass
class Change:
    """A change of a unit's appraisal row, and what was answered."""

    unit: str
    change: dict[str, Any]
    base: int | None
    rows: list[dict[str, Any]] = field(default_factory=list)
    """As of each 200."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A 202: when it came, and where the record stands."""

    at: float
    partition: int
    offset: int | None


@dataclass(frozen=True, slots=True)
class Read:
    """A question of a reader and what it was served; `body` where it was the first of a state."""

    at: float
    url: str
    block: str
    status: int
    state: int = 0
    fingerprint: str = ""
    body: dict[str, Any] | None = None


@dataclass
class Evidence:
    """All journals of a run."""

    statements: dict[Key, Statement] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    acknowledged: list[Acknowledged] = field(default_factory=list)
    """In the order of time."""
    reads: list[Read] = field(default_factory=list)
    """In the order of time."""
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    """By how it was sent and the status of the answer; 0: none came."""
    retries: int = 0
    """Attempts that had no final answer."""
    slow: list[str] = field(default_factory=list)
    """What was repeated until the very end without a final answer."""


def read(folder: Path) -> Evidence:
    """The evidence in a folder of journals."""
    found = Evidence()
    changes: dict[int, Change] = {}
    for line in lines(folder):
        match line["what"]:
            case "say":
                key = _key(line)
                found.statements.setdefault(key, Statement(key, line["content"], line["expected"]))
            case "answer":
                _answer(found, line)
            case "gave up":
                if line["patient"]:
                    response, revision = found.statements[_key(line)].key
                    found.slow.append(f"{response}, revision {revision}")
            case "appraise":
                changes[line["number"]] = Change(line["unit"], line["change"], line["base"])
            case "judged":
                found.answers["appraise", line["status"]] += 1
                if line["status"] == 200:
                    changes[line["number"]].rows.append(line["row"])
            case "read":
                found.reads.append(
                    Read(
                        line["at"],
                        line["url"],
                        line["block"],
                        line["status"],
                        line.get("state", 0),
                        line.get("fingerprint", ""),
                        line.get("body"),
                    )
                )
    found.changes = list(changes.values())
    found.acknowledged.sort(key=lambda acknowledged: acknowledged.at)
    found.reads.sort(key=lambda read: read.at)
    return found


def _answer(found: Evidence, line: dict[str, Any]) -> None:
    key, how, status = _key(line), line["how"], line["status"]
    statement = found.statements[key]
    found.answers[how, status] += 1
    if not line["final"]:
        found.retries += 1
    if status == 202:
        statement.receipts.append((line["partition"], line["offset"]))
        statement.digests.add(line["receipt_digest"])
        found.acknowledged.append(Acknowledged(line["at"], line["partition"], line["offset"]))
    elif status and line["final"]:
        statement.refusals.append(f"{status} {line.get('detail', '')}")


def _key(line: dict[str, Any]) -> Key:
    return line["response"], line["revision"], line["digest"]
