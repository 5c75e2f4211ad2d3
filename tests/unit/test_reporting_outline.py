"""What is kept of every unit for the views of its block says what the unit's breakdown says, as far as it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random

import bson
import pytest
from campaigns import campaigns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from surveys import asked, published, survey

from services.common import index_document, release
from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign, Rules
from services.common.index import Formula
from services.common.ranking import mean
from services.common.release import Release
from services.common.uncertainty import SamplingErrors
from services.common.unit_index import GroupTally, Moments, Points
from services.reporting import preparing
from services.reporting.beside import Beside, beside, changed
from services.reporting.figures import Figures
from services.reporting.outline import group_in_field, outline
from services.reporting.standing import AsOf, Standing
from services.reporting.standings import Standings
from services.reporting.suppression import cell_key, field_key, group_in_field_key, group_key, leaf_key
from tests.waiting import eventually

slow = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def states(draw: st.DrawFn) -> Standing:
    """A campaign's state of counts drawn at random, of which some are released; or as everybody sees it."""
    plain = published(draw(campaigns()))
    campaign = replace(plain, rules=replace(plain.rules, live="public", suppress_below=draw(st.sampled_from([1, 4]))))
    chance = Random(draw(st.integers(0, 2**32)))  # noqa: S311 (figures, not secrets)
    units = {}
    for unit in campaign.unit:
        tallies = {
            group: GroupTally(
                chance.randrange(40), [chance.randrange(10) for _ in places], Moments(5, 4, chance.randrange(2**70))
            )
            for group, places in campaign.layout.items()
            if chance.random() < 0.8
        }
        shown = {
            group: Release(tuple(count // 2 for count in tally.counts), tuple(tally.counts))
            for group, tally in tallies.items()
            if chance.random() < 0.7
        }
        found = Formula(campaign).compute(unit, tallies, AppraisalRow())
        written = index_document.write(found) | SamplingErrors(campaign).of(unit, found).document()
        document = {"unit": unit, "state": 1, "released": release.write(shown), **written}
        units[unit] = Figures(campaign, bson.encode(document))
    standing = Standing(campaign, AsOf(1, 1, {}, {}), units)
    return standing.released if draw(st.booleans()) else standing


@slow
@given(states())
def test_an_outline_is_the_breakdown_as_far_as_it_is_shown(standing: Standing) -> None:
    campaign = standing.campaign
    for code in campaign.unit:
        found, unit = outline(standing, code), standing.units[code].apart()
        hidden, result = unit.hidden, unit.result
        assert found.fields == tuple(
            None if field_key(field.code) in hidden else result.fields[field.code] for field in campaign.fields
        )
        assert found.indices == tuple(points and points.index for points in found.fields)
        assert found.pending == result.pending
        texts = [result.leaves.get(leaf.code) for leaf in campaign.leaves]
        assert found.leaves.split(" ") == [
            "" if of_leaf is None or of_leaf.points is None or leaf_key(leaf.code) in hidden else str(of_leaf.points)
            for leaf, of_leaf in zip(campaign.leaves, texts, strict=True)
        ]
        for group in campaign.group:
            shares = {leaf: cells.groups[group] for leaf, cells in result.leaves.items() if group in cells.groups}
            of_group, error = found.groups[group], unit.error(group)
            whole = result.groups[group].points if group in result.groups else Points()
            assert of_group.points == (None if group_key(group) in hidden else whole)
            assert of_group.se == (None if error is None else error.index)
            shown = [share for leaf, share in shares.items() if cell_key(leaf, group) not in hidden]
            assert of_group.answers == sum(share.answers for share in shown)
            assert of_group.silent == sum(share.no_opinion for share in shown)
            for field in campaign.fields:
                counting = [(leaf, shares[leaf.code].share) for leaf in field.leaves if leaf.code in shares]
                points = sum(
                    (
                        Points(Fraction(leaf.max_points) * share, Fraction(leaf.max_points))
                        for leaf, share in counting
                        if share is not None
                    ),
                    start=Points(),
                )
                expected = None if group_in_field_key(group, field.code) in hidden else points
                assert group_in_field(found, campaign, group, field.code) == expected


TEXTS = st.lists(st.sampled_from(["", "0", "1/3", "2/3", "2/7", "1"]), min_size=2, max_size=2).map(" ".join)
BLOCKS = st.lists(st.dictionaries(st.sampled_from("abcd"), TEXTS), min_size=1, max_size=6)


@given(BLOCKS)
def test_a_block_follows_its_changes_to_the_figures_that_all_its_units_come_to(
    states: Sequence[dict[str, str]],
) -> None:
    found: Beside | None = None
    for texts in states:
        found = changed(found, texts, 2)
        for leaf in range(2):
            points = [Fraction(text.split(" ")[leaf]) for text in texts.values() if text.split(" ")[leaf]]
            assert (found.mean(leaf), found.bests[leaf]) == (mean(points), max(points, default=None))


CAMPAIGN = survey(
    (asked("q", "1", "g1"),), units={f"u{number}": "b1" for number in range(4)}, rules=Rules(live="public")
)


def units(campaign: Campaign, given: Mapping[str, int]) -> dict[str, Figures]:
    """Figures by unit: so many of nine say the best, the others the worst."""

    def written(best: int) -> dict[str, object]:
        tallies = {"g1": GroupTally(9, [best, 0, 0, 0, 9 - best, 0])}
        found = index_document.write(Formula(campaign).compute("u0", tallies, AppraisalRow()))
        return {"state": 1, "se": None, "fewest": 9, "errors": {}, **found}

    return {unit: Figures(campaign, bson.encode({"unit": unit, **written(best)})) for unit, best in given.items()}


def test_a_new_state_reads_only_the_units_that_have_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Standing(CAMPAIGN, AsOf(1, 1, {}, {}), units(CAMPAIGN, {"u0": 9, "u1": 6, "u2": 3, "u3": 0}))
    before = beside(first, "b1")
    assert (before.mean(0), before.bests[0]) == (Fraction(1, 2), 1)
    later = {**first.units, **units(CAMPAIGN, {"u0": 3})}
    read = []
    whole = Figures.apart
    monkeypatch.setattr(Figures, "apart", lambda figures: read.append(figures.unit) or whole(figures))
    after = beside(Standing(CAMPAIGN, AsOf(2, 1, {}, {}), later, carried=first.carried_on), "b1")
    assert read == ["u0"]
    assert (after.mean(0), after.bests[0]) == (mean([Fraction(n, 9) for n in (3, 6, 3, 0)]), Fraction(2, 3))


def test_a_large_campaign_is_prepared_before_anybody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "LARGE", 4)
    standings = Standings()
    preparer = preparing.Preparer(standings)
    preparer.start()
    standing = Standing(CAMPAIGN, AsOf(1, 1, {}, {}), units(CAMPAIGN, dict.fromkeys(CAMPAIGN.unit, 5)))
    standings.take(CAMPAIGN.code, standing)
    key = ("outline", CAMPAIGN.version)
    eventually(lambda: all(key in vars(unit)["_derived"] for unit in standing.units.values()), "all are outlined", 10)
    preparer.stop()
