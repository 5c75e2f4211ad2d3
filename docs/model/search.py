"""Visits every state that can be reached, the nearest first: what is broken comes with the shortest way to it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from . import protocol, refreshing
from .promises import ALWAYS, AT_REST, GOES_ON, Promise, at_rest
from .protocol import Next, Step
from .world import Setup, World


@dataclass(frozen=True)
class Broken:
    """A promise, what is wrong, and the steps that lead there."""

    promise: str
    wrong: str
    trace: tuple[Step, ...]


@dataclass(frozen=True)
class Result:
    """What a search has seen; `depth` is how many steps the farthest state is away."""

    states: int
    transitions: int
    depth: int
    seconds: float
    steps: frozenset[tuple[str, str]]
    broken: Broken | None


def steps(setup: Setup, w: World) -> Next:
    """All that can happen next."""
    yield from protocol.clients(setup, w)
    for i in range(len(setup.own)):
        yield from protocol.scorer(setup, w, i)
        if setup.refreshers and w.scorers[i].applying is None:
            yield from refreshing.refresher(setup, w, i)
    yield from protocol.server(setup, w)
    yield from protocol.publish(setup, w)
    if setup.others:
        yield from protocol.others(setup, w)
    if setup.rebuild:
        yield from refreshing.rebuild(w)


def search(setup: Setup, only: str = "") -> Result:
    """Visits all states, or those nearer than the first in which a promise is broken.

    Args:
        setup: what is searched.
        only: the one promise to check; all if empty.
    """
    began = time.monotonic()
    always, resting = _chosen(ALWAYS, only), _chosen(AT_REST, only)
    states, numbers, depths = [setup.start], {setup.start: 0}, [0]
    came: list[tuple[int, Step]] = [(0, Step("", ""))]
    before: list[list[int]] = [[]]
    rests: list[int] = []
    seen: set[tuple[str, str]] = set()
    transitions = 0

    def result(at: int | None = None, promise: str = "", wrong: str = "") -> Result:
        broken = None if at is None else Broken(promise, wrong, _way(came, at))
        return Result(len(states), transitions, depths[-1], time.monotonic() - began, frozenset(seen), broken)

    for at, w in enumerate(states):
        is_rest = at_rest(setup, w)
        for promise, check in (*always.items(), *(resting.items() if is_rest else ())):
            if wrong := check(setup, w):
                return result(at, promise, wrong)
        if is_rest:
            rests.append(at)
        for step, after in steps(setup, w):
            transitions += 1
            seen.add((step.who, step.does))
            number = numbers.setdefault(after, len(states))
            if number == len(states):
                states.append(after)
                came.append((at, step))
                depths.append(depths[at] + 1)
                before.append([])
            if step.relied_on:
                before[number].append(at)
    if only in ("", GOES_ON) and (stuck := _stuck(before, rests)) is not None:
        return result(stuck, GOES_ON, "nothing that can be relied on leads from here to where all is counted")
    return result()


def _chosen(promises: Mapping[str, Promise], only: str) -> dict[str, Promise]:
    return {promise: check for promise, check in promises.items() if only in ("", promise)}


def _way(came: list[tuple[int, Step]], at: int) -> tuple[Step, ...]:
    way = []
    while at:
        at, step = came[at]
        way.append(step)
    return tuple(reversed(way))


def _stuck(before: list[list[int]], rests: list[int]) -> int | None:
    """The nearest state from which none at rest can be reached, found by going backwards from those at rest."""
    reached = set(rests)
    todo = list(rests)
    while todo:
        for number in before[todo.pop()]:
            if number not in reached:
                reached.add(number)
                todo.append(number)
    return next((number for number in range(len(before)) if number not in reached), None)
