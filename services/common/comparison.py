"""One unit in two campaigns: which it was, what its index was, and whether the difference may be chance. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import fsum, sqrt

from services.common.campaign import Unit
from services.common.uncertainty import Z
from services.common.unit_index import Points


@dataclass(frozen=True, slots=True)
class Measured:
    """Points with the standard error of their index in percentage points; None where it is not known or not shown."""

    points: Points
    se: float | None

    @property
    def index(self) -> Fraction | None:
        return self.points.index


def earlier_codes(unit: Unit, earlier: Container[str]) -> tuple[str, ...]:
    """The codes under which a unit stood in an earlier campaign, of those that it had; none for a new unit."""
    codes = (unit.code,) if unit.formerly is None else unit.formerly
    return tuple(code for code in codes if code in earlier)


def without_successor(earlier: Iterable[str], matched: Mapping[str, Sequence[str]]) -> list[str]:
    """The earlier units that none of the later ones was."""
    found = {code for codes in matched.values() for code in codes}
    return [code for code in earlier if code not in found]


def pooled(parts: Sequence[Measured]) -> Measured:
    """Several units taken as one: all their points earned over all attainable.

    That is the mean of their indices weighted by what each could attain; the answers about different units are taken as
    independent.
    """
    if len(parts) == 1:
        return parts[0]
    points = sum((part.points for part in parts), Points())
    known = [(part.points.attainable, part.se) for part in parts if part.points.attainable]
    if not known or any(se is None for _, se in known):
        return Measured(points, None)
    whole = points.attainable
    return Measured(points, sqrt(fsum((float(part / whole) * (se or 0)) ** 2 for part, se in known)))


def significant(before: Measured, after: Measured) -> bool | None:
    """Whether two indices differ by more than chance among those who answered explains, at the 5 % level.

    A two-sided z test of this one difference, the answers of the two campaigns taken as independent: of twenty units
    that have not changed one is expected to pass it. None where an index or a standard error is missing.
    """
    if before.index is None or after.index is None or before.se is None or after.se is None:
        return None
    return abs(float(after.index - before.index)) > Z * sqrt(before.se**2 + after.se**2)
