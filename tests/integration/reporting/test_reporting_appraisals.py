"""The council's points as files: the rows in force, for holders of a viewer's token."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import pyarrow.parquet
import pytest
from flask.testing import FlaskClient
from pymongo.database import Database
from python_calamine import CalamineWorkbook
from werkzeug.test import TestResponse

from services.common.campaign import Rules, Text
from services.common.settings import Settings
from services.reporting.exports.neutral import original
from tests.integration.reporting.conftest import Serve
from tests.integration.reporting.database import Document, write_state
from tests.unit.surveys import appraised, asked, survey

BASE = "/v1/campaigns/survey"
CAMPAIGN = survey(
    (appraised("a", "2.50"), asked("q", "1", "g1"), appraised("b", "1")),
    units={"u1": "b1", "u2": "b1", "v1": "b2"},
    rules=Rules(live="public"),
)
NOTE = '=cmd|"/c calc"!A1\nvì thiếu minh chứng'
ROW: Document = {
    "version": 3,
    "leaves": {
        "a": {"points": "1.75", "self_points": "2.50", "note": NOTE, "evidence": "Báo cáo số 12"},
        "b": {
            "not_applicable": True,
            "evidence": [{"title": "QĐ 1", "url": "https://example.org/1"}, {"title": "QĐ 2"}],
        },
    },
    "bonus": "0.5",
    "penalty": "0",
}


@pytest.fixture
def get(db: Database[Document], serve: Serve, tokens: dict[str, str]) -> Any:  # noqa: ANN401 (a function)
    names = {"u1": Text("Sở Nội vụ", "Home Affairs")}
    units = tuple(replace(unit, name=names.get(unit.code, unit.name)) for unit in CAMPAIGN.units)
    write_state(db, replace(CAMPAIGN, units=units), 4, {})
    db.appraisals.insert_many(
        [
            {"_id": {"campaign": "survey", "unit": "u1"}, "p": 0, "at": 9, **ROW},
            {"_id": {"campaign": "other", "unit": "u2"}, "p": 0, "at": 1, **ROW},
        ]
    )
    topic = Settings().topic("appraisals")
    db.positions.insert_one({"_id": {"topic": topic, "partition": 0}, "p": 0, "next": 12})
    client: FlaskClient = serve()

    def got(path: str, role: str = "viewer") -> TestResponse:
        headers = {"Authorization": f"Bearer {tokens[role]}"} if role else {}
        return client.get(f"{BASE}/appraisals{path}", headers=headers)

    return got


def test_json_has_the_rows_in_force(get: Any) -> None:  # noqa: ANN401
    found = get(".json").json
    assert found["as_of"] == {"state": 4, "positions": {"appraisals": {"0": 12}}}
    unit = found["units"][0]
    assert (unit["unit"], unit["version"], unit["bonus"], unit["penalty"]) == ("u1", 3, "0.5", "0")
    assert [(leaf["leaf"], leaf["points"], leaf["not_applicable"]) for leaf in unit["leaves"]] == [
        ("a", "1.75", False),
        ("b", None, True),
    ]
    assert unit["leaves"][0]["evidence"] == [{"title": "Báo cáo số 12"}]
    assert found["units"][1]["version"] == 0


def test_csv_has_a_row_for_each_unit_and_leaf(get: Any) -> None:  # noqa: ANN401
    answer = get(".csv?lang=en")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))
    assert len(rows) == int(answer.headers["X-Row-Count"]) == 6
    assert answer.headers["Content-Disposition"] == 'attachment; filename="survey-appraisals-state-4.csv"'
    assert (rows[0]["Unit"], rows[0]["Maximum"], rows[0]["Self-assessed"]) == ("Home Affairs", "2.50", "2.50")
    assert rows[0]["Reason"].startswith("'=")
    assert original(rows[0]["Reason"]) == NOTE
    assert rows[1]["Evidence"] == "QĐ 1 https://example.org/1\nQĐ 2"
    adjusted = csv.DictReader(io.StringIO(get(".csv?part=adjustments").data.decode("utf-8-sig"), newline=""))
    assert [(row["unit"], row["bonus"]) for row in adjusted] == [("u1", "0.5"), ("u2", "0"), ("v1", "0")]


def test_a_spreadsheet_has_a_sheet_for_each_block(get: Any) -> None:  # noqa: ANN401
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(get(".xlsx?lang=vi").data))
    assert workbook.sheet_names == ["b1", "b2", "Điểm thưởng, điểm trừ", "Thông tin"]
    head, first, second, *_ = workbook.get_sheet_by_name("b1").to_python()
    cells = dict(zip(head, first, strict=True))
    assert (cells["Điểm thẩm định"], cells["Điểm tự đánh giá"], cells["Lý do"]) == (1.75, 2.5, NOTE)
    assert dict(zip(head, second, strict=True))["Không áp dụng"] is True


def test_parquet_has_the_same(get: Any) -> None:  # noqa: ANN401
    rows = pyarrow.parquet.read_table(io.BytesIO(get(".parquet").data)).to_pylist()
    assert [(row["unit"], row["leaf"]) for row in rows] == [(u, leaf) for u in ("u1", "u2", "v1") for leaf in "ab"]
    assert rows[0]["note"] == NOTE


def test_they_need_a_viewers_token_even_where_scores_are_public(get: Any) -> None:  # noqa: ANN401
    assert [get(".json", role).status_code for role in ("", "appraiser", "viewer")] == [401, 403, 200]
    assert get(".csv").headers["Cache-Control"] == "private, no-store"
