"""GET …/units/{u}/appraisals and its history: what the council says of a unit, and who said what when and why."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from kafka.consumer.fetcher import ConsumerRecord
from pymongo.database import Database
from werkzeug.test import TestResponse

from services.common.appraisals import AppraisalRow, Change, Evidence, LeafAppraisal
from services.common.campaign import Campaign, Rules
from services.common.events import Appraisal
from services.common.records import APPRAISED, encode
from services.common.settings import Settings
from services.scoring.appraisal_chunk import AppraisalChunk
from tests.integration.reporting.conftest import Serve
from tests.integration.reporting.database import Document, write_state
from tests.unit.surveys import appraised, asked, survey

CAMPAIGN = survey(
    (appraised("a", "2.50"), asked("q", "1", "g1"), appraised("b", "1")),
    units={"u1": "b1", "u2": "b1", "v1": "b2"},
    adjustments=("1", "1"),
    rules=Rules(live="public"),
)
NOW = datetime(2022, 12, 1, 2, 3, 4, tzinfo=UTC)
OLD = b"""{"adjustments":{},"at":"2022-11-30T00:00:00+00:00","base":null,"by":"binh","campaign":"survey",
"campaign_version":1,"leaves":{"a":{"evidence":"B\xc3\xa1o c\xc3\xa1o 12","points":"1"}},"unit":"u1"}"""


class Known:
    def find(self, campaign: str, version: int) -> Campaign:
        assert (campaign, version) == (CAMPAIGN.code, 1)
        return CAMPAIGN


def record(offset: int, value: bytes, headers: list[tuple[str, bytes]]) -> ConsumerRecord:
    return ConsumerRecord("appraisals", 0, 0, offset, 0, 0, b"", value, headers, None, 0, 0, 0)


def leaf(points: str, **more: Any) -> LeafAppraisal:  # noqa: ANN401
    return LeafAppraisal(Decimal(points), **more)


@pytest.fixture
def get(db: Database[Document], serve: Serve, tokens: dict[str, str]) -> Any:  # noqa: ANN401 (a function)
    """u1 was changed six times: once in the old form, once with others."""
    write_state(db, CAMPAIGN, 4, {})
    link = (Evidence("https://example.vn/12", "QĐ 12"),)
    many = {
        "u1": Change(
            {"a": leaf("2", self_points=Decimal("1.5"), evidence=link), "b": LeafAppraisal(not_applicable=True)}
        ),
        "u2": Change({"a": leaf("1")}),
    }
    said = [
        Appraisal("survey", 1, "an", NOW, many, "họp ngày 01/12"),
        *(Appraisal("survey", 1, "an", NOW, {"u1": Change({"b": leaf(f"0.{n}")})}) for n in range(3)),
        Appraisal("survey", 1, "an", NOW, {"u1": Change({"b": None}, {"bonus": Decimal(2)}, notes={"bonus": "giải"})}),
    ]
    encoded = [encode(event, NOW, source="/test") for event in said]
    records = [record(0, OLD, [("ce_type", APPRAISED.encode())])]
    records += [record(offset, made.value, made.headers) for offset, made in enumerate(encoded, 1)]
    chunk = AppraisalChunk(records, dict[tuple[str, str], AppraisalRow](), Known())
    assert chunk.letters == []
    db.appraisals.insert_many(chunk.documents())
    db.appraisal_changes.insert_many(chunk.changes)
    db.positions.insert_one({"_id": {"topic": Settings().topic("appraisals"), "partition": 0}, "p": 0, "next": 6})
    client: FlaskClient = serve()

    def got(path: str, role: str = "viewer") -> TestResponse:
        headers = {"Authorization": f"Bearer {tokens[role]}"} if role else {}
        return client.get(f"/v1/campaigns/survey/units/{path}", headers=headers)

    return got


def test_the_row_in_force_is_told_with_its_warnings(get: Any) -> None:  # noqa: ANN401
    found = get("u1/appraisals").json
    assert found == {
        "campaign": "survey",
        "version": 1,
        "unit": "u1",
        "name": {"vi": "u1"},
        "block": "b1",
        "as_of": {"state": 4, "positions": {"appraisals": {"0": 6}}},
        "row": {
            "version": 6,
            "leaves": {
                "a": {
                    "points": "2",
                    "self_points": "1.5",
                    "evidence": [{"title": "QĐ 12", "url": "https://example.vn/12"}],
                }
            },
            "bonus": "2",
            "bonus_note": "giải",
            "penalty": "0",
        },
        "warnings": [
            {
                "pointer": "/row/leaves/a/points",
                "code": "above-self",
                "detail": "2 is more than the 1.5 that the unit claims for itself",
            },
            {"pointer": "/row/bonus", "code": "above-cap", "detail": "of 2 only 1 count: that is the campaign's cap"},
        ],
    }
    assert get("v1/appraisals").json["row"] == {"version": 0, "leaves": {}, "bonus": "0", "penalty": "0"}


def test_the_history_tells_who_said_what_when_and_why(get: Any) -> None:  # noqa: ANN401
    found = get("u1/appraisals/history").json
    assert found["next"] is None
    assert [change["version"] for change in found["changes"]] == [6, 5, 4, 3, 2, 1]
    newest, *_, together, oldest = found["changes"]
    assert newest == {
        "version": 6,
        "by": "an",
        "time": "2022-12-01T02:03:04Z",
        "why": None,
        "before": {"leaves": {"b": {"points": "0.2"}}, "bonus": "0", "penalty": "0"},
        "after": {"leaves": {}, "bonus": "2", "bonus_note": "giải", "penalty": "0"},
    }
    assert together["why"] == "họp ngày 01/12"
    assert together["before"]["leaves"] == {"a": {"points": "1", "evidence": [{"title": "Báo cáo 12"}]}}
    assert together["after"]["leaves"]["b"] == {"not_applicable": True}
    assert (oldest["by"], oldest["before"]["leaves"]) == ("binh", {})
    assert [change["version"] for change in get("u2/appraisals/history").json["changes"]] == [1]
    assert get("v1/appraisals/history").json["changes"] == []


def test_the_history_comes_in_pages(get: Any) -> None:  # noqa: ANN401
    seen, cursor = [], ""
    for _ in range(3):
        found = get(f"u1/appraisals/history?limit=2{cursor}").json
        seen += [change["version"] for change in found["changes"]]
        cursor = f"&cursor={found['next']}"
    assert (seen, found["next"]) == ([6, 5, 4, 3, 2, 1], None)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "cursor=-1", "cursor=", "page=2", "limit=1&limit=2"]
)
def test_a_page_that_there_cannot_be_is_refused(get: Any, query: str) -> None:  # noqa: ANN401
    assert get(f"u1/appraisals/history?{query}").status_code == 422


@pytest.mark.parametrize("path", ["u1/appraisals", "u1/appraisals/history"])
def test_it_is_never_everybodys(get: Any, path: str) -> None:  # noqa: ANN401
    """The campaign's results are public."""
    assert [get(path, role).status_code for role in ("", "appraiser", "viewer", "admin")] == [401, 403, 200, 200]
    assert get(path).headers["Cache-Control"] == "private, no-store"
    assert get(path.replace("u1", "u9")).status_code == 404
