"""The simulated survey: its truth is what its answers tend to, and the index it is held against is reckoned apart."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cli.simulation.course import SHARES, courses
from services.cli.simulation.population import Population
from services.cli.simulation.reckoning import indices, shares
from services.common import campaign_schema
from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign
from services.common.events import Response, Withdrawal
from services.common.index import Formula
from services.common.unit_index import GroupTally
from tests.unit.campaigns import campaigns
from tests.unit.surveys import published

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def hanoi() -> Campaign:
    return published(campaign_schema.parse((ROOT / "examples" / "hanoi-2022.yaml").read_bytes()))


@pytest.fixture(scope="module")
def small() -> Campaign:
    return published(campaign_schema.parse((ROOT / "tests" / "data" / "small_campaign.yaml").read_bytes()))


def tallies(campaign: Campaign, unit: str, responses: list[Response]) -> dict[str, GroupTally]:
    """The counts of one unit, as scoring keeps them."""
    counted: dict[str, GroupTally] = {}
    for group, places in campaign.place.items():
        mine = [
            response.ratings[unit] for response in responses if response.group == group and unit in response.ratings
        ]
        counts = [0] * len(campaign.layout[group])
        for leaf, option in itertools.chain.from_iterable(answers.items() for answers in mine):
            counts[places[leaf][option]] += 1
        counted[group] = GroupTally(len(mine), counts)
    return counted


def test_a_seed_names_a_population(hanoi: Campaign) -> None:
    one, again, other = Population(hanoi, 1), Population(hanoi, 1), Population(hanoi, 2)
    assert list(one.responses(300)) == list(again.responses(300))
    assert (one.truth, one.appraisals) == (again.truth, again.appraisals)
    assert list(other.responses(300)) != list(one.responses(300))
    assert other.truth != one.truth


def test_more_responses_begin_with_the_fewer(hanoi: Campaign) -> None:
    population = Population(hanoi, 1)
    assert list(population.responses(200)) == list(population.responses(500))[:200]


def test_two_campaigns_never_share_a_response(hanoi: Campaign) -> None:
    twin = dataclasses.replace(hanoi, code="twin")
    ours, theirs = Population(hanoi, 1), Population(twin, 1)
    assert ours.truth == theirs.truth
    ids = Counter(response.response for each in (ours, theirs) for response in each.responses(1_000))
    assert len(ids) == 2_000


def test_every_group_meets_every_unit_and_some_raters_rate_several(hanoi: Campaign) -> None:
    responses = list(Population(hanoi, 1).responses(1_000))
    met = {(response.group, unit) for response in responses for unit in response.ratings}
    assert met == {(group.code, unit.code) for group in hanoi.groups for unit in hanoi.units}
    assert 50 < sum(len(response.ratings) > 1 for response in responses) < 200
    assert {len(response.ratings) for response in Population(hanoi, 1).responses(100, units=20)} == {20}


def test_quotas_weigh_the_groups(hanoi: Campaign) -> None:
    groups = Counter(response.group for response in Population(hanoi, 1).responses(20_000))
    total = sum(group.quota.forms for group in hanoi.groups if group.quota)
    for group in hanoi.groups:
        assert group.quota is not None
        assert groups[group.code] / 20_000 == pytest.approx(group.quota.forms / total, abs=0.02)


@given(campaigns(), st.integers(0, 1_000))
@settings(max_examples=60, deadline=None)
def test_any_campaign_has_a_population_that_answers_only_what_it_is_asked(drawn: Campaign, seed: int) -> None:
    campaign = published(drawn)
    population = Population(campaign, seed)
    for unit, row in population.appraisals.items():
        assert set(row.leaves) == {leaf.code for leaf in campaign.leaves if leaf.method == "appraisal"}, unit
        for code, given_ in row.leaves.items():
            assert given_.not_applicable or 0 <= given_.points <= campaign.leaf[code].max_points
        assert 0 <= row.bonus <= campaign.adjustments.bonus_cap
        assert 0 <= row.penalty <= campaign.adjustments.penalty_cap
    asked = any(campaign.raters(leaf, unit.block) for leaf in campaign.leaves for unit in campaign.units)
    for response in population.responses(20) if asked else ():
        for unit, answers in response.ratings.items():
            block = campaign.unit[unit].block
            expected = [leaf for leaf in campaign.leaves if response.group in campaign.raters(leaf, block)]
            assert list(answers) == [leaf.code for leaf in expected]
            for leaf in expected:
                assert answers[leaf.code] in {option.code for option in campaign.options(leaf)}


@given(campaigns(), st.integers(0, 1_000), st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_the_index_reckoned_apart_is_the_services_to_the_last_digit(drawn: Campaign, seed: int, count: int) -> None:
    campaign = published(drawn)
    population = Population(campaign, seed)
    asked = any(campaign.raters(leaf, unit.block) for leaf in campaign.leaves for unit in campaign.units)
    responses = list(population.responses(count)) if asked else []
    appraisals = {unit: row for unit, row in population.appraisals.items() if population.stream(unit).random() < 0.8}
    reckoned = indices(campaign, shares(campaign, responses), appraisals)
    formula = Formula(campaign)
    for unit in campaign.unit:
        result = formula.compute(unit, tallies(campaign, unit, responses), appraisals.get(unit, AppraisalRow()))
        assert reckoned[unit] == result.index


def test_what_is_measured_tends_to_the_truth(small: Campaign) -> None:
    population = Population(small, 7)
    measured = indices(small, shares(small, population.responses(20_000)), population.appraisals)
    short = indices(small, shares(small, population.responses(20)), population.appraisals)
    for unit, truth in population.truth.items():
        assert truth is not None
        assert measured[unit] is not None
        assert abs(measured[unit] - truth) < 1, unit
    assert max(abs(short[unit] - population.truth[unit]) for unit in small.unit) > 1


def test_the_truth_ranks_the_units_of_a_block_apart(hanoi: Campaign) -> None:
    truth = Population(hanoi, 1).truth
    assert len(set(truth.values())) == len(hanoi.units)
    assert all(index is not None and 0 < index < 100 for index in truth.values())


def test_a_course_ends_with_what_its_rater_means(hanoi: Campaign) -> None:
    population = Population(hanoi, 1)
    responses = list(population.responses(5_000))
    sent = list(courses(population, responses))
    habits = Counter(course.habit for course in sent)
    for habit, share in SHARES.items():
        assert habits[habit] / 5_000 == pytest.approx(share, abs=0.01)
    for response, course in zip(responses, sent, strict=True):
        assert {step.response for step in course.steps} == {response.response}
        match course.habit:
            case "once":
                assert course.steps == (response,)
            case "twice":
                assert course.steps == (response, response)
            case "edited":
                before, after = course.steps
                assert (before.revision, after.revision) == (1, 2)
                assert before.ratings != after.ratings or len(before.ratings) == 1
                assert dataclasses.replace(after, revision=1) == response
            case "withdrawn":
                assert course.steps[0] == response
                assert course.steps[1] == Withdrawal(response.response, 2, "hanoi-2022", 1)
            case "impossible":
                (step,) = course.steps
                known = {option.code for scale in hanoi.scales for option in scale.options}
                assert not known & {option for answers in step.ratings.values() for option in answers.values()}
        counts = course.habit in {"once", "twice", "edited"}
        assert (course.counts is not None and course.counts.ratings == response.ratings) == counts


def test_nobody_edits_where_it_is_not_allowed(hanoi: Campaign) -> None:
    strict = dataclasses.replace(hanoi, rules=dataclasses.replace(hanoi.rules, edits="none"))
    population = Population(strict, 1)
    habits = {course.habit for course in courses(population, population.responses(1_000))}
    assert habits == {"once", "twice", "impossible"}
