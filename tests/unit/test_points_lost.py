"""What a unit lost comes to what it lacks, and one more step is what the formula makes of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from campaigns import campaigns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from surveys import FIVE, appraised, asked, published, rater, scale, survey
from test_robustness import given_at_random, results

from services.common import ranking
from services.common.appraisals import AppraisalRow, LeafAppraisal
from services.common.campaign import Campaign, NotApplicable, Rules, Ties
from services.common.index import Formula
from services.common.points_lost import Others, losses, raised
from services.common.unit_index import GroupTally

UNEVEN = {"A": "100", "B": "80", "C": "30", "D": "0", "N": None}
UP = {"A": "A", "B": "A", "C": "B", "D": "C"}
slow = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def plan(rule: NotApplicable) -> Campaign:
    return survey(
        (asked("q", "2", "g1", "g2", scale="uneven", g1="3"), appraised("a", "1"), appraised("n", "3")),
        (asked("r", "1", "g2", scale="uneven"),),
        scales=(scale("uneven", UNEVEN), scale("five", FIVE)),
        adjustments=("2", "2"),
        rules=Rules(not_applicable=rule),
    )


@slow
@given(campaign=campaigns(), chance=st.randoms())
def test_losses_come_to_what_the_index_lacks_and_steps_never_lower_it(campaign: Campaign, chance: Random) -> None:
    campaign = published(campaign)
    for result in results(campaign, given_at_random(campaign, chance)).values():
        found = list(losses(campaign, result))
        if result.index is None:
            assert found == []
            continue
        adjusted = 100 * (result.bonus - result.penalty) / result.points.attainable
        assert sum(loss.of_index for loss in found) == 100 - result.index + adjusted
        for loss in found:
            assert (sum(loss.groups.values()) == loss.lost) is (loss.leaf.method == "survey" or not loss.lost)
            if loss.step is not None:
                assert loss.points <= loss.step.points <= Fraction(loss.leaf.max_points)
                assert result.index <= loss.step.index <= result.index + loss.of_index
            assert (loss.step is None) is (loss.lost == 0)


@slow
@given(rule=st.sampled_from(["index", "field"]), q=st.lists(st.sampled_from("ABCD"), min_size=2, max_size=2))
def test_a_step_is_the_index_with_every_answer_one_option_higher(rule: NotApplicable, q: list[str]) -> None:
    """Where a group is of one mind, its mean is an option, and one option higher is what all of them would say."""
    campaign = plan(rule)
    row = AppraisalRow(
        1, {"a": LeafAppraisal(Decimal("0.25")), "n": LeafAppraisal(not_applicable=True)}, Decimal(1), Decimal("0.5")
    )

    def index(leaf: str, options: list[str], row: AppraisalRow = row) -> Fraction | None:
        said = {"q": q, "r": ["B", "C"]} | {leaf: options}
        tallies = {
            group: GroupTally(7, [7 * (said[code][number] == option) for code, option in campaign.layout[group]])
            for number, group in enumerate(("g1", "g2"))
        }
        return Formula(campaign).compute("u1", tallies, row).index

    tallies = {
        group: GroupTally(7, [7 * ({"q": q, "r": ["B", "C"]}[code][number] == option) for code, option in layout])
        for number, (group, layout) in enumerate(campaign.layout.items())
    }
    steps = {loss.leaf.code: loss.step for loss in losses(campaign, Formula(campaign).compute("u1", tallies, row))}
    assert steps["r"] is not None
    assert steps["r"].index == index("r", ["A", "B"])
    assert steps["a"] is not None
    full = replace(row, leaves={**row.leaves, "a": LeafAppraisal(Decimal(1))})
    assert steps["a"].index == index("q", q, full)
    assert (steps["q"] and steps["q"].index) == (None if q == ["A", "A"] else index("q", [UP[option] for option in q]))


@pytest.mark.parametrize(
    ("share", "higher"),
    [("0", "0.3"), ("0.15", "0.55"), ("0.3", "0.8"), ("0.55", "0.9"), ("0.8", "1"), ("0.9", "1"), ("1", "1")],
)
def test_a_mean_between_two_options_goes_as_far_between_the_next_two(share: str, higher: str) -> None:
    worth = [Fraction(percent) / 100 for percent in (0, 30, 80, 100)]
    assert raised(Fraction(share), worth) == Fraction(higher)


def test_a_scale_of_one_worth_has_no_higher_option() -> None:
    assert raised(Fraction(1, 2), [Fraction(1, 2)]) == Fraction(1, 2)


@given(
    indices=st.lists(st.none() | st.integers(0, 6), min_size=1, max_size=8),
    new=st.fractions(0, 6, max_denominator=2),
    ties=st.sampled_from(["shared", "dense"]),
)
def test_a_rank_with_another_index_is_that_of_the_ranking(indices: list[int | None], new: Fraction, ties: Ties) -> None:
    units = {str(number): None if index is None else Fraction(index) for number, index in enumerate(indices)}
    ranked = ranking.ranks(units, ties)
    others = Others((index for unit in ranked if (index := units[unit]) is not None), ties)
    assert others.rank(new, units["0"]) == ranking.ranks(units | {"0": new}, ties)["0"].rank


def test_what_a_group_took_goes_by_its_weight() -> None:
    """q: g1 weighs 3 and gives half, g2 weighs 1 and gives nothing: of 2 points 0.75 and 0.5 are lost."""
    campaign = survey((asked("q", "2", "g1", "g2", g1="3"),), groups=(rater("g1", "b1"), rater("g2", "b1")))
    tallies = {"g1": GroupTally(4, [0, 0, 4, 0, 0, 0]), "g2": GroupTally(2, [0, 0, 0, 0, 2, 0])}
    (loss,) = losses(campaign, Formula(campaign).compute("u1", tallies, AppraisalRow()))
    assert loss.groups == {"g1": Fraction("0.75"), "g2": Fraction("0.5")}
    assert (loss.lost, loss.of_index) == (Fraction("1.25"), Fraction("62.5"))
