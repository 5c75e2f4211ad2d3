"""`parindex appraisals` on a real intake: a workbook is recorded whole or not at all, once, and never over others."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from click.testing import CliRunner, Result
from python_calamine import CalamineWorkbook

from services.cli.main import main
from tests.intake import Intake

SHEET = "Phường"
"""Of the wards: G2 has the points of w1, G3 those of w2; G2 of the sheet Phòng those of o1."""


@pytest.fixture
def campaign(intake: Intake) -> str:
    return intake.campaign().rsplit("/", 1)[1]


@pytest.fixture
def parindex(intake: Intake) -> Callable[..., Result]:
    def run(*arguments: str | Path, role: str = "appraiser") -> Result:
        given = ["appraisals", *map(str, arguments), "--intake", intake.url, "--token", intake.tokens[role]]
        return CliRunner().invoke(main, given)

    return run


@pytest.fixture
def file(parindex: Callable[..., Result], campaign: str, tmp_path: Path) -> Path:
    made = tmp_path / "made.xlsx"
    ended = parindex("template", campaign, "-o", made)
    assert ended.exit_code == 0, ended.output
    assert ended.output.endswith("made.xlsx: 3 units, 3 rows to fill in\n")
    return made


def fill(file: Path, cells: dict[tuple[str, str], Any]) -> Path:
    """The workbook with some cells filled in, as a spreadsheet saves it."""
    found = CalamineWorkbook.from_path(file)
    rows = {name: found.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in found.sheet_names}
    filled = file.with_name("filled.xlsx")
    with xlsxwriter.Workbook(str(filled)) as book:
        for name, lines in rows.items():
            sheet = book.add_worksheet(name)
            for line, values in enumerate(lines):
                sheet.write_row(line, 0, values)
            for (where, address), value in cells.items():
                if where == name:
                    sheet.write(address, value)
    return filled


def in_force(intake: Intake, campaign: str) -> dict[str, Any]:
    answer = intake.http.get(f"/v1/campaigns/{campaign}/appraisals", headers=intake.bearer("admin"))
    units: dict[str, Any] = answer.json()["units"]
    return units


def test_a_workbook_is_recorded_as_one_and_once(
    intake: Intake, parindex: Callable[..., Result], campaign: str, file: Path
) -> None:
    filled = fill(
        file,
        {
            (SHEET, "F2"): 1,
            (SHEET, "G2"): "1,5",
            (SHEET, "G3"): 0.1 + 0.2,
            ("Phòng", "H2"): "x",
            ("Phòng", "I2"): "không có",
        },
    )
    before = len(intake.records("appraisals"))
    dry = parindex("import", filled, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "Phường!G2: warning: 1.5 is more than the 1 that the unit claims for itself" in dry.output
    assert "3 changes of 3 units would change; nothing was recorded" in dry.output
    assert len(intake.records("appraisals")) == before
    done = parindex("import", filled, "--why", "họp ngày 01/12")
    assert done.exit_code == 0, done.output
    assert "3 changes of 3 units recorded, all together" in done.output
    assert len(intake.records("appraisals")) == before + 1
    rows = in_force(intake, campaign)
    assert {unit: (row["version"], row["leaves"]["l1"]) for unit, row in rows.items()} == {
        "w1": (1, {"self_points": "1", "points": "1.5"}),
        "w2": (1, {"points": "0.3"}),
        "o1": (1, {"not_applicable": True, "note": "không có"}),
    }
    again = parindex("import", filled, "--json")
    assert again.exit_code == 0
    told = json.loads(again.stdout)
    assert (told["recorded"], told["changes"], told["units"]) == (False, [], 0)
    assert len(intake.records("appraisals")) == before + 1


def test_a_workbook_of_which_half_is_wrong_changes_nothing(
    intake: Intake, parindex: Callable[..., Result], campaign: str, file: Path
) -> None:
    filled = fill(file, {(SHEET, "G2"): 2.5, (SHEET, "G3"): 1, ("Phòng", "G2"): "nhiều", ("Phòng", "J2"): "công văn"})
    ended = parindex("import", filled)
    assert ended.exit_code == 2
    assert ended.stdout.splitlines() == [
        "Phòng!G2: 'nhiều' is not a number: type digits, with one comma or point for decimals",
        (
            "Phòng!J2: 'công văn' is no address that begins with http:// or https://, without blanks and passwords; "
            "words go into the title or the note"
        ),
        "Phường!G2: 2.5 is more than the maximum 2",
    ]
    assert json.loads(parindex("import", filled, "--json").stdout)["problems"][2]["cell"] == "Phường!G2"
    assert all(row["version"] == 0 for row in in_force(intake, campaign).values())


def test_a_workbook_made_before_somebody_changed_a_row_is_refused_whole(
    intake: Intake, parindex: Callable[..., Result], campaign: str, file: Path
) -> None:
    body = {"leaves": {"l1": {"points": "2"}}}
    address = f"/v1/campaigns/{campaign}/appraisals/w1"
    assert intake.http.patch(address, json=body, headers=intake.bearer("appraiser")).status_code == 200
    filled = fill(file, {(SHEET, "G2"): 1, (SHEET, "G3"): 1})
    ended = parindex("import", filled)
    assert ended.exit_code == 3
    assert "Phường!A2: unit w1 was at version 0, and is at version 1 now" in ended.output
    rows = in_force(intake, campaign)
    assert (rows["w1"]["leaves"], rows["w2"]["version"]) == ({"l1": {"points": "2"}}, 0)
    fresh = file.with_name("fresh.xlsx")
    assert parindex("template", campaign, "-o", fresh).exit_code == 0
    assert CalamineWorkbook.from_path(fresh).get_sheet_by_name(SHEET).to_python()[1][6] == 2.0
    assert parindex("import", fill(fresh, {(SHEET, "G2"): 1, (SHEET, "G3"): 1})).exit_code == 0


def test_of_two_imports_that_race_one_stands_whole(intake: Intake, campaign: str, file: Path) -> None:
    files = []
    for number in (1, 2):
        filled = fill(file, {(SHEET, "G2"): number, (SHEET, "G3"): number, ("Phòng", "G2"): number})
        files.append(filled.rename(filled.with_name(f"filled-{number}.xlsx")))
    told: list[tuple[int, str]] = []
    barrier = threading.Barrier(2)

    def run(number: int) -> None:
        # click's runner takes over the standard streams of the whole process, so each is a process of its own.
        import subprocess

        from tests.command import PARINDEX

        barrier.wait()
        ended = subprocess.run(
            [*PARINDEX, "appraisals", "import", str(files[number - 1]), "--intake", intake.url],
            env={"PARINDEX_TOKEN": intake.tokens["appraiser"], "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        told.append((ended.returncode, ended.stdout + ended.stderr))

    threads = [threading.Thread(target=run, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(code for code, _ in told) == [0, 3], told
    rows = in_force(intake, campaign)
    assert {row["version"] for row in rows.values()} == {1}
    assert len({row["leaves"]["l1"]["points"] for row in rows.values()}) == 1


def test_a_token_of_some_blocks_has_a_workbook_of_them(
    intake: Intake, parindex: Callable[..., Result], campaign: str, file: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "wards.xlsx"
    assert parindex("template", campaign, "-o", mine, role="of-wards").exit_code == 0
    assert CalamineWorkbook.from_path(mine).sheet_names == [SHEET, "_parindex"]
    assert parindex("import", fill(mine, {(SHEET, "G2"): 1}), role="of-wards").exit_code == 0
    ended = parindex("import", fill(file, {("Phòng", "G2"): 1}), role="of-wards")
    assert ended.exit_code == 2
    assert "Phòng!A2: unit o1 is not in the campaign, or not in the blocks of your token" in ended.output
    assert in_force(intake, campaign)["o1"]["version"] == 0


def test_what_cannot_be_done_is_told_by_the_exit_code(
    parindex: Callable[..., Result], campaign: str, file: Path, tmp_path: Path
) -> None:
    assert parindex("template", campaign, "-o", file).exit_code == 2  # it is there
    assert parindex("template", campaign, "-o", file, "--force").exit_code == 0
    assert parindex("template", campaign, "-o", tmp_path / "a.csv").exit_code == 2
    assert parindex("template", campaign, "-o", tmp_path / "a.xlsx", "--block", "x").exit_code == 2
    assert parindex("template", "nowhere", "-o", tmp_path / "a.xlsx").exit_code == 3
    assert parindex("template", campaign, "-o", tmp_path / "a.xlsx", role="viewer").exit_code == 3
    assert parindex("import", file, role="viewer").exit_code == 3
    (tmp_path / "text.xlsx").write_text("no workbook")
    assert parindex("import", tmp_path / "text.xlsx").exit_code == 2
    away = ["appraisals", "import", str(file), "--intake", "http://127.0.0.1:9"]
    assert CliRunner().invoke(main, away).exit_code == 3
