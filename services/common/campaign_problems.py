"""What is wrong with a definition, and where: a JSON pointer for programs, a line for the author."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

Path = tuple[str | int, ...]
"""The way from the root of a document to a value: names of fields and numbers of rows (from 0)."""

LISTED = 1_000
"""Problems reported of one document: a file that is wrong in every line is answered with its beginning."""


class Fault(NamedTuple):
    """A broken rule before its line is known."""

    path: Path
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to repair. `pointer` is RFC 6901, `line` counts from 1, `code` is stable, `detail` is for people."""

    pointer: str
    line: int | None
    code: str
    detail: str

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line is not None else ""
        place = ", ".join(part for part in (line, self.pointer) if part)
        return f"{place}: {self.detail}" if place else self.detail


class DefinitionError(ValueError):
    """A definition that cannot be used; `problems` has everything that is wrong with it, sorted by line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = sorted(problems, key=lambda problem: (problem.line or 0, problem.pointer, problem.code))
        self.problems: list[Problem] = found[:LISTED]
        if len(found) > LISTED:
            more = f"{len(found) - LISTED} more problems are not listed: repair these first"
            self.problems.append(Problem("", None, "more-problems", more))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def pointer(path: Sequence[str | int]) -> str:
    """The JSON pointer (RFC 6901) of a path; the empty text is the whole document."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
