"""The longest time without service that began with each kind of fault, as clients saw it. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.faults.evidence import Evidence

BEFORE_S, AFTER_S = 0.5, 3.0
"""A wait began with a fault when it did so between these times before its begin and after its end: what was
acknowledged a moment before waits for its end as well, and an outage may need a moment to show."""

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Done:
    """A fault that was done: when it began, when it was undone, and what it hit."""

    name: str
    began: float
    ended: float
    hit: str


def waits(evidence: Evidence) -> dict[str, list[Span]]:
    """By service: from when to when clients waited for something, in the order of time.

    intake: between two 202s; counting: from a 202 until a reader saw it counted; reporting: between two rankings.
    """
    return {
        "intake": list(pairwise(acknowledged.at for acknowledged in evidence.acknowledged)),
        "counting": sorted(_until_visible(evidence)),
        "reporting": list(pairwise(read.at for read in evidence.reads if read.status == 200)),
    }


def longest(spans: Sequence[Span], faults: Iterable[Done]) -> float:
    """The longest of the spans that began with one of some faults, in seconds.

    Where faults overlap, a wait that began with several is put to the account of each.
    """
    begins = [begin for begin, _ in spans]
    return max(
        (
            until - since
            for fault in faults
            for since, until in spans[
                bisect_left(begins, fault.began - BEFORE_S) : bisect_left(begins, fault.ended + AFTER_S)
            ]
            if until >= fault.began
        ),
        default=0.0,
    )


def by_kind(faults: Iterable[Done], spans: Mapping[str, Sequence[Span]]) -> dict[str, tuple[int, dict[str, float]]]:
    """By name of the fault: how often it was done, and by service the longest wait that began with it."""
    kinds: dict[str, list[Done]] = {}
    for fault in faults:
        kinds.setdefault(fault.name, []).append(fault)
    return {
        name: (len(done), {service: longest(waited, done) for service, waited in spans.items()})
        for name, done in sorted(kinds.items())
    }


def worst(spans: Sequence[Span], faults: Sequence[Done], count: int) -> list[tuple[Span, list[str]]]:
    """The longest spans, each told once, with the faults that were going on or had just ended when it began."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: span[0] - span[1]):
        if all(span[1] <= since or span[0] >= until for since, until in found):
            found.append(span)
        if len(found) == count:
            break
    return [
        (
            span,
            [
                fault.name
                for fault in faults
                if fault.began - BEFORE_S <= span[0] + BEFORE_S and fault.ended + AFTER_S >= span[0]
            ],
        )
        for span in found
    ]


def _until_visible(evidence: Evidence) -> Iterable[Span]:
    seen: dict[int, list[Span]] = {}
    """Partition → (position, time), both rising."""
    for read in evidence.reads:
        if read.body is not None:
            for partition, position in read.body["as_of"]["positions"]["responses"].items():
                known = seen.setdefault(int(partition), [])
                if not known or position > known[-1][0]:
                    known.append((position, read.at))
    for acknowledged in evidence.acknowledged:
        known = seen.get(acknowledged.partition, [])
        if acknowledged.offset is not None:
            index = bisect_left(known, (acknowledged.offset + 1, 0.0))
            if index < len(known):
                yield acknowledged.at, max(acknowledged.at, known[index][1])
