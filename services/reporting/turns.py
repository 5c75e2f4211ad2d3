"""Long loops in a process of greenlets: whoever is at work must let the others have their turn."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

STRETCH = 100
"""Items in a row: some 10-40 ms of work."""


def in_turns(items: Iterable[Item], stretch: int = STRETCH) -> Iterator[Item]:
    """The items one by one; after each stretch of them the worker's other greenlets (or threads) go first."""
    for number, item in enumerate(items, 1):
        yield item
        if number % stretch == 0:
            time.sleep(0)
