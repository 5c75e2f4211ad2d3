"""Whoever keeps several publications, and all that was served live, cannot work out what few people answered."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from attacker import Known, World, found_out
from hypothesis import given, settings
from hypothesis import strategies as st
from surveys import asked, rater, scale, survey
from test_reporting_attacker import FORMS, Event, campaigns

from services.common.campaign import Campaign, Rules
from services.publishing import edition

PUBLISH = None
EVENTS = st.lists(st.one_of(FORMS, FORMS, FORMS, FORMS, st.integers(0, 20), st.just(PUBLISH)), min_size=1, max_size=16)
THREE = scale("three", {"A": "100", "B": "50", "C": "0"})


def attacked(world: World, running: Sequence[Event | None], later: Sequence[Event | None]) -> Known:
    """What the attacker knows who sees the running figures of a public campaign, and each publication.

    `running` happens while the campaign is open, `later` afterwards: what could not be applied before, say.
    """
    known = Known()
    public = world.campaign.rules.live == "public"
    for event in running:
        happen(world, event)
        for row in world.published(is_open=True) if event is PUBLISH else world.served() if public else ():
            known.add(row)
    for row in world.served(ended=True) if public else ():
        known.add(row)
    for event in (PUBLISH, *later, PUBLISH):
        happen(world, event)
        for row in world.published(is_open=False) if event is PUBLISH else ():
            known.add(row)
    return known


def happen(world: World, event: Event | None) -> None:
    if isinstance(event, int):
        world.withdraw(event)
    elif event is not None and event[0] in world.campaign.group:
        world.submit(*event)


@given(campaigns(live="private"), EVENTS, EVENTS)
@settings(max_examples=80)
def test_nothing_that_few_answered_follows_from_the_publications_of_a_private_campaign(
    campaign: Campaign, running: list[Event | None], later: list[Event | None]
):
    world = World(campaign)
    assert not found_out(world, attacked(world, running, later))


@given(campaigns(live="public"), EVENTS, EVENTS)
@settings(max_examples=80)
def test_nor_from_those_of_a_public_one_beside_its_running_figures(
    campaign: Campaign, running: list[Event | None], later: list[Event | None]
):
    world = World(campaign)
    assert not found_out(world, attacked(world, running, later))


HALL = survey(
    (asked("q", "2", "g1", "g2", scale="three"), asked("r", "1", "g1", "g2", g2="3", scale="three")),
    groups=(rater("g1", "b1"), rater("g2", "b1")),
    scales=(THREE,),
    rules=Rules(live="private", suppress_below=3),
)
ONE_QUESTION = survey(
    (asked("q", "2", "g1", scale="three"), asked("r", "1", "g2", scale="three")),
    (asked("s", "1", "g2", scale="three"),),
    groups=(rater("g1", "b1"), rater("g2", "b1")),
    scales=(THREE,),
    rules=Rules(live="private", suppress_below=3),
)
G1, G2 = ("g1", ["A", "C"]), ("g2", ["B", "A"])


@pytest.mark.parametrize(
    ("campaign", "before", "between", "careless", "secret"),
    [
        (HALL, [G1] * 4 + [G2] * 4, [("g1", ["C", "A"])], "whole", "g1 of q: (9,)"),
        (HALL, [G1] * 4 + [G2] * 2, [G2] * 3, "whole", "g2 of q: (5, 6)"),
        (ONE_QUESTION, [G1] * 4 + [G2] * 4, [("g1", ["C", "A"])], "index", "g1 of q: (9,)"),
    ],
    ids=["one more answer", "what has become visible", "the index where one thing is asked"],
)
def test_the_attacker_finds_what_careless_publications_give_away(
    campaign: Campaign, before: list[Event], between: list[Event], careless: str, secret: str
):
    """Each time the first is made after the campaign's end, and something is counted late."""
    world = World(campaign)
    assert not found_out(world, attacked(world, before, between))
    world = World(campaign)
    decided = edition.level
    with pytest.MonkeyPatch.context() as patched:
        # Only those after the first are careless.
        patched.setattr(edition, "level", lambda *given, **how: careless if given[4] else decided(*given, **how))
        found = found_out(world, attacked(world, before, between))
    assert secret in found


def test_a_campaign_that_is_over_is_published_whole_and_again_while_nothing_or_much_has_changed():
    world = World(HALL)
    for event in [G1] * 4 + [G2] * 4:
        world.submit(*event)
    for is_open, expected in ((True, "index"), (False, "whole"), (False, "whole")):
        list(world.published(is_open=is_open))
        assert world.edition.figures["u1"].level == expected
    for _ in range(2):
        world.submit(*G1)
    list(world.published(is_open=False))
    assert world.edition.figures["u1"].level == "index"
    world.submit(*G1)
    list(world.published(is_open=False))
    assert world.edition.figures["u1"].level == "whole", "three more than in the last that was whole are not few"
