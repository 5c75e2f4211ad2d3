"""What is wrong with a document, as the answer lists it: from marshmallow's nested messages to JSON pointers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from marshmallow import ValidationError

from services.common import problems
from services.common.campaign_problems import Path, pointer
from services.common.problems import Fault, Problem

LISTED: Final = 200
"""Faults listed in one answer: a hostile body must not be answered with a much larger one."""


def invalid(detail: str, error: ValidationError) -> Problem:
    """The 422 of what marshmallow found: each message with its JSON pointer."""
    found = list(_faults(error.normalized_messages(), ()))  # type: ignore[no-untyped-call]
    if len(found) > LISTED:
        rest = Fault("", "more-problems", f"{len(found) - LISTED} or more are not listed: repair these first")
        found = [*found[:LISTED], rest]
    return Problem(problems.INVALID, detail, found)


def _faults(messages: Mapping[Any, Any], path: Path) -> Iterator[Fault]:
    for step, said in messages.items():
        here = path if step == "_schema" else (*path, step)
        if isinstance(said, Mapping):
            yield from _faults(said, here)
        else:
            for message in said:
                code, _, detail = message.partition("|")
                yield Fault(pointer(here), code, detail)
