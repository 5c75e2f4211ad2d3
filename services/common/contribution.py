"""Each response's own contribution to a unit's survey points: what the standard error is made of. Pure.

x = Σ_k M_k · (w_gk / Σ_g w_gk) · percent_k / 100 over the leaves answered with an opinion, scaled up for the others, as
an integer in 1/10,000 point (docs/design.md, "The index", Uncertainty). Sums of x and x² are kept per unit and group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import lcm

from services.common.campaign import Campaign

PARTS_OF_A_POINT = 10_000

Worth = tuple[int, Mapping[str, int]]
"""A leaf's weight, and what each of its options is worth; one that is missing there is no opinion."""
Worths = Mapping[str, Worth]
"""By leaf."""
NOT_ASKED: Worth = (0, {})
Rounding = Callable[[int, int], int | None]
"""What answers with an opinion are worth, and their leaves' weights in sum → the contribution, in 1/10,000 point.

None when there is no such answer.
"""


class Contribution:
    """The contributions of a definition's responses, prepared once: integers only on the way of a response."""

    def __init__(self, campaign: Campaign) -> None:
        self._worth: dict[tuple[str, str], dict[str, tuple[int, dict[str, int]]]] = {}
        self._rounding: dict[tuple[str, str], Rounding] = {}
        self._denominator: dict[tuple[str, str], int] = {}
        for group in campaign.groups:
            for block in group.rates:
                self._prepare(campaign, group.code, block)
        self._block = {unit.code: unit.block for unit in campaign.units}

    def _prepare(self, campaign: Campaign, group: str, block: str) -> None:
        share = {
            leaf.code: Fraction(leaf.max_points)
            * Fraction(campaign.weight(leaf, group))
            / sum(Fraction(campaign.weight(leaf, other)) for other in campaign.raters(leaf, block))
            for leaf in campaign.leaves
            if group in campaign.raters(leaf, block)
        }
        percents = {
            (code, option.code): Fraction(option.percent)
            for code in share
            for option in campaign.options(campaign.leaf[code])
            if option.percent is not None
        }
        part = lcm(1, *(value.denominator for value in share.values()))
        cent = lcm(1, *(value.denominator for value in percents.values()))
        worth: dict[str, tuple[int, dict[str, int]]] = {}
        for code, value in share.items():
            weight = int(value * part)
            options = {
                option: weight * int(percent * cent) for (leaf, option), percent in percents.items() if leaf == code
            }
            worth[code] = (weight, options)
        self._worth[group, block] = worth
        whole = sum(weight for weight, _ in worth.values())
        self._denominator[group, block] = part * cent * 100
        self._rounding[group, block] = _rounding(whole, self._denominator[group, block])

    def of(self, group: str, unit: str, answers: Mapping[str, str]) -> int | None:
        """The contribution of one response to one unit, in 1/10,000 point; None when it holds no opinion.

        What this definition does not know is no opinion by it: a response may have been given to a later version.

        Args:
            group: the rater's group.
            unit: the rated unit.
            answers: leaf → option.
        """
        block = self._block.get(unit, "")
        worth = self.worth(group, block)
        earned = answered = 0
        for leaf, option in answers.items():
            weight, options = worth.get(leaf, NOT_ASKED)
            value = options.get(option)
            if value is not None:
                earned += value
                answered += weight
        return self.rounding(group, block)(earned, answered)

    def worth(self, group: str, block: str) -> Worths:
        """What the leaves are worth that a group is asked about the units of a block."""
        return self._worth.get((group, block), {})

    def knows(self, unit: str) -> bool:
        """Whether it is a unit of this definition."""
        return unit in self._block

    def is_as(self, other: Contribution, group: str, unit: str) -> bool:
        """Whether any response of a group contributes to a unit what it does by another definition."""
        mine, others = (group, self._block.get(unit, "")), (group, other._block.get(unit, ""))
        return self._worth.get(mine) == other._worth.get(others) and self._denominator.get(
            mine
        ) == other._denominator.get(others)

    def rounding(self, group: str, block: str) -> Rounding:
        """How sums over the answers with an opinion that a group gives about a unit of a block are a contribution."""
        return self._rounding.get((group, block), _nothing)


def _rounding(whole: int, denominator: int) -> Rounding:
    twice = 2 * PARTS_OF_A_POINT * whole

    def rounded(earned: int, answered: int) -> int | None:
        if not answered:
            return None
        parts = denominator * answered
        return (twice * earned + parts) // (2 * parts)

    return rounded


def _nothing(_earned: int, _answered: int) -> None:
    """Of what nobody is asked."""
