"""Intervals of ranks: Holm's procedure as his paper has it, whatever way is taken to it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from services.common import rank_intervals as module
from services.common.rank_intervals import Estimate, rank_intervals


def by_the_paper(units: Sequence[Estimate]) -> list[tuple[int, int] | None]:
    """Holm 1979: p-values in order, each against 5 % by the number of those not yet rejected, until one fails."""
    tests = []
    for a, b in itertools.permutations(range(len(units)), 2):
        first, second = units[a], units[b]
        if first.percent > second.percent and first.se is not None and second.se is not None:
            spread = (first.se**2 + second.se**2) ** 0.5
            tests.append((2 * norm.sf((first.percent - second.percent) / spread) if spread else 0.0, a, b))
    known = [unit for unit in units if unit.se is not None]
    pairs = len(known) * (len(known) - 1) // 2
    better, worse = [0] * len(units), [0] * len(units)
    for done, (p, a, b) in enumerate(sorted(tests)):
        if p > 0.05 / (pairs - done):
            break
        better[b] += 1
        worse[a] += 1
    return [
        None if unit.se is None else (1 + better[place], len(units) - worse[place]) for place, unit in enumerate(units)
    ]


ESTIMATES = st.builds(
    Estimate, st.floats(0, 100).map(lambda x: round(x, 2)), st.none() | st.just(0.0) | st.floats(0.01, 10)
)


@given(st.lists(ESTIMATES, max_size=30))
@settings(max_examples=200, deadline=None)
def test_it_is_holms_procedure(units: list[Estimate]):
    assert rank_intervals(units) == by_the_paper(units)


@given(st.integers(0, 2**32), st.integers(101, 300), st.sampled_from([0.0, 0.3, 2.0]))
@settings(max_examples=20, deadline=None)
def test_many_units_are_compared_as_few_are(seed: int, n: int, scatter: float):
    chance = Random(seed)  # noqa: S311 (a simulation, not a secret)
    units = [
        Estimate(chance.choice([chance.gauss(75, 5), 75.0]), chance.choice([0.0, chance.lognormvariate(0, scatter)]))
        for _ in range(n)
    ]
    found = module._Many(units).count(3.7)
    assert [list(counts) for counts in found] == [list(counts) for counts in module._Few(units).count(3.7)]


class TestByHand:
    def test_two_units_are_told_apart_from_1_96_errors_of_their_difference_on(self):
        """One pair: 1.96 · sqrt(3² + 4²) = 9.8."""
        assert rank_intervals([Estimate(80, 3), Estimate(70.21, 4)]) == [(1, 2), (1, 2)]
        assert rank_intervals([Estimate(80, 3), Estimate(70.19, 4)]) == [(1, 1), (2, 2)]

    def test_what_was_rejected_makes_the_others_easier(self):
        """By the first value (three pairs, 2.39) the second and third cannot be told apart; by the next they are."""
        assert rank_intervals([Estimate(50, 1), Estimate(10, 1), Estimate(7, 1)]) == [(1, 1), (2, 2), (3, 3)]

    def test_without_errors_the_order_is_certain_and_ties_are_none(self):
        assert rank_intervals([Estimate(7, 0), Estimate(9, 0), Estimate(7, 0)]) == [(2, 3), (1, 1), (2, 3)]

    def test_of_a_unit_without_error_nothing_is_claimed(self):
        """It may stand before and behind all others."""
        assert rank_intervals([Estimate(90, 1), Estimate(50, None), Estimate(10, 1)]) == [(1, 2), None, (2, 3)]

    @pytest.mark.parametrize("units", [[], [Estimate(1, None)], [Estimate(1, 2)]])
    def test_one_alone_is_where_it_is(self, units: list[Estimate]):
        assert rank_intervals(units) == [None if unit.se is None else (1, 1) for unit in units]


@given(st.lists(ESTIMATES, max_size=12), st.randoms(use_true_random=False))
def test_the_order_in_which_units_come_does_not_matter(units: list[Estimate], chance: Random):
    order = list(range(len(units)))
    chance.shuffle(order)
    found = rank_intervals(units)
    assert rank_intervals([units[place] for place in order]) == [found[place] for place in order]


def test_a_block_of_all_communes_is_compared_by_bonferronis_value_in_a_moment():
    chance = Random(5)  # noqa: S311 (a simulation, not a secret)
    units = [Estimate(chance.gauss(75, 5), chance.lognormvariate(0, 0.3)) for _ in range(10_600)]
    began = time.process_time()
    found = rank_intervals(units)
    assert time.process_time() - began < 1
    some = chance.sample(range(len(units)), 20)
    critical = module._critical(10_600 * 10_599 // 2)
    for place in some:
        index, se = units[place]
        better = sum(other.percent - index > critical * (se**2 + other.se**2) ** 0.5 for other in units)
        worse = sum(index - other.percent > critical * (se**2 + other.se**2) ** 0.5 for other in units)
        assert found[place] == (1 + better, len(units) - worse)
