"""What a check finds, and how differences become it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that is not as it must be."""

    what: str
    id: str
    expected: str
    found: str


Found = Iterator[Violation]


def differences(what: str, expected: Mapping[Any, Any], found: Mapping[Any, Any]) -> Found:
    for key in sorted({*expected, *found}, key=str):
        if expected.get(key) != found.get(key):
            yield Violation(what, f"{key}", f"{expected.get(key)}", f"{found.get(key)}")
