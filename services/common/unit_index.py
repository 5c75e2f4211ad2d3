"""A unit's index: what it is computed from, and all that it comes to, in exact figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

LeafState = Literal["scored", "pending", "not_applicable"]
ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Points:
    """Points earned of points attainable."""

    earned: Fraction = ZERO
    attainable: Fraction = ZERO

    def __add__(self, other: Points) -> Points:
        return Points(self.earned + other.earned, self.attainable + other.attainable)

    @property
    def index(self) -> Fraction | None:
        """Percent (0-100, more with bonus points); None where nothing is attainable yet."""
        if not self.attainable:
            return None
        (above, below), (whole, part) = self.earned.as_integer_ratio(), self.attainable.as_integer_ratio()
        return Fraction(100 * above * part, below * whole)


@dataclass(frozen=True, slots=True)
class Share:
    """A group's opinion of a leaf: answers with and without an opinion, and the share (0-1) of the points given."""

    answers: int
    no_opinion: int
    share: Fraction | None


@dataclass(frozen=True, slots=True)
class LeafPoints:
    """A leaf's result; `points` is None unless the state is scored."""

    state: LeafState
    points: Fraction | None
    groups: Mapping[str, Share]


@dataclass(frozen=True, slots=True)
class Moments:
    """What a group's standard error is made of: sums over its `n` responses that hold an opinion about a unit.

    `s1` = Σx and `s2` = Σx², x being a response's own contribution to the unit's survey points, an integer in 1/10,000
    point (`common.contribution`).
    """

    n: int = 0
    s1: int = 0
    s2: int = 0

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.n + other.n, self.s1 + other.s1, self.s2 + other.s2)

    def __sub__(self, other: Moments) -> Moments:
        return Moments(self.n - other.n, self.s1 - other.s1, self.s2 - other.s2)


NO_MOMENTS = Moments()


@dataclass(frozen=True, slots=True)
class GroupIndex:
    """What one group alone makes of a unit: `n` responses, points over the leaves on which it counts, moments."""

    n: int
    points: Points
    moments: Moments = NO_MOMENTS


@dataclass(frozen=True, slots=True)
class UnitIndex:
    """The whole result of a unit. `points` includes bonus and penalty, both already capped."""

    points: Points
    bonus: Fraction
    penalty: Fraction
    fields: Mapping[str, Points]
    criteria: Mapping[str, Points]
    leaves: Mapping[str, LeafPoints]
    groups: Mapping[str, GroupIndex]

    @property
    def index(self) -> Fraction | None:
        return self.points.index

    @property
    def pending(self) -> tuple[str, ...]:
        """Leaves that have no points yet; while there are any, the index is provisional."""
        return tuple(code for code, leaf in self.leaves.items() if leaf.state == "pending")


@dataclass(frozen=True, slots=True)
class GroupTally:
    """Sums over all partitions for one unit and group: responses, counts by the group's layout, and moments."""

    n: int
    counts: Sequence[int]
    moments: Moments = NO_MOMENTS


NOTHING = GroupTally(0, ())
