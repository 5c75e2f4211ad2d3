"""Ranks, ties and grades are those of the published tables; figures are rounded half up for display only."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.campaign import Band, Text, Ties
from services.common.ranking import Rank, band, exact, ranks, shown

DATA = Path(__file__).parents[1] / "data"
BANDS = [
    Band(Decimal(floor), Text(name)) for floor, name in ((90, "Xuất sắc"), (80, "Tốt"), (70, "Khá"), (50, "Trung bình"))
]


def table(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers(found: dict[str, Rank]) -> dict[str, int | None]:
    return {unit: rank.rank for unit, rank in found.items()}


def grade(index: Fraction | None) -> str | None:
    found = band(index, BANDS)
    return None if found is None else found.name.vi


class TestPublishedTables:
    DEPARTMENTS = table("hue_departments_2021.csv")
    COMMUNES = table("hue_communes_2021_grades.csv")
    POLICE = table("hungyen_police_units_2024.csv")
    TIES = table("tie_rank_published_hungyen.csv")

    @pytest.mark.parametrize("ties", ["shared", "dense"])
    def test_the_departments_of_hue_have_their_published_ranks_in_their_published_order(self, ties: Ties):
        scores = {row["unit_vi"]: Fraction(row["points"]) for row in reversed(self.DEPARTMENTS)}
        found = ranks(scores, ties)
        assert list(numbers(found).items()) == [(row["unit_vi"], int(row["rank"])) for row in self.DEPARTMENTS]
        assert not any(rank.tied for rank in found.values())

    def test_the_departments_of_hue_have_their_published_grades(self):
        assert len(self.DEPARTMENTS) == 21
        for row in self.DEPARTMENTS:
            assert grade(Fraction(row["points"])) == row["grade_vi"]

    def test_the_communes_of_hue_in_each_grade_come_to_their_published_shares(self):
        """136 communes: one at the floor of its grade for each that the table counts, below the next grade's floor."""
        *rows, total = self.COMMUNES
        floors = {found.name.vi: Fraction(found.floor) for found in BANDS}
        scores = {
            f"{row['grade_vi']} {number}": floors[row["grade_vi"]] + Fraction(999 * number, 100 * int(row["count"]))
            for row in rows
            for number in range(int(row["count"]))
        }
        counts = Counter(grade(score) for score in scores.values())
        assert sum(counts.values()) == int(total["count"])
        for row in rows:
            assert counts[row["grade_vi"]] == int(row["count"])
            assert shown(Fraction(100 * counts[row["grade_vi"]], len(scores)), 2) == row["published_percent"]

    @pytest.mark.parametrize(
        ("ties", "column"), [("dense", "rank_dense_computed"), ("shared", "rank_competition_computed")]
    )
    def test_the_police_units_of_hung_yen_rank_by_either_rule(self, ties: Ties, column: str):
        found = ranks({row["unit_vi"]: Fraction(row["appraised_score"]) for row in self.POLICE}, ties)
        assert list(numbers(found).items()) == [(row["unit_vi"], int(row[column])) for row in self.POLICE]
        scores = Counter(row["appraised_score"] for row in self.POLICE)
        assert [rank.tied for rank in found.values()] == [scores[row["appraised_score"]] > 1 for row in self.POLICE]

    def test_the_published_ties_of_hung_yen_are_dense_ranks(self):
        tables: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
        for row in self.TIES:
            tables[row["table"], row["level"]].append(row)
        assert len(tables) == 3
        for rows in tables.values():
            found = ranks({row["unit_vi"]: Fraction(row["appraised_score"]) for row in rows}, "dense")
            assert list(numbers(found).items()) == [(row["unit_vi"], int(row["rank_published"])) for row in rows]


class TestRanks:
    def test_shared_ranks_leave_a_gap_and_dense_ranks_do_not(self):
        scores = {"a": Fraction(9), "b": Fraction(9), "c": Fraction(8)}
        assert numbers(ranks(scores, "shared")) == {"a": 1, "b": 1, "c": 3}
        assert numbers(ranks(scores, "dense")) == {"a": 1, "b": 1, "c": 2}

    def test_figures_that_look_equal_are_not_tied(self):
        a, b = Fraction(2, 3), Fraction(6667, 10_000)
        assert shown(a, 2) == shown(b, 2)
        assert ranks({"a": a, "b": b}, "shared") == {"b": Rank(1, tied=False), "a": Rank(2, tied=False)}

    def test_units_without_a_figure_come_last_without_a_rank(self):
        found = ranks({"a": None, "b": Fraction(0), "c": None, "d": Fraction(-1)}, "shared")
        assert list(numbers(found).items()) == [("b", 1), ("d", 2), ("a", None), ("c", None)]
        assert not any(rank.tied for rank in found.values())

    def test_equals_keep_the_order_in_which_they_were_given(self):
        assert list(ranks({"z": Fraction(1), "a": Fraction(1), "m": Fraction(2)}, "dense")) == ["m", "z", "a"]

    def test_nobody_to_rank(self):
        assert ranks({}, "shared") == {}

    @given(st.dictionaries(st.text(max_size=3), st.none() | st.fractions(-9, 9, max_denominator=4)))
    def test_a_rank_is_one_more_than_those_who_are_ahead(self, scores: dict[str, Fraction | None]):
        shared, dense = ranks(scores, "shared"), ranks(scores, "dense")
        known = [score for score in scores.values() if score is not None]
        assert shared.keys() == dense.keys() == scores.keys()
        for unit, score in scores.items():
            if score is None:
                assert shared[unit] == dense[unit] == Rank(None, tied=False)
            else:
                ahead = [other for other in known if other > score]
                tied = known.count(score) > 1
                assert shared[unit] == Rank(1 + len(ahead), tied)
                assert dense[unit] == Rank(1 + len(set(ahead)), tied)
        in_order = [scores[unit] for unit in shared if scores[unit] is not None]
        assert in_order == sorted(known, reverse=True)


class TestBands:
    def test_a_band_holds_from_its_floor_on(self):
        assert grade(Fraction(90)) == "Xuất sắc"
        assert grade(Fraction(90) - Fraction(1, 10**40)) == "Tốt"

    def test_a_figure_is_graded_before_it_is_rounded(self):
        index = Fraction("89.999")
        assert shown(index, 2) == "90.00"
        assert grade(index) == "Tốt"

    def test_below_every_floor_and_without_a_figure_there_is_no_grade(self):
        assert grade(Fraction("49.99")) is None
        assert grade(None) is None

    def test_the_order_of_the_bands_does_not_matter(self):
        assert band(Fraction(85), BANDS[::-1]) == band(Fraction(85), BANDS) == BANDS[1]

    def test_bonus_points_may_lead_beyond_100(self):
        assert grade(Fraction(110)) == "Xuất sắc"


class TestShown:
    @pytest.mark.parametrize(
        ("value", "decimals", "text"),
        [
            ("955/12", 2, "79.58"),
            ("0", 2, "0.00"),
            ("0.005", 2, "0.01"),
            ("0.004999999", 2, "0.00"),
            ("0.125", 2, "0.13"),
            ("0.135", 2, "0.14"),
            ("2.5", 0, "3"),
            ("3.5", 0, "4"),
            ("-2.5", 0, "-3"),
            ("-0.005", 2, "-0.01"),
            ("-0.004", 2, "0.00"),
            ("-0.4", 0, "0"),
            ("-12.345", 2, "-12.35"),
            ("99.995", 2, "100.00"),
            ("1/3", 6, "0.333333"),
            ("123456789012345678901234567890.5", 0, "123456789012345678901234567891"),
        ],
    )
    def test_a_figure_is_rounded_half_up_away_from_zero(self, value: str, decimals: int, text: str):
        assert shown(Fraction(value), decimals) == text

    def test_an_exact_figure_has_30_decimals(self):
        assert exact(Fraction(640, 7)) == "91.428571428571428571428571428571"
        assert exact(Fraction(2, 3)) == "0." + 29 * "6" + "7"
        assert exact(Fraction(5)) == "5." + 30 * "0"

    @given(st.fractions() | st.decimals(-1000, 1000, places=3).map(Fraction), st.integers(0, 8))
    def test_every_figure_is_shown_as_decimals_round_it(self, value: Fraction, decimals: int):
        with localcontext() as context:
            context.prec = 500
            # Cut far behind the last digit shown, with whatever is cut off kept as one more digit.
            cut = abs(value) * 10**60
            digits = Decimal(cut.numerator // cut.denominator) * 10 + (1 if cut.denominator != 1 else 0)
            rounded = digits.scaleb(-61).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
            expected = f"{rounded:f}"
        assert shown(value, decimals) == ("-" + expected if value < 0 and rounded else expected)

    @given(st.fractions(max_denominator=10**12), st.fractions(max_denominator=10**12))
    def test_exact_figures_of_a_survey_are_told_apart(self, a: Fraction, b: Fraction):
        assert (exact(a) == exact(b)) == (a == b)
