"""GET /v1/compare: the units of one campaign beside what they were in an earlier one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from services.common.campaign import Campaign, Leaf, Rules, Text, Unit
from services.common.contribution import PARTS_OF_A_POINT
from services.common.unit_index import GroupTally, Moments
from tests.integration.reporting.conftest import Serve, Shared
from tests.integration.reporting.database import Document, Tallies, tally, write_state
from tests.unit.surveys import FIVE, appraised, asked, published, rater, survey

GROUPS = (rater("g1", "b1", "b2"),)
RULES = Rules(live="public", suppress_below=2)
EARLIER = survey(
    (asked("q", "2", "g1"),),
    (asked("r", "2", "g1"),),
    units={"stays": "b1", "west": "b1", "east": "b1", "old-name": "b1", "closed": "b1", "moves": "b2"},
    groups=GROUPS,
    rules=RULES,
    code="y2025",
)


def later(leaf: Leaf, formerly: dict[str, tuple[str, ...] | None], **more: Rules) -> Campaign:
    made = survey(
        (leaf,), (asked("s", "1", "g1"),), groups=(rater("g1", "b1"),), code="y2026", rules=more.get("rules", RULES)
    )
    units = tuple(Unit(code, Text(code), "b1", formerly=codes) for code, codes in formerly.items())
    year = timedelta(days=365)
    return published(
        replace(made, units=units, opens=made.opens + year, closes=made.closes + year, version=0, layout={})
    )


LATER = later(
    asked("q", "3", "g1"),
    {"stays": None, "merged": ("west", "east"), "new-name": ("old-name",), "moves": None, "fresh": (), "born": None},
)


def answers(campaign: Campaign, by_unit: dict[str, str]) -> Tallies:
    """Of every unit twenty forms, each with one option for all leaves: those of a text, equally often."""
    whole = sum(leaf.max_points for leaf in campaign.leaves)

    def given(options: str) -> GroupTally:
        each = 20 // len(options)
        counts = tally(campaign, "g1", 20, {leaf.code: dict.fromkeys(options, each) for leaf in campaign.leaves})
        brought = [
            int(whole * Decimal(FIVE[option]) * PARTS_OF_A_POINT / 100) for option in options for _ in range(each)
        ]
        return replace(counts, moments=Moments(20, sum(brought), sum(x * x for x in brought)))

    return {unit: {"g1": given(options)} for unit, options in by_unit.items()}


THEN = {"stays": "AB", "west": "A", "east": "C", "old-name": "B", "closed": "D", "moves": "A"}
NOW = {"stays": "A", "merged": "B", "new-name": "B", "moves": "A", "fresh": "C"}


@pytest.fixture(scope="module")
def client(shared: Shared) -> FlaskClient:
    write_state(shared.db, EARLIER, 3, answers(EARLIER, THEN))
    write_state(shared.db, LATER, 5, answers(LATER, NOW))
    return shared.serve()


def compared(client: FlaskClient) -> Document:
    answer = client.get("/v1/compare?campaigns=y2025,y2026")
    assert answer.status_code == 200
    document: Document = answer.json
    return document


def rows(client: FlaskClient) -> dict[str, Document]:
    return {row["unit"]: row for row in compared(client)["rows"]}


def test_rows_follow_the_later_ranking(client: FlaskClient) -> None:
    found = compared(client)
    assert [row["unit"] for row in found["rows"]] == ["stays", "moves", "merged", "new-name", "fresh", "born"]
    assert (found["earlier"]["campaign"], found["later"]["as_of"]["state"]) == ("y2025", 5)


def test_a_unit_is_found_by_its_code_and_told_what_it_gained(client: FlaskClient) -> None:
    row = rows(client)["stays"]
    assert (row["then"]["index"], row["then"]["rank"], row["now"]["index"], row["now"]["rank"]) == (
        "87.50",
        2,
        "100.00",
        1,
    )
    assert row["difference"] | {"significant": None} == {
        "index": "12.50",
        "index_exact": "12.5" + "0" * 29,
        "ranks": 1,
        "significant": None,
    }


def test_a_renamed_unit_is_found_by_the_code_it_had(client: FlaskClient) -> None:
    row = rows(client)["new-name"]
    assert [unit["unit"] for unit in row["then"]["units"]] == ["old-name"]
    assert (row["then"]["index"], row["difference"]["index"]) == ("75.00", "0.00")


def test_merged_units_are_pooled_and_have_no_rank(client: FlaskClient) -> None:
    """100 and 50 of 4 points each: 75 together."""
    row = rows(client)["merged"]
    then = row["then"]
    assert (then["index"], then["earned"], then["attainable"], then["rank"]) == ("75.00", "6", "8", None)
    assert [(unit["unit"], unit["rank"], unit["index"]) for unit in then["units"]] == [
        ("west", 1, "100.00"),
        ("east", 4, "50.00"),
    ]
    assert (row["difference"]["index"], row["difference"]["ranks"]) == ("0.00", None)


def test_a_unit_of_another_block_is_compared_with_its_place_there(client: FlaskClient) -> None:
    assert rows(client)["moves"]["then"]["units"][0]["block"] == "b2"


@pytest.mark.parametrize("unit", ["fresh", "born"])
def test_a_new_unit_has_nothing_before(client: FlaskClient, unit: str) -> None:
    row = rows(client)[unit]
    assert (row["then"], row["difference"]) == (None, None)


def test_what_is_gone_is_told(client: FlaskClient) -> None:
    assert [(unit["unit"], unit["index"]) for unit in compared(client)["gone"]] == [("closed", "25.00")]


def test_significance_goes_by_both_standard_errors(client: FlaskClient) -> None:
    """stays: ten of twenty forms gave 100, ten 75: the error of their mean is 2.9, and 12.5 is more than chance."""
    found = rows(client)
    assert (found["stays"]["then"]["se"], found["stays"]["now"]["se"]) == ("2.87", "0.00")
    assert found["stays"]["difference"]["significant"] is True
    assert (found["merged"]["then"]["se"], found["merged"]["difference"]["significant"]) == ("0.00", False)


def test_it_is_told_how_the_campaigns_measure_otherwise(client: FlaskClient) -> None:
    said = {(each["kind"], each["code"], each["aspect"]): each for each in compared(client)["definition"]}
    assert (said["leaf", "q", "max_points"]["before"], said["leaf", "q", "max_points"]["after"]) == ("2", "3")
    assert said["leaf", "r", None]["text"]["en"] == "leaf r is gone: r"
    assert said["leaf", "s", None]["before"] is None
    assert not [key for key in said if key[0] == "unit"]


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("", "/campaigns", "not-two"),
        ("campaigns=y2025", "/campaigns", "not-two"),
        ("campaigns=y2025,y2025", "/campaigns", "wrong-order"),
        ("campaigns=y2025,y2026,y2027", "/campaigns", "not-two"),
        ("campaigns=y2026,y2025", "/campaigns", "wrong-order"),
        ("campaigns=y2025,y2026&block=b9", "/block", "unknown-code"),
        ("campaigns=y2025,y2026&blok=b1", "/blok", "unknown-parameter"),
    ],
)
def test_what_cannot_be_compared_is_refused(client: FlaskClient, query: str, pointer: str, code: str) -> None:
    answer = client.get(f"/v1/compare?{query}")
    assert answer.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in answer.json["errors"]] == [(pointer, code)]


def test_an_unknown_campaign_is_not_found(client: FlaskClient) -> None:
    assert client.get("/v1/compare?campaigns=y2024,y2026").status_code == 404


@pytest.mark.parametrize("private", ["y2025", "y2026"])
def test_either_private_campaign_needs_a_token(
    db: Database[Document], serve: Serve, tokens: dict[str, str], private: str
) -> None:
    for campaign in (EARLIER, LATER):
        rules = replace(RULES, live="private" if campaign.code == private else "public")
        write_state(db, replace(campaign, rules=rules), 1, {})
    client = serve()
    address = "/v1/compare?campaigns=y2025,y2026"
    assert client.get(address).status_code == 401
    answer = client.get(address, headers={"Authorization": f"Bearer {tokens['viewer']}"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-store")


def test_it_follows_the_states_of_both(db: Database[Document], serve: Serve) -> None:
    plan = later(appraised("q", "3"), {"stays": None})
    write_state(db, EARLIER, 1, answers(EARLIER, {"stays": "A"}))
    write_state(db, plan, 1, {})
    client = serve()
    (row,) = compared(client)["rows"]
    assert (row["then"]["index"], row["now"]["index"], row["difference"]["significant"]) == ("100.00", None, None)
    assert Decimal(row["then"]["earned"]) == 4
