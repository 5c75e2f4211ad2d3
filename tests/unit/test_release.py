"""Breakdowns are released so many answers apart, and shown one release late."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from surveys import asked, published, rater, survey

from services.common.campaign import Campaign, Rules
from services.common.release import NOTHING, Release, Steps, attributable, in_steps, near, read, write

CAMPAIGN = survey((asked("q", "1", "g1"), asked("r", "1", "g1", "g2")), rules=Rules(live="public", suppress_below=3))
Q, R = slice(0, 6), slice(6, 12)
"""Places of g1: A to E and N of each leaf."""


def counts(q: list[int], r: list[int]) -> list[int]:
    return [*q, *[0] * (6 - len(q)), *r, *[0] * (6 - len(r))]


def test_a_release_is_shown_when_the_next_is_due():
    steps = Steps(CAMPAIGN)
    before, found = NOTHING, []
    for n in range(1, 8):
        before = steps.next("g1", counts([n], [0]), before)
        found.append(sum(before.shown[Q]))
    assert found == [0, 0, 0, 0, 0, 3, 3]


def test_each_leaf_has_releases_of_its_own():
    waiting = Steps(CAMPAIGN).next("g1", counts([3], [2]), NOTHING)
    assert waiting.waiting == tuple(counts([3], [0]))
    assert Steps(CAMPAIGN).next("g1", counts([3], [3]), waiting).waiting == tuple(counts([3], [3]))


def test_answers_without_opinion_make_no_release():
    assert Steps(CAMPAIGN).next("g1", counts([2, 0, 0, 0, 0, 9], []), NOTHING) is NOTHING


def test_withdrawals_make_no_release_either():
    shown = Release(tuple(counts([3], [])), tuple(counts([6], [])))
    assert Steps(CAMPAIGN).next("g1", counts([1], []), shown) is shown


@pytest.mark.parametrize("rules", [Rules(live="private", suppress_below=3), Rules(live="public", suppress_below=1)])
def test_what_nobody_may_follow_or_everybody_may_know_is_not_released_in_steps(rules: Rules):
    campaign = replace(CAMPAIGN, rules=rules)
    assert not in_steps(campaign)
    kept = Release((1,), (2,))
    assert Steps(campaign).next("g1", counts([9], [9]), kept) is kept


def test_a_new_version_goes_on_from_what_was_shown():
    more = published(replace(CAMPAIGN, fields=survey((*CAMPAIGN.leaves, asked("s", "1", "g1"))).fields), CAMPAIGN)
    waiting = Steps(CAMPAIGN).next("g1", counts([3], [3]), NOTHING)
    found = Steps(more).next("g1", [*counts([6], [3]), 3], waiting)
    assert found.shown == (*counts([3], []), *[0] * 6)
    assert found.waiting == (*counts([6], [3]), 3, *[0] * 5)


def test_a_cell_that_lost_answers_is_near_to_what_was_shown():
    shown = Release(tuple(counts([6], [])), tuple(counts([9], [])))
    assert [near(CAMPAIGN, "q", shown, "g1", answers) for answers in (9, 8, 2)] == [False, True, True]
    assert not near(CAMPAIGN, "r", shown, "g1", 1)


def test_a_group_that_is_asked_one_thing_makes_the_index_tell_its_answers():
    assert attributable(CAMPAIGN, "b1")  # g2 is asked r alone
    several = survey((asked("q", "1", "g1"), asked("r", "1", "g1")), groups=(rater("g1", "b1"),))
    assert not attributable(several, "b1")


CHANGES = st.lists(st.tuples(st.integers(-2, 4), st.integers(-1, 3)), max_size=40)


@given(CHANGES, st.integers(2, 6))
def test_what_is_shown_is_always_so_many_answers_apart(changes: list[tuple[int, int]], least: int):
    campaign: Campaign = replace(CAMPAIGN, rules=replace(CAMPAIGN.rules, suppress_below=least))
    steps, now, before = Steps(campaign), [0] * 12, NOTHING
    shown = [0]
    for add, other in changes:
        now[0], now[1], now[5] = max(0, now[0] + add), max(0, now[1] + other), now[5] + 1
        before = steps.next("g1", now, before)
        if before is not NOTHING and sum(before.shown[:5]) != shown[-1]:
            shown.append(sum(before.shown[:5]))
    assert all(later - earlier >= least for earlier, later in pairwise(shown))
    assert {"g1": before} == (read(write({"g1": before})) if before is not NOTHING else {"g1": NOTHING})
