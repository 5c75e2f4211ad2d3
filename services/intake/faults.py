"""What is wrong with a document, as the answer lists it: from marshmallow's nested messages to JSON pointers."""

from __future__ import annotations

from typing import Final

from marshmallow import ValidationError

from services.common import problems
from services.common.problems import Fault, Problem
from services.common.validation import faults_of

LISTED: Final = 200
"""Faults listed in one answer: a hostile body must not be answered with a much larger one."""


def invalid(detail: str, error: ValidationError) -> Problem:
    """The 422 of what marshmallow found: each message with its JSON pointer."""
    found = faults_of(error)
    if len(found) > LISTED:
        rest = Fault("", "more-problems", f"{len(found) - LISTED} or more are not listed: repair these first")
        found = [*found[:LISTED], rest]
    return Problem(problems.INVALID, detail, found)
