"""Each response's own contribution to a unit's survey points: what the standard error is made of. Pure.

x = Σ_k M_k · (w_gk / Σ_g w_gk) · percent_k / 100 over the leaves answered with an opinion, scaled up for the others, as
an integer in 1/10,000 point (docs/design.md, "The index", Uncertainty). Sums of x and x² are kept per unit and group.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import lcm

from services.common.campaign import Campaign

PARTS_OF_A_POINT = 10_000


class Contribution:
    """The contributions of a definition's responses, prepared once: integers only on the way of a response."""

    def __init__(self, campaign: Campaign) -> None:
        self._worth: dict[tuple[str, str], dict[str, tuple[int, dict[str, int]]]] = {}
        self._whole: dict[tuple[str, str], int] = {}
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
        self._whole[group, block] = sum(weight for weight, _ in worth.values())
        self._denominator[group, block] = part * cent * 100

    def of(self, group: str, unit: str, answers: Mapping[str, str]) -> int | None:
        """The contribution of one response to one unit, in 1/10,000 point; None when it holds no opinion.

        Args:
            group: the rater's group.
            unit: the rated unit.
            answers: leaf → option, all known to the definition.
        """
        block = self._block[unit]
        worth = self._worth[group, block]
        earned = answered = 0
        for leaf, option in answers.items():
            weight, options = worth[leaf]
            value = options.get(option)
            if value is not None:
                earned += value
                answered += weight
        return self.rounded(group, block, earned, answered)

    def worth(self, group: str, block: str) -> Mapping[str, tuple[int, Mapping[str, int]]]:
        """By leaf: its weight, and what each option is worth; one that is missing there is no opinion."""
        return self._worth[group, block]

    def rounded(self, group: str, block: str, earned: int, answered: int) -> int | None:
        """The contribution, in 1/10,000 point, from the sums over the answers with an opinion.

        Args:
            group: the rater's group.
            block: the rated unit's.
            earned: what the options are worth.
            answered: the leaves' weights.
        """
        if not answered:
            return None
        key = group, block
        numerator = PARTS_OF_A_POINT * earned * self._whole[key]
        denominator = self._denominator[key] * answered
        return (2 * numerator + denominator) // (2 * denominator)
