"""The parts of the bench, in the order in which they run; each can be measured by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench import catching_up, communes, dashboards, freshness, million, national, reading, writing
from tests.bench.figures import Row
from tests.bench.running import Bench


@dataclass(frozen=True, slots=True)
class Part:
    """What is measured together.

    Attributes:
        title: in words.
        measure: measures it on a running stack.
        large: whether it takes minutes and is measured only when asked for.
    """

    title: str
    measure: Callable[[Bench], Sequence[Row]]
    large: bool = False


PARTS = {
    "rankings": Part("Rankings, many readers", reading.rankings),
    "single": Part("Single POSTs", writing.singles),
    "batches": Part("Batches", writing.batches),
    "counted": Part("Batches until counted", writing.batches_until_counted),
    "scoring": Part("Scoring, catching up", catching_up.catching_up),
    "freshness": Part("From 202 to visible", freshness.freshness),
    "reader": Part("Rankings, one reader", reading.one_reader),
    "file": Part("A national file through the front door", national.national),
    "dashboards": Part("A hall of dashboards", dashboards.dashboards),
    "million": Part("A million responses", million.million, large=True),
    # Last: its tallies would be most of what a rebuild of the million holds.
    "communes": Part("A campaign of all communes", communes.communes),
}


def chosen(only: str | None, *, large: bool) -> dict[str, Part]:
    """The parts to measure, by name.

    Args:
        only: their names, comma separated; None: all.
        large: whether those that take minutes are measured too.

    Raises:
        ValueError: there is no part of a name.
    """
    if only is None:
        return {name: part for name, part in PARTS.items() if large or not part.large}
    names = [name.strip() for name in only.split(",") if name.strip()]
    unknown = [name for name in names if name not in PARTS]
    if unknown or not names:
        raise ValueError(f"no part {', '.join(unknown) or 'is named'}: there are {', '.join(PARTS)}")
    return {name: part for name, part in PARTS.items() if name in names}
