"""The workbook of appraisals: what is written is read back, and what cannot be read is told with its cell."""

from __future__ import annotations

import datetime as dt
import shutil
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from services.cli import appraisal_plan
from services.cli.appraisal_cells import Unclear, flag, links, number, words, written
from services.cli.appraisal_plan import document, stale, steps, unfit
from services.cli.appraisal_sheet import COLUMNS, HIDDEN, sheet_names
from services.cli.appraisal_template import write
from services.cli.appraisal_workbook import NoWorkbook, Workbook, read
from services.common.appraisals import NO_ROW, AppraisalRow, Evidence, LeafAppraisal
from services.common.campaign import Block, Text
from tests.unit.surveys import appraised, asked, survey

CAMPAIGN = survey(
    (appraised("a", "2.00"), asked("q", "1", "g1"), appraised("b", "1")),
    units={"u1": "b1", "u2": "b1", "v1": "b2"},
    adjustments=("1", "0"),
)
LINK = Evidence("https://example.vn/a?b=c|d", "Kế hoạch | 12")
ROW = AppraisalRow(
    3,
    {
        "a": LeafAppraisal(
            Decimal("1.50"), self_points=Decimal(2), note="=1+1\r\nchậm ", evidence=(LINK, Evidence("http://x.vn"))
        ),
        "b": LeafAppraisal(not_applicable=True, evidence=(Evidence(title="Báo cáo số 12"),)),
    },
    bonus=Decimal("0.5"),
    notes={"bonus": "giải"},
)
ROWS = {"u1": ROW, "u2": NO_ROW, "v1": NO_ROW}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "made.xlsx"
    assert write(made, CAMPAIGN, ROWS) == 9
    return made


def edited(file: Path, cells: dict[str, Any], sheet: str = "b1") -> bytes:
    """The workbook with other cells, as a spreadsheet would save it."""
    found = CalamineWorkbook.from_path(file)
    rows = {name: found.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in found.sheet_names}
    copy = file.with_name("edited.xlsx")
    with xlsxwriter.Workbook(str(copy), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        for name, lines in rows.items():
            made = book.add_worksheet(name)
            for address in [address for address, value in cells.items() if not value and name == sheet]:
                lines[int(address[1:]) - 1]["ABCDEFGHIJ".index(address[0])] = ""
            for line, values in enumerate(lines):
                made.write_row(line, 0, values)
            for address, value in cells.items() if name == sheet else ():
                if isinstance(value, tuple):
                    made.write_formula(address, value[0], None, value[1])
                elif isinstance(value, dt.datetime):
                    made.write_datetime(address, value, book.add_format({"num_format": "d-mmm"}))
                else:
                    made.write(address, value)
    return copy.read_bytes()


def faults(workbook: Workbook) -> list[str]:
    return [f"{fault.cell}: {fault.detail}" for fault in workbook.faults]


def test_a_template_that_nobody_touched_changes_nothing(file: Path) -> None:
    workbook = read(file.read_bytes())
    assert (workbook.campaign, workbook.version, workbook.faults) == (CAMPAIGN.code, CAMPAIGN.version, [])
    assert {code: unit.version for code, unit in workbook.units.items()} == {"u1": 3, "u2": 0, "v1": 0}
    assert steps(workbook, ROWS) == []


def test_the_template_is_fit_for_an_office(file: Path) -> None:
    book = CalamineWorkbook.from_path(file)
    assert book.sheet_names == ["b1", "b2", HIDDEN]
    assert str(book.sheets_metadata[-1].visible) == "SheetVisibleEnum.VeryHidden"
    head, first, *_ = book.get_sheet_by_name("b1").to_python()
    assert head == [column.heading for column in COLUMNS]
    assert first[:8] == ["u1", "u1", "a", "a", 2.0, 2.0, 1.5, ""]
    with zipfile.ZipFile(file) as package:
        sheet = package.read("xl/worksheets/sheet1.xml").decode()
    assert 'topLeftCell="E2"' in sheet
    assert "<autoFilter" in sheet
    assert "<formula2>$E2</formula2>" in sheet
    assert "<f>" not in sheet


def test_what_is_filled_in_is_sent_for_the_version_in_force(file: Path) -> None:
    cells = {
        "G2": 0.1 + 0.2, "I2": "một\ndòng", "J2": "", "G3": ("=1/4", 0.25), "H3": "", "J3": "QĐ 7 | https://a.vn/7",
        "G4": "0,75", "I4": "sáng kiến", "F5": "1,5", "G6": 1, "H6": "",
    }  # fmt: skip
    workbook = read(edited(file, cells))
    assert faults(workbook) == []
    found = steps(workbook, ROWS)
    content = document(found, ROWS, "họp")
    assert content == {
        "why": "họp",
        "units": {
            "u1": {
                "version": 3,
                "leaves": {
                    "a": {"points": "0.3", "self_points": "2", "note": "một\ndòng"},
                    "b": {"points": "0.25", "evidence": [{"title": "QĐ 7", "url": "https://a.vn/7"}]},
                },
                "bonus": "0.75",
                "bonus_note": "sáng kiến",
            },
            "u2": {"version": 0, "leaves": {"a": {"self_points": "1.5"}, "b": {"points": "1"}}},
        },
    }
    assert unfit(CAMPAIGN, workbook, found) == []


def test_what_fits_is_looked_through_at_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not change by change: an office's workbook has three thousand of them."""
    looked = []
    through = appraisal_plan.changes_of
    monkeypatch.setattr(appraisal_plan, "changes_of", lambda *of: looked.append(of) or through(*of))
    workbook = read(
        edited(file, {"G2": 1, "I2": "lý do", "G3": 0.25, "H3": "", "I3": "lý do", "J3": "", "F5": 1, "I5": "lý do"})
    )
    found = steps(workbook, ROWS)
    assert (len(found) > 2, unfit(CAMPAIGN, workbook, found), len(looked)) == (True, [], 1)


def test_an_emptied_row_is_cleared_and_a_removed_row_is_left(file: Path) -> None:
    cells = dict.fromkeys(["F2", "G2", "I2", "J2", "G4", "I4", *(f"{column}3" for column in "ABCDEFGHIJ")], "")
    workbook = read(edited(file, cells))
    assert faults(workbook) == []
    content = document(steps(workbook, ROWS), ROWS, None)
    assert content == {"units": {"u1": {"version": 3, "leaves": {"a": None}, "bonus": None}}}


def test_everything_wrong_is_told_at_once_with_its_cell(file: Path) -> None:
    cells = {
        "G2": 2.5, "J2": "công văn 12", "G3": 0.5, "F4": 1, "G5": "1,250", "F5": "nhiều", "I7": "vì sao", "H6": "không",
        "G6": dt.datetime(2026, 5, 1),  # noqa: DTZ001 (as a spreadsheet has it)
    }  # fmt: skip
    workbook = read(edited(file, cells))
    found = steps(workbook, ROWS)
    told = [
        *faults(workbook),
        *(f"{one.cell}: {one.detail}" for one in unfit(CAMPAIGN, workbook, found)),
    ]
    expected = {
        "b1!F4": "a bonus has points and a reason",
        "b1!F5": "'nhiều' is not a number",
        "b1!G5": "the text '1,250' can mean 1.250 or 1250",
        "b1!H6": "'không' is neither empty nor x",
        "b1!G6": "the cell holds a date or time (2026-05-01)",
        "b1!I7": "this is the reason of a bonus that is not there",
        "b1!G2": "2.5 is more than the maximum 2.00",
        "b1!J2": "'công văn 12' is no address",
        "b1!J3": "'Báo cáo số 12' is no address",
        "b1!H3": "a leaf that does not apply has no points",
    }
    assert {cell for cell, _, _ in (one.partition(": ") for one in told)} == expected.keys()
    for cell, said in expected.items():
        assert any(one.startswith(f"{cell}: {said}") for one in told), (cell, told)


def test_points_above_the_maximum_are_told_like_this(file: Path) -> None:
    workbook = read(edited(file, {"G2": 2.5, "F5": "2,01"}))
    found = steps(workbook, ROWS)
    told = [f"{one.cell}: {one.detail}" for one in unfit(CAMPAIGN, workbook, found)]
    assert told == ["b1!G2: 2.5 is more than the maximum 2.00", "b1!F5: 2.01 is more than the maximum 2.00"]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"A2": "u9"}, "b1!A2: 'u9' is no unit"),
        ({"A2": "v1"}, "b2!A2: unit v1 stands on the sheet b1, too"),
        ({"C3": "a"}, "b1!C3: leaf a of unit u1 stands twice"),
        ({"C3": ""}, "b1!C3: the leaf's code is missing"),
        ({"G1": "Điểm"}, "b1!G1: the columns must stay"),
        ({"G2": ("=NA()", "#N/A")}, "b1!G2: the cell holds an error"),
        ({"G2": True}, "b1!G2: True is not a number"),
    ],
)
def test_what_is_out_of_place_is_told(file: Path, cells: dict[str, Any], said: str) -> None:
    assert faults(read(edited(file, cells)))[0].startswith(said)


def test_a_formula_without_a_result_is_not_taken_for_an_empty_cell(file: Path, tmp_path: Path) -> None:
    content = edited(file, {"G2": ("=1+1", 7)})
    whole, cut = tmp_path / "whole.xlsx", tmp_path / "cut.xlsx"
    whole.write_bytes(content)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(cut, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b"<f>1+1</f><v>7</v>", b"<f>1+1</f>"))
    assert faults(read(whole.read_bytes())) == []
    assert faults(read(cut.read_bytes()))[0].startswith("b1!G2: the cell's formula has no stored result")


def test_a_row_that_somebody_changed_meanwhile_is_stale_only_where_the_file_says_something_else(file: Path) -> None:
    workbook = read(edited(file, {"G2": 1}))
    now = {**ROWS, "u1": ROW.changed(_noted()), "u2": NO_ROW.changed(_noted())}
    found = steps(workbook, now)
    assert stale(workbook, found, now) == {"u1": (3, 4), "u2": (0, 1)}
    assert stale(workbook, steps(workbook, ROWS), ROWS) == {}


def _noted() -> Any:  # noqa: ANN401
    from services.common.appraisals import Change

    return Change({"b": LeafAppraisal(Decimal(1))})


@pytest.mark.parametrize("content", [b"", b"PK", b"unit,leaf\n"])
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(NoWorkbook):
        read(content)


def test_another_workbook_is_refused(tmp_path: Path, file: Path) -> None:
    other = tmp_path / "other.xlsx"
    with xlsxwriter.Workbook(str(other)) as book:
        book.add_worksheet("b1")
    with pytest.raises(NoWorkbook, match="not made by"):
        read(other.read_bytes())
    shutil.copy(file, other)
    with pytest.raises(NoWorkbook, match="another form"):
        read(edited(other, {"B1": 9}, HIDDEN))
    with pytest.raises(NoWorkbook, match="damaged"):
        read(edited(other, {"B3": "x"}, HIDDEN))


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("", None), ("  ", None), ("1,5", "1.5"), ("1.5", "1.5"), (" 0,125 ", "0.125"), ("12,75\u00a0", "12.75"),
        ("7", "7"),
        (1.1, "1.1"), (0.1 + 0.7, "0.8"), (1e-7, "1E-7"), (3, "3"), (-0.5, "-0.5"), (1000.0, "1000"),
    ],
)  # fmt: skip
def test_a_number_is_what_is_meant(value: object, meant: str | None) -> None:
    assert number(value) == (None if meant is None else Decimal(meant))


@pytest.mark.parametrize(
    "value",
    ["1,250", "1.250", "12,500", "1.234,5", "1,2,3", "1e3", "٣", "+1", "-1", "1 000", True, float("nan"),
     float("inf"), dt.date(2026, 5, 1)],
)  # fmt: skip
def test_a_number_is_never_guessed(value: object) -> None:
    with pytest.raises(Unclear):
        number(value)


@given(st.decimals(0, 1000, places=6))
def test_points_come_back_from_a_spreadsheet_to_the_last_digit(points: Decimal) -> None:
    assert number(float(points)) == points


@pytest.mark.parametrize(
    ("value", "ticked"), [("x", True), ("X ", True), ("có", True), (True, True), (1.0, None), ("", False)]
)
def test_a_tick_is_a_tick(value: object, ticked: bool | None) -> None:  # noqa: FBT001
    if ticked is None:
        with pytest.raises(Unclear):
            flag(value)
    else:
        assert flag(value) is ticked


def test_words_are_kept_as_they_are_read() -> None:
    assert [words(value) for value in ("a\r\nb ", 12.0, "", "  ")] == ["a\nb", "12", None, None]


@given(
    st.lists(
        st.builds(
            Evidence,
            st.from_regex(r"https?://[a-z]{1,9}\.vn(/[!-~]{0,9})?", fullmatch=True),
            st.none() | st.from_regex(r"[a-zđ]+( [a-zđ|]+){0,3}[a-zđ]", fullmatch=True),
        ),
        max_size=3,
    )
)
def test_links_come_back_from_their_cell(evidence: list[Evidence]) -> None:
    assert links(written(evidence)) == tuple(evidence)


def test_sheets_have_names_that_a_spreadsheet_takes() -> None:
    names = ["Quận: huyện/thị xã [nội thành] rất dài quá mức", "Sở", "SỞ", "Sở", "///"]
    made = sheet_names(Block(f"b{number}", Text(name)) for number, name in enumerate(names))
    assert len({name.lower() for name in made.values()}) == len(names)
    assert all(0 < len(name) <= 31 and not set(name) & set("[]:*?/\\'") for name in made.values())
