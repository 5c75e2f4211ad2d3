"""Posts a batch of responses until each line has a final answer: what is refused for now goes into the next batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from services.cli.connection import RETRYABLE, Answer, Connection

OK = 200
HEADERS = {"Content-Type": "application/x-ndjson"}


class Unexpected(Exception):
    """Intake answered something that is no answer to what was sent; the message quotes it.

    `status` is the answer's, where it refused a whole batch for good.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


def post_lines(connection: Connection, path: str, lines: Sequence[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Posts lines, and those that are to be retried again, unchanged, until none is left.

    Args:
        connection: to intake.
        path: of the campaign's batches.
        lines: bodies of single responses, each with an id: else sending again would count it twice.

    Returns:
        For each line its number from 0, and what intake said of it for good.

    Raises:
        Unexpected: a whole batch was refused, or the answer is not one to it.
        GaveUp, Stopped: as `Connection.exchange`.
    """
    pending = list(range(len(lines)))
    patience = connection.patience("a batch")
    while pending:
        answer = connection.exchange("POST", path, b"\n".join([lines[number] for number in pending]), HEADERS)
        said = _said(answer, len(pending))
        again = []
        for number, line in zip(pending, said, strict=True):
            if line["status"] in RETRYABLE:
                again.append(number)
            else:
                yield number, line
        if again:
            patience.wait(f"{len(again)} lines were not taken: {said[-1]}", answer.retry_after)
        pending = again


def _said(answer: Answer, expected: int) -> list[dict[str, Any]]:
    if answer.status != OK:
        quoted = answer.body[:500].decode(errors="replace")
        raise Unexpected(f"a batch was answered with {answer.status}: {quoted}", answer.status)
    lines = [orjson.loads(line) for line in answer.body.splitlines() if line]
    if [line.get("line") for line in lines] != list(range(1, expected + 1)):
        raise Unexpected(
            f"a batch of {expected} lines was answered with {len(lines)}, the last: {answer.body[-200:]!r}"
        )
    return lines
