"""Whoever keeps all that is served, from the first response to the end, cannot work out what few people answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import attacker
import bson
import pytest
from attacker import UNIT, Known, World, found_out
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from surveys import asked, rater, scale, survey
from test_reporting_outline import states

from services.common import index_document, release
from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign, Rules
from services.common.index import Formula
from services.common.uncertainty import SamplingErrors
from services.common.unit_index import GroupTally
from services.reporting import figures, rankings, robustness
from services.reporting.queries import Draws
from services.reporting.standing import AsOf, Standing
from services.reporting.suppression import NOTHING, Cell, Hidden, cell_key

THREE = scale("three", {"A": "100", "B": "50", "C": "0"})
GROUPS = ("g1", "g2", "g3")

Event = tuple[str, list[str]] | int
"""A form of a group with its answers, or the withdrawal of one that is counted."""


@st.composite
def campaigns(draw: st.DrawFn, live: str = "public") -> Campaign:
    groups = GROUPS[: draw(st.integers(1, 3))]
    asking = st.lists(st.sampled_from(groups), min_size=1, max_size=3, unique=True)
    points = st.sampled_from(["1", "2", "0.7"])

    def leaf(code: str) -> object:
        of = draw(asking)
        weights = {group: draw(st.sampled_from(["1", "2", "3.5"])) for group in of if draw(st.booleans())}
        return asked(code, draw(points), *of, scale="three", **weights)

    fields = [
        tuple(leaf(f"l{number}{place}") for place in range(draw(st.integers(1, 2))))
        for number in range(draw(st.integers(1, 3)))
    ]
    least = draw(st.integers(2, 3))
    return survey(
        *fields,  # type: ignore[arg-type]
        groups=tuple(rater(group, "b1", weight=draw(st.sampled_from(["1", "2"]))) for group in groups),
        scales=(THREE,),
        rules=Rules(live=live, suppress_below=least),  # type: ignore[arg-type]
    )


FORMS = st.tuples(st.sampled_from(GROUPS), st.lists(st.sampled_from("ABC"), min_size=6, max_size=6))
EVENTS = st.lists(st.one_of(FORMS, FORMS, FORMS, FORMS, st.integers(0, 20)), min_size=1, max_size=14)


def attacked(world: World, events: list[Event], *, at_the_end: bool = True) -> Known:
    """What the attacker knows after all events; with `at_the_end` he also sees what is served after the campaign."""
    known = Known()
    for event in events:
        if isinstance(event, int):
            world.withdraw(event)
        elif event[0] in world.campaign.group:
            world.submit(*event)
        for row in world.served():
            known.add(row)
    if at_the_end:
        for row in world.served(ended=True):
            known.add(row)
    return known


@given(campaigns(), EVENTS)
@settings(max_examples=80)
def test_nothing_that_few_answered_follows_from_everything_served(campaign: Campaign, events: list[Event]):
    world = World(campaign)
    assert not found_out(world, attacked(world, events))


@given(campaigns(live="private"), EVENTS)
@settings(max_examples=80)
def test_nor_from_what_is_shown_of_a_private_campaign_at_its_end(campaign: Campaign, events: list[Event]):
    world, known = World(campaign), Known()
    for event in events:
        if isinstance(event, int):
            world.withdraw(event)
        elif event[0] in world.campaign.group:
            world.submit(*event)
    for row in world.served(ended=True):
        known.add(row)
    assert not found_out(world, known)


HALL = survey(
    (asked("q", "2", "g1", "g2", scale="three"), asked("r", "1", "g1", "g2", g2="3", scale="three")),
    groups=(rater("g1", "b1"), rater("g2", "b1")),
    scales=(THREE,),
    rules=Rules(live="public", suppress_below=3),
)
FEW_OF_G2: list[Event] = [("g1", ["A", "B"]), ("g2", ["C", "A"]), *[("g1", ["B", "C"])] * 7, ("g2", ["B", "C"])]


def nothing(*_: object, **__: object) -> Hidden:
    return NOTHING


def small_cells_alone(campaign: Campaign, cells: Sequence[Cell], *_: object, **__: object) -> Hidden:
    least = campaign.rules.suppress_below
    return frozenset(cell_key(cell.leaf, cell.group) for cell in cells if cell.answers < least)


@pytest.mark.parametrize("naive", [nothing, small_cells_alone])
def test_the_attacker_finds_what_a_careless_suppression_gives_away(
    naive: Callable[..., Hidden], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(figures, "hidden", naive)
    world = World(HALL)
    assert "g2 of q: (2, 10)" in found_out(world, attacked(world, FEW_OF_G2))


def test_and_what_two_successive_breakdowns_give_away():
    world = World(HALL, stepwise=False)
    known = attacked(world, [("g1", ["A", "B"])] * 3 + [("g1", ["C", "A"])], at_the_end=False)
    assert "g1 of q: (4,)" in found_out(world, known)


def test_and_what_the_index_gives_away_where_a_group_is_asked_one_thing(monkeypatch: pytest.MonkeyPatch):
    """Were it not held back there: `attributable`."""
    one = survey(
        (asked("q", "2", "g1", scale="three"), asked("r", "1", "g2", scale="three")),
        (asked("s", "1", "g2", scale="three"),),
        groups=(rater("g1", "b1"), rater("g2", "b1")),
        scales=(THREE,),
        rules=Rules(live="public", suppress_below=3),
    )
    events: list[Event] = [*[("g2", ["A", "B"])] * 3, *[("g1", ["A"])] * 3, ("g1", ["C"])]
    world = World(one)
    assert not found_out(world, attacked(world, events, at_the_end=False))
    for module in (release, attacker, rankings):
        monkeypatch.setattr(module, "attributable", lambda *_: False)
    world = World(one)
    assert "g1 of q: (7,)" in found_out(world, attacked(world, events, at_the_end=False))


def test_breakdowns_are_shown_in_time():
    """Protection is no excuse for showing nothing: ten forms of a group at suppress_below 5 show five of them."""
    campaign = replace(HALL, rules=replace(HALL.rules, suppress_below=5))
    world = World(campaign)
    shown = []
    for _ in range(20):
        world.submit("g1", ["A", "B"])
        standing = world.standing().for_everybody(campaign.opens)
        found = standing.units[UNIT].result.leaves["q"].groups["g1"]
        shown.append(None if cell_key("q", "g1") in standing.units[UNIT].hidden else found.answers)
    assert shown == [None] * 9 + [5] * 5 + [10] * 5 + [15]


def test_a_single_small_cell_is_not_what_the_groups_leave():
    """Who knows what each group adds needs a second leaf of which the same two groups' cells are hidden."""
    world = World(HALL)
    known = attacked(world, FEW_OF_G2)
    hidden = world.standing().units[UNIT].hidden
    assert {cell_key(leaf, group) for leaf in "qr" for group in ("g1", "g2")} <= hidden
    assert not found_out(world, known)


@given(states())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_robustness_says_nothing_that_does_not_follow_from_the_pages_of_the_units(standing: Standing):
    for block in standing.campaign.blocks:
        asked_for = Draws(block.code, 25, 7)
        served = robustness.document(standing, asked_for)
        said = {row["unit"]: (row["variations"], row["draws"], row.get("suppressed", False)) for row in served["rows"]}
        assert said == attacker.reckoned_again(standing, asked_for)


def test_one_draw_after_the_other_does_not_tell_a_hidden_field():
    """Two forms rate u1: what they say of each field is hidden. Which of the two they praised, no draw may tell."""
    campaign = survey(
        (asked("q", "2", "g1", scale="three"),),
        (asked("r", "2", "g1", scale="three"),),
        units={"u1": "b1", "u2": "b1", "u3": "b1"},
        groups=(rater("g1", "b1"),),
        scales=(THREE,),
        rules=Rules(live="private", suppress_below=3),
    )

    def draws(*few: int) -> list[object]:
        counts = {"u1": few, "u2": (6, 0, 3, 3, 0, 6), "u3": (3, 0, 6, 6, 0, 3)}
        tallies = {unit: {"g1": GroupTally(sum(of_unit) // 2, of_unit)} for unit, of_unit in counts.items()}
        standing = written(campaign, tallies)
        found = [robustness.document(standing, Draws("b1", 1, seed)) for seed in range(20)]
        return [(row["unit"], row["draws"]) for one in found for row in one["rows"]]

    assert draws(2, 0, 0, 0, 0, 2) == draws(0, 0, 2, 2, 0, 0)


def written(campaign: Campaign, tallies: dict[str, dict[str, GroupTally]]) -> Standing:
    """A state as scoring writes it."""
    units = {}
    for unit, of_unit in tallies.items():
        found = Formula(campaign).compute(unit, of_unit, AppraisalRow())
        document = index_document.write(found) | SamplingErrors(campaign).of(unit, found).document()
        units[unit] = figures.Figures(campaign, bson.encode({"unit": unit, "state": 1, **document}))
    return Standing(campaign, AsOf(1, 1, {}, {}), units)
