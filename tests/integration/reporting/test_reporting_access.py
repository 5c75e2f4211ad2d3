"""Scores of a private campaign need a viewer's token; that there is a campaign and who takes part is everybody's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from services.common.campaign import Campaign, Live, Rules
from tests.integration.reporting.conftest import Serve
from tests.integration.reporting.database import Document, eventually, tally, write_state
from tests.unit.surveys import asked, survey

CAMPAIGN = survey((asked("q", "1", "g1"),), rules=Rules(live="private"))
SCORES = (
    *("rankings", "robustness", "rankings.json", "rankings.csv", "rankings.xlsx"),
    *("units/u1", "units/u1/lost", "units/u1.csv"),
)
OPEN = ("", "/participation", "/responses/00000000-0000-0000-0000-000000000001")


def with_rule(live: Live, version: int = 1) -> Campaign:
    return replace(CAMPAIGN, rules=replace(CAMPAIGN.rules, live=live), version=version)


@pytest.fixture
def client(db: Database[Document], serve: Serve) -> FlaskClient:
    write_state(db, with_rule("private"), 1, {"u1": {"g1": tally(CAMPAIGN, "g1", 9, {"q": {"A": 9}})}})
    return serve()


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("what", SCORES)
class TestPrivateScores:
    def test_without_a_token_they_are_refused(self, client: FlaskClient, what: str) -> None:
        for headers in ({}, bearer("guess"), {"Authorization": "Basic x"}):
            answer = client.get(f"/v1/campaigns/survey/{what}", headers=headers)
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
            assert answer.content_type == "application/problem+json"

    def test_with_a_token_of_another_role_they_are_refused(
        self, client: FlaskClient, tokens: dict[str, str], what: str
    ) -> None:
        assert client.get(f"/v1/campaigns/survey/{what}", headers=bearer(tokens["appraiser"])).status_code == 403

    def test_viewers_and_admins_see_them_and_nobody_on_the_way_keeps_them(
        self, client: FlaskClient, tokens: dict[str, str], what: str
    ) -> None:
        for role in ("viewer", "admin"):
            answer = client.get(f"/v1/campaigns/survey/{what}", headers=bearer(tokens[role]))
            assert answer.status_code == 200
            assert answer.headers["Cache-Control"] == "private, no-store"
            assert "Authorization" in answer.headers["Vary"]

    def test_knowing_the_tag_is_no_token(self, client: FlaskClient, tokens: dict[str, str], what: str) -> None:
        etag = client.get(f"/v1/campaigns/survey/{what}", headers=bearer(tokens["viewer"])).headers["ETag"]
        assert client.get(f"/v1/campaigns/survey/{what}", headers={"If-None-Match": etag}).status_code == 401


def test_participation_and_the_campaign_are_open_to_all(client: FlaskClient) -> None:
    assert client.get("/v1/campaigns").status_code == 200
    for what in OPEN:
        assert client.get(f"/v1/campaigns/survey{what}").status_code in (200, 404), what
    assert client.get("/v1/campaigns/survey/participation").json["units"][0]["n"] == 9


def test_what_is_open_holds_no_score(client: FlaskClient) -> None:
    texts = [client.get(f"/v1/campaigns{path}").text for path in ("", "/survey", "/survey/participation")]
    for word in ("earned", "index", "rank", "points", "interval"):
        assert not any(f'"{word}":' in text for text in texts)


def test_a_new_version_may_open_and_close_the_scores(db: Database[Document], client: FlaskClient) -> None:
    def status() -> int:
        return client.get("/v1/campaigns/survey/rankings").status_code

    write_state(db, with_rule("public", 2), 2, {})
    eventually("they are open", lambda: status() == 200)
    write_state(db, with_rule("private", 3), 3, {})
    eventually("they are closed", lambda: status() == 401)
