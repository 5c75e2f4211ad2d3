"""A response's contribution to a unit's survey points is what the page's formula says, to the 1/10,000 point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from campaigns import campaigns
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from surveys import asked, plain_contribution, published, rater, scale, survey

from services.common.campaign import Campaign, Text
from services.common.contribution import Contribution

CAMPAIGN = survey(
    (asked("q", "2", "g1", "g2"), asked("r", "1", "g2", g2="5")),
    (asked("s", "0.1", "g1", "g2", g1="2"),),
    groups=(rater("g1", "b1", weight="3"), rater("g2", "b1")),
)


def of(answers: Mapping[str, str], group: str = "g1", campaign: Campaign = CAMPAIGN) -> int | None:
    return Contribution(campaign).of(group, "u1", answers)


class TestByHand:
    def test_the_top_answer_everywhere_is_worth_the_groups_part_of_the_points(self):
        """Of q's 2 points three quarters are g1's, of s's 0.1 point two thirds."""
        assert of({"q": "A", "s": "A"}) == round(10_000 * (1.5 + 0.2 / 3))

    def test_an_answer_counts_by_its_percent(self):
        assert of({"q": "B", "s": "E"}) == 11_250

    def test_unanswered_leaves_are_made_up_for_by_the_answered(self):
        """B on q alone is three quarters of all that g1 can give: of 1.5 + 0.0666… points."""
        assert of({"q": "B"}) == of({"q": "B", "s": "B"}) == of({"q": "B", "s": "N"}) == 11_750

    @pytest.mark.parametrize("answers", [{}, {"q": "N"}, {"q": "N", "s": "N"}])
    def test_without_an_opinion_there_is_none(self, answers: dict[str, str]):
        assert of(answers) is None

    def test_the_lowest_opinion_is_one(self):
        assert of({"q": "E"}) == 0

    def test_a_half_of_a_10_000th_is_rounded_up(self):
        campaign = survey(
            (asked("q", "0.0001", "g1"),), scales=(scale("five", {"A": "50", "B": "49.999999", "C": "0"}),)
        )
        assert [of({"q": option}, campaign=campaign) for option in "ABC"] == [1, 0, 0]

    def test_only_the_groups_that_rate_the_block_share_its_points(self):
        campaign = survey(
            (asked("q", "2", "g1", "g2"),),
            units={"u1": "b1", "u2": "b2"},
            groups=(rater("g1", "b1", "b2"), rater("g2", "b2")),
        )
        contribution = Contribution(campaign)
        assert contribution.of("g1", "u1", {"q": "A"}) == 20_000
        assert contribution.of("g1", "u2", {"q": "A"}) == contribution.of("g2", "u2", {"q": "A"}) == 10_000


@given(st.data())
@settings(max_examples=40)
def test_it_is_that_of_the_plain_formula(data: st.DataObject):
    campaign = published(data.draw(campaigns()))
    askable = [(group, unit) for group in campaign.groups for unit in campaign.units if unit.block in group.rates]
    assume(askable)
    contribution = Contribution(campaign)
    for group, unit in askable:
        answers = {
            leaf.code: data.draw(st.sampled_from([option.code for option in campaign.options(leaf)]))
            for leaf in campaign.leaves
            if group.code in leaf.groups and data.draw(st.booleans())
        }
        expected = plain_contribution(campaign, group.code, unit.block, answers)
        assert contribution.of(group.code, unit.code, answers) == expected
        assert expected is None or 0 <= expected <= 10_000 * sum(leaf.max_points for leaf in campaign.leaves) + 1


def test_the_order_of_answers_and_of_groups_does_not_matter():
    turned = replace(CAMPAIGN, groups=CAMPAIGN.groups[::-1])
    answers = {"s": "D", "q": "C"}
    assert of(answers) == of(dict(reversed(answers.items()))) == of(answers, campaign=turned)


class TestOfAnotherVersion:
    """A response may have been given to a later version than the one that weighs it."""

    LATER = published(
        replace(
            survey(
                (asked("q", "2", "g1", "g2"), asked("r", "1", "g2", g2="5"), asked("t", "1", "g2")),
                (asked("s", "0.1", "g1", "g2", g1="2"),),
                units={"u1": "b1", "u2": "b1"},
                groups=(rater("g1", "b1", weight="3"), rater("g2", "b1")),
            )
        ),
        CAMPAIGN,
    )

    def test_what_it_does_not_know_is_no_opinion(self):
        contribution = Contribution(CAMPAIGN)
        assert contribution.of("g2", "u1", {"q": "B", "t": "A"}) == contribution.of("g2", "u1", {"q": "B"})
        assert contribution.of("g2", "u1", {"t": "A"}) is None
        assert contribution.of("g2", "u2", {"q": "B"}) is None
        assert contribution.of("g3", "u1", {"q": "B"}) is None

    def test_it_is_seen_whose_contributions_are_others(self):
        first, later = Contribution(CAMPAIGN), Contribution(self.LATER)
        assert later.is_as(first, "g1", "u1")
        assert not later.is_as(first, "g2", "u1")
        assert not later.is_as(first, "g1", "u2")
        renamed = replace(self.LATER, title=Text("Tên khác"), version=3)
        assert all(
            Contribution(renamed).is_as(later, group, unit) for group in self.LATER.group for unit in self.LATER.unit
        )
