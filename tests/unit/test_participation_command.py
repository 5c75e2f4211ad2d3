"""`parindex participation`: what it asks and prints."""

from __future__ import annotations

import json

from test_reading_commands import AS_OF, Reporting, reporting, run

__all__ = ["reporting"]

EFFECTS = {"submitted": 9, "edited": 3, "withdrawn": 1, "duplicate": 0, "superseded": 0, "conflict": 1}
ANSWER = {
    "campaign": "hanoi",
    "version": 3,
    "as_of": AS_OF,
    "groups": [
        {
            "group": "CI",
            "name": {"vi": "Người dân", "en": "Citizens"},
            "counted": 1100,
            "required": 3000,
            "share": "36.67",
        },
        {"group": "BU", "name": {"vi": "Doanh nghiệp"}, "counted": 2, "required": None, "share": None},
    ],
    "blocks": [
        {
            "block": "district",
            "name": {"vi": "Quận", "en": "Districts"},
            "groups": [{"group": "CI", "n": 1100, "required": 3000, "share": "36.67", "cells": 30, "missing": 12}],
        }
    ],
    "missing": {
        "below": 5,
        "cells": 12,
        "listed": [{"unit": f"u{number}", "group": "CI", "n": 0} for number in range(12)],
    },
    "activity": {
        "days": [{"day": "2022-11-18", **EFFECTS}],
        "channels": {"web": 9, "tablet": 0, "paper": 4, "import": 0},
        "rejected": {"unknown-unit": 2},
    },
    "quality": [
        {"group": "CI", "answers": 40, "no_opinion": "37.50", "ratings": 8, "straight_lining": "25.00"},
        {"group": "BU", "answers": 0, "no_opinion": None, "ratings": 0, "straight_lining": None, "suppressed": True},
    ],
    "warnings": [
        {
            "code": "edited",
            "where": {"group": "CI"},
            "percent": "33.33",
            "limit": 20,
            "detail": {"vi": "33.33 % số phiếu đã bị sửa", "en": "33.33 % of the forms were changed"},
        }
    ],
}


def test_it_prints_forms_cells_and_warnings(reporting: Reporting) -> None:
    reporting.answer = ANSWER

    lines = run(reporting, "participation", "hanoi", "--lang", "en").output.splitlines()

    assert lines[1].split() == ["CI", "Citizens", "1,100", "3,000", "36.67", "37.50", "25.00"]
    assert lines[2].split() == ["BU", "Doanh", "nghiệp", "2", "—"]
    assert lines[4].split() == ["district", "Districts", "CI", "1,100", "3,000", "36.67", "30", "12"]
    assert lines[5:7] == ["Channels: web 9, paper 4", "Rejected: unknown-unit 2"]
    assert "12 cells with fewer than 5 forms: u0/CI (0), u1/CI (0)" in lines[7]
    assert "! CI: 33.33 % of the forms were changed (from 20 %)" in lines
    assert "2022-11-18" not in "".join(lines)
    assert reporting.asked == [("/v1/campaigns/hanoi/participation", {}, None)]


def test_days_are_shown_when_asked_for(reporting: Reporting) -> None:
    reporting.answer = ANSWER
    output = run(reporting, "participation", "hanoi", "--days").output
    assert ["2022-11-18", "9", "3", "1", "0", "0", "1"] in [line.split() for line in output.splitlines()]


def test_without_a_token_quality_is_left_out(reporting: Reporting) -> None:
    reporting.answer = ANSWER | {"quality": None}
    assert "37.50" not in run(reporting, "participation", "hanoi").output


def test_json_is_the_answer_itself(reporting: Reporting) -> None:
    reporting.answer = ANSWER
    assert json.loads(run(reporting, "participation", "hanoi", "--json").output) == ANSWER
