"""Files of what reporting shows, read back by programs that share no code with what wrote them: all that JSON says."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow.parquet
import pytest
from flask.testing import FlaskClient
from pymongo.database import Database
from python_calamine import CalamineWorkbook
from werkzeug.test import TestResponse

from services.common.appraisals import AppraisalRow, LeafAppraisal
from services.common.campaign import Block, Campaign, Quota, Rules, Text
from services.common.unit_index import GroupTally
from services.reporting.exports import parquet_file, xlsx_file
from services.reporting.exports.books import book
from services.reporting.exports.csv_file import CsvFile
from services.reporting.exports.headings import RELEASED
from services.reporting.exports.neutral import original
from services.reporting.exports.table import About, Book, Table, columns, said
from tests.integration.reporting.conftest import Serve, Shared
from tests.integration.reporting.database import Document, tally, write_state
from tests.unit.surveys import appraised, asked, rater, survey

FORMULA = Text('=HYPERLINK("http://x";"y")', "@SUM(A1),-1\n+2")
RTL = Text('\u202eĐơn vị "ngược"\u2066;\t|', "\uff1d1+1 'x'")
LONG = Text("Ủy ban nhân dân " * 125, "-" * 2_000)
BASE = "/v1/campaigns/survey"
Answers = Mapping[str, Mapping[str, int]]


def campaign() -> Campaign:
    """Two blocks, two groups, two fields; labels that try to be what they are not."""
    plain = survey(
        (asked("q", "2", "g1", "g2"), appraised("a", "1")),
        (asked("r", "3", "g1"),),
        units={"u1": "b1", "u2": "b1", "u3": "b1", "v1": "b2"},
        groups=(rater("g1", "b1", "b2"), rater("g2", "b1")),
        rules=Rules(live="public", decimals=3),
    )
    names = {"u1": FORMULA, "u2": RTL, "u3": LONG, "v1": Text("Sở Nội vụ", "Department of Home Affairs")}
    return replace(
        plain,
        title=Text("Chỉ số cải cách hành chính", "Public administration reform index"),
        blocks=(Block("b1", Text("Quận/huyện: [khối] 1", "=Districts*")), Block("b2", Text("Sở, ngành"))),
        units=tuple(replace(unit, name=names[unit.code]) for unit in plain.units),
        groups=tuple(replace(group, quota=Quota("unit", 30)) for group in plain.groups),
    )


@pytest.fixture(scope="module")
def client(shared: Shared) -> Iterator[FlaskClient]:
    made = campaign()
    said: dict[tuple[str, str], tuple[int, Answers]] = {
        ("u1", "g1"): (12, {"q": {"A": 7, "B": 5}, "r": {"B": 6, "C": 1}}),
        ("u1", "g2"): (20, {"q": {"C": 20}}),
        ("u2", "g1"): (9, {"q": {"A": 3, "E": 6}, "r": {"A": 6, "N": 2}}),
        ("u2", "g2"): (4, {"q": {"A": 4}}),
        ("v1", "g1"): (7, {"q": {"B": 7}, "r": {"B": 3, "A": 4}}),
    }
    tallies: dict[str, dict[str, GroupTally]] = {}
    for (unit, group), (n, answers) in said.items():
        tallies.setdefault(unit, {})[group] = tally(made, group, n, answers)
    appraised_ = {"u1": Decimal("0.5"), "u2": Decimal(1)}
    rows = {unit: AppraisalRow(1, {"a": LeafAppraisal(points)}) for unit, points in appraised_.items()}
    write_state(shared.db, made, 7, tallies, rows)
    days = {"submitted": 48, "edited": 1, "withdrawn": 0, "duplicate": 2, "superseded": 0, "conflict": 0}
    key = {"p": 0, "campaign": "survey", "group": "g1", "day": "2022-11-18"}
    filled = {"long": 20, "straight": 7, "via_web": 40, "via_tablet": 0, "via_paper": 9, "via_import": 0}
    shared.db.activity.insert_one({"_id": key, "p": 0, **days, **filled})
    letter = {"topic": shared.settings.topic("responses"), "partition": 0, "offset": 3}
    shared.db.rejected.insert_one({"_id": letter, "campaign": "survey", "reason": "unknown-unit"})
    return shared.serve()


def got(client: FlaskClient, path: str) -> TestResponse:
    answer = client.get(BASE + path)
    assert answer.status_code == 200, answer.text
    return answer


def sheets(answer: TestResponse) -> dict[str, list[list[Any]]]:
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    return {name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in workbook.sheet_names}


def lines(answer: TestResponse, separator: str = ",") -> list[dict[str, str]]:
    text = answer.data.decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline=""), delimiter=separator))


class TestRankings:
    @pytest.mark.parametrize(("separator", "asked_as"), [(",", "%2C"), (";", "%3B"), ("\t", "tab")])
    def test_csv_has_every_text_and_figure_whatever_separates_them(
        self, client: FlaskClient, separator: str, asked_as: str
    ) -> None:
        answer = got(client, f"/rankings.csv?block=b1&separator={asked_as}")
        rows = got(client, "/rankings?block=b1").json["rows"]
        read = lines(answer, separator)
        assert int(answer.headers["X-Row-Count"]) == len(read) == len(rows) == 3
        for cells, row in zip(read, rows, strict=True):
            assert (original(cells["name_vi"]), original(cells["name_en"])) == (row["name"]["vi"], row["name"]["en"])
            for name in ("index", "index_exact", "earned", "attainable"):
                assert cells[name] == (row[name] or "")
            assert (cells["rank"], cells["n"]) == ("" if row["rank"] is None else str(row["rank"]), str(row["n"]))

    def test_no_cell_of_csv_is_a_formula(self, client: FlaskClient) -> None:
        read = lines(got(client, "/rankings.csv?block=b1"))
        for cells in read:
            assert not [cell for cell in cells.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))]

    def test_the_language_is_that_of_headings_and_labels(self, client: FlaskClient) -> None:
        (english,) = lines(got(client, "/rankings.csv?block=b2&lang=en"))
        (vietnamese,) = lines(got(client, "/rankings.csv?block=b2&lang=vi"))
        assert (english["Rank"], english["Name"]) == ("1", "Department of Home Affairs")
        assert (vietnamese["Hạng"], vietnamese["Tên"]) == ("1", "Sở Nội vụ")

    def test_a_spreadsheet_has_a_sheet_for_each_block_and_numbers_as_numbers(self, client: FlaskClient) -> None:
        answer = got(client, "/rankings.xlsx")
        read = sheets(answer)
        assert list(read) == ["Quận huyện khối 1", "Sở, ngành", "Thông tin"]
        assert answer.headers["Content-Disposition"] == 'attachment; filename="survey-ranking-state-7.xlsx"'
        assert int(answer.headers["X-Row-Count"]) == 4
        for block, cells in zip(("b1", "b2"), read.values(), strict=False):
            rows = got(client, f"/rankings?block={block}").json["rows"]
            head, *found = cells
            assert head[0] == "Hạng / Rank"
            assert len(found) == len(rows)
            for values, row in zip(found, rows, strict=True):
                given = dict(zip(head, values, strict=True))
                assert given["Tên / Name (vi)"] == row["name"]["vi"]
                assert given["Tên / Name (en)"] == row["name"].get("en", "")
                for heading, name in (("Chỉ số (%) / Index (%)", "index"), ("Điểm đạt / Points earned", "earned")):
                    assert given[heading] == ("" if row[name] is None else float(row[name]))
                assert given["Chỉ số chính xác / Index, exact"] == (row["index_exact"] or "")
                assert given["Hạng / Rank"] == ("" if row["rank"] is None else row["rank"])
                assert given["Tạm tính / Provisional"] is row["provisional"]

    def test_the_last_sheet_says_what_the_others_are(self, client: FlaskClient) -> None:
        sheet = sheets(got(client, "/rankings.xlsx?lang=vi&block=b2"))["Thông tin"]
        about = {row[0]: row[1] for row in sheet}
        assert (about["Cuộc khảo sát"], about["Trạng thái số liệu"], about["Số phiếu đã tính"]) == ("survey", 7, 52)
        assert about["Số dòng: Sở, ngành"] == 1
        assert any("Tạm tính" in str(row[1]) for row in sheet)

    def test_a_spreadsheet_has_a_frozen_head_a_filter_and_the_format_of_the_decimals(self, client: FlaskClient) -> None:
        with zipfile.ZipFile(io.BytesIO(got(client, "/rankings.xlsx").data)) as parts:
            sheet = parts.read("xl/worksheets/sheet1.xml").decode()
            styles = parts.read("xl/styles.xml").decode()
        assert '<pane ySplit="1"' in sheet
        assert "<autoFilter ref=" in sheet
        assert "<f>" not in sheet
        assert 'formatCode="0.000"' in styles

    def test_parquet_has_exact_decimals(self, client: FlaskClient) -> None:
        answer = got(client, "/rankings.parquet?block=b1")
        read = pyarrow.parquet.read_table(io.BytesIO(answer.data)).to_pylist()
        rows = got(client, "/rankings?block=b1").json["rows"]
        assert int(answer.headers["X-Row-Count"]) == len(read)
        for cells, row in zip(read, rows, strict=True):
            assert (cells["unit"], cells["name_vi"], cells["rank"]) == (row["unit"], row["name"]["vi"], row["rank"])
            for name in ("index", "index_exact", "earned", "attainable"):
                assert cells[name] == (None if row[name] is None else Decimal(row[name]))

    def test_without_its_library_parquet_is_refused_with_the_remedy(
        self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(parquet_file, "installed", lambda: False)
        answer = client.get(f"{BASE}/rankings.parquet?block=b2")
        assert answer.status_code == 406
        assert "parindex[parquet]" in answer.json["detail"]

    def test_a_form_may_be_asked_for_by_accept(self, client: FlaskClient) -> None:
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        by_accept = client.get(f"{BASE}/rankings", headers={"Accept": kind})
        assert (by_accept.status_code, by_accept.content_type) == (200, kind)
        assert by_accept.headers["ETag"] == got(client, "/rankings.xlsx").headers["ETag"]

    @pytest.mark.parametrize(
        ("path", "status", "said"),
        [
            ("/rankings.doc", 404, ".json, .csv, .xlsx"),
            ("/rankings.csv", 422, "b1, b2"),
            ("/rankings.csv?block=b1&separator=x", 422, ",, ;, tab"),
            ("/rankings.xlsx?lang=fr", 422, "vi, en"),
            ("/rankings.xlsx?seperator=tab", 422, "no such parameter"),
            ("/participation.csv?part=x", 422, "units, groups, blocks, missing, days"),
            ("/units/nobody.xlsx", 404, "nobody"),
            ("/participation.doc", 404, ".json"),
        ],
    )
    def test_what_cannot_be_made_is_refused_with_what_can(
        self, client: FlaskClient, path: str, status: int, said: str
    ) -> None:
        answer = client.get(BASE + path)
        assert answer.status_code == status
        assert said in answer.text


def tree(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every node of a drill-down with its place."""
    yield "unit", document
    for group in document["groups"]:
        yield f"group {group['group']}", group
    for field in document["fields"]:
        yield f"field {field['field']}", field
        for criterion in field["criteria"]:
            yield f"criterion {criterion['criterion']}", criterion
            for leaf in criterion["leaves"]:
                yield f"leaf {leaf['leaf']}", leaf
                for cell in leaf.get("groups", ()):
                    yield f"answers {leaf['leaf']} {cell['group']}", cell


class TestAUnit:
    @pytest.mark.parametrize("unit", ["u1", "u2", "u3"])
    def test_csv_has_every_node_of_its_tree(self, client: FlaskClient, unit: str) -> None:
        document = got(client, f"/units/{unit}").json
        answer = got(client, f"/units/{unit}.csv")
        assert answer.headers["Content-Disposition"] == f'attachment; filename="survey-{unit}-state-7.csv"'
        read = lines(answer)
        expected = list(tree(document))
        assert len(read) == len(expected) == int(answer.headers["X-Row-Count"])
        for cells, (place, node) in zip(read, expected, strict=True):
            level, *codes = place.split()
            assert cells["level"] == level
            assert all(code in (cells["group"], cells["field"], cells["criterion"], cells["leaf"]) for code in codes)
            for name in ("index", "index_exact", "attainable", "lost", "share", "max_points", "block_mean"):
                assert cells[name] == (node.get(name) or "")
            assert cells["earned"] == (node.get("points" if level == "leaf" else "earned") or "")
            for name in ("answers", "no_opinion", "n", "rank"):
                assert cells[name] == ("" if node.get(name) is None else str(node[name]))
            assert cells["suppressed"] == str(node.get("suppressed", False)).lower()

    def test_a_spreadsheet_has_the_same(self, client: FlaskClient) -> None:
        head, *read = next(iter(sheets(got(client, "/units/u2.xlsx?lang=en")).values()))
        expected = list(tree(got(client, "/units/u2").json))
        assert len(read) == len(expected)
        for values, (_, node) in zip(read, expected, strict=True):
            cells = dict(zip(head, values, strict=True))
            assert cells["Index (%)"] == ("" if node.get("index") is None else float(node["index"]))
            assert cells["Suppressed (few answers)"] is node.get("suppressed", False)
            assert cells["Share of points (0-1)"] == ("" if node.get("share") is None else float(node["share"]))
        assert any(node.get("suppressed") for _, node in expected)


EFFECTS = ("submitted", "edited", "withdrawn", "duplicate", "superseded", "conflict")
IN_TABLES = {
    "units": ("block", "unit", "unit_name_vi", "group", "n", "required"),
    "groups": ("group", "forms", "required", "quota_share", "quota_per", "quota_forms", "quota_covers"),
    "blocks": ("block", "group", "rated", "required", "quota_share", "cells", "missing"),
    "missing": ("block", "unit", "group", "n", "below"),
    "days": ("day", *EFFECTS),
    "by_group": ("day", "group", *EFFECTS),
    "totals": (*EFFECTS, "rejected"),
    "channels": ("channel", "forms"),
    "rejected": ("reason", "records"),
    "quality": ("group", "answers", "no_opinion_share", "ratings", "straight_lining"),
    "warnings": ("warning", "group", "found", "limit", "detail_vi"),
}


def participation(document: Mapping[str, Any]) -> dict[str, list[tuple[Any, ...]]]:
    """By part the rows that the JSON has, in the columns of `IN_TABLES`."""
    activity, missing = document["activity"], document["missing"]
    block = {unit["unit"]: unit["block"] for unit in document["units"]}
    return {
        "units": [
            (unit["block"], unit["unit"], unit["name"]["vi"], group["group"], group["n"], group["required"])
            for unit in document["units"]
            for group in unit["groups"]
        ],
        "groups": [
            (group["group"], group["counted"], group["required"], group["share"], *(group["quota"] or {}).values())
            for group in document["groups"]
        ],
        "blocks": [
            (block["block"], *(group[name] for name in ("group", "n", "required", "share", "cells", "missing")))
            for block in document["blocks"]
            for group in block["groups"]
        ],
        "missing": [
            (block[cell["unit"]], cell["unit"], cell["group"], cell["n"], missing["below"])
            for cell in missing["listed"]
        ],
        "days": [(day["day"], *(day[effect] for effect in EFFECTS)) for day in activity["days"]],
        "by_group": [(day["day"], day["group"], *(day[effect] for effect in EFFECTS)) for day in activity["by_group"]],
        "totals": [tuple(activity["totals"][effect] for effect in (*EFFECTS, "rejected"))],
        "channels": list(activity["channels"].items()),
        "rejected": list(activity["rejected"].items()),
        "quality": [
            tuple(group[name] for name in ("group", "answers", "no_opinion", "ratings", "straight_lining"))
            for group in document["quality"]
        ],
        "warnings": [
            (warning["code"], warning["where"]["group"], warning["percent"], warning["limit"], warning["detail"]["vi"])
            for warning in document["warnings"]
        ],
    }


class TestParticipation:
    @pytest.mark.parametrize("part", IN_TABLES)
    def test_csv_and_parquet_have_every_part(self, client: FlaskClient, part: str) -> None:
        expected = participation(got(client, "/participation").json)[part]
        assert expected, "the test has nothing to compare"
        of_csv = got(client, f"/participation.csv?part={part}")
        name = "participation" if part == "units" else f"participation-{part}"
        assert of_csv.headers["Content-Disposition"] == f'attachment; filename="survey-{name}-state-7.csv"'
        assert int(of_csv.headers["X-Row-Count"]) == len(expected)
        assert [tuple(original(cells[column]) for column in IN_TABLES[part]) for cells in lines(of_csv)] == [
            tuple("" if value is None else str(value) for value in row) for row in expected
        ]
        of_parquet = got(client, f"/participation.parquet?part={part}")
        for cells, row in zip(
            pyarrow.parquet.read_table(io.BytesIO(of_parquet.data)).to_pylist(), expected, strict=True
        ):
            for column, value in zip(IN_TABLES[part], row, strict=True):
                read = cells[column]
                assert (str(read) if isinstance(read, Decimal) else read) == value

    def test_a_spreadsheet_has_a_sheet_for_each_block_and_each_part(self, client: FlaskClient) -> None:
        expected = participation(got(client, "/participation").json)
        answer = got(client, "/participation.xlsx?lang=vi")
        read = sheets(answer)
        assert list(read) == [
            *("Quận huyện khối 1", "Sở, ngành", "Nhóm đối tượng", "Theo khối", "Còn thiếu phiếu", "Theo ngày"),
            *("Theo ngày và nhóm", "Tổng cộng", "Theo kênh", "Chưa áp dụng được", "Chất lượng trả lời", "Cảnh báo"),
            "Thông tin",
        ]
        of_block = [rows for name, rows in read.items() if name in ("Quận huyện khối 1", "Sở, ngành")]
        assert sum(len(rows) - 1 for rows in of_block) == len(expected["units"])
        others = dict(zip(list(expected)[1:], list(read.values())[2:-1], strict=True))
        for part, (head, *found) in others.items():
            assert len(found) == len(expected[part]), part
            assert all(head), "every column has a heading"
        (_, *groups), (_, *channels), (head, *_) = others["groups"], others["channels"], others["quality"]
        assert [(row[0], row[2], row[4]) for row in groups] == [
            (group, forms, float(share)) for group, forms, _, share, *_ in expected["groups"]
        ]
        assert [row[0] for row in channels] == ["trang web", "máy tính bảng", "phiếu giấy", "nhập từ tệp"]
        assert "Chọn một phương án cho mọi câu (%)" in head
        about = [row[1] for row in read["Thông tin"]]
        missing = len(expected["missing"])
        assert any(f"{missing} ô (đơn vị, nhóm) có ít hơn 5 phiếu" in str(said) for said in about)
        head, *english = sheets(got(client, "/participation.xlsx?lang=en"))["Warnings"]
        assert head == ["Warning", "Group", "Found (%)", "Threshold (%)", "Detail"]
        assert len(english) == len(expected["warnings"])

    def test_how_forms_are_filled_in_stands_in_files_for_those_who_may_see_it(
        self, db: Database[Document], serve: Serve, tokens: dict[str, str]
    ) -> None:
        now = datetime.now(UTC)
        running = replace(campaign(), opens=now - timedelta(days=1), closes=now + timedelta(days=1))
        write_state(db, running, 1, {})
        client = serve()
        viewer = {"Authorization": f"Bearer {tokens['viewer']}"}
        address = f"{BASE}/participation.csv?part=quality"
        for _ in range(2):  # whoever asks first
            assert client.get(address).status_code == 401
            assert [cells["group"] for cells in lines(client.get(address, headers=viewer))] == ["g1", "g2"]
        appraiser = {"Authorization": f"Bearer {tokens['appraiser']}"}
        assert client.get(address, headers=appraiser).status_code == 403
        told, untold = (sheets(client.get(f"{BASE}/participation.xlsx", headers=h)) for h in (viewer, {}))
        sheet = next(name for name in told if name.startswith("Chất lượng"))
        assert (len(told[sheet]), len(untold[sheet])) == (3, 1)
        assert any("chỉ người có quyền xem" in str(row[1]) for row in untold["Thông tin"])


def test_a_sheet_that_is_full_goes_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_file, "LAST_ROW", 10)
    about = About("c", {"vi": "c"}, 1, 1, 0, 2, "now")
    rows: Sequence[Sequence[Any]] = [[number] for number in range(25)]
    out = io.BytesIO()
    book = Book(about, {"vi": "x"}, (Table("p", "Khối", columns(["n"], "vi"), rows),))
    assert xlsx_file.write(book, out, "vi") == 25
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(out.getvalue()))
    read = [workbook.get_sheet_by_name(name).to_python()[1:] for name in workbook.sheet_names[:3]]
    assert workbook.sheet_names == ["Khối", "Khối (2)", "Khối (3)", "Thông tin"]
    assert [cell for rows in read for (cell,) in rows] == list(range(25))
    assert said({"vi": "a", "en": "b"}, "both") == "a / b"


def test_a_file_that_cannot_be_made_is_a_refusal_and_never_half_a_file(
    db: Database[Document], serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_state(db, campaign(), 1, {})
    client = serve()
    monkeypatch.setattr("sys.executable", "/bin/false")
    answer = client.get(f"{BASE}/rankings.xlsx")
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert answer.headers["Retry-After"]


def test_when_many_files_are_under_way_more_are_told_to_come_again(
    db: Database[Document], serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_state(db, campaign(), 1, {})
    monkeypatch.setattr("services.reporting.exports.rendering.AT_ONCE", 0)
    monkeypatch.setattr("services.reporting.exports.rendering.PATIENCE_S", 0.01)
    answer = serve().get(f"{BASE}/rankings.xlsx")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "10")


def test_what_takes_too_long_is_ended(db: Database[Document], serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    write_state(db, campaign(), 1, {})
    monkeypatch.setattr("services.reporting.exports.files.VIEW_S", 0.001)
    answer = serve().get(f"{BASE}/rankings.xlsx")
    assert answer.status_code == 503
    assert "too long" in answer.json["detail"]


def test_a_file_of_released_breakdowns_says_so() -> None:
    about = About("c", {"vi": "c"}, 1, 7, 3, 2, "now")
    document = {"block": "b", "released": True, "rows": [{"unit": "u1", "rank": 1, "name": {"vi": "u"}}]}
    made = book("ranking", [document], about, {"b": {"vi": "b"}}, "codes", apart=True)
    (row,) = csv.DictReader(io.StringIO(b"".join(CsvFile(made.part(None)).chunks()).decode("utf-8-sig"), newline=""))
    assert (row["unit"], row["released"]) == ("u1", "true")
    assert made.notes[-1] == RELEASED
