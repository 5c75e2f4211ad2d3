"""Indices → ranks, ties and bands, and how an exact figure is shown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from services.common.campaign import Band, Ties

EXACT_DECIMALS = 30
"""Decimals of a figure that travels for recomputation."""

MEAN_DECIMALS, MEAN_CARRIED = 50, 60
"""A mean's decimals, and those with which it is made: so that an exact half is one, whatever it was made of."""
_CARRIED: int = 10**MEAN_CARRIED


@dataclass(frozen=True, slots=True)
class Rank:
    """A place in a ranking; None for a unit without any figure."""

    rank: int | None
    tied: bool


def ranks(indices: Mapping[str, Fraction | None], ties: Ties) -> dict[str, Rank]:
    """The ranks of units by unrounded index, highest first, in that order; units without a figure last.

    Ties by the rule: shared gives 1, 1, 3 and dense gives 1, 1, 2. Among equals the order of `indices` is kept.
    """
    known = {unit: (_leading(index), index) for unit, index in indices.items() if index is not None}
    ordered = sorted(known, key=known.__getitem__, reverse=True)
    ranked: dict[str, Rank] = {}
    before = start = 0
    while start < len(ordered):
        end = start + 1
        while end < len(ordered) and known[ordered[end]] == known[ordered[start]]:
            end += 1
        rank = Rank(before + 1, tied=end - start > 1)
        ranked.update(dict.fromkeys(ordered[start:end], rank))
        before += end - start if ties == "shared" else 1
        start = end
    return ranked | {unit: Rank(None, tied=False) for unit, index in indices.items() if index is None}


def _leading(index: Fraction) -> int:
    """The part of an index that tells nearly all apart: comparing exact ones of some hundred digits is slow."""
    return (index.numerator << 64) // index.denominator


def band(index: Fraction | None, bands: Sequence[Band]) -> Band | None:
    """The grade of an unrounded index: the highest band whose floor it reaches; None below all of them."""
    if index is None:
        return None
    numerator, denominator = index.as_integer_ratio()
    reached = None
    for band in bands:
        above, below = band.floor.as_integer_ratio()
        if above * denominator <= numerator * below and (reached is None or band.floor > reached.floor):
            reached = band
    return reached


def shown(value: Fraction, decimals: int) -> str:
    """A figure rounded half up (away from zero) to `decimals` for display, e.g. 79.58."""
    numerator, denominator = value.as_integer_ratio()
    whole = (2 * abs(numerator) * 10**decimals + denominator) // (2 * denominator)
    sign = "-" if numerator < 0 and whole else ""
    digits = str(whole).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else f"{sign}{digits}"


def exact(value: Fraction) -> str:
    """A figure with 30 decimals: enough to tell any two indices of a survey apart."""
    return shown(value, EXACT_DECIMALS)


def mean(values: Iterable[Fraction]) -> Fraction | None:
    """The mean of exact figures, right to 50 decimals; None of none.

    An exact one would be over a denominator that grows with every unit, to no one's use.
    """
    total = count = 0
    for value in values:
        total += carried(value.as_integer_ratio())
        count += 1
    return mean_of(total, count)


def carried(ratio: tuple[int, int]) -> int:
    """A ratio as an integer of `MEAN_CARRIED` decimals, rounded half to even as Python rounds a fraction."""
    above, below = ratio
    whole, rest = divmod(above * _CARRIED, below)
    return whole + int(2 * rest > below or (2 * rest == below and whole % 2 == 1))


def mean_of(total: int, count: int) -> Fraction | None:
    """The mean of so many figures whose sum is `total`, an integer of `MEAN_CARRIED` decimals; None of none."""
    if not count:
        return None
    return Fraction(round(Fraction(total, count * 10 ** (MEAN_CARRIED - MEAN_DECIMALS))), 10**MEAN_DECIMALS)
