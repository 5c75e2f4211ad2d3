"""How much memory processes hold while they work: looked at twice a second."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.running import Processes

LOOK_S = 0.5
SHOWN = 60
"""Points of a course that are kept."""
MB = 1e6
PAGE = os.sysconf("SC_PAGE_SIZE")
SERVICES = ("intake", "scoring", "reporting", "rebuild")
"""What must not grow; the servers fill the memory that they were given."""

Look = tuple[float, Mapping[str, float]]
"""Seconds since the beginning, and MB by family."""


def resident(pid: int) -> int:
    """Bytes of a process that are in memory; 0 when it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (FileNotFoundError, ProcessLookupError):
        return 0


@contextmanager
def watched(processes: Processes) -> Iterator[dict[str, Any]]:
    """Fills in, at the end of the block, what families of processes held during it."""
    looks: list[Look] = []
    ended = threading.Event()
    began = time.monotonic()

    def look() -> None:
        while not ended.wait(LOOK_S):
            held = {family: sum(map(resident, pids)) / MB for family, pids in processes().items()}
            looks.append((time.monotonic() - began, held))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    found: dict[str, Any] = {}
    try:
        yield found
    finally:
        ended.set()
        watcher.join()
    found.update(course(looks))


def course(looks: Sequence[Look]) -> dict[str, Any]:
    """What looks come to.

    `grew_percent` is the most by which a service grew after the first quarter, from its median to that of a later one:
    what it holds goes up and down with what it has just read, and the highest of three quarters is above that of one.
    """
    # A process that has not begun, or has ended, holds nothing.
    families = {
        family: found
        for family in (looks[0][1] if looks else ())
        if (found := [held[family] for _, held in looks if held.get(family)])
    }
    summed = {
        family: {
            "begin": round(held[0], 1),
            "quarter": round(max(held[: max(1, len(held) // 4)]), 1),
            "end": round(held[-1], 1),
            "most": round(max(held), 1),
        }
        for family, held in families.items()
    }
    grew = [_growth(held) for name, held in families.items() if name in SERVICES]
    step = max(1, -(-len(looks) // SHOWN))
    points = [
        {"seconds": round(at, 1), **{family: round(mb, 1) for family, mb in held.items()}} for at, held in looks[::step]
    ]
    return {"families": summed, "grew_percent": round(max(grew, default=0.0), 1), "course": points}


def _growth(held: Sequence[float]) -> float:
    """Per cent."""
    size = max(1, len(held) // 4)
    first, *later = (median(held[start : start + size]) for start in range(0, size * min(4, len(held)), size))
    return 100 * (max(later, default=first) / first - 1)
