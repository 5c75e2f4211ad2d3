"""An attacker who keeps everything that reporting serves of a unit, and works out what follows from it by algebra.

He knows the definition, that every form answers all it is asked, and, from participation, when which group's forms
came. The unknowns are the single answers, each a share (0-1) of a leaf's points. Every served figure is one linear
equation in them: `equations` finds them, checks each against the truth (so a wrong model of what is served fails), and
`Known` keeps their span in exact ratios. What lies in the span is known to him. Ranks are no equations: those of
robustness he reckons himself, from what else is served (`reckoned_again`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import bson
import numpy as np
import orjson
from surveys import plain_moments

from services.common import index_document, release, robustness
from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign, Leaf
from services.common.index import Formula
from services.common.release import NOTHING, Release, Steps, attributable
from services.common.release import write as write_releases
from services.common.uncertainty import SamplingErrors
from services.common.unit_index import GroupTally
from services.publishing.edition import Edition, Issue
from services.reporting import lost, rankings, units
from services.reporting.figures import Figures
from services.reporting.queries import Draws
from services.reporting.rankings import View
from services.reporting.standing import AsOf, Standing
from tests.publications import counted

UNIT = "u1"
Answer = tuple[int, str]
"""A response's number and a leaf."""
Row = dict[Answer, Fraction]
Members = Mapping[str, tuple[int, ...]]
"""By group the responses that count."""
CLOSE = Fraction(1, 10**25)
"""Figures that do not end travel with 30 decimals."""


class Known:
    """The span of equations: what the attacker can work out. Kept in echelon form, in exact ratios."""

    def __init__(self) -> None:
        self._rows: dict[Answer, Row] = {}

    def add(self, row: Row) -> None:
        rest = self._reduced(row)
        if rest:
            first = min(rest)
            self._rows[first] = {key: value / rest[first] for key, value in rest.items()}

    def holds(self, row: Row) -> bool:
        """Whether a combination of answers follows from the equations."""
        return not self._reduced(row)

    def _reduced(self, row: Row) -> Row:
        rest = {key: value for key, value in row.items() if value}
        while found := [key for key in rest if key in self._rows]:
            key = min(found)
            factor = rest[key]
            for other, value in self._rows[key].items():
                left = rest.get(other, Fraction(0)) - factor * value
                if left:
                    rest[other] = left
                else:
                    rest.pop(other, None)
        return rest


@dataclass
class World:
    """A campaign with one unit in which responses come and go, and what is served after each."""

    campaign: Campaign
    stepwise: bool = True
    """Whether breakdowns are released in steps. Without, what a careless reporting would serve."""
    answers: dict[Answer, str] = field(default_factory=dict)
    group_of: dict[int, str] = field(default_factory=dict)
    counted: list[int] = field(default_factory=list)
    past: list[Members] = field(default_factory=list)
    releases: dict[str, Release] = field(default_factory=dict)
    released: Members = field(default_factory=dict)
    """Whose answers the releases that are shown are made of; `due`: those of the releases that wait."""
    due: Members = field(default_factory=dict)
    number: int = 0
    ended: bool = False
    issues: list[Issue] = field(default_factory=list)
    at_the_end: list[Row] = field(default_factory=list)
    """What the index is made of whenever everybody is shown it as final, and what was shown too near to that.

    What follows from these together is not prevented, as decision 28 tells.
    """

    def submit(self, group: str, options: Sequence[str]) -> None:
        self.number += 1
        self.group_of[self.number] = group
        self.counted.append(self.number)
        leaves = (leaf for leaf in self.campaign.leaves if group in leaf.groups)
        self.answers.update(((self.number, leaf.code), option) for leaf, option in zip(leaves, options, strict=False))

    def withdraw(self, place: int) -> None:
        if self.counted:
            self.counted.pop(place % len(self.counted))

    def members(self) -> Members:
        return {
            group: tuple(number for number in self.counted if self.group_of[number] == group)
            for group in self.campaign.group
        }

    @property
    def follows_index(self) -> bool:
        """Whether the attacker takes note of the unit's index in this state.

        The decision tells why he must not where a group has few responses: when the next group comes in, what those
        few said is weighed anew, and he would have them in two weightings.
        """
        least = self.campaign.rules.suppress_below
        return self.ended or all(not found or len(found) >= least for found in self.past[-1].values())

    def share(self, answer: Answer) -> Fraction:
        options = self.campaign.options(self.campaign.leaf[answer[1]])
        percent = next(option.percent for option in options if option.code == self.answers[answer])
        assert percent is not None
        return Fraction(percent) / 100

    def standing(self) -> Standing:
        """The state in force, as reporting reads it from what scoring has written."""
        campaign, members = self.campaign, self.members()
        self.past.append(members)
        tallies = {group: self._tally(group, members[group]) for group in campaign.group}
        steps = Steps(campaign)
        self.releases = {
            group: steps.next(group, tally.counts, self.releases.get(group, NOTHING))
            for group, tally in tallies.items()
        }
        self._release(members)
        result = Formula(campaign).compute(UNIT, tallies, AppraisalRow())
        document = {
            "_id": {"campaign": campaign.code, "unit": UNIT},
            "unit": UNIT,
            "state": len(self.past),
            "released": write_releases(self.releases),
            **index_document.write(result),
            **SamplingErrors(campaign).of(UNIT, result).document(),
        }
        as_of = AsOf(len(self.past), 1, {group: len(found) for group, found in members.items()}, {})
        return Standing(campaign, as_of, {UNIT: Figures(campaign, bson.encode(document))})

    def _release(self, members: Members) -> None:
        """What the attacker knows of releases: every form has an opinion on all that it is asked."""
        for group, now in members.items():
            due = self.due.get(group, ())
            if len(now) - len(due) >= self.campaign.rules.suppress_below:
                self.released, self.due = {**self.released, group: due}, {**self.due, group: now}

    def _tally(self, group: str, members: Sequence[int]) -> GroupTally:
        counts = [0] * len(self.campaign.layout[group])
        for leaf, options in self.campaign.place[group].items():
            for number in members:
                counts[options[self.answers[number, leaf]]] += 1
        asked = self.campaign.place[group]
        said = [{leaf: self.answers[number, leaf] for leaf in asked} for number in members]
        moments = plain_moments(self.campaign, group, self.campaign.unit[UNIT].block, said)
        return GroupTally(len(members), counts, moments)

    def served(self, *, ended: bool = False) -> Iterator[Row]:
        """The equations of all that is served to everybody now."""
        standing = self.standing()
        self.ended = ended
        if ended:
            self.at_the_end += [_Page(self, standing).index(), *self._too_near()]
        if self.stepwise and not ended:
            standing = standing.for_everybody(self.campaign.opens)
        yield from _Page(self, standing).equations()

    def published(self, *, is_open: bool) -> Iterator[Row]:
        """The equations of a publication that is made now."""
        campaign, members = self.campaign, self.members()
        self.past.append(members)
        self.ended = False
        tallies = {group: self._tally(group, found) for group, found in members.items()}
        near = list(self._near())
        withheld = {UNIT: tuple(near)} if near and release.in_steps(campaign) else {}
        self.issues.append(Issue(counted(campaign, {UNIT: tallies}), is_open, withheld))
        self.edition = Edition(self.issues)
        yield from _Issue(self, self.edition).equations()

    def _near(self) -> Iterator[tuple[str, str]]:
        """Leaf and group of cells that withdrawals have brought too near to what was shown of them."""
        for code, leaf in self.campaign.leaf.items():
            for group in leaf.groups:
                answers = len(self.past[-1][group])
                if group in self.releases and release.near(self.campaign, code, self.releases[group], group, answers):
                    yield code, group

    def _too_near(self) -> Iterator[Row]:
        for leaf, group in self._near():
            shown = self.released[group]
            yield {(number, leaf): Fraction(1, len(shown)) for number in shown}


class _Page:
    """What is served in one state, as equations."""

    def __init__(self, world: World, standing: Standing, detail: dict[str, Any] | None = None) -> None:
        self._world, self._standing, self._campaign = world, standing, world.campaign
        self._detail = detail or orjson.loads(orjson.dumps(units.document(standing, self._campaign.unit[UNIT])))
        self._cells = {
            (leaf["leaf"], cell["group"]): cell
            for field_ in self._detail["fields"]
            for criterion in field_["criteria"]
            for leaf in criterion["leaves"]
            for cell in leaf.get("groups", ())
        }

    def equations(self) -> Iterator[Row]:
        campaign = self._campaign
        block = campaign.unit[UNIT].block
        for (leaf, group), cell in self._cells.items():
            if cell["share"] is not None:
                yield self._checked(self._mean(leaf, self._in_cell(leaf, group)), cell["share"])
        if self._world.follows_index:
            yield from self._of_index(self._detail)
        for field_, said in zip(campaign.fields, self._detail["fields"], strict=True):
            yield from self._sum(said, field_.leaves)
            for criterion, inner in zip(field_.criteria, said["criteria"], strict=True):
                yield from self._sum(inner, criterion.leaves)
                for leaf, last in zip(criterion.leaves, inner["leaves"], strict=True):
                    yield from self._sum({"earned": last["points"]}, [leaf])
        for said in self._detail["groups"]:
            yield from self._of_group(said, said["group"], campaign.leaves)
        yield from self._of_losses()
        for field_code in (None, *(found.code for found in campaign.fields)):
            for group in (None, *campaign.group):
                yield from self._of_view(View(block, field_code, group))

    def _of_losses(self) -> Iterator[Row]:
        """What is told of points lost: by leaf, beside the block (of this one unit), and by group."""
        campaign = self._campaign
        said = lost.document(self._standing, campaign.unit[UNIT])
        for found in said["leaves"]:
            leaf = campaign.leaf[found["leaf"]]
            yield from self._sum({"earned": found["points"]}, [leaf])
            for name in ("block_mean", "block_best"):
                if found[name] is not None:
                    yield self._points(leaf, live=False)
            for part in found["groups"]:
                yield self._checked(self._part(leaf, part["group"]), part["lost"], of=self._most(leaf, part["group"]))
        for found in said["groups"]:
            if found["lost"] is not None:
                leaves = [campaign.leaf[part["leaf"]] for part in said["leaves"]]
                row: Row = {}
                for leaf in leaves:
                    _add(row, self._part(leaf, found["group"]))
                most = sum((self._most(leaf, found["group"]) for leaf in leaves), Fraction(0))
                yield self._checked(row, found["lost"], of=most)

    def _most(self, leaf: Leaf, group: str) -> Fraction:
        """The part of a leaf's points that is a group's to give."""
        weights = {
            each: Fraction(self._campaign.weight(leaf, each)) for each in leaf.groups if self._in_cell(leaf.code, each)
        }
        return Fraction(leaf.max_points) * weights.get(group, Fraction(0)) / (sum(weights.values()) or 1)

    def _part(self, leaf: Leaf, group: str) -> Row:
        row: Row = {}
        if members := self._in_cell(leaf.code, group) if group in leaf.groups else ():
            _add(row, self._mean(leaf.code, members), self._most(leaf, group))
        return row

    def _of_view(self, view: View) -> Iterator[Row]:
        """A ranking."""
        fields = [found for found in self._campaign.fields if view.field in (None, found.code)]
        leaves = [leaf for found in fields for leaf in found.leaves]
        for row in self._rows(view):
            if view.group is not None:
                yield from self._of_group(row, view.group, leaves)
            elif view.field is not None:
                yield from self._sum(row, leaves)
            elif self._world.follows_index:
                yield from self._of_index(row)

    def _of_index(self, said: Mapping[str, Any]) -> Iterator[Row]:
        """Of the unit's index, which is that of the state in force unless it is held back."""
        campaign = self._campaign
        held = self._standing.of_releases and attributable(campaign, campaign.unit[UNIT].block)
        return self._sum(said, campaign.leaves, live=not held)

    def index(self) -> Row:
        """What the unit's index is made of, whatever is shown beside it."""
        row: Row = {}
        for leaf in self._campaign.leaves:
            _add(row, self._points(leaf, live=True))
        return row

    def _rows(self, view: View) -> Iterator[Mapping[str, Any]]:
        """A ranking; files of other forms are made of the same document."""
        yield from orjson.loads(rankings.document(self._standing, view))["rows"]

    def _in_cell(self, leaf: str, group: str) -> tuple[int, ...]:
        """The responses that a cell is made of."""
        if not self._standing.of_releases:
            return self._world.past[-1][group]
        if self._cells[leaf, group]["share"] is None:
            return ()
        return self._world.released[group]

    def _mean(self, leaf: str, members: Sequence[int]) -> Row:
        return {(number, leaf): Fraction(1, len(members)) for number in members}

    def _sum(self, said: Mapping[str, Any], leaves: Any, *, live: bool = False) -> Iterator[Row]:  # noqa: ANN401
        if said["earned"] is not None:
            row: Row = {}
            for leaf in leaves:
                _add(row, self._points(leaf, live=live))
            yield self._checked(row, said["earned"])

    def _points(self, leaf: Leaf, *, live: bool) -> Row:
        now = self._world.past[-1]
        members = {group: now[group] if live else self._in_cell(leaf.code, group) for group in leaf.groups}
        weights = {group: Fraction(self._campaign.weight(leaf, group)) for group, found in members.items() if found}
        row: Row = {}
        for group, weight in weights.items():
            factor = Fraction(leaf.max_points) * weight / sum(weights.values())
            _add(row, self._mean(leaf.code, members[group]), factor)
        return row

    def _of_group(self, said: Mapping[str, Any], group: str, leaves: Any) -> Iterator[Row]:  # noqa: ANN401
        if said["earned"] is not None:
            row: Row = {}
            for leaf in leaves:
                if group in leaf.groups:
                    _add(row, self._mean(leaf.code, self._in_cell(leaf.code, group)), Fraction(leaf.max_points))
            yield self._checked(row, said["earned"])

    def _value(self, row: Row) -> Fraction:
        return sum((factor * self._world.share(answer) for answer, factor in row.items()), Fraction(0))

    def _checked(self, row: Row, said: str, *, of: Fraction | None = None) -> Row:
        """An equation that holds. `of`: said is what is missing to it."""
        value = self._value(row) if of is None else of - self._value(row)
        assert abs(value - Fraction(said)) < CLOSE, "the attacker's model is not what is served"
        return row


class _Issue(_Page):
    """What a publication says: of the unit in detail, and of its index in the ranking."""

    def __init__(self, world: World, edition: Edition) -> None:
        text = b"".join(piece.before + piece.text for piece in edition.content.pieces)
        content = orjson.loads(text)
        self._ranking = content["rankings"][world.campaign.unit[UNIT].block]
        figures = edition.figures
        as_of = AsOf(0, 1, {}, {})
        super().__init__(world, Standing(world.campaign, as_of, figures), content["units"][UNIT])

    def _of_losses(self) -> Iterator[Row]:
        yield from ()

    def _rows(self, view: View) -> Iterator[Mapping[str, Any]]:
        yield from self._ranking if view.whole else ()


def _add(row: Row, more: Row, factor: Fraction = Fraction(1)) -> None:
    for key, value in more.items():
        row[key] = row.get(key, Fraction(0)) + factor * value


def reckoned_again(standing: Standing, asked: Draws) -> dict[str, Any]:
    """The robustness of a block as the attacker reckons it, from the pages of its units and the definition alone.

    Where it is what is served, that tells him nothing.
    """
    campaign = standing.campaign
    rows = orjson.loads(rankings.document(standing, View(asked.block)))["rows"]
    pages = {row["unit"]: _seen(standing, row["unit"]) for row in rows}
    varied = robustness.variations(campaign, asked.block)
    reckoning = robustness.Reckoning(campaign, asked.block, varied)
    whole = {unit: standing.of_releases or not _suppressed(page) for unit, page in pages.items()}
    found = [_reckoned(campaign, reckoning, page, whole=whole[unit]) for unit, page in pages.items()]
    indices = np.array([unit.indices for unit in found])
    ties = campaign.rules.ties
    released = [int(rank) or None for rank in robustness.ranks(indices[:, 0], ties)]
    base = released if standing.of_releases else [row["rank"] for row in rows]
    ranks = [robustness.ranks(indices[:, place], ties) for place in range(1, len(varied))]
    drawn = robustness.drawn(found, robustness.factors(asked.seed, asked.draws, len(campaign.fields)), ties)
    return {
        unit: (
            [int(by[place]) or None if whole[unit] else None for by in ranks],
            None if summed is None else summed._asdict(),
            not whole[unit],
        )
        for place, (unit, summed) in enumerate(zip(pages, robustness.summed_up(drawn, base), strict=True))
    }


def _seen(standing: Standing, unit: str) -> dict[str, Any]:
    page: dict[str, Any] = orjson.loads(orjson.dumps(units.document(standing, standing.campaign.unit[unit])))
    return page


def _suppressed(said: object) -> bool:
    """Whether something is hidden anywhere in what is said."""
    if isinstance(said, dict):
        return "suppressed" in said or any(map(_suppressed, said.values()))
    return isinstance(said, list) and any(map(_suppressed, said))


def _reckoned(
    campaign: Campaign, reckoning: robustness.Reckoning, page: Mapping[str, Any], *, whole: bool
) -> robustness.Reckoned:
    leaves = {
        leaf["leaf"]: leaf
        for field_ in page["fields"]
        for criterion in field_["criteria"]
        for leaf in criterion["leaves"]
    }

    def ratio(text: str | None) -> str | None:
        return None if text is None else str(Fraction(text))

    def scored(field_: Mapping[str, Any]) -> tuple[Fraction, Fraction]:
        """A field's points: those that are shown, or of its leaves."""
        if field_["earned"] is not None:
            return Fraction(field_["earned"]), Fraction(field_["attainable"])
        known = [leaves[leaf.code] for leaf in campaign_fields[field_["field"]].leaves if leaf.code in leaves]
        shown = [leaf for leaf in known if leaf["points"] is not None]
        return (
            sum((Fraction(leaf["points"]) for leaf in shown), Fraction(0)),
            sum((Fraction(leaf["max_points"]) for leaf in shown), Fraction(0)),
        )

    campaign_fields = {found.code: found for found in campaign.fields}
    sums = {field_["field"]: scored(field_) for field_ in page["fields"]}
    adjustment = Fraction(page["bonus"]) - Fraction(page["penalty"])
    if whole:
        written = {
            code: {
                "state": leaf["state"],
                "points": ratio(leaf["points"]),
                "groups": {cell["group"]: {"share": ratio(cell["share"])} for cell in leaf.get("groups", ())},
            }
            for code, leaf in leaves.items()
        }
        adjusted = {name: ratio(page[name]) for name in ("bonus", "penalty")}
        of_fields = {code: [str(earned), str(attainable)] for code, (earned, attainable) in sums.items()}
        return reckoning.unit({"leaves": written, "fields": of_fields, **adjusted})
    hidden = {
        field_["field"]: sum(Fraction(leaf.max_points) for leaf in campaign_fields[field_["field"]].leaves)
        for field_ in page["fields"]
        if field_["earned"] is None
    }
    rest = [
        Fraction(page[name]) - less - sum(pair[place] for code, pair in sums.items() if code not in hidden)
        for place, (name, less) in enumerate((("earned", adjustment), ("attainable", Fraction(0))))
    ]
    for code, most in hidden.items():
        sums[code] = rest[0] * most / sum(hidden.values()), rest[1] * most / sum(hidden.values())
    index = float("nan") if page["index_exact"] is None else float(page["index_exact"])
    return robustness.Reckoned(
        np.full(len(robustness.variations(campaign, page["block"])), index),
        np.array([float(sums[field_.code][0]) for field_ in campaign.fields]),
        np.array([float(sums[field_.code][1]) for field_ in campaign.fields]),
        float(adjustment),
    )


def secrets(world: World) -> Iterator[tuple[str, Row]]:
    """What must not be known: the answers of fewer than suppress_below responses of a group that came together.

    A single answer is the smallest of them, a cell of few answers the largest.
    """
    least = world.campaign.rules.suppress_below
    for group in world.campaign.group:
        everybody = [number for number, of in sorted(world.group_of.items()) if of == group]
        counted = list(world.members()[group])
        runs = {tuple(everybody[start : start + size]) for size in range(1, least) for start in range(len(everybody))}
        runs |= {tuple(counted)} if 0 < len(counted) < least else set()
        for run in sorted(runs):
            if 0 < len(run) < least:
                for leaf in world.campaign.place[group]:
                    yield f"{group} of {leaf}: {run}", {(number, leaf): Fraction(1) for number in run}


def found_out(world: World, known: Known) -> list[str]:
    """The secrets that the attacker has worked out, but for those that the index of the unit is by itself.

    That it is shown whatever it rests on is what a campaign is for.
    """
    index = Known()
    for row in (*world.at_the_end, _Page(world, world.standing()).index()):
        index.add(row)
    return [name for name, row in secrets(world) if known.holds(row) and not index.holds(row)]
