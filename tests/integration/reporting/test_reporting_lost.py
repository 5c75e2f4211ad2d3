"""GET /units/{u}/lost: where points were lost, and what one more step would change; what is hidden stays so."""

from __future__ import annotations

from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from services.common.appraisals import AppraisalRow, LeafAppraisal
from services.common.campaign import Rules
from tests.integration.reporting.conftest import Shared
from tests.integration.reporting.database import Document, tally, write_state
from tests.unit.surveys import appraised, asked, rater, survey

CAMPAIGN = survey(
    (asked("q", "2", "g1", "g2"), appraised("a", "1"), appraised("n", "1")),
    (asked("r", "3", "g1"), asked("s", "1", "g2"), asked("p", "4", "g1")),
    units={"u1": "b1", "u2": "b1", "u3": "b1"},
    groups=(rater("g1", "b1"), rater("g2", "b1", weight="3")),
    rules=Rules(live="public", suppress_below=5),
)


@pytest.fixture(scope="module")
def client(shared: Shared) -> FlaskClient:
    """u1 has enough answers everywhere, u2 few of g2, u3 none."""
    tallies = {
        "u1": {
            "g1": tally(CAMPAIGN, "g1", 10, {"q": {"A": 6, "C": 4}, "r": {"B": 8, "N": 2}}),
            "g2": tally(CAMPAIGN, "g2", 9, {"q": {"E": 9}, "s": {"A": 9}}),
        },
        "u2": {
            "g1": tally(CAMPAIGN, "g1", 10, {"q": {"A": 10}, "r": {"C": 10}, "p": {"B": 8}}),
            "g2": tally(CAMPAIGN, "g2", 4, {"q": {"E": 4}, "s": {"B": 4}}),
        },
    }
    row = AppraisalRow(1, {"a": LeafAppraisal(Decimal("0.25")), "n": LeafAppraisal(not_applicable=True)})
    write_state(shared.db, CAMPAIGN, 4, tallies, {"u1": row})
    return shared.serve()


def lost(client: FlaskClient, unit: str) -> Document:
    answer = client.get(f"/v1/campaigns/survey/units/{unit}/lost")
    assert answer.status_code == 200
    document: Document = answer.json
    return document


def leaves(page: Document) -> dict[str, Document]:
    return {leaf["leaf"]: leaf for leaf in page["leaves"]}


def test_what_cost_most_comes_first(client: FlaskClient) -> None:
    page = lost(client, "u1")
    assert [(leaf["leaf"], leaf["lost"]) for leaf in page["leaves"]] == [
        ("q", "1.6"),
        ("a", "0.75"),
        ("r", "0.75"),
        ("s", "0"),
    ]
    assert page["pending"] == ["p"]
    assert (page["rank"], page["index"]) == (2, "55.71")


def test_a_leaf_stands_beside_its_block_and_tells_who_took_what(client: FlaskClient) -> None:
    """q: g1 gives 0.8 at weight 1, g2 nothing at weight 3: 0.1 and 1.5 points lost. One option higher: 1 and 0.25.

    Of the block u2 shows its q too: 0.5 points.
    """
    assert leaves(lost(client, "u1"))["q"] == {
        "leaf": "q",
        "name": {"vi": "q"},
        "field": "f1",
        "method": "survey",
        "max_points": "2",
        "points": "0.4",
        "lost": "1.6",
        "of_index": "22.86",
        "of_index_exact": "22.857142857142857142857142857143",
        "groups": [{"group": "g1", "lost": "0.1"}, {"group": "g2", "lost": "1.5"}],
        # (2 · (1 + 3 · 0.25) / 4 + 0.25 + 2.25 + 1) / 7
        "step": {
            "to": "option",
            "points": "0.875",
            "index": "62.50",
            "index_exact": "62." + "5" + "0" * 29,
            "rank": 1,
        },
        "block_mean": "0.45",
        "block_mean_exact": "0.45" + "0" * 28,
        "block_best": "0.5",
    }


def test_the_council_would_give_all_points(client: FlaskClient) -> None:
    step = leaves(lost(client, "u1"))["a"]["step"]
    assert (step["to"], step["points"], step["index"], step["rank"]) == ("maximum", "1", "66.43", 1)


def test_where_nothing_was_lost_there_is_no_step(client: FlaskClient) -> None:
    assert leaves(lost(client, "u1"))["s"]["step"] is None


def test_groups_are_told_in_all(client: FlaskClient) -> None:
    assert [(group["group"], group["lost"]) for group in lost(client, "u1")["groups"]] == [
        ("g1", "0.85"),
        ("g2", "1.5"),
    ]


def test_what_rests_on_few_answers_is_hidden_here_too(client: FlaskClient) -> None:
    """g2 gave four forms about u2: what its cells went into has neither parts nor step, and hidden leaves come last."""
    page = lost(client, "u2")
    shown = client.get("/v1/campaigns/survey/units/u2").json
    hidden = {
        leaf["leaf"]
        for field in shown["fields"]
        for criterion in field["criteria"]
        for leaf in criterion["leaves"]
        if leaf.get("suppressed")
    }
    assert hidden >= {"s"}
    last = [leaf["leaf"] for leaf in page["leaves"]][-len(hidden) :]
    assert set(last) == hidden
    for leaf in page["leaves"]:
        if leaf["leaf"] in hidden:
            figures = [leaf[name] for name in ("points", "lost", "of_index", "of_index_exact", "step")]
            assert (figures, leaf["groups"], leaf["suppressed"]) == ([None] * 5, [], True)
    assert leaves(page)["q"]["groups"] == []
    assert leaves(page)["q"]["step"] is None
    assert leaves(page)["q"]["suppressed"] is True
    assert [group["lost"] for group in page["groups"]] == [None, None]


def test_a_unit_without_points_lost_none(client: FlaskClient) -> None:
    page = lost(client, "u3")
    assert (page["rank"], page["index"], page["leaves"]) == (None, None, [])


def test_an_unknown_unit_is_not_found(client: FlaskClient) -> None:
    assert client.get("/v1/campaigns/survey/units/u9/lost").status_code == 404
