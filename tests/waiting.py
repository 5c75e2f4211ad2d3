"""The one wait of all tests: for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

LOOK_S = 0.02


def eventually(condition: Callable[[], Found], what: str, within_s: float) -> Found:
    """What a condition gives once it is true.

    Raises:
        AssertionError: it was not in time.
    """
    deadline = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(LOOK_S)
    return found
