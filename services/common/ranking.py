"""Indices → ranks, ties and bands, and how an exact figure is shown. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from services.common.campaign import Band, Ties

EXACT_DECIMALS = 30
"""Decimals of a figure that travels for recomputation."""


@dataclass(frozen=True, slots=True)
class Rank:
    """A place in a ranking; None for a unit without any figure."""

    rank: int | None
    tied: bool


def ranks(indices: Mapping[str, Fraction | None], ties: Ties) -> dict[str, Rank]:
    """The ranks of units by unrounded index, highest first, in that order; units without a figure last.

    Ties by the rule: shared gives 1, 1, 3 and dense gives 1, 1, 2. Among equals the order of `indices` is kept.
    """
    known = {unit: index for unit, index in indices.items() if index is not None}
    sizes = Counter(known.values())
    places: dict[Fraction, int] = {}
    before = 0
    for index in sorted(sizes, reverse=True):
        places[index] = before + 1
        before += sizes[index] if ties == "shared" else 1
    ordered = sorted(known, key=known.__getitem__, reverse=True)
    ranked = {unit: Rank(places[known[unit]], sizes[known[unit]] > 1) for unit in ordered}
    return ranked | {unit: Rank(None, tied=False) for unit, index in indices.items() if index is None}


def band(index: Fraction | None, bands: Sequence[Band]) -> Band | None:
    """The grade of an unrounded index: the highest band whose floor it reaches; None below all of them."""
    if index is None:
        return None
    return max((band for band in bands if band.floor <= index), key=lambda band: band.floor, default=None)


def shown(value: Fraction, decimals: int) -> str:
    """A figure rounded half up (away from zero) to `decimals` for display, e.g. 79.58."""
    scaled = abs(value) * 10**decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    sign = "-" if value < 0 and whole else ""
    digits = str(whole).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else f"{sign}{digits}"


def exact(value: Fraction) -> str:
    """A figure with 30 decimals: enough to tell any two indices of a survey apart."""
    return shown(value, EXACT_DECIMALS)
