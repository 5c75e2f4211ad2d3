"""While a public campaign takes responses everybody sees its index as it is, and breakdowns as they were released."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from services.common import release
from services.common.campaign import Campaign, Rules
from services.common.release import NOTHING, Steps
from tests.integration.reporting.conftest import Serve
from tests.integration.reporting.database import (
    Document,
    eventually,
    index_documents,
    state_document,
    tally,
    write_definition,
    write_indices,
)
from tests.unit.surveys import asked, rater, survey

OPEN = replace(
    survey(
        (asked("q", "2", "g1"), asked("r", "1", "g1")),
        groups=(rater("g1", "b1"),),
        rules=Rules(live="public", suppress_below=5),
    ),
    closes=datetime(2100, 1, 1, tzinfo=UTC),
)
CLOSED = replace(OPEN, closes=datetime(2022, 12, 1, tzinfo=UTC))
ALONE = replace(OPEN, fields=survey((asked("q", "2", "g1"),)).fields)
"""A group that is asked one thing: the index would tell each answer."""


def write(db: Database[Document], campaign: Campaign, responses: int) -> None:
    """As the refresher writes it after so many responses, of which the last said the worst and all others the best."""
    before = NOTHING
    for n in range(1, responses + 1):
        answers = {leaf: {"A": n - 1, "E": 1} for leaf in campaign.leaf}
        found = tally(campaign, "g1", n, answers)
        before = Steps(campaign).next("g1", found.counts, before)
    documents = index_documents(campaign, responses, {"u1": {"g1": found}})
    documents[0]["released"] = release.write({"g1": before})
    write_definition(db, campaign)
    write_indices(db, documents)
    state = state_document(campaign, responses, {"g1": responses}, responses)
    db.campaign_state.replace_one({"_id": campaign.code}, state, upsert=True)


def unit(client: FlaskClient, headers: dict[str, str] | None = None) -> Document:
    page: Document = client.get("/v1/campaigns/survey/units/u1", headers=headers).json
    return page


def answers(page: Document) -> list[int | None]:
    leaves = page["fields"][0]["criteria"][0]["leaves"]
    return [leaf["groups"][0]["answers"] for leaf in leaves]


def test_a_breakdown_stands_still_between_two_releases_and_the_index_does_not(
    db: Database[Document], serve: Serve
) -> None:
    write(db, OPEN, 10)
    client = serve()
    first, row = unit(client), client.get("/v1/campaigns/survey/rankings?group=g1").json
    assert answers(first) == [5, 5]
    assert (first["released"], row["released"]) == (True, True)
    write(db, OPEN, 11)
    eventually("the next state is served", lambda: unit(client)["as_of"]["counted"] == 11)
    then = unit(client)
    assert (then["fields"], then["n"]) == (first["fields"], 11)
    assert then["index"] != first["index"]
    assert "released" not in client.get("/v1/campaigns/survey/rankings").json
    assert client.get("/v1/campaigns/survey/rankings?field=f1").json["rows"][0]["earned"] == then["fields"][0]["earned"]


def test_before_the_first_release_nothing_but_the_index_is_shown(db: Database[Document], serve: Serve) -> None:
    write(db, OPEN, 9)
    page = unit(client := serve())
    assert answers(page) == [None, None]
    assert page["index"] is not None
    assert page["fields"][0]["suppressed"] is page["groups"][0]["suppressed"] is True
    row = client.get("/v1/campaigns/survey/rankings?group=g1").json["rows"][0]
    assert (row["suppressed"], row["pending"], row["index"]) == (True, [], None)


def test_a_viewer_sees_the_present(db: Database[Document], serve: Serve, tokens: dict[str, str]) -> None:
    write(db, OPEN, 12)
    client = serve()
    page = unit(client, {"Authorization": f"Bearer {tokens['viewer']}"})
    assert (answers(page), "released" in page) == ([12, 12], False)
    assert answers(unit(client, {"Authorization": "Bearer guess"})) == [5, 5]


def test_after_the_end_everybody_does(db: Database[Document], serve: Serve) -> None:
    write(db, CLOSED, 12)
    page = unit(serve())
    assert (answers(page), "released" in page) == ([12, 12], False)


@pytest.mark.parametrize("what", ["rankings", "units/u1"])
def test_where_a_group_is_asked_one_thing_the_index_is_the_released_one(
    db: Database[Document], serve: Serve, what: str
) -> None:
    write(db, ALONE, 11)
    page = serve().get(f"/v1/campaigns/survey/{what}").json
    found = page["rows"][0] if what == "rankings" else page
    assert (page["released"], found["index_exact"], found["n"]) == (True, "80.000000000000000000000000000000", 11)
