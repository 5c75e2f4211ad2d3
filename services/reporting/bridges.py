"""The bridges of a graph: lines whose removal parts what they join. Tarjan's algorithm, without recursion. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import TypeVar

Line = TypeVar("Line", bound=Hashable)
Point = TypeVar("Point", bound=Hashable)


def bridges(lines: Mapping[Line, tuple[Point, Point]]) -> set[Line]:
    """The lines that lie on no cycle; two points may be joined by several lines.

    Args:
        lines: by its name, the two points that a line joins.
    """
    around: dict[Point, list[tuple[Line, Point]]] = {}
    for line, (one, other) in lines.items():
        around.setdefault(one, []).append((line, other))
        around.setdefault(other, []).append((line, one))
    found: set[Line] = set()
    entered: dict[Point, int] = {}
    lowest: dict[Point, int] = {}
    for start in tuple(around):
        if start in entered:
            continue
        entered[start] = lowest[start] = len(entered)
        way: list[tuple[Point, Line | None, Iterator[tuple[Line, Point]]]] = [(start, None, iter(around[start]))]
        while way:
            point, came_by, rest = way[-1]
            step = next(rest, None)
            if step is None:
                way.pop()
                if way:
                    before = way[-1][0]
                    lowest[before] = min(lowest[before], lowest[point])
                    if came_by is not None and lowest[point] > entered[before]:
                        found.add(came_by)
                continue
            line, other = step
            if line == came_by:
                continue
            if other in entered:
                lowest[point] = min(lowest[point], entered[other])
            else:
                entered[other] = lowest[other] = len(entered)
                way.append((other, line, iter(around[other])))
    return found
