"""GET /units/{u}: from the whole index down to one group's opinion of one leaf, each sum of what is below it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from flask.testing import FlaskClient

from services.common.appraisals import AppraisalRow, LeafAppraisal
from services.common.campaign import Rules
from tests.integration.reporting.conftest import Shared
from tests.integration.reporting.database import Document, tally, write_state
from tests.unit.surveys import appraised, asked, rater, survey

CAMPAIGN = survey(
    (asked("q", "2", "g1", "g2"), appraised("a", "1"), appraised("n", "1")),
    (asked("r", "3", "g1", "g3"), asked("s", "1", "g2", "g3"), asked("elsewhere", "1", "g4")),
    (asked("p", "4", "g1"),),
    units={"u1": "b1", "u2": "b1", "v1": "b2"},
    groups=(rater("g1", "b1"), rater("g2", "b1"), rater("g3", "b1"), rater("g4", "b2")),
    adjustments=("2", "1"),
    rules=Rules(live="public", suppress_below=5),
)


@pytest.fixture(scope="module")
def client(shared: Shared) -> FlaskClient:
    """u1 has enough answers everywhere, u2 few of g2 and of g3, v1 none."""
    tallies = {
        "u1": {
            "g1": tally(CAMPAIGN, "g1", 10, {"q": {"A": 6, "C": 4}, "r": {"B": 8, "N": 2}}),
            "g2": tally(CAMPAIGN, "g2", 9, {"q": {"E": 9}, "s": {"A": 9}}),
            "g3": tally(CAMPAIGN, "g3", 7, {"r": {"A": 7}, "s": {"E": 7}}),
        },
        "u2": {
            "g1": tally(CAMPAIGN, "g1", 10, {"q": {"A": 10}, "r": {"A": 10}, "p": {"A": 8}}),
            "g2": tally(CAMPAIGN, "g2", 4, {"q": {"E": 4}, "s": {"B": 4}}),
            "g3": tally(CAMPAIGN, "g3", 3, {"r": {"A": 3}, "s": {"E": 3}}),
        },
    }
    row = AppraisalRow(
        1,
        {"a": LeafAppraisal(Decimal("0.25")), "n": LeafAppraisal(not_applicable=True)},
        bonus=Decimal("0.5"),
        penalty=Decimal(3),
    )
    write_state(shared.db, CAMPAIGN, 4, tallies, {"u1": row})
    return shared.serve()


def unit(client: FlaskClient, code: str) -> Document:
    answer = client.get(f"/v1/campaigns/survey/units/{code}")
    assert answer.status_code == 200
    page: Document = answer.json
    return page


def leaves(page: Document) -> dict[str, Document]:
    criteria = [criterion for field in page["fields"] for criterion in field["criteria"]]
    return {leaf["leaf"]: leaf for criterion in criteria for leaf in criterion["leaves"]}


def test_the_head_says_what_the_ranking_says(client: FlaskClient) -> None:
    page = unit(client, "u1")
    rows = client.get("/v1/campaigns/survey/rankings?block=b1").json["rows"]
    row = next(row for row in rows if row["unit"] == "u1")
    assert {name: page[name] for name in row} == row
    figures = [Fraction(row["index_exact"]) for row in rows]
    assert Fraction(page["block_best_exact"]) == max(figures)
    assert abs(2 * Fraction(page["block_mean_exact"]) - sum(figures)) < Fraction(1, 10**28)
    assert page["as_of"]["state"] == 4


def test_the_units_before_and_after_it_are_those_of_the_ranking(client: FlaskClient) -> None:
    rows = client.get("/v1/campaigns/survey/rankings?block=b1").json["rows"]
    listed = [None, *({name: row[name] for name in ("unit", "name", "rank")} for row in rows), None]
    for before, row, after in zip(listed, rows, listed[2:], strict=False):
        page = unit(client, row["unit"])
        assert (page["previous"], page["next"]) == (before, after)
    alone = unit(client, "v1")
    assert (alone["index"], alone["block_best"], alone["previous"], alone["next"]) == (None, None, None, None)


def test_a_leaf_tells_points_loss_and_what_each_group_gave(client: FlaskClient) -> None:
    """q: g1 gives (6 + 4/2) / 10, g2 nothing: 0.4 of 2 points."""
    assert leaves(unit(client, "u1"))["q"] == {
        "leaf": "q",
        "name": {"vi": "q"},
        "method": "survey",
        "max_points": "2",
        "state": "scored",
        "points": "0.8",
        "lost": "1.2",
        "question": {"vi": "q"},
        "groups": [
            {"group": "g1", "answers": 10, "no_opinion": 0, "share": "0.8"},
            {"group": "g2", "answers": 9, "no_opinion": 0, "share": "0"},
        ],
    }


def test_appraised_pending_and_inapplicable_leaves_say_so(client: FlaskClient) -> None:
    found = leaves(unit(client, "u1"))
    assert {code: (found[code]["state"], found[code]["points"], found[code]["lost"]) for code in "anp"} == {
        "a": ("scored", "0.25", "0.75"),
        "n": ("not_applicable", None, None),
        "p": ("pending", None, None),
    }
    assert "groups" not in found["a"]
    assert found["p"]["groups"] == [{"group": "g1", "answers": 0, "no_opinion": 0, "share": None}]


def test_a_leaf_that_nobody_is_asked_about_this_block_is_not_there(client: FlaskClient) -> None:
    assert "elsewhere" not in leaves(unit(client, "u1"))
    assert set(leaves(unit(client, "v1"))) == {"a", "n", "elsewhere"}


def test_every_sum_is_that_of_its_parts(client: FlaskClient) -> None:
    page = unit(client, "u1")
    for field in page["fields"]:
        for criterion in field["criteria"]:
            points = [Fraction(leaf["points"]) for leaf in criterion["leaves"] if leaf["points"] is not None]
            assert Fraction(criterion["earned"]) == sum(points)
        assert Fraction(field["earned"]) == sum(Fraction(criterion["earned"]) for criterion in field["criteria"])
        assert Fraction(field["lost"]) == Fraction(field["attainable"]) - Fraction(field["earned"])
    fields = sum(Fraction(field["earned"]) for field in page["fields"])
    assert (page["bonus"], page["penalty"]) == ("0.5", "1")  # the penalty of 3 is capped at 1
    assert Fraction(page["earned"]) == fields + Fraction(page["bonus"]) - Fraction(page["penalty"])
    assert Fraction(page["lost"]) == Fraction(page["attainable"]) - Fraction(page["earned"])


def test_a_group_is_told_with_all_that_it_gave(client: FlaskClient) -> None:
    """g1 gives 1.6 of q's 2 points and 2.25 of r's 3."""
    group = unit(client, "u1")["groups"][0]
    assert group == {
        "group": "g1",
        "name": {"vi": "g1"},
        "n": 10,
        "index": "77.00",
        "index_exact": "77." + 30 * "0",
        "earned": "3.85",
        "attainable": "5",
        "lost": "1.15",
        "se": None,
        "interval": None,
    }


def test_a_field_is_told_with_its_rank_and_the_blocks_mean_of_what_is_shown(client: FlaskClient) -> None:
    fields = {field["field"]: field for field in unit(client, "u1")["fields"]}
    assert (fields["f3"]["rank"], fields["f3"]["index"]) == (None, None)
    # Of f1's attainable points u1 has 1.05 of 3 and u2 1 of 2; v1 is of another block.
    assert [fields["f1"][name] for name in ("index", "rank", "tied", "block_mean", "block_best")] == [
        *("35.00", 2, False, "42.50", "50.00")
    ]
    assert fields["f1"]["block_mean_exact"] == "42.5" + 29 * "0"


def test_small_cells_and_what_would_give_them_away_are_hidden(client: FlaskClient) -> None:
    found = leaves(unit(client, "u2"))
    hidden = {"answers": None, "no_opinion": None, "share": None, "suppressed": True}
    assert found["q"]["groups"] == [{"group": "g1", **hidden}, {"group": "g2", **hidden}]
    assert found["s"]["groups"] == [{"group": "g2", **hidden}, {"group": "g3", **hidden}]
    groups = {group["group"]: group for group in unit(client, "u2")["groups"]}
    assert groups["g2"]["suppressed"] is True
    assert groups["g2"]["earned"] is None
    assert groups["g2"]["n"] == 4


def test_what_is_hidden_in_detail_is_hidden_in_the_rankings_too(client: FlaskClient) -> None:
    page = unit(client, "u2")
    for field in page["fields"]:
        rows = client.get(f"/v1/campaigns/survey/rankings?block=b1&field={field['field']}").json["rows"]
        row = next(row for row in rows if row["unit"] == "u2")
        assert row.get("suppressed") == field.get("suppressed")
        assert row["earned"] == field["earned"]
        told = [Fraction(row["index_exact"]) for row in rows if row["index"] is not None]
        best = field["block_best_exact"]
        assert (None if best is None else Fraction(best)) == max(told, default=None)
    for group in page["groups"]:
        rows = client.get(f"/v1/campaigns/survey/rankings?block=b1&group={group['group']}").json["rows"]
        row = next(row for row in rows if row["unit"] == "u2")
        assert row.get("suppressed") == group.get("suppressed")


def test_an_unknown_unit_is_not_found(client: FlaskClient) -> None:
    answer = client.get("/v1/campaigns/survey/units/nobody")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_an_unchanged_unit_is_not_sent_again(client: FlaskClient) -> None:
    etag = client.get("/v1/campaigns/survey/units/u1").headers["ETag"]
    assert client.get("/v1/campaigns/survey/units/u1", headers={"If-None-Match": etag}).status_code == 304
