"""`parindex robustness`, `lost`, `compare`: what they ask and print."""

from __future__ import annotations

import json

from test_reading_commands import AS_OF, Reporting, reporting, run

__all__ = ["reporting"]

ROBUSTNESS = {
    "campaign": "hanoi",
    "version": 3,
    "block": "district",
    "as_of": AS_OF,
    "draws": 400,
    "seed": 5,
    "variations": [
        {"variation": "equal_weights"},
        {"variation": "without", "group": "CI"},
        {"variation": "not_applicable", "rule": "field"},
    ],
    "rows": [
        {
            "unit": "long-bien",
            "name": {"vi": "Quận Long Biên", "en": "Long Biên Urban District"},
            "rank": 2,
            "best": 1,
            "worst": 4,
            "variations": [2, None, 3],
            "draws": {"best": 1, "low": 2, "median": 2, "high": 3, "worst": 4, "unchanged": 300},
        },
        {
            "unit": "ba-dinh",
            "name": {"vi": "Quận Ba Đình"},
            "rank": None,
            "best": None,
            "worst": None,
            "variations": [None, None, None],
            "draws": None,
        },
    ],
}


LOST = {
    "campaign": "hanoi",
    "version": 3,
    "unit": "long-bien",
    "name": {"vi": "Quận Long Biên", "en": "Long Biên Urban District"},
    "as_of": AS_OF,
    "rank": 2,
    "index": "61.25",
    "groups": [
        {"group": "CI", "name": {"vi": "Người dân", "en": "Citizens"}, "lost": "1.123456"},
        {"group": "BU", "name": {"vi": "Doanh nghiệp"}, "lost": None, "suppressed": True},
    ],
    "leaves": [
        {
            "leaf": "1-1-1",
            "name": {"vi": "Đúng hẹn", "en": "On time"},
            "max_points": "2",
            "lost": "1.5",
            "of_index": "7.50",
            "block_mean": "1.10",
            "block_best": "1.90",
            "step": {"to": "option", "points": "1", "index": "63.75", "rank": 1},
        },
        {
            "leaf": "1-1-2",
            "name": {"vi": "Thái độ"},
            "max_points": "1",
            "lost": None,
            "of_index": None,
            "block_mean": None,
            "block_best": None,
            "step": None,
            "suppressed": True,
        },
    ],
}


class TestLost:
    def test_it_prints_what_was_lost_and_one_more_step(self, reporting: Reporting) -> None:
        reporting.answer = LOST

        output = run(reporting, "lost", "hanoi", "long-bien", "--lang", "en").output

        title, _, first, second, *rest = output.splitlines()
        assert title == "Long Biên Urban District: rank 2, index 61.25"
        assert first.split() == ["1-1-1", "On", "time", "1.5", "2", "7.50", "1.10", "1.90", "63.75", "1"]
        assert second.split() == ["1-1-2", "Thái", "độ", "—", "1"]
        assert rest[:2] == ["Citizens: 1.1234… points lost", "Doanh nghiệp: hidden: too few answers"]
        assert reporting.asked == [("/v1/campaigns/hanoi/units/long-bien/lost", {}, None)]

    def test_it_stops_at_the_top(self, reporting: Reporting) -> None:
        reporting.answer = LOST

        output = run(reporting, "lost", "hanoi", "long-bien", "--top", "1").output

        assert ("Đúng hẹn" in output, "Thái độ" in output) == (True, False)


class TestRobustness:
    def test_it_asks_for_the_draws_that_were_named(self, reporting: Reporting) -> None:
        reporting.answer = ROBUSTNESS

        result = run(reporting, "robustness", "hanoi", "--block", "district", "--draws", "400", "--seed", "5")

        assert result.exit_code == 0, result.output
        query = {"block": ["district"], "draws": ["400"], "seed": ["5"]}
        assert reporting.asked == [("/v1/campaigns/hanoi/robustness", query, None)]

    def test_it_prints_ranges_and_leaves_out_what_is_not_there(self, reporting: Reporting) -> None:
        reporting.answer = ROBUSTNESS

        output = run(reporting, "robustness", "hanoi").output

        heading, first, second, *_ = output.splitlines()
        assert heading.split() == ["rank", "unit", "range", "equal", "-CI", "rule", "draws", "same"]
        assert first.split() == ["2", "Quận", "Long", "Biên", "1", "to", "4", "2", "3", "2", "to", "3", "75%"]
        assert second.split() == ["Quận", "Ba", "Đình"]
        assert "Version 3, state 7: 2,972 responses counted." in output

    def test_it_passes_on_the_answer_as_json(self, reporting: Reporting) -> None:
        reporting.answer = ROBUSTNESS

        assert json.loads(run(reporting, "robustness", "hanoi", "--json").output) == ROBUSTNESS


def measured(index: str, rank: int | None) -> dict[str, object]:
    return {"index": index, "rank": rank}


COMPARISON = {
    "earlier": {"campaign": "hanoi-21", "version": 1, "as_of": {**AS_OF, "counted": 1000}},
    "later": {"campaign": "hanoi", "version": 3, "as_of": AS_OF},
    "block": "district",
    "rows": [
        {
            "unit": "long-bien",
            "name": {"vi": "Quận Long Biên"},
            "then": {**measured("84.10", 9), "units": [{"name": {"vi": "Quận Long Biên"}}]},
            "now": measured("86.10", 7),
            "difference": {"index": "2.00", "ranks": 2, "significant": True},
        },
        {
            "unit": "m",
            "name": {"vi": "Quận Mới"},
            "then": {**measured("80.00", None), "units": [{"name": {"vi": "A"}}, {"name": {"vi": "B"}}]},
            "now": measured("79.00", 8),
            "difference": {"index": "-1.00", "ranks": None, "significant": None},
        },
        {"unit": "n", "name": {"vi": "Lập mới"}, "then": None, "now": measured("70.00", 9), "difference": None},
    ],
    "gone": [{"unit": "c", "name": {"vi": "Đã giải thể"}}],
    "definition": [{"text": {"vi": "tiêu chí 1: điểm tối đa 3 → 4", "en": "leaf 1: max_points 3 → 4"}}],
}


class TestCompare:
    def test_it_asks_for_both_campaigns(self, reporting: Reporting) -> None:
        reporting.answer = COMPARISON

        result = run(reporting, "compare", "hanoi-21", "hanoi", "--block", "district")

        assert result.exit_code == 0, result.output
        query = {"campaigns": ["hanoi-21,hanoi"], "block": ["district"]}
        assert reporting.asked == [("/v1/compare", query, None)]

    def test_it_prints_then_and_now(self, reporting: Reporting) -> None:
        reporting.answer = COMPARISON

        _, same, merged, new, *rest = run(reporting, "compare", "hanoi-21", "hanoi").output.splitlines()

        assert same.split() == ["7", "9", "Quận", "Long", "Biên", "84.10", "86.10", "2.00", "yes"]
        assert merged.split() == ["8", "Quận", "Mới", "80.00", "79.00", "-1.00", "?", "A,", "B"]
        assert new.split() == ["9", "Lập", "mới", "70.00"]
        assert rest[:2] == ["gone: Đã giải thể", "tiêu chí 1: điểm tối đa 3 → 4"]
        assert [line.split()[-3] for line in rest[2:]] == ["1,000", "2,972"]
