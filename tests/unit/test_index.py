"""The index is points earned over points attainable, exact to the last digit, by the rules of the definition."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import bson
import pytest
from campaigns import campaigns
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_formula import PlainFormula
from surveys import Answers, appraised, asked, plain_index, published, rater, scale, survey

from services.common import index_document
from services.common.appraisals import AppraisalRow, LeafAppraisal
from services.common.campaign import Campaign, Rules
from services.common.index import Formula, Known
from services.common.ranking import Rank, exact, ranks, shown
from services.common.unit_index import GroupIndex, GroupTally, LeafPoints, Moments, Points, Share, UnitIndex

WORKED: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "worked_example_made_up.json").read_text(encoding="utf-8")
)
NOTHING = AppraisalRow()


def tallies(campaign: Campaign, answers: Answers, n: int = 0) -> dict[str, GroupTally]:
    """Counts as a partition would hold them, for every group that was asked anything."""
    counts = {group: [0] * len(layout) for group, layout in campaign.layout.items()}
    for (group, leaf, option), times in answers.items():
        counts[group][campaign.place[group][leaf][option]] += times
    return {group: GroupTally(n, values) for group, values in counts.items()}


def computed(campaign: Campaign, answers: Answers, row: AppraisalRow = NOTHING, unit: str = "u1") -> UnitIndex:
    return Formula(campaign).compute(unit, tallies(campaign, answers), row)


def row(bonus: str = "0", penalty: str = "0", leaves: Mapping[str, str | None] | None = None) -> AppraisalRow:
    """An appraisal; None for a leaf that does not apply."""
    return AppraisalRow(
        1,
        {
            leaf: LeafAppraisal(not_applicable=True) if points is None else LeafAppraisal(Decimal(points))
            for leaf, points in (leaves or {}).items()
        },
        Decimal(bonus),
        Decimal(penalty),
    )


class TestWorkedExample:
    """tests/data/worked_example_made_up.json, to the last digit."""

    @pytest.fixture(scope="class")
    def campaign(self) -> Campaign:
        leaves = [
            asked(item["code"], item["max"], *item["groups"], scale=item["scale"])
            if item["method"] == "survey"
            else appraised(item["code"], item["max"])
            for item in WORKED["items"]
        ]
        scales = [
            scale(
                code,
                {
                    option: None if percent == "no opinion" else str(percent)
                    for option, percent in zip("ABCDEN", percents, strict=True)
                },
            )
            for code, percents in WORKED["option_percent"].items()
        ]
        return survey(
            tuple(leaves[:3]),
            tuple(leaves[3:]),
            units=dict.fromkeys("ABC", "b1"),
            groups=(rater("CD", "b1"), rater("CC", "b1"), rater("CI", "b1")),
            scales=tuple(scales),
        )

    @pytest.fixture(scope="class")
    def results(self, campaign: Campaign) -> dict[str, UnitIndex]:
        formula = Formula(campaign)
        results = {}
        for unit, by_leaf in WORKED["answer_counts_in_option_order"].items():
            answers = {
                (group, leaf, option): times
                for leaf, by_group in by_leaf.items()
                for group, counts in by_group.items()
                for option, times in zip("ABCDEN", counts, strict=True)
            }
            appraisal = row(leaves=WORKED["appraised_points"][unit])
            results[unit] = formula.compute(unit, tallies(campaign, answers), appraisal)
        return results

    @pytest.mark.parametrize("unit", "ABC")
    def test_every_leaf_has_the_points_expected(self, results: dict[str, UnitIndex], unit: str):
        for leaf, said in WORKED["expected"][unit]["item_points_exact"].items():
            result = results[unit].leaves[leaf]
            if said == "not applicable":
                assert (result.state, result.points) == ("not_applicable", None)
            else:
                assert (result.state, result.points) == ("scored", Fraction(said))

    @pytest.mark.parametrize("unit", "ABC")
    def test_sums_and_index_are_as_expected(self, results: dict[str, UnitIndex], unit: str):
        said, result = WORKED["expected"][unit], results[unit]
        assert result.fields["f1"].earned == Fraction(said["appraisal_points"])
        assert result.fields["f2"].earned == Fraction(said["survey_points"])
        assert result.points == Points(Fraction(said["points_exact"]), Fraction(said["max_applicable"]))
        assert result.index == Fraction(said["index_percent_exact"])
        assert shown(result.index, 2) == said["index_percent_2dp"]
        assert result.pending == ()

    def test_units_with_equal_indices_share_a_rank(self, results: dict[str, UnitIndex]):
        found = ranks({unit: result.index for unit, result in results.items()}, "shared")
        assert {unit: rank.rank for unit, rank in found.items()} == {
            unit: said["rank_exact_shared"] for unit, said in WORKED["expected"].items()
        }
        assert [rank.tied for rank in found.values()] == [True, True, False]

    def test_answers_without_an_opinion_are_told_apart(self, results: dict[str, UnitIndex]):
        assert results["A"].leaves["S1"].groups["CD"] == Share(10, 2, Fraction(29, 40))
        assert results["C"].leaves["S1"].groups["CD"] == Share(0, 7, None)


class TestSurveyLeaves:
    def test_a_share_is_the_mean_percent_of_the_answers_with_an_opinion(self):
        found = computed(
            survey((asked("q", "3", "g1"),)), {("g1", "q", "A"): 1, ("g1", "q", "D"): 2, ("g1", "q", "N"): 7}
        )
        assert found.leaves["q"] == LeafPoints("scored", Fraction(3, 2), {"g1": Share(3, 7, Fraction(1, 2))})

    def test_groups_count_by_weight_not_by_size(self):
        """One deputy who is content outweighs a hundred citizens who are not, three to one."""
        campaign = survey((asked("q", "1", "g1", "g2"),), groups=(rater("g1", "b1", weight="3"), rater("g2", "b1")))
        found = computed(campaign, {("g1", "q", "A"): 1, ("g2", "q", "E"): 100})
        assert found.index == 75

    def test_a_leaf_may_weigh_groups_in_its_own_way(self):
        groups = (rater("g1", "b1", weight="3"), rater("g2", "b1", weight="0.5"))
        campaign = survey((asked("q", "1", "g1", "g2", g1="0.25"),), groups=groups)
        found = computed(campaign, {("g1", "q", "A"): 9, ("g2", "q", "E"): 1})
        assert found.index == Fraction(100, 3)

    def test_a_group_without_an_opinion_leaves_the_mean(self):
        campaign = survey((asked("q", "1", "g1", "g2"),))
        found = computed(campaign, {("g1", "q", "B"): 4, ("g2", "q", "N"): 50})
        assert found.index == 75

    def test_a_group_counts_from_min_answers_on(self):
        campaign = survey((asked("q", "1", "g1", "g2"),), rules=Rules(min_answers=3))
        few, enough = {("g1", "q", "A"): 3, ("g2", "q", "E"): 2}, {("g1", "q", "A"): 3, ("g2", "q", "E"): 3}
        assert computed(campaign, few).index == 100
        assert computed(campaign, few).leaves["q"].groups["g2"] == Share(2, 0, None)
        assert computed(campaign, enough).index == 50

    def test_answers_without_an_opinion_do_not_help_to_min_answers(self):
        campaign = survey((asked("q", "1", "g1"),), rules=Rules(min_answers=3))
        assert computed(campaign, {("g1", "q", "A"): 2, ("g1", "q", "N"): 9}).pending == ("q",)

    def test_a_leaf_on_which_no_group_counts_is_pending_and_leaves_both_sums(self):
        campaign = survey((asked("q", "4", "g1"), asked("r", "1", "g1")))
        found = computed(campaign, {("g1", "r", "C"): 1, ("g1", "q", "N"): 5})
        assert found.pending == ("q",)
        assert found.points == Points(Fraction(1, 2), Fraction(1))

    def test_a_unit_that_nobody_answered_for_has_no_index(self):
        campaign = survey((asked("q", "4", "g1"), appraised("a", "1")))
        found = Formula(campaign).compute("u1", {}, NOTHING)
        assert (found.index, found.points, found.pending) == (None, Points(), ("q", "a"))
        assert found.groups["g1"] == GroupIndex(0, Points())

    def test_a_leaf_that_no_group_is_asked_about_a_block_is_no_part_of_its_index(self):
        campaign = survey(
            (asked("q", "4", "g1"), asked("r", "1", "g1", "g2")),
            units={"u1": "b1", "u2": "b2"},
            groups=(rater("g1", "b1"), rater("g2", "b1", "b2")),
        )
        answers = {("g1", "q", "E"): 1, ("g1", "r", "E"): 1, ("g2", "r", "A"): 1}
        ward, office = computed(campaign, answers), computed(campaign, answers, unit="u2")
        assert ward.points == Points(Fraction(1, 2), Fraction(5))
        assert office.points == Points(Fraction(1), Fraction(1))
        assert (list(office.leaves), office.pending) == (["r"], ())
        assert list(office.leaves["r"].groups) == ["g2"]

    def test_counts_that_a_partition_has_not_seen_yet_are_zero(self):
        """A tally written under version 1 is shorter than the layout of version 2."""
        first = survey((asked("q", "1", "g1"),))
        more = replace(first.scales[0], options=(*first.scales[0].options, *scale("s", {"F": "10"}).options))
        second = published(replace(first, scales=(more,)), first)
        found = Formula(second).compute("u1", {"g1": GroupTally(2, [1, 0, 0, 0, 1])}, NOTHING)
        assert found.index == 50

    def test_a_new_version_reads_counts_in_their_old_places(self):
        first = survey((asked("q", "1", "g1"),))
        turned = replace(first.scales[0], options=first.scales[0].options[::-1])
        fields = survey((asked("p", "1", "g1"), asked("q", "3", "g1"))).fields
        second = published(replace(first, scales=(turned,), fields=fields), first)
        counts = [3, 0, 0, 0, 0, 2]
        found = Formula(second).compute("u1", {"g1": GroupTally(5, counts)}, NOTHING)
        assert found.leaves["q"].groups["g1"] == Share(3, 2, Fraction(1))
        assert found.pending == ("p",)


class TestAppraisedLeaves:
    CAMPAIGN = survey((appraised("a", "4"), appraised("b", "1")))

    def test_points_count_as_given(self):
        assert computed(self.CAMPAIGN, {}, row(leaves={"a": "0.1", "b": "0.2"})).index == 6

    def test_a_leaf_without_points_is_pending(self):
        found = computed(self.CAMPAIGN, {}, row(leaves={"b": "1"}))
        assert (found.pending, found.index) == (("a",), 100)

    def test_a_note_alone_is_no_appraisal(self):
        noted = AppraisalRow(1, {"a": LeafAppraisal(note="seen"), "b": LeafAppraisal(self_points=Decimal(1))})
        assert computed(self.CAMPAIGN, {}, noted).pending == ("a", "b")

    def test_points_of_zero_are_points(self):
        found = computed(self.CAMPAIGN, {}, row(leaves={"a": "0", "b": "0"}))
        assert (found.pending, found.index) == ((), 0)

    def test_a_maximum_lowered_below_the_points_given_caps_them(self):
        lowered = published(replace(self.CAMPAIGN, fields=survey((appraised("a", "3"), appraised("b", "1"))).fields))
        found = computed(lowered, {}, row(leaves={"a": "3.5", "b": "0"}))
        assert found.points == Points(Fraction(3), Fraction(4))
        assert found.index == 75

    def test_a_leaf_that_does_not_apply_leaves_both_sums(self):
        found = computed(self.CAMPAIGN, {}, row(leaves={"a": None, "b": "0.5"}))
        assert (found.leaves["a"].state, found.points) == ("not_applicable", Points(Fraction(1, 2), Fraction(1)))
        assert found.pending == ()


class TestNotApplicableByField:
    """Rule `field`: the field keeps its maximum, its other leaves are scaled up to it."""

    RULES = Rules(not_applicable="field")

    def test_the_other_leaves_are_scaled_up_to_the_field(self):
        campaign = survey((appraised("a", "4"), appraised("b", "1")), (appraised("c", "5"),), rules=self.RULES)
        found = computed(campaign, {}, row(leaves={"a": None, "b": "0.5", "c": "5"}))
        assert found.fields["f1"] == Points(Fraction(5, 2), Fraction(5))
        assert found.index == 75
        by_index = replace(campaign, rules=Rules(not_applicable="index"))
        assert computed(by_index, {}, row(leaves={"a": None, "b": "0.5", "c": "5"})).index == Fraction(550, 6)

    def test_surveyed_leaves_are_scaled_like_the_others(self):
        campaign = survey((appraised("a", "1"), asked("q", "2", "g1")), rules=self.RULES)
        found = computed(campaign, {("g1", "q", "A"): 1, ("g1", "q", "C"): 1}, row(leaves={"a": None}))
        assert found.points == Points(Fraction(9, 4), Fraction(3))

    def test_a_pending_leaf_is_not_made_up_for(self):
        campaign = survey((appraised("a", "4"), appraised("b", "1"), appraised("c", "2")), rules=self.RULES)
        found = computed(campaign, {}, row(leaves={"a": None, "b": "1"}))
        assert found.fields["f1"] == Points(Fraction(5), Fraction(5))
        assert found.pending == ("c",)

    def test_a_field_of_which_nothing_applies_leaves_the_index(self):
        campaign = survey((appraised("a", "4"), appraised("b", "1")), (appraised("c", "5"),), rules=self.RULES)
        found = computed(campaign, {}, row(leaves={"a": None, "b": None, "c": "1"}))
        assert (found.fields["f1"], found.points) == (Points(), Points(Fraction(1), Fraction(5)))


class TestAdjustments:
    CAMPAIGN = survey((appraised("a", "10"),), adjustments=("2", "5"))

    @pytest.mark.parametrize(
        ("bonus", "penalty", "index"),
        [
            ("0", "0", 90),
            ("1.5", "0", 105),
            ("2", "0", 110),
            ("2.000001", "0", 110),
            ("0", "5", 40),
            ("0", "9", 40),
            ("1", "0.5", 95),
            ("9", "9", 60),
        ],
    )
    def test_bonus_and_penalty_count_up_to_their_caps(self, bonus: str, penalty: str, index: int):
        found = computed(self.CAMPAIGN, {}, row(bonus, penalty, {"a": "9"}))
        assert found.index == index
        assert (found.bonus, found.penalty) == (min(Fraction(bonus), 2), min(Fraction(penalty), 5))

    def test_they_change_what_is_earned_only(self):
        found = computed(self.CAMPAIGN, {}, row("2", "5", {"a": "9"}))
        assert found.points == Points(Fraction(6), Fraction(10))
        assert found.fields["f1"] == Points(Fraction(9), Fraction(10))

    def test_a_campaign_without_caps_knows_no_adjustments(self):
        found = computed(survey((appraised("a", "10"),)), {}, row("2", "5", {"a": "9"}))
        assert (found.index, found.bonus, found.penalty) == (90, 0, 0)

    def test_a_penalty_may_bring_the_index_below_zero(self):
        assert computed(self.CAMPAIGN, {}, row("0", "5", {"a": "1"})).index == -40

    def test_bonus_points_alone_make_no_index(self):
        assert computed(self.CAMPAIGN, {}, row("2", "0")).index is None


class TestBreakdown:
    CAMPAIGN = survey(
        (asked("q", "2", "g1", "g2"), appraised("a", "1")),
        (asked("r", "1", "g2", g2="7"),),
        groups=(rater("g1", "b1", weight="3"), rater("g2", "b1")),
    )
    ANSWERS: ClassVar[Answers] = {("g1", "q", "A"): 2, ("g2", "q", "E"): 5, ("g2", "r", "B"): 4}

    def test_fields_and_criteria_add_up_to_the_whole(self):
        found = computed(self.CAMPAIGN, self.ANSWERS, row(leaves={"a": "0.3"}))
        assert found.criteria == {"c1": found.fields["f1"], "c2": found.fields["f2"]}
        assert found.fields["f1"] == Points(Fraction("1.8"), Fraction(3))
        assert found.points == found.fields["f1"] + found.fields["f2"]

    def test_a_groups_own_index_is_over_the_leaves_on_which_it_counts(self):
        result = Formula(self.CAMPAIGN).compute("u1", tallies(self.CAMPAIGN, self.ANSWERS, n=6), NOTHING)
        assert result.groups == {
            "g1": GroupIndex(6, Points(Fraction(2), Fraction(2))),
            "g2": GroupIndex(6, Points(Fraction(3, 4), Fraction(3))),
        }
        assert result.groups["g2"].points.index == 25


class TestExactness:
    def test_equal_opinions_in_different_numbers_are_an_exact_tie(self):
        """1/3 and 2/6 of 0.1 point: floats would tell them apart, fractions do not."""
        campaign = survey((asked("q", "0.1", "g1"), asked("r", "0.7", "g2")), units={"u1": "b1", "u2": "b1"})
        formula = Formula(campaign)
        once = {("g1", "q", "A"): 1, ("g1", "q", "E"): 2, ("g2", "r", "B"): 1, ("g2", "r", "D"): 6}
        thousands = {key: 1001 * n for key, n in once.items()}
        first = formula.compute("u1", tallies(campaign, once), NOTHING).index
        second = formula.compute("u2", tallies(campaign, thousands), NOTHING).index
        assert first == second
        assert set(ranks({"u1": first, "u2": second}, "shared").values()) == {Rank(1, tied=True)}

    def test_one_answer_in_a_billion_is_no_tie(self):
        campaign = survey((asked("q", "0.1", "g1"),))
        many = {("g1", "q", "A"): 10**9, ("g1", "q", "B"): 1}
        index = computed(campaign, many).index
        assert index is not None
        assert index < 100
        assert shown(index, 2) == "100.00"
        assert exact(index).startswith("99.99999997500000002")

    def test_a_figure_may_have_any_number_of_digits(self):
        """Each of 800 questions was answered by another number of people, prime to all others."""
        numbers = [2 * n + 1 for n in range(50_000, 60_000) if all((2 * n + 1) % odd for odd in range(3, 400, 2))]
        campaign = survey(tuple(asked(f"q{n}", "1", "g1") for n in range(900)))
        answers = {
            ("g1", f"q{n}", option): times
            for n, number in enumerate(numbers[:900])
            for option, times in (("A", 1), ("E", number - 1))
        }
        result = computed(campaign, answers)
        assert result.points.earned.denominator > 10**4_300
        assert index_document.read(index_document.write(result)) == result

    def test_the_moments_of_a_group_are_its_tallys_as_text_where_they_may_pass_64_bits(self):
        campaign = survey((asked("q", "1", "g1", "g2"),))
        moments = Moments(3, 2**40, 2**80 + 1)
        result = Formula(campaign).compute("u1", {"g1": GroupTally(4, [3, 0, 0, 0, 0, 1], moments)}, NOTHING)
        assert {group: found.moments for group, found in result.groups.items()} == {"g1": moments, "g2": Moments()}
        document = index_document.write(result)
        assert document["groups"]["g1"]["moments"] == [3, "1099511627776", "1208925819614629174706177"]
        assert document["groups"]["g2"]["moments"] == [0, "0", "0"]
        assert index_document.read(document) == result

    def test_percents_and_points_are_taken_digit_by_digit(self):
        campaign = survey(
            (asked("q", "0.000001", "g1"), asked("r", "3", "g1")),
            scales=(scale("five", {"A": "33.333333", "B": "66.666667", "C": "0.1"}),),
        )
        found = computed(campaign, {("g1", "q", "A"): 1, ("g1", "r", "B"): 1, ("g1", "r", "C"): 2})
        earned = Fraction(33333333, 10**14) + 3 * Fraction(66666667 + 200000, 3 * 10**8)
        assert found.points == Points(earned, Fraction(3000001, 10**6))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Campaign, Answers, AppraisalRow]:
    """A definition, answers to it, and an appraisal."""
    campaign = published(draw(campaigns()))
    places = [(group, *place) for group, layout in campaign.layout.items() for place in layout]
    times = st.integers(0, 3) | st.integers(0, 10**9)
    answers = {place: draw(times) for place in places}
    points = st.decimals("0", "100", places=6)
    appraisals = st.none() | st.builds(LeafAppraisal, points) | st.just(LeafAppraisal(not_applicable=True))
    leaves = {leaf.code: draw(appraisals) for leaf in campaign.leaves if leaf.method == "appraisal"}
    known = {code: leaf for code, leaf in leaves.items() if leaf is not None}
    return campaign, answers, AppraisalRow(1, known, draw(points), draw(points))


@given(cases())
@settings(max_examples=40)
def test_the_index_is_that_of_the_plain_formula(case: tuple[Campaign, Answers, AppraisalRow]):
    campaign, answers, appraisal = case
    formula, counts = Formula(campaign), tallies(campaign, answers)
    for unit in campaign.unit:
        result = formula.compute(unit, counts, appraisal)
        earned, attainable, leaves = plain_index(campaign, unit, answers, appraisal)
        assert result.points == Points(earned, attainable)
        assert result.index == (100 * earned / attainable if attainable else None)
        assert {
            code: leaf.state if leaf.points is None else leaf.points for code, leaf in result.leaves.items()
        } == leaves
        assert result.pending == tuple(code for code, said in leaves.items() if said == "pending")


@given(cases())
@settings(max_examples=40)
def test_a_result_comes_back_from_the_database_as_it_was(case: tuple[Campaign, Answers, AppraisalRow]):
    campaign, answers, appraisal = case
    result = Formula(campaign).compute(next(iter(campaign.unit)), tallies(campaign, answers), appraisal)
    stored = json.loads(json.dumps(index_document.write(result)))
    assert index_document.read(stored) == result


@given(cases())
@settings(max_examples=60)
def test_every_figure_is_that_of_the_formula_in_plain_fractions(case: tuple[Campaign, Answers, AppraisalRow]):
    campaign, answers, appraisal = case
    formula, plain, counts = Formula(campaign), PlainFormula(campaign), tallies(campaign, answers, n=7)
    for unit in campaign.unit:
        found, expected = formula.compute(unit, counts, appraisal), plain.compute(unit, counts, appraisal)
        assert found == expected
        assert bson.encode(index_document.write(found)) == bson.encode(index_document.write(expected))


@st.composite
def courses(draw: st.DrawFn) -> tuple[Campaign, list[tuple[Mapping[str, GroupTally], AppraisalRow]]]:
    """A definition, and how the tallies and the appraisal of a unit change: some of them at each step."""
    campaign = published(draw(campaigns()))
    appraised_ = [leaf.code for leaf in campaign.leaves if leaf.method == "appraisal"]
    given_: dict[str, GroupTally] = {}
    appraisal = NOTHING
    steps = []
    for _ in range(draw(st.integers(2, 5))):
        for group in draw(st.lists(st.sampled_from(list(campaign.layout)), unique=True)) if campaign.layout else ():
            places = len(campaign.layout[group])
            counts = draw(st.lists(st.integers(0, 4) | st.integers(0, 10**6), max_size=places))
            moments = Moments(draw(st.integers(0, 10)), draw(st.integers(0, 2**40)), draw(st.integers(0, 2**80)))
            given_[group] = GroupTally(draw(st.integers(0, 10)), counts, moments)
        if appraised_ and draw(st.booleans()):
            said = draw(st.sampled_from(["0", "0.3", "99", None]))
            appraisal = row(leaves={draw(st.sampled_from(appraised_)): said}, bonus=draw(st.sampled_from(["0", "1"])))
        steps.append((dict(given_), appraisal))
    return campaign, steps


@given(courses())
@settings(max_examples=100)
def test_what_is_taken_over_from_the_index_before_changes_no_figure(
    made: tuple[Campaign, list[tuple[Mapping[str, GroupTally], AppraisalRow]]],
):
    campaign, steps = made
    formula, plain = Formula(campaign), PlainFormula(campaign)
    for unit in campaign.unit:
        known, written = None, None
        for counts, appraisal in steps:
            result = formula.compute(unit, counts, appraisal, known)
            expected = plain.compute(unit, counts, appraisal)
            assert result == expected
            document = index_document.write(result, written)
            assert bson.encode(document) == bson.encode(index_document.write(expected))
            known, written = Known(counts, appraisal, result), (result, document)


def test_only_what_changed_is_computed_again():
    campaign = survey((asked("q", "2", "g1", "g2"), appraised("a", "1")), (asked("r", "1", "g2"),))
    formula = Formula(campaign)
    before = tallies(campaign, {("g1", "q", "A"): 2, ("g2", "q", "E"): 5, ("g2", "r", "B"): 4})
    first = formula.compute("u1", before, NOTHING)
    after = {**before, "g1": GroupTally(1, [0, 1])}
    second = formula.compute("u1", after, NOTHING, Known(before, NOTHING, first))
    assert second.leaves["r"] is first.leaves["r"]
    assert second.leaves["a"] is first.leaves["a"]
    assert second.leaves["q"].groups["g2"] is first.leaves["q"].groups["g2"]
    assert second.criteria["c2"] is first.criteria["c2"]
    assert second.groups["g2"] is first.groups["g2"]
    assert second.leaves["q"].points != first.leaves["q"].points
