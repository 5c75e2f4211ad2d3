"""Between which ranks a unit's true place is, by tests of all pairs of its block. Pure.

Two units differ significantly when z = (a - b) / sqrt(se_a² + se_b²) passes a critical value. That of Holm's step-down
procedure (Scandinavian Journal of Statistics 6, 1979, 65-70) keeps the chance of even one wrong claim among all pairs
below 5 %. A rank is then at best 1 + the units that are significantly better, and at worst N - those significantly
worse: so with 95 % all true ranks are in their intervals together (Klein, Wright and Wieczorek, Journal of the Royal
Statistical Society C 69, 2020, 589-606; Al Mohamad, Goeman and van Zwet, Biometrics 78, 2022, 238-247).

Holm's procedure is run as he names it, sequentially rejective: the critical value for m pairs rejects some, that for
the others rejects more, until none is added. Each value on the way keeps the promise too, with wider intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

from services.common.uncertainty import LEVEL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEW = 100
"""Units up to which plain loops are as quick as numpy, which then is not loaded."""
MANY = 1_000
"""Units from which on the first critical value (Bonferroni's) stands: each step looks at all their pairs."""
BUCKETS = 32
"""Of units of like error, in which most of the others are better or not whatever that error is. By measurement."""


class Estimate(NamedTuple):
    """An index in percent and its standard error; None where that is not known."""

    percent: float
    se: float | None


Beaten = tuple[Sequence[int], Sequence[int]]
"""Of each unit: how many are significantly better, and how many worse."""


def rank_intervals(units: Sequence[Estimate]) -> list[tuple[int, int] | None]:
    """The 95 % intervals of the ranks of a block's units, all together.

    Of a unit without a standard error nothing is claimed: it has no interval and may stand before and behind
    every other.

    Args:
        units: all that have an index, in any order.
    """
    places = [place for place, unit in enumerate(units) if unit.se is not None]
    better, worse = _compared([units[place] for place in places])
    found: list[tuple[int, int] | None] = [None] * len(units)
    for place, above, below in zip(places, better, worse, strict=True):
        found[place] = 1 + above, len(units) - below
    return found


def prepare(units: int) -> None:
    """Loads numpy (a fifth of a second) if so many units need it, so that whoever asks first need not wait."""
    if units > FEW:
        import numpy as np  # noqa: F401


def _compared(units: Sequence[Estimate]) -> Beaten:
    pairs = len(units) * (len(units) - 1) // 2
    count = _Few(units).count if len(units) <= FEW else _Many(units).count
    found: Beaten = [0] * len(units), [0] * len(units)
    rejected, before = 0, -1
    while before < rejected < pairs:
        before = rejected
        found = count(_critical(pairs - rejected))
        rejected = sum(found[0])
        if len(units) > MANY:
            break
    return found


def _critical(pairs: int) -> float:
    """The value that |z| passes by chance in one of so many pairs, with 5 %."""
    return -NormalDist().inv_cdf((1 - LEVEL) / (2 * pairs))


class _Few:
    """Every pair, one by one."""

    def __init__(self, units: Sequence[Estimate]) -> None:
        self._units = sorted((unit.percent, (unit.se or 0.0) ** 2, place) for place, unit in enumerate(units))

    def count(self, critical: float) -> Beaten:
        better, worse = [0] * len(self._units), [0] * len(self._units)
        for position, (index, variance, place) in enumerate(self._units):
            for higher, other, at in self._units[position + 1 :]:
                if higher > index + critical * sqrt(variance + other):
                    better[place] += 1
                    worse[at] += 1
        return better, worse


class _Many:
    """The same by numpy, without looking at every pair.

    Units of a bucket have nearly the same error. Sorted by index, those from some place on are certainly better than a
    unit and those before another place certainly not: what lies between is compared.
    """

    def __init__(self, units: Sequence[Estimate]) -> None:
        import numpy as np

        self._index = np.array([unit.percent for unit in units])
        self._variance = np.array([unit.se or 0.0 for unit in units]) ** 2
        buckets = np.array_split(np.argsort(self._variance, kind="stable"), BUCKETS)
        self._buckets = [bucket[np.argsort(self._index[bucket], kind="stable")] for bucket in buckets]

    def count(self, critical: float) -> Beaten:
        import numpy as np

        def limit(of: Floats | np.float64) -> Floats:
            return self._index + critical * np.sqrt(self._variance + of)

        everyone = np.arange(len(self._index))
        better, worse = np.zeros_like(everyone), np.zeros_like(everyone)
        for bucket in self._buckets:
            index, variance = self._index[bucket], self._variance[bucket]
            start = np.searchsorted(index, limit(variance.min()), side="right")
            certain = np.searchsorted(index, limit(variance.max()), side="right")
            better += len(bucket) - certain
            worse[bucket] += np.cumsum(np.bincount(certain, minlength=len(bucket) + 1))[:-1]
            open_ = certain - start
            unit = np.repeat(everyone, open_)
            other = np.arange(len(unit)) + np.repeat(start - np.cumsum(open_) + open_, open_)
            apart = critical * np.sqrt(self._variance[unit] + variance[other])
            significant = index[other] > self._index[unit] + apart
            better += np.bincount(unit[significant], minlength=len(everyone))
            worse[bucket] += np.bincount(other[significant], minlength=len(bucket))
        return better.tolist(), worse.tolist()
