"""Which unit was which, what several were together, and whether a difference may be chance."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt
from random import Random
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.campaign import Text, Unit
from services.common.comparison import Measured, earlier_codes, pooled, significant, without_successor
from services.common.unit_index import Points


def unit(formerly: tuple[str, ...] | None) -> Unit:
    return Unit("u", Text("u"), "b", formerly=formerly)


def measured(earned: int, attainable: int, se: float | None = None) -> Measured:
    return Measured(Points(Fraction(earned), Fraction(attainable)), se)


class TestWhichUnitWasWhich:
    @pytest.mark.parametrize(
        ("formerly", "codes"),
        [(None, ("u",)), (("a", "b"), ("a", "b")), (("a", "elsewhere"), ("a",)), ((), ()), (("elsewhere",), ())],
    )
    def test_by_the_codes_it_had_else_by_its_own(
        self, formerly: tuple[str, ...] | None, codes: tuple[str, ...]
    ) -> None:
        assert earlier_codes(unit(formerly), {"u", "a", "b"}) == codes

    def test_what_nobody_was_is_gone(self) -> None:
        assert without_successor("abc", {"u": ("b",), "v": ("b",)}) == ["a", "c"]


class TestSeveralAsOne:
    @given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 100)), min_size=1, max_size=4))
    def test_the_index_is_the_mean_weighted_by_what_was_attainable(self, parts: list[tuple[int, int]]) -> None:
        found = pooled([measured(*part) for part in parts])
        weights = sum(attainable for _, attainable in parts)
        assert found.index == sum(
            Fraction(100 * earned, attainable) * Fraction(attainable, weights) for earned, attainable in parts
        )

    def test_one_is_itself(self) -> None:
        assert pooled([measured(3, 4, 1.5)]) == measured(3, 4, 1.5)

    def test_errors_add_as_those_of_a_weighted_mean(self) -> None:
        found = pooled([measured(1, 10, 2.0), measured(2, 30, 4.0), measured(0, 0, None)])
        assert found.se == pytest.approx(sqrt((0.25 * 2) ** 2 + (0.75 * 4) ** 2))

    def test_without_one_error_there_is_none(self) -> None:
        assert pooled([measured(1, 10, 2.0), measured(2, 30, None)]).se is None


class TestWhetherItMayBeChance:
    @pytest.mark.parametrize(("now", "sure"), [(59, False), (60, True), (40, True), (41, False)])
    def test_a_difference_is_held_against_both_errors(self, now: int, *, sure: bool) -> None:
        """50 before; errors of 3 and 4 make 5 together, and 1.96 of these 9.8."""
        assert significant(measured(50, 100, 3.0), measured(now, 100, 4.0)) is sure

    def test_what_has_no_sampling_error_differs_when_it_differs(self) -> None:
        assert significant(measured(5, 10, 0.0), measured(51, 100, 0.0)) is True
        assert significant(measured(5, 10, 0.0), measured(50, 100, 0.0)) is False

    def test_without_an_error_or_an_index_nothing_is_said(self) -> None:
        assert significant(measured(5, 10, None), measured(9, 10, 1.0)) is None
        assert significant(measured(0, 0, 0.0), measured(9, 10, 1.0)) is None

    def test_of_unchanged_units_one_in_twenty_is_called_changed(self) -> None:
        """4,000 pairs of one truth, each with an error of its own: 5 %, give or take 0.35 points of standard error."""
        chance = Random(7)  # noqa: S311 - a simulation
        drawn = NormalDist(60, 2)
        called = sum(
            significant(*(measured(round(1e9 * drawn.inv_cdf(chance.random())), 10**11, 2.0) for _ in range(2))) is True
            for _ in range(4_000)
        )
        assert 0.037 < called / 4_000 < 0.063
