"""How contributions become points, step by step in fractions: what sampling errors are made with must agree with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from services.common.campaign import Campaign
from services.common.uncertainty import COUNTS

Mean = tuple[float, tuple[tuple[str, float], ...]]
"""A factor, and drifts by leaf."""


def plain_scalings(
    campaign: Campaign, flags: Mapping[tuple[str, str], int], factors: Mapping[str, Fraction]
) -> Iterator[tuple[str, tuple[Mean, Mean]]]:
    """By group that counts on some leaf, what becomes of the mean of x for the unit's points and for its own index.

    Args:
        campaign: the definition.
        flags: by leaf and group that is asked it about a unit, as `uncertainty` has them.
        factors: by field, what its leaves are scaled up by; those that are not named are not.
    """
    maximum = {leaf.code: Fraction(leaf.max_points) for leaf in campaign.leaves}
    field_of = {leaf.code: field.code for field in campaign.fields for leaf in field.leaves}
    weight = {(leaf, group): Fraction(campaign.weight(campaign.leaf[leaf], group)) for leaf, group in flags}
    asked = sums((leaf, weight[leaf, group]) for leaf, group in flags)
    counting = sums((leaf, weight[leaf, group]) for (leaf, group), flag in flags.items() if flag == COUNTS)
    for group in campaign.group:
        own = [(leaf, flag) for (leaf, rater), flag in flags.items() if rater == group]
        if not any(flag == COUNTS for _, flag in own):
            continue
        parts = {leaf: maximum[leaf] * weight[leaf, group] for leaf, _ in own}
        x = {leaf: parts[leaf] / asked[leaf] for leaf, _ in own}
        answered = {leaf: x[leaf] for leaf, flag in own if flag}
        # Leaves that nobody answers are made up for by the others in every response alike.
        whole = sum(x.values()) / sum(answered.values())
        of_x = {leaf: value * whole for leaf, value in answered.items()}
        points = {
            leaf: parts[leaf] / counting[leaf] * factors.get(field_of[leaf], 1) for leaf, flag in own if flag == COUNTS
        }
        attainable = sum(maximum[leaf] for leaf in points)
        yield group, (mean(of_x, points), mean(of_x, {leaf: maximum[leaf] / attainable for leaf in points}))


def mean(of_x: Mapping[str, Fraction], wanted: Mapping[str, Fraction]) -> Mean:
    """By leaf what x and what is wanted give for a share of 1 → how the one becomes the other."""
    factor = sum(wanted.values(), Fraction(0)) / sum(of_x.values(), Fraction(0))
    drift = ((leaf, wanted.get(leaf, Fraction(0)) - factor * value) for leaf, value in of_x.items())
    return float(factor), tuple((leaf, float(abs(weight))) for leaf, weight in drift if weight)


def sums(parts: Iterable[tuple[str, Fraction]]) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for key, part in parts:
        found[key] = found.get(key, Fraction(0)) + part
    return found
