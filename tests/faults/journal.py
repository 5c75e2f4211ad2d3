"""What a client noted: each thing before it was said, each attempt with what was answered. The check knows no more.

A journal is a file of JSON lines; every line has `what` it is and `at`, the time in seconds since the run began.

    say      response, revision, digest, content (null: a withdrawal), expected (accepted or refused)
    answer   response, revision, digest, how, status (0: none came), final, took; of a 202 the receipt's partition,
             offset and digest; of a refusal its detail
    gave up  response, revision, digest, patient (after all patience, not as a hasty rater)
    appraise number, unit, change, base (of If-Match, else null)
    judged   number, status, row (of a 200)
    read     url, block, status, took; of a 200 state and fingerprint; where it is the first of a state also the body
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tests.faults.campaign import CODE

CHANNEL = "web"


@dataclass(frozen=True, slots=True)
class Said:
    """A revision of a response as its rater's device sends it; without content it is a withdrawal."""

    response: str
    revision: int
    content: Mapping[str, Any] | None
    """`group` and `ratings`."""

    @property
    def body(self) -> dict[str, Any]:
        """What is sent, for all but a withdrawal."""
        return {"response": self.response, "revision": self.revision, "channel": CHANNEL, **(self.content or {})}

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON (RFC 8785) of what is said, as docs/api-intake.md has it."""
        named = {"response": self.response, "revision": self.revision, "campaign": CODE}
        content = named | ({"withdrawn": True} if self.content is None else {**self.content, "channel": CHANNEL})
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


class Clock:
    """Seconds since a run began."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self) -> float:
        return round(time.monotonic() - self._began, 4)


class Journal:
    """One client's journal; what is noted is in the file when `note` returns."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.clock = clock
        self._file = path.open("ab", buffering=0)

    def note(self, what: str, **more: object) -> None:
        self._file.write(orjson.dumps({"what": what, "at": self.clock(), **more}, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        self._file.close()


def lines(folder: Path) -> Iterator[dict[str, Any]]:
    """All that was noted in a folder, journal by journal."""
    for path in sorted(folder.glob("*.jsonl")):
        with path.open("rb") as file:
            for line in file:
                yield orjson.loads(line)
