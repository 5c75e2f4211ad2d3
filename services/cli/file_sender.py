"""Sends a file of responses through intake's front door over several connections, and notes what became of each line.

What was sent is noted in the order of the file, so that at any moment everything up to one line has a final answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import orjson

from services.cli.batch import post_lines
from services.cli.connection import Connection, crew
from services.cli.response_file import Line, parts

ACCEPTED = 202
PARTS_AHEAD = 2
"""Parts for each connection that wait for it, or for those before them to be noted."""

Advance = Callable[[int], object]
Answers = Sequence[Mapping[str, Any]]
"""What intake said for good of each line of a part."""


class Refusals:
    """The lines that were refused, each with its problem, in a file of JSON lines; without any there is no file.

    Args:
        path: the file.
        first: the first line that is sent. From 1 on the file is begun anew, else it is gone on with.
    """

    def __init__(self, path: Path, first: int) -> None:
        self.path = path
        self.count = 0
        self._file: TextIO | None = None
        if first == 1:
            path.unlink(missing_ok=True)

    def add(self, line: Line, answer: Mapping[str, Any]) -> None:
        if self._file is None:
            self._file = self.path.open("a", encoding="utf-8")
        said = {"line": line.number, "status": answer["status"], "problem": answer.get("problem")}
        self._file.write(orjson.dumps({**said, "sent": orjson.loads(line.text)}).decode() + "\n")
        self.count += 1

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


class FileSender:
    """Sends a file to one campaign of one intake.

    Attributes:
        accepted: lines that intake has acknowledged.
        done: the last line up to which every one has a final answer.

    Args:
        url: intake's address.
        campaign: the campaign's code.
        connections: how many batches are under way at a time.
        patience_s: how long one batch is sent again before it is given up.
    """

    def __init__(self, url: str, campaign: str, connections: int, patience_s: float) -> None:
        self._url = url
        self._path = f"/v1/campaigns/{campaign}/responses/batch"
        self._connections = connections
        self._patience_s = patience_s
        self.accepted = 0
        self.done = 0

    def send(self, file: Path, first: int, refusals: Refusals, advance: Advance) -> None:
        """Sends the lines of a file from one on.

        Args:
            file: of responses, each with an id of its own.
            first: the number of the line to begin with.
            refusals: takes what is refused for good.
            advance: is told of the lines that have their final answer.

        Raises:
            Unexpected: intake refused a whole batch for good; nothing more is sent.
            GaveUp: it did not answer for too long; nothing more is sent.
        """
        self.done = first - 1
        with crew(self._url, self._connections, patience_s=self._patience_s) as run:
            waiting: deque[tuple[list[Line], Future[Answers]]] = deque()
            for part in parts(file, first):
                waiting.append((part, run(partial(self._deliver, part))))
                if len(waiting) >= PARTS_AHEAD * self._connections:
                    self._note(*waiting.popleft(), refusals, advance)
            while waiting:
                self._note(*waiting.popleft(), refusals, advance)

    def _deliver(self, part: Sequence[Line], connection: Connection) -> Answers:
        said = dict(post_lines(connection, self._path, [line.text.rstrip() for line in part]))
        return [said[number] for number in range(len(part))]

    def _note(self, part: Sequence[Line], sent: Future[Answers], refusals: Refusals, advance: Advance) -> None:
        for line, answer in zip(part, sent.result(), strict=True):
            if answer["status"] == ACCEPTED:
                self.accepted += 1
            else:
                refusals.add(line, answer)
        self.done = part[-1].number
        advance(len(part))
