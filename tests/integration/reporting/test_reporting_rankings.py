"""GET /rankings: what it says is the state in force, ranked by the rule, in the form that was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from services.common.appraisals import AppraisalRow, LeafAppraisal
from services.common.campaign import Rules
from tests.integration.reporting.database import DATA, Document, tally, write_state
from tests.unit.surveys import appraised, asked, rater, survey

Serve = Callable[[], FlaskClient]


@pytest.fixture
def worked() -> dict[str, object]:
    found: dict[str, object] = json.loads((DATA / "worked_example_made_up.json").read_text())
    return found


def test_the_ranking_is_that_of_the_worked_example(db: Database[Document], serve: Serve) -> None:
    example = json.loads((DATA / "worked_example_made_up.json").read_text())
    five = ("A", "B", "C", "D", "E", "N")
    satisfied = {"A": "100", "B": "100", "C": "0", "D": "0", "E": "0", "N": None}
    from tests.unit.surveys import FIVE, scale

    campaign = survey(
        (appraised("A1", "4"), appraised("A2", "2"), appraised("A3", "1")),
        (asked("S1", "2", "CD", "CC"), asked("S2", "1", "CI", scale="satisfied")),
        units={"A": "b1", "B": "b1", "C": "b1"},
        groups=(rater("CD", "b1"), rater("CC", "b1"), rater("CI", "b1")),
        scales=(scale("five", FIVE), scale("satisfied", satisfied)),
        rules=Rules(live="public"),
    )
    tallies = {
        unit: {
            group: tally(campaign, group, 200, {leaf: dict(zip(five, counts, strict=True))})
            for leaf, groups in leaves.items()
            for group, counts in groups.items()
        }
        for unit, leaves in example["answer_counts_in_option_order"].items()
    }
    rows = {
        unit: AppraisalRow(
            1,
            {
                leaf: LeafAppraisal(not_applicable=True) if points is None else LeafAppraisal(Decimal(points))
                for leaf, points in given.items()
            },
        )
        for unit, given in example["appraised_points"].items()
    }
    write_state(db, campaign, 1, tallies, rows)

    answer = serve().get("/v1/campaigns/survey/rankings")

    assert answer.status_code == 200
    found = {row["unit"]: row for row in answer.json["rows"]}
    assert list(found) == ["A", "B", "C"]
    for unit, expected in example["expected"].items():
        assert found[unit]["rank"] == expected["rank_exact_shared"]
        assert found[unit]["tied"] == (unit in "AB")
        assert found[unit]["index"] == expected["index_percent_2dp"]
        assert abs(Fraction(found[unit]["index_exact"]) - Fraction(expected["index_percent_exact"])) < Fraction(
            1, 10**29
        )
        assert found[unit]["attainable"] == expected["max_applicable"]
