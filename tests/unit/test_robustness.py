"""Ranks by other weights, without a group, by the other rule are what the exact formula makes of such a definition."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from campaigns import campaigns
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from surveys import appraised, asked, published, rater, survey

from services.common import index_document, ranking
from services.common.appraisals import AppraisalRow, LeafAppraisal
from services.common.campaign import Campaign, Rules, Ties
from services.common.index import Formula
from services.common.robustness import (
    SPREAD,
    Drawn,
    Reckoning,
    drawn,
    factors,
    ranks,
    summed_up,
    variations,
)
from services.common.unit_index import GroupTally, UnitIndex

CAMPAIGN = survey(
    (asked("q", "2", "g1", "g2", g1="3"), appraised("a", "1")),
    (asked("r", "1", "g2"), appraised("n", "3")),
    units={f"u{number}": "b1" for number in range(6)},
    adjustments=("2", "2"),
)
PINNED = [
    [1.0059108123501284, 1.2252318481629676, 0.8220798063598169],
    [1.2243247235686219, 0.9059157260052427, 0.9616632244862878],
]
Given = tuple[dict[str, GroupTally], AppraisalRow]


def given_at_random(campaign: Campaign, chance: Random) -> dict[str, Given]:
    """By unit of a campaign, counts and an appraisal, some of it missing."""

    def appraisal() -> AppraisalRow:
        leaves = {
            leaf.code: LeafAppraisal(None, not_applicable=True)
            if chance.random() < 0.3
            else LeafAppraisal(leaf.max_points * chance.randrange(5) / 4)
            for leaf in campaign.leaves
            if leaf.method == "appraisal" and chance.random() < 0.8
        }
        bonus, penalty = (campaign.adjustments.bonus_cap * chance.randrange(3) for _ in range(2))
        return AppraisalRow(1, leaves, bonus, penalty)

    return {
        unit: (
            {
                group: GroupTally(9, [chance.randrange(7) for _ in places])
                for group, places in campaign.layout.items()
                if chance.random() < 0.8
            },
            appraisal(),
        )
        for unit in campaign.unit
    }


def results(campaign: Campaign, known: dict[str, Given]) -> dict[str, UnitIndex]:
    formula = Formula(campaign)
    return {unit: formula.compute(unit, tallies, row) for unit, (tallies, row) in known.items()}


def percent(index: Fraction | None) -> float:
    return float("nan") if index is None else float(index)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(campaign=campaigns(), chance=st.randoms())
def test_every_variation_is_the_exact_index_of_the_changed_definition(campaign: Campaign, chance: Random) -> None:
    campaign = published(campaign)
    known = given_at_random(campaign, chance)
    declared = results(campaign, known)
    for block in campaign.block:
        varied = variations(campaign, block)
        reckoning = Reckoning(campaign, block, varied)
        units = [unit.code for unit in campaign.units if unit.block == block]
        found = [reckoning.unit(index_document.write(declared[unit])) for unit in units]
        for place, variation in enumerate(varied):
            exact = results(variation.campaign, known)
            for unit, reckoned in zip(units, found, strict=True):
                assert reckoned.indices[place] == pytest.approx(percent(exact[unit].index), abs=1e-10, nan_ok=True)


@settings(deadline=None, max_examples=60)
@given(chance=st.randoms(), ties=st.sampled_from(["shared", "dense"]))
def test_without_any_change_the_ranks_are_the_exact_ones(chance: Random, ties: Ties) -> None:
    campaign = replace(CAMPAIGN, rules=Rules(ties=ties))
    declared = results(campaign, given_at_random(campaign, chance))
    reckoning = Reckoning(campaign, "b1", variations(campaign, "b1"))
    found = [reckoning.unit(index_document.write(result)) for result in declared.values()]
    exact = ranking.ranks({unit: result.index for unit, result in declared.items()}, ties)
    wanted = [exact[unit].rank or 0 for unit in declared]
    assert list(ranks(np.array([unit.indices[0] for unit in found]), ties)) == wanted
    assert list(drawn(found, np.ones((1, len(campaign.fields))), ties)[0]) == wanted


@settings(deadline=None, max_examples=30)
@given(chance=st.randoms(), seed=st.integers(0, 10**9))
def test_a_draw_ranks_as_exact_fractions_do(chance: Random, seed: int) -> None:
    """A field's points, earned and attainable, are scaled by its factor, bonus and penalty are not."""
    declared = results(CAMPAIGN, given_at_random(CAMPAIGN, chance))
    reckoning = Reckoning(CAMPAIGN, "b1", variations(CAMPAIGN, "b1"))
    found = [reckoning.unit(index_document.write(result)) for result in declared.values()]
    weights = factors(seed, 20, len(CAMPAIGN.fields))
    for by_field, ranked in zip(weights, drawn(found, weights, "shared"), strict=True):
        exact: dict[str, Fraction | None] = {}
        for unit, result in declared.items():
            scaled = [
                (Fraction(float(factor)) * points.earned, Fraction(float(factor)) * points.attainable)
                for factor, points in zip(by_field, result.fields.values(), strict=True)
            ]
            below = sum(attainable for _, attainable in scaled)
            above = sum(earned for earned, _ in scaled) + result.bonus - result.penalty
            exact[unit] = Fraction(100 * above, below) if below else None
        known = sorted(index for index in exact.values() if index is not None)
        assume(all(high == low or high - low > Fraction(1, 10**8) for low, high in pairwise(known)))
        wanted = ranking.ranks(exact, "shared")
        assert list(ranked) == [wanted[unit].rank or 0 for unit in declared]


class TestRanks:
    def test_ties_follow_the_rule_and_what_has_no_index_has_no_rank(self) -> None:
        indices = np.array([50.0, np.nan, 80.0, 80.0 + 1e-12, 20.0])
        assert list(ranks(indices, "shared")) == [3, 0, 1, 1, 4]
        assert list(ranks(indices, "dense")) == [2, 0, 1, 1, 3]

    def test_what_a_survey_tells_apart_is_not_tied(self) -> None:
        assert list(ranks(np.array([50.0, 50.0 + 1e-8]), "shared")) == [2, 1]


class TestFactors:
    def test_they_are_the_same_everywhere_and_always(self) -> None:
        """The stream of PCG64 from this seed, as NumPy 2.4 and 2.5 have it."""
        assert factors(1, 2, 3).tolist() == PINNED

    def test_the_first_of_many_are_those_of_few(self) -> None:
        assert (factors(7, 100, 8)[:10] == factors(7, 10, 8)).all()

    def test_they_are_uniform_within_the_spread(self) -> None:
        found = factors(3, 20_000, 4)
        assert (found.min() >= 1 - SPREAD, found.max() < 1 + SPREAD) == (True, True)
        # The mean of 80,000 draws has a standard error of 0.0005; fields are drawn apart from each other.
        assert found.mean() == pytest.approx(1, abs=0.0025)
        assert abs(np.corrcoef(found.T)[0, 1]) < 0.04


def test_a_summary_counts_draws() -> None:
    """A hundred draws: ranks 1 … 100 of one unit, always 3 of another, none of the third."""
    found = np.array([[number, 3, 0] for number in range(1, 101)], dtype=np.int16)
    assert list(summed_up(found, [50, 3, None])) == [Drawn(1, 6, 50, 95, 100, 1), Drawn(3, 3, 3, 3, 3, 100), None]


def test_a_group_that_is_alone_on_a_leaf_takes_the_leaf_with_it() -> None:
    campaign = survey((asked("q", "2", "g1"),), (asked("r", "1", "g2"),))
    declared = Formula(campaign).compute("u1", {"g1": GroupTally(1, [1, 0, 0, 0, 0, 0])}, AppraisalRow())
    varied = variations(campaign, "b1")
    (_, _, without, other, _) = Reckoning(campaign, "b1", varied).unit(index_document.write(declared)).indices
    assert (varied[2].group, varied[3].group) == ("g1", "g2")
    assert np.isnan(without)
    assert other == 100


def test_work_goes_on_in_stretches() -> None:
    campaign = survey((appraised("a", "1"),), groups=(rater("g1", "b1"),))
    declared = Formula(campaign).compute("u1", {}, AppraisalRow())
    unit = Reckoning(campaign, "b1", variations(campaign, "b1")).unit(index_document.write(declared))
    pauses: list[None] = []
    drawn([unit] * 10_000, factors(1, 40, 1), "shared", lambda: pauses.append(None))
    assert len(pauses) == 4
