"""Tallies, appraisals and a definition → the index of a unit: in all, by field, criterion, leaf and group.

The formula is that of docs/design.md, section "The index": points earned over points attainable, in percent. Counts
are integers and every other number is a ratio of integers (`fractions.Fraction`), so a result depends neither on the
order of events nor on a precision, and two units are tied exactly when their indices are equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign, Criterion, Field, Leaf
from services.common.unit_index import (
    NOTHING,
    GroupIndex,
    GroupTally,
    LeafPoints,
    Points,
    Share,
    UnitIndex,
)


@dataclass(frozen=True, slots=True)
class Known:
    """What the index of a unit was computed from, and the index: a later one takes from it what is as it was."""

    tallies: Mapping[str, GroupTally]
    appraisal: AppraisalRow
    result: UnitIndex


class _Question(NamedTuple):
    """A leaf as it is put to a group of a block."""

    leaf: str
    opinions: tuple[tuple[int, int], ...]
    """Places of the opinions with their worth, in 1/`_whole`."""
    silent: tuple[int, ...]
    """Places of the answers without opinion."""


class _Part(NamedTuple):
    """A leaf of a block's form with the groups that count on it, each with its weight over a common denominator."""

    leaf: Leaf
    maximum: Fraction
    raters: tuple[tuple[str, int], ...]


Leaves = Mapping[str, LeafPoints]
Shares = Mapping[str, Mapping[str, Share]]
"""Group → leaf → share."""


class Formula:
    """The index of a definition, prepared once for its many units.

    Sums run over integers (`_total`), so that a figure is reduced to its lowest terms once, not with every term.
    """

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        # Percents as integers over one denominator: the inner sums need no fractions.
        percents = [Fraction(o.percent) for s in campaign.scales for o in s.options if o.percent is not None]
        self._whole = 100 * lcm(*(percent.denominator for percent in percents))
        maxima = {leaf.code: Fraction(leaf.max_points) for leaf in campaign.leaves}
        self._unit = lcm(*(maximum.denominator for maximum in maxima.values()))
        """Points are counted in 1/`_unit`, of which every maximum is a whole number."""
        self._maxima = {code: int(maximum * self._unit) for code, maximum in maxima.items()}
        self._parts = {block.code: list(self._form(block.code)) for block in campaign.blocks}
        self._questions = {block: self._put(parts) for block, parts in self._parts.items()}

    def _form(self, block: str) -> Iterator[_Part]:
        """A block's leaves. A question that no group is asked about it is no part of its index."""
        for leaf in self._campaign.leaves:
            raters = self._campaign.raters(leaf, block)
            if raters or leaf.method == "appraisal":
                weights = [Fraction(self._campaign.weight(leaf, group)) for group in raters]
                common = lcm(*(weight.denominator for weight in weights))
                scaled = (int(weight * common) for weight in weights)
                yield _Part(leaf, Fraction(leaf.max_points), tuple(zip(raters, scaled, strict=True)))

    def _put(self, parts: Iterable[_Part]) -> dict[str, list[_Question]]:
        """By group of a block, the questions put to it."""
        questions: dict[str, list[_Question]] = {}
        for part in parts:
            for group, _ in part.raters:
                questions.setdefault(group, []).append(self._question(part.leaf, group))
        return questions

    def _question(self, leaf: Leaf, group: str) -> _Question:
        # A definition that is not published yet has no places, and nobody has answered it.
        places = self._campaign.place.get(group, {}).get(leaf.code, {})
        options = [option for option in self._campaign.options(leaf) if option.code in places]
        return _Question(
            leaf.code,
            tuple(
                (places[option.code], int(Fraction(option.percent) * self._whole / 100))
                for option in options
                if option.percent is not None
            ),
            tuple(places[option.code] for option in options if option.percent is None),
        )

    def compute(
        self, unit: str, tallies: Mapping[str, GroupTally], appraisal: AppraisalRow, known: Known | None = None
    ) -> UnitIndex:
        """The index of one unit.

        Args:
            unit: code of a unit of the definition.
            tallies: by group; a missing group has no responses, and counts missing at the end of `counts` are zero.
            appraisal: the council's row in force.
            known: an index of the same unit by the same formula: what its tallies and its row, where they are the very
                objects given here, have made is taken from it.
        """
        block = self._campaign.unit[unit].block
        shares = self._shares(block, tallies, known)
        leaves = self._leaves(block, shares, appraisal, known)
        criteria = {}
        fields = {}
        for field in self._campaign.fields:
            for criterion in field.criteria:
                criteria[criterion.code] = self._criterion(criterion, leaves, known)
            fields[field.code] = self._field(field, criteria, leaves)
        caps = self._campaign.adjustments
        bonus = Fraction(min(appraisal.bonus, caps.bonus_cap))
        penalty = Fraction(min(appraisal.penalty, caps.penalty_cap))
        total = _added([*fields.values(), Points(bonus - penalty)])
        groups = {
            group.code: self._group(group.code, shares.get(group.code, {}), tallies, known)
            for group in self._campaign.groups
            if block in group.rates
        }
        return UnitIndex(total, bonus, penalty, fields, criteria, leaves, groups)

    def _shares(self, block: str, tallies: Mapping[str, GroupTally], known: Known | None) -> Shares:
        shares: dict[str, Mapping[str, Share]] = {}
        for group, questions in self._questions[block].items():
            tally = tallies.get(group, NOTHING)
            if known is not None and known.tallies.get(group, NOTHING) is tally:
                leaves = known.result.leaves
                shares[group] = {question.leaf: leaves[question.leaf].groups[group] for question in questions}
                continue
            missing = len(self._campaign.layout.get(group, ())) - len(tally.counts)
            counts = [*tally.counts, *[0] * missing] if missing > 0 else tally.counts
            shares[group] = {question.leaf: self._share(question, counts) for question in questions}
        return shares

    def _share(self, question: _Question, counts: Sequence[int]) -> Share:
        answers = worth = no_opinion = 0
        for place, percent in question.opinions:
            n = counts[place]
            answers += n
            worth += n * percent
        for place in question.silent:
            no_opinion += counts[place]
        if answers < self._campaign.rules.min_answers:
            return Share(answers, no_opinion, None)
        return Share(answers, no_opinion, Fraction(worth, self._whole * answers))

    def _leaves(self, block: str, shares: Shares, appraisal: AppraisalRow, known: Known | None) -> Leaves:
        before: Leaves = {} if known is None else known.result.leaves
        as_appraised = known is not None and known.appraisal is appraisal
        leaves = {}
        for part in self._parts[block]:
            code = part.leaf.code
            if part.leaf.method == "survey":
                given = {group: shares[group][code] for group, _ in part.raters}
                found = before.get(code)
                if found is None or any(found.groups[group] is not share for group, share in given.items()):
                    found = _survey(part, given)
                leaves[code] = found
            else:
                leaves[code] = before[code] if as_appraised else _appraised(part, appraisal)
        return leaves

    def _criterion(self, criterion: Criterion, leaves: Leaves, known: Known | None) -> Points:
        if known is not None:
            before = known.result.leaves
            if all(leaves.get(leaf.code) is before.get(leaf.code) for leaf in criterion.leaves):
                return known.result.criteria[criterion.code]
        earned, attainable = [], 0
        for leaf in criterion.leaves:
            found = leaves.get(leaf.code)
            if found is not None and found.points is not None:
                earned.append(found.points.as_integer_ratio())
                attainable += self._maxima[leaf.code]
        return Points(_total(earned), Fraction(attainable, self._unit))

    def _field(self, field: Field, criteria: Mapping[str, Points], leaves: Leaves) -> Points:
        points = _added([criteria[criterion.code] for criterion in field.criteria])
        if self._campaign.rules.not_applicable == "index" or not points.attainable:
            return points
        left_out = sum(
            self._maxima[leaf.code]
            for leaf in field.leaves
            if leaf.code in leaves and leaves[leaf.code].state == "not_applicable"
        )
        whole = points.attainable + Fraction(left_out, self._unit)
        return Points(points.earned * whole / points.attainable, whole)

    def _group(
        self, group: str, shares: Mapping[str, Share], tallies: Mapping[str, GroupTally], known: Known | None
    ) -> GroupIndex:
        tally = tallies.get(group, NOTHING)
        if known is not None and known.tallies.get(group, NOTHING) is tally:
            return known.result.groups[group]
        earned, attainable = [], 0
        for leaf, found in shares.items():
            if found.share is not None:
                above, below = found.share.as_integer_ratio()
                maximum = self._maxima[leaf]
                earned.append((maximum * above, self._unit * below))
                attainable += maximum
        return GroupIndex(tally.n, Points(_total(earned), Fraction(attainable, self._unit)), tally.moments)


def _survey(part: _Part, given: Mapping[str, Share]) -> LeafPoints:
    # The weighted sum of the shares is kept as one ratio that is not reduced before the end.
    numerator, denominator, weights = 0, 1, 0
    for group, weight in part.raters:
        share = given[group].share
        if share is not None:
            above, below = share.as_integer_ratio()
            numerator = numerator * below + weight * above * denominator
            denominator *= below
            weights += weight
    if not weights:
        return LeafPoints("pending", None, given)
    maximum = part.maximum
    points = Fraction(maximum.numerator * numerator, maximum.denominator * denominator * weights)
    return LeafPoints("scored", points, given)


def _appraised(part: _Part, appraisal: AppraisalRow) -> LeafPoints:
    given = appraisal.leaves.get(part.leaf.code)
    if given is None or (given.points is None and not given.not_applicable):
        return LeafPoints("pending", None, {})
    if given.points is None or given.not_applicable:
        return LeafPoints("not_applicable", None, {})
    # A new version may lower a maximum below what was given under the old one.
    return LeafPoints("scored", min(Fraction(given.points), part.maximum), {})


def _added(parts: Sequence[Points]) -> Points:
    return Points(
        _total([part.earned.as_integer_ratio() for part in parts]),
        _total([part.attainable.as_integer_ratio() for part in parts]),
    )


def _total(ratios: Sequence[tuple[int, int]]) -> Fraction:
    """The sum of ratios, by way of integers over their least common denominator."""
    common = lcm(*[below for _, below in ratios])
    return Fraction(sum([above * (common // below) for above, below in ratios]), common)
