"""Standard errors from moments: those that numpy makes of the raw responses, and that resampling them shows."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import hypot, isclose, sqrt
from random import Random

import numpy as np
import pytest
from campaigns import campaigns
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_scalings import plain_scalings
from scipy.stats import bootstrap
from surveys import appraised, asked, published, rater, scale, survey

from services.common.appraisals import AppraisalRow, LeafAppraisal
from services.common.campaign import Adjustments, Campaign, Quota, Rules
from services.common.contribution import Contribution
from services.common.index import Formula
from services.common.uncertainty import SamplingError, SamplingErrors, group_error, interval, standard_error
from services.common.unit_index import GroupTally, Moments, UnitIndex

Answers = Mapping[str, str]
Responses = Mapping[str, Sequence[Answers]]
"""By group, the responses about a unit."""
NOTHING = AppraisalRow()


def tallies(campaign: Campaign, unit: str, responses: Responses) -> dict[str, GroupTally]:
    """What scoring counts."""
    contribution = Contribution(campaign)
    found = {}
    for group, given_ in responses.items():
        counts = [0] * len(campaign.layout[group])
        for answers in given_:
            for leaf, option in answers.items():
                counts[campaign.place[group][leaf][option]] += 1
        xs = [x for answers in given_ if (x := contribution.of(group, unit, answers)) is not None]
        found[group] = GroupTally(len(given_), counts, Moments(len(xs), sum(xs), sum(x * x for x in xs)))
    return found


def index(campaign: Campaign, responses: Responses, row: AppraisalRow = NOTHING, unit: str = "u1") -> UnitIndex:
    return Formula(campaign).compute(unit, tallies(campaign, unit, responses), row)


def error(campaign: Campaign, responses: Responses, row: AppraisalRow = NOTHING, unit: str = "u1") -> SamplingError:
    return SamplingErrors(campaign).of(unit, index(campaign, responses, row, unit))


def drawn(campaign: Campaign, chance: Random, forms: Mapping[str, int], *, silent: float = 0.0) -> Responses:
    """Responses in which whoever likes one thing is apt to like the others."""

    def answer(mood: float) -> str:
        if chance.random() < silent:
            return "N"
        return "EDCBA"[min(4, max(0, round(mood + chance.gauss(0, 1))))]

    def response(group: str) -> Answers:
        mood = chance.gauss(2.5, 0.8)
        return {leaf.code: answer(mood) for leaf in campaign.leaves if group in leaf.groups}

    return {group: [response(group) for _ in range(n)] for group, n in forms.items()}


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 (a simulation, not a secret)


def brought(campaign: Campaign, result: UnitIndex, group: str, answers: Answers) -> float:
    """What a response with an opinion of every leaf brings to the unit's points, step by step by the formula."""
    points = Fraction(0)
    for field in campaign.fields:
        plain = sum(result.criteria[criterion.code].attainable for criterion in field.criteria)
        factor = result.fields[field.code].attainable / plain if plain else 0
        for leaf in field.leaves:
            shares = result.leaves[leaf.code].groups if leaf.code in result.leaves else {}
            if group in shares and shares[group].share is not None:
                weights = {
                    code: Fraction(campaign.weight(leaf, code)) for code in shares if shares[code].share is not None
                }
                percents = {option.code: option.percent for option in campaign.options(leaf)}
                part = Fraction(leaf.max_points) * weights[group] / sum(weights.values()) * factor
                points += part * Fraction(percents[answers[leaf.code]] or 0) / 100
    return float(points)


SURVEY = survey(
    (asked("q", "2", "g1", "g2"), asked("r", "1", "g2", g2="5"), appraised("a", "4")),
    (asked("s", "0.5", "g1", "g2", g1="2"),),
    groups=(rater("g1", "b1", weight="3"), rater("g2", "b1")),
)
APPRAISED = AppraisalRow(1, {"a": LeafAppraisal(points=Decimal(3))})


class TestByHand:
    ONE = survey((asked("q", "2", "g1"), appraised("a", "2")), groups=(rater("g1", "b1"),))
    ROW = AppraisalRow(1, {"a": LeafAppraisal(points=Decimal(1))})

    def test_two_of_four_points_are_asked_for(self):
        """Of 2, 1, 1, 0 points the variance is 2/3, of their mean 1/6; 4 points are attainable."""
        responses = {"g1": [{"q": "A"}, {"q": "C"}, {"q": "C"}, {"q": "E"}]}
        assert error(self.ONE, responses, self.ROW).se == pytest.approx(100 * sqrt(1 / 6) / 4)

    def test_who_has_no_opinion_is_no_part_of_the_sample(self):
        responses = {"g1": [{"q": "A"}, {"q": "E"}]}
        silent = {"g1": [*responses["g1"], {"q": "N"}, {"q": "N"}]}
        assert error(self.ONE, silent, self.ROW) == error(self.ONE, responses, self.ROW)

    def test_of_one_mind_there_is_no_error(self):
        assert error(self.ONE, {"g1": [{"q": "B"}] * 3}, self.ROW).se == 0

    def test_one_response_says_nothing_of_others(self):
        found = error(self.ONE, {"g1": [{"q": "B"}]}, self.ROW)
        assert (found.se, found.fewest, found.groups["g1"].points) == (None, 1, None)

    def test_a_single_group_that_is_too_small_leaves_the_unit_without(self):
        """It counts, and how far it leads astray is not known."""
        found = error(SURVEY, {"g1": [{"q": "A", "s": "B"}], "g2": [{"q": "A"}, {"q": "B"}]}, APPRAISED)
        assert found.se is None
        assert found.fewest == 1
        assert found.groups["g2"].points is not None

    def test_where_nobody_has_answered_nothing_is_known(self):
        assert error(self.ONE, {}, self.ROW) == SamplingError(None, None, {})

    def test_where_nobody_is_asked_there_is_no_error(self):
        assert error(survey((appraised("a", "2"),)), {}, self.ROW) == SamplingError(0.0, None, {})

    def test_bonus_and_penalty_are_no_sample(self):
        capped = replace(self.ONE, adjustments=Adjustments(Decimal(2), Decimal(2)))
        responses = {"g1": [{"q": "A"}, {"q": "C"}]}
        adjusted = replace(self.ROW, bonus=Decimal(1), penalty=Decimal("0.5"))
        assert index(capped, responses, adjusted).index != index(capped, responses, self.ROW).index
        assert error(capped, responses, adjusted) == error(capped, responses, self.ROW)

    def test_the_interval_is_1_96_errors_to_either_side(self):
        low, high = interval(Fraction(80), 2.0)
        assert (low, high) == (pytest.approx(76.0801, abs=1e-4), pytest.approx(83.9199, abs=1e-4))

    def test_without_an_error_the_interval_is_the_very_index(self):
        assert interval(Fraction(1, 3), 0.0) == (1 / 3, 1 / 3)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_sums_over_integers_give_the_same_as_fractions(data: st.DataObject):
    """To the last digit, whichever groups count on which leaves, and whichever fields are scaled up."""
    campaign = data.draw(campaigns())
    block = data.draw(st.sampled_from(campaign.blocks)).code
    cells = [(leaf.code, group) for leaf in campaign.leaves for group in campaign.raters(leaf, block)]
    flags = data.draw(st.lists(st.integers(0, 2), min_size=len(cells), max_size=len(cells)))
    ratios = st.fractions(1, 9, max_denominator=99)
    factors = data.draw(st.dictionaries(st.sampled_from([field.code for field in campaign.fields]), ratios))
    expected = list(plain_scalings(campaign, dict(zip(cells, flags, strict=True)), factors))
    assert list(SamplingErrors(campaign)._made(block, flags, factors)) == expected


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_it_is_what_numpy_makes_of_the_raw_responses(data: st.DataObject):
    """Of each group the standard error of the mean of x; of the unit their root of squares, in points attainable."""
    campaign = published(data.draw(campaigns()))
    asking = [(group, [leaf for leaf in campaign.leaves if group.code in leaf.groups]) for group in campaign.groups]
    rated = [unit for unit in campaign.units if any(own and unit.block in group.rates for group, own in asking)]
    if not rated:
        return
    unit = data.draw(st.sampled_from(rated))
    contribution = Contribution(campaign)
    responses: dict[str, list[Answers]] = {}
    for group, own in asking:
        if own and unit.block in group.rates:
            answers = st.fixed_dictionaries(
                {
                    leaf.code: st.sampled_from([o.code for o in campaign.options(leaf) if o.percent is not None])
                    for leaf in own
                }
            )
            # Of one mind or of two, at least the least that counts.
            few = data.draw(st.lists(answers, min_size=1, max_size=6))
            responses[group.code] = few * max(2, -(-campaign.rules.min_answers // len(few)))
    found, result = error(campaign, responses, unit=unit.code), index(campaign, responses, unit=unit.code)
    parts = []
    for group, given_ in responses.items():
        xs = np.array([contribution.of(group, unit.code, answers) for answers in given_], dtype=float) / 10_000
        parts.append(np.std(xs, ddof=1) / sqrt(len(xs)))
        said = found.groups[group]
        assert not said.limit
        assert said.points == pytest.approx(parts[-1], rel=1e-6, abs=1e-9)
    assert found.se == pytest.approx(100 * hypot(*parts) / float(result.points.attainable), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("rule", ["index", "field"])
@pytest.mark.parametrize("here", [("g1", "g2"), ("g1",), ("g2",)])
@pytest.mark.parametrize("said", ["3", "not applicable", "pending"])
@given(seed=st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_it_is_the_error_of_what_is_summed_up_or_above_it(rule: str, here: tuple[str, ...], said: str, seed: int):
    """Whoever of those that are asked does not count, and whatever does not apply or is pending."""
    campaign = replace(SURVEY, rules=Rules(not_applicable=rule))
    row = {
        "3": APPRAISED,
        "not applicable": AppraisalRow(1, {"a": LeafAppraisal(not_applicable=True)}),
        "pending": AppraisalRow(),
    }[said]
    responses = drawn(campaign, seeded(seed), dict.fromkeys(here, 12))
    result, found = index(campaign, responses, row), error(campaign, responses, row)
    assert set(found.groups) == set(here)
    true = []
    for group in here:
        ys = [brought(campaign, result, group, answers) for answers in responses[group]]
        # The mean of what the responses bring is what the index is made of.
        true.append(float(np.std(ys, ddof=1)) / sqrt(len(ys)))
        points, limit = found.groups[group].points, found.groups[group].limit
        assert points is not None
        if limit:
            assert points >= true[-1] - 1e-9
        else:
            assert points == pytest.approx(true[-1], rel=1e-3)
    assert found.se is not None
    assert found.se >= 100 * hypot(*true) / float(result.points.attainable) * (1 - 1e-3)
    assert any(found.groups[group].limit for group in here) == (
        here != ("g1", "g2") or (rule == "field" and said == "not applicable")
    )


def test_an_index_of_a_group_has_an_error_where_it_has_the_same_part_of_every_leaf():
    campaign = survey((asked("q", "2", "g1", "g2"), asked("r", "1", "g1", "g2")), (asked("s", "3", "g2"),))
    responses = drawn(campaign, seeded(1), {"g1": 20, "g2": 20})
    found = error(campaign, responses)
    worth = dict(zip("ABCDE", (100, 75, 50, 25, 0), strict=True))
    ys = [(2 * worth[answers["q"]] + worth[answers["r"]]) / 3 for answers in responses["g1"]]
    assert found.groups["g1"].index == pytest.approx(np.std(ys, ddof=1) / sqrt(20), rel=1e-4)
    assert found.groups["g2"].index is None


@pytest.mark.parametrize("silent", [0.0, 0.08])
def test_resampling_the_respondents_agrees(silent: float):
    """1,000 bootstrap samples of the respondents, the index made anew from each: within 4 of its own errors, 2.2 %."""
    responses = drawn(SURVEY, seeded(7), {"g1": 150, "g2": 200}, silent=silent)
    formula = Formula(SURVEY)
    layouts = {group: len(layout) for group, layout in SURVEY.layout.items()}
    counted = {
        group: np.array([_counts(SURVEY, group, layouts[group], answers) for answers in given_])
        for group, given_ in responses.items()
    }

    def made_anew(first: np.ndarray, second: np.ndarray) -> float:
        sums = {
            group: GroupTally(len(rows), counted[group][rows].sum(axis=0).tolist())
            for group, rows in (("g1", first), ("g2", second))
        }
        found = formula.compute("u1", sums, APPRAISED).index
        assert found is not None
        return float(found)

    drawn_anew = bootstrap(
        (np.arange(150), np.arange(200)),
        made_anew,
        n_resamples=1_000,
        vectorized=False,
        method="percentile",
        rng=np.random.default_rng(3),
    )
    said = error(SURVEY, responses, APPRAISED)
    assert said.se is not None
    assert not any(group.limit for group in said.groups.values())
    assert isclose(drawn_anew.standard_error, said.se, rel_tol=4 * 0.022)


def _counts(campaign: Campaign, group: str, places: int, answers: Answers) -> list[int]:
    counts = [0] * places
    for leaf, option in answers.items():
        counts[campaign.place[group][leaf][option]] += 1
    return counts


class TestPopulation:
    def test_over_all_samples_without_return_it_is_right_in_the_mean(self):
        """The mean of the estimated variances of all samples is the variance of all their means (Cochran, 2.6)."""
        population, n = [0, 3, 4, 10, 11, 25], 3
        samples = list(itertools.combinations(population, n))
        means = [Fraction(sum(sample), n) for sample in samples]
        true = float(np.var([float(mean) for mean in means])) / 10_000**2
        said = [
            standard_error(Moments(n, sum(sample), sum(x * x for x in sample)), len(population)) ** 2
            for sample in samples
        ]
        assert np.mean(said) == pytest.approx(true)

    @pytest.mark.parametrize(("forms", "factor"), [(16, sqrt(3 / 4)), (8, sqrt(1 / 2)), (4, 0), (3, 0)])
    def test_the_more_of_all_have_answered_the_less_is_left_to_chance(self, forms: int, factor: float):
        responses = {"g1": [{"q": option} for option in "ABCE"]}
        plain = survey((asked("q", "2", "g1"),), groups=(rater("g1", "b1"),))

        def with_quota(quota: Quota) -> float:
            (group,) = plain.groups
            found = error(replace(plain, groups=(replace(group, quota=quota),)), responses).se
            assert found is not None
            return found

        sample = with_quota(Quota("unit", forms))
        assert with_quota(Quota("unit", forms, "population")) == pytest.approx(sample * factor)
        assert with_quota(Quota("campaign", forms, "population")) == pytest.approx(sample * factor)


def test_it_is_kept_as_it_is():
    found = error(SURVEY, drawn(SURVEY, seeded(2), {"g1": 5, "g2": 6}), APPRAISED)
    document = found.document()
    assert (
        SamplingError(
            document["se"], document["fewest"], {code: group_error(row) for code, row in document["errors"].items()}
        )
        == found
    )
    assert document["fewest"] == 5


def test_a_scale_of_two_answers_has_the_error_of_a_share():
    """SIPAS: sqrt(p (1-p) / (n-1))."""
    two = scale("two", {"A": "100", "B": "100", "C": "0"})
    campaign = survey((asked("q", "10", "g1", scale="two"),), groups=(rater("g1", "b1"),), scales=(two,))
    found = error(campaign, {"g1": [{"q": option} for option in "A" * 30 + "B" * 40 + "C" * 30]})
    assert found.se == pytest.approx(100 * sqrt(0.7 * 0.3 / 99))
