"""The formula step by step in fractions: slow, plain, and what the one that services use must agree with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import lcm

from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign, Field, Leaf
from services.common.unit_index import (
    NOTHING,
    ZERO,
    GroupIndex,
    GroupTally,
    LeafPoints,
    LeafState,
    Points,
    Share,
    UnitIndex,
)


class PlainFormula:
    """The index of a definition: every sum is a sum of fractions, nothing is kept, nothing is taken over."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        # Percents as integers over one denominator: the inner sums need no fractions.
        percents = [Fraction(o.percent) for s in campaign.scales for o in s.options if o.percent is not None]
        self._whole = 100 * lcm(*(percent.denominator for percent in percents))
        self._questions = {
            (leaf.code, group): self._question(leaf, group) for leaf in campaign.leaves for group in leaf.groups
        }
        self._weights = {
            (leaf.code, group): Fraction(campaign.weight(leaf, group))
            for leaf in campaign.leaves
            for group in leaf.groups
        }

    def _question(self, leaf: Leaf, group: str) -> tuple[list[tuple[int, int]], list[int]]:
        """Places of the opinions with their worth (in 1/`_whole`), and places of the answers without opinion."""
        places = self._campaign.place[group][leaf.code]
        opinions = [
            (places[option.code], int(Fraction(option.percent) * self._whole / 100))
            for option in self._campaign.options(leaf)
            if option.percent is not None
        ]
        silent = [places[option.code] for option in self._campaign.options(leaf) if option.percent is None]
        return opinions, silent

    def compute(self, unit: str, tallies: Mapping[str, GroupTally], appraisal: AppraisalRow) -> UnitIndex:
        """The index of one unit.

        Args:
            unit: code of a unit of the definition.
            tallies: by group; a missing group has no responses, and counts missing at the end of `counts` are zero.
            appraisal: the council's row in force.
        """
        block = self._campaign.unit[unit].block
        leaves = {
            leaf.code: self._survey(leaf, raters, tallies)
            if leaf.method == "survey"
            else self._appraised(leaf, appraisal)
            for leaf in self._campaign.leaves
            # A question that no group is asked about this block is no part of the block's index.
            if (raters := self._campaign.raters(leaf, block)) or leaf.method == "appraisal"
        }
        fields = {field.code: self._field(field, leaves) for field in self._campaign.fields}
        criteria = {
            criterion.code: _sum(criterion.leaves, leaves)
            for field in self._campaign.fields
            for criterion in field.criteria
        }
        caps = self._campaign.adjustments
        bonus = Fraction(min(appraisal.bonus, caps.bonus_cap))
        penalty = Fraction(min(appraisal.penalty, caps.penalty_cap))
        total = sum(fields.values(), Points(bonus - penalty))
        return UnitIndex(total, bonus, penalty, fields, criteria, leaves, self._groups(block, leaves, tallies))

    def _survey(self, leaf: Leaf, raters: Sequence[str], tallies: Mapping[str, GroupTally]) -> LeafPoints:
        shares = {group: self._share(leaf, group, tallies.get(group, NOTHING)) for group in raters}
        weighted = weights = ZERO
        for group, share in shares.items():
            if share.share is not None:
                weight = self._weights[leaf.code, group]
                weighted += weight * share.share
                weights += weight
        if not weights:
            return LeafPoints("pending", None, shares)
        return LeafPoints("scored", Fraction(leaf.max_points) * weighted / weights, shares)

    def _share(self, leaf: Leaf, group: str, tally: GroupTally) -> Share:
        opinions, silent = self._questions[leaf.code, group]
        counts, known = tally.counts, len(tally.counts)
        answers = sum(counts[place] for place, _ in opinions if place < known)
        no_opinion = sum(counts[place] for place in silent if place < known)
        if answers < self._campaign.rules.min_answers:
            return Share(answers, no_opinion, None)
        worth = sum(counts[place] * percent for place, percent in opinions if place < known)
        return Share(answers, no_opinion, Fraction(worth, self._whole * answers))

    def _appraised(self, leaf: Leaf, appraisal: AppraisalRow) -> LeafPoints:
        given = appraisal.leaves.get(leaf.code)
        if given is None or (given.points is None and not given.not_applicable):
            return LeafPoints("pending", None, {})
        if given.points is None or given.not_applicable:
            return LeafPoints("not_applicable", None, {})
        # A new version may lower a maximum below what was given under the old one.
        return LeafPoints("scored", Fraction(min(given.points, leaf.max_points)), {})

    def _field(self, field: Field, leaves: Mapping[str, LeafPoints]) -> Points:
        points = _sum(field.leaves, leaves)
        if self._campaign.rules.not_applicable == "index" or not points.attainable:
            return points
        left_out = sum(
            (Fraction(leaf.max_points) for leaf in field.leaves if _state(leaf, leaves) == "not_applicable"), start=ZERO
        )
        whole = points.attainable + left_out
        return Points(points.earned * whole / points.attainable, whole)

    def _groups(
        self, block: str, leaves: Mapping[str, LeafPoints], tallies: Mapping[str, GroupTally]
    ) -> dict[str, GroupIndex]:
        groups = {}
        for group in self._campaign.groups:
            if block in group.rates:
                tally = tallies.get(group.code, NOTHING)
                groups[group.code] = GroupIndex(tally.n, self._group_points(group.code, leaves), tally.moments)
        return groups

    def _group_points(self, group: str, leaves: Mapping[str, LeafPoints]) -> Points:
        points = Points()
        for leaf in self._campaign.leaves:
            share = leaves[leaf.code].groups.get(group) if leaf.code in leaves else None
            if share is not None and share.share is not None:
                maximum = Fraction(leaf.max_points)
                points += Points(maximum * share.share, maximum)
        return points


def _state(leaf: Leaf, leaves: Mapping[str, LeafPoints]) -> LeafState | None:
    return leaves[leaf.code].state if leaf.code in leaves else None


def _sum(members: Iterable[Leaf], leaves: Mapping[str, LeafPoints]) -> Points:
    points = Points()
    for leaf in members:
        result = leaves.get(leaf.code)
        if result is not None and result.points is not None:
            points += Points(result.points, Fraction(leaf.max_points))
    return points
