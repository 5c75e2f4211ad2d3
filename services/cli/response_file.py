"""A file of responses, one JSON object a line: looked through before anything is sent, then read part by part.

Neither takes memory that grows with the file.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson

LINE_BYTES = 256 * 1024
"""The longest body of a response that intake takes."""
PART_LINES = 500
PART_BYTES = 4_000_000
"""Half of what intake takes in a batch."""
MOST_FAULTS = 20
NOTED_AT_A_TIME = 5_000

Advance = Callable[[int], object]


class Line(NamedTuple):
    """A line with its number in the file, from 1, and where it begins."""

    number: int
    at: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a file cannot be sent: the line, and what to do about it."""

    line: int
    problem: str


class Unfit(Exception):
    """The file must be mended first; `faults` has the first lines that are wrong."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} lines cannot be sent as they are")
        self.faults = faults


def look_through(path: Path, first: int, advance: Advance) -> int:
    """Makes sure that each line can be sent again without being counted twice; returns how many there are to send.

    Whether a response fits its campaign is for intake to say; here each must be one, with an id of its own.

    Args:
        path: the file. Blank lines are passed over.
        first: the number of the line that is to be sent first.
        advance: is told of the bytes that were looked at.

    Raises:
        Unfit: some lines are not so.
    """
    faults: list[Fault] = []
    responses = 0
    with path.open("rb") as file, closing(_Known(file)) as known:
        for line in _lines(file):
            advance(len(line.text))
            if not line.text.strip():
                continue
            responses += line.number >= first
            try:
                key = _key(line)
            except ValueError as error:
                faults.append(Fault(line.number, str(error)))
            else:
                faults += known.note(key, line)
            if len(faults) >= MOST_FAULTS:
                break
        faults += known.judge()
    if faults:
        raise Unfit(sorted(faults, key=lambda fault: fault.line)[:MOST_FAULTS])
    return responses


def parts(path: Path, first: int) -> Iterator[list[Line]]:
    """The responses of a file from a line on, as many at a time as travel in one batch."""
    part: list[Line] = []
    size = 0
    with path.open("rb") as file:
        for line in _lines(file):
            if line.number < first or not line.text.strip():
                continue
            if len(part) == PART_LINES or (part and size + len(line.text) > PART_BYTES):
                yield part
                part, size = [], 0
            part.append(line)
            size += len(line.text)
    if part:
        yield part


def _lines(file: BinaryIO) -> Iterator[Line]:
    number, at = 0, file.tell()
    while text := file.readline(LINE_BYTES + 2):
        number += 1
        yield Line(number, at, text)
        at += len(text)
        while not text.endswith(b"\n") and (text := file.readline(LINE_BYTES)):
            # The rest of a line that is too long: it has a fault already.
            at += len(text)


def _key(line: Line) -> bytes:
    """What makes a response the same when it is sent again: its id and revision.

    Raises:
        ValueError: it has no id that can be used; the message says what to do.
    """
    if len(line.text.rstrip()) > LINE_BYTES:
        raise ValueError(f"is longer than {LINE_BYTES:,} bytes, which no response may be")
    try:
        document = orjson.loads(line.text)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"is no JSON ({error}): one response stands on each line") from error
    if not isinstance(document, dict):
        raise ValueError("is no JSON object: one response stands on each line")  # noqa: TRY004 - it is told, not raised
    if "response" not in document:
        raise ValueError(
            "has no `response`: give each form an id of its own, a UUID, in the file; without it a form that is sent "
            "again would count twice"
        )
    return _id(document["response"]) + _revision(document)


def _id(found: object) -> bytes:
    try:
        return uuid.UUID(found).bytes  # type: ignore[arg-type]
    except (ValueError, AttributeError, TypeError) as error:
        raise ValueError(f"has the `response` {orjson.dumps(found).decode()[:60]}, which is no UUID") from error


def _revision(document: dict[str, Any]) -> bytes:
    found = document.get("revision", 1)
    # What is no revision at all intake will say.
    return b"%d" % found if isinstance(found, int) and not isinstance(found, bool) else b"?"


class _Known:
    """The ids that a file has had so far, on disk, so that any number of them can be held against the next."""

    def __init__(self, file: BinaryIO) -> None:
        self._path = Path(file.name)
        # Without a name SQLite keeps a table in memory up to its cache and then in a file that goes with it.
        self._db = sqlite3.connect("")
        self._db.execute("CREATE TABLE known (key BLOB PRIMARY KEY, line INTEGER, at INTEGER) WITHOUT ROWID")
        self._db.execute("PRAGMA cache_size = -65536")
        self._waiting: list[tuple[bytes, int, int]] = []

    def close(self) -> None:
        self._db.close()

    def note(self, key: bytes, line: Line) -> list[Fault]:
        """Notes a line; returns what is wrong with it or those noted with it."""
        self._waiting.append((key, line.number, line.at))
        return self.judge() if len(self._waiting) >= NOTED_AT_A_TIME else []

    def judge(self) -> list[Fault]:
        """What is wrong with the lines noted since it was last asked: an id that stands before other content."""
        waiting, self._waiting = self._waiting, []
        inserted = self._db.executemany("INSERT OR IGNORE INTO known VALUES (?, ?, ?)", waiting).rowcount
        if inserted == len(waiting):
            return []
        return [fault for key, line, at in waiting if (fault := self._compared(key, line, at))]

    def _compared(self, key: bytes, line: int, at: int) -> Fault | None:
        first, first_at = self._db.execute("SELECT line, at FROM known WHERE key = ?", (key,)).fetchone()
        if first == line or self._content(first_at) == self._content(at):
            return None
        return Fault(
            line,
            f"has the `response` and the revision of line {first} but other content, so that only one of them would "
            "count: another form needs an id of its own, an edit the next `revision`",
        )

    def _content(self, at: int) -> Any:  # noqa: ANN401 - JSON
        with self._path.open("rb") as file:
            file.seek(at)
            return orjson.loads(file.readline())
