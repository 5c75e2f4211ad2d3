"""GET /robustness: how the ranks of a block stand when weights and rules are varied; asked again, it says the same."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from services.common.campaign import Rules
from services.reporting import queries
from tests.integration.reporting.conftest import Shared
from tests.integration.reporting.database import Document, tally, write_state
from tests.unit.surveys import asked, rater, survey

CAMPAIGN = survey(
    (asked("q", "2", "g1", "g2"),),
    (asked("r", "1", "g1", g1="2"),),
    units={"u1": "b1", "u2": "b1", "u3": "b1", "v1": "b2"},
    groups=(rater("g1", "b1", weight="3"), rater("g2", "b1"), rater("g3", "b2")),
    rules=Rules(live="public"),
)


@pytest.fixture(scope="module")
def client(shared: Shared) -> FlaskClient:
    """q: u1 pleases g1, u2 pleases g2; r: both alike. u3 and v1 have no answers."""

    def answered(q1: str, q2: str) -> Document:
        return {
            "g1": tally(CAMPAIGN, "g1", 9, {"q": {q1: 9}, "r": {"C": 9}}),
            "g2": tally(CAMPAIGN, "g2", 9, {"q": {q2: 9}}),
        }

    write_state(shared.db, CAMPAIGN, 5, {"u1": answered("A", "D"), "u2": answered("E", "A")})
    return shared.serve()


def asked_for(client: FlaskClient, query: str = "block=b1") -> Document:
    answer = client.get(f"/v1/campaigns/survey/robustness?{query}")
    assert answer.status_code == 200
    document: Document = answer.json
    return document


def test_each_variation_has_its_ranks(client: FlaskClient) -> None:
    """q by weights 3 and 1: u1 0.8125, u2 0.25; alike: 0.625 and 0.5; without g1 u2 leads, and nobody is asked r."""
    found = asked_for(client)
    assert found["variations"] == [
        {"variation": "equal_weights"},
        {"variation": "without", "group": "g1"},
        {"variation": "without", "group": "g2"},
        {"variation": "not_applicable", "rule": "field"},
    ]
    ranks = {row["unit"]: (row["rank"], row["best"], row["worst"], row["variations"]) for row in found["rows"]}
    assert ranks == {
        "u1": (1, 1, 2, [1, 2, 1, 1]),
        "u2": (2, 1, 2, [2, 1, 2, 2]),
        "u3": (None, None, None, [None] * 4),
    }
    assert [row["base"] for row in found["rows"]] == [1, 2, None]
    assert found["as_of"]["state"] == 5


def test_what_no_weight_of_fields_changes_stays_in_every_draw(client: FlaskClient) -> None:
    found = asked_for(client)
    assert (found["draws"], found["seed"]) == (1_000, 1)
    always = {"best": 1, "low": 1, "median": 1, "high": 1, "worst": 1, "unchanged": 1_000}
    assert [row["draws"] for row in found["rows"]] == [always, always | dict.fromkeys(list(always)[:5], 2), None]


def test_the_same_question_has_the_same_answer_by_its_tag(client: FlaskClient) -> None:
    address = "/v1/campaigns/survey/robustness?block=b1&draws=50&seed=7"
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)


def test_a_block_without_answers_has_no_ranks(client: FlaskClient) -> None:
    (row,) = asked_for(client, "block=b2&draws=3")["rows"]
    assert (row["rank"], row["variations"], row["draws"]) == (None, [None] * 3, None)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("", "/block"),
        ("block=b9", "/block"),
        ("block=b1&draws=0", "/draws"),
        ("block=b1&draws=10001", "/draws"),
        ("block=b1&draws=many", "/draws"),
        ("block=b1&seed=-1", "/seed"),
        ("block=b1&spread=2", "/spread"),
    ],
)
def test_what_cannot_be_drawn_is_refused(client: FlaskClient, query: str, pointer: str) -> None:
    answer = client.get(f"/v1/campaigns/survey/robustness?{query}")
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json["errors"]] == [pointer]


def test_a_large_block_is_given_fewer_draws(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MOST_RANKS", 30)
    assert asked_for(client, "block=b1&seed=9")["draws"] == 10
    refused = client.get("/v1/campaigns/survey/robustness?block=b1&draws=11")
    assert refused.json["errors"][0]["detail"] == "a whole number from 1 to 10"
