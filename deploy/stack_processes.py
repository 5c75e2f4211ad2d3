"""Which processes a process has started, read from /proc."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path


def with_descendants(root: int) -> list[int]:
    """A process and all that it and its children started and that still run, ascending; empty if it is gone."""
    children: dict[int, list[int]] = defaultdict(list)
    known = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name stands in parentheses and may hold anything, also parentheses.
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            children[int(parent)].append(int(stat.parent.name))
            known.add(int(stat.parent.name))
    found, ahead = [], [root] if root in known else []
    while ahead:
        found.append(ahead.pop())
        ahead += children[found[-1]]
    return sorted(found)
