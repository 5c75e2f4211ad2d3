"""How the leaves of a block's units stand: the mean and the best of the points that are shown, kept up to date.

What ten thousand units show of a leaf is summed up once; after that a state costs what has changed in it. The figures
are exact, and the same however a state was come by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from services.common.ranking import carried, mean_of
from services.reporting.outline import outline
from services.reporting.standing import Standing
from services.reporting.turns import in_turns

STRETCH = 10
"""Units in a row: some 10-20 ms where all of a unit's leaves must be read."""
Ratio = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Beside:
    """The leaves of a block's units, in the order of the definition.

    `texts` has the points of each unit's leaves; of each leaf, `totals` sums them up as integers of `MEAN_CARRIED`
    decimals, and `counts` has how many there are.
    """

    texts: Mapping[str, str]
    totals: Sequence[int]
    counts: Sequence[int]
    bests: Sequence[Fraction | None]

    def mean(self, leaf: int) -> Fraction | None:
        return mean_of(self.totals[leaf], self.counts[leaf])


def beside(standing: Standing, block: str) -> Beside:
    """The leaves of a block, made once per state of what an earlier one had."""

    def make(before: Beside | None) -> Beside:
        units = [unit.code for unit in standing.campaign.units if unit.block == block]
        texts = {unit: outline(standing, unit).leaves for unit in in_turns(units, STRETCH)}
        return changed(before, texts, len(standing.campaign.leaves))

    return standing.carried(("leaves beside", block), make)


def changed(before: Beside | None, texts: Mapping[str, str], leaves: int) -> Beside:
    """The leaves of units, made of those of an earlier state of the same definition.

    Args:
        before: the earlier state.
        texts: by unit the points of its leaves, as an outline has them.
        leaves: how many there are.
    """
    known = {} if before is None else before.texts
    found = _Changing(before, leaves)
    for unit, text in known.items():
        if texts.get(unit) is not text:
            found.take(text)
    for unit, text in in_turns(texts.items()):
        if known.get(unit) is not text:
            found.add(text)
    found.look(texts)
    return Beside(texts, found.totals, found.counts, found.bests)


class _Changing:
    """The sums under way, and of which leaves (`lost`) a best may be gone."""

    def __init__(self, before: Beside | None, leaves: int) -> None:
        self.totals = [0] * leaves if before is None else list(before.totals)
        self.counts = [0] * leaves if before is None else list(before.counts)
        self.bests: list[Fraction | None] = [None] * leaves if before is None else list(before.bests)
        self.lost: set[int] = set()

    def take(self, text: str) -> None:
        """A unit's points that are no more."""
        for leaf, ratio in _points(text):
            self.totals[leaf] -= carried(ratio)
            self.counts[leaf] -= 1
            if _reaches(ratio, self.bests[leaf]):
                self.lost.add(leaf)

    def add(self, text: str) -> None:
        for leaf, ratio in _points(text):
            self.totals[leaf] += carried(ratio)
            self.counts[leaf] += 1
            self._best(leaf, ratio)

    def _best(self, leaf: int, ratio: Ratio) -> None:
        if _reaches(ratio, self.bests[leaf]):
            self.bests[leaf] = Fraction(*ratio)
            self.lost.discard(leaf)

    def look(self, texts: Mapping[str, str]) -> None:
        """Looks among all units for what is the best where that may be gone."""
        lost = frozenset(self.lost)
        for leaf in lost:
            self.bests[leaf] = None
        for text in in_turns(texts.values()) if lost else ():
            for leaf, ratio in _points(text, lost):
                self._best(leaf, ratio)


def _points(text: str, wanted: frozenset[int] | None = None) -> Iterator[tuple[int, Ratio]]:
    for leaf, written in enumerate(text.split(" ")):
        if written and (wanted is None or leaf in wanted):
            above, _, below = written.partition("/")
            yield leaf, (int(above), int(below or 1))


def _reaches(ratio: Ratio, best: Fraction | None) -> bool:
    """Whether points are no less than the best."""
    return best is None or ratio[0] * best.denominator >= best.numerator * ratio[1]
