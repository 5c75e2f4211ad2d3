"""Reads an appraisal workbook: what is filled in by unit and leaf, in which cell, and all that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from io import BytesIO
from typing import Any

from python_calamine import CalamineWorkbook

from services.cli.appraisal_cells import Unclear, flag, links, number, words
from services.cli.appraisal_sheet import ADJUSTMENTS, COLUMNS, FORMAT, HIDDEN, LETTERS, MARK, cell
from services.cli.appraisal_unread import unread
from services.common.appraisals import LeafAppraisal

Row = Sequence[Any]


class NoWorkbook(ValueError):
    """The file is no workbook that `parindex appraisals template` made; the message says why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a cell."""

    cell: str
    detail: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row of a sheet is."""

    sheet: str
    row: int

    def cell(self, column: str) -> str:
        return cell(self.sheet, column, self.row)


@dataclass(slots=True)
class FilledUnit:
    """What the workbook says of a unit. None: the row is empty, so nothing is said of the leaf."""

    version: int
    leaves: dict[str, tuple[LeafAppraisal | None, Place]] = field(default_factory=dict)
    adjustments: dict[str, tuple[Decimal | None, str | None, Place]] = field(default_factory=dict)


@dataclass(slots=True)
class Workbook:
    """A workbook as it was filled in. What could not be read stands in `faults` and nowhere else."""

    campaign: str
    version: int
    units: dict[str, FilledUnit] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    blocks: dict[str, str] = field(default_factory=dict)
    """By sheet the block of its units."""
    sheet_of: dict[str, str] = field(default_factory=dict)


def read(content: bytes) -> Workbook:
    """What a workbook says.

    Raises:
        NoWorkbook: it cannot be used at all.
    """
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(content))
        broken = unread(content)
        sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except Exception as error:  # calamine has an error for each part of a file, and no common one
        raise NoWorkbook(f"this is no workbook that can be read ({error}): save it as .xlsx") from error
    if HIDDEN not in sheets:
        raise NoWorkbook("this workbook was not made by `parindex appraisals template`, or lost its hidden sheet")
    workbook, versions = _head(sheets[HIDDEN])
    reading = _Reading(workbook, versions)
    for name in workbook.blocks:
        if name not in sheets:
            workbook.faults.append(Fault(cell(name, "A", 1), "this sheet is missing: give it its old name again"))
            continue
        before = len(workbook.faults)
        for address, detail in broken.get(book.sheet_names.index(name), ()):
            column, row = re.findall(r"[A-Z]+|[0-9]+", address)
            if column in LETTERS:
                workbook.faults.append(Fault(cell(name, column, int(row)), detail))
        if len(workbook.faults) == before:
            reading.sheet(name, sheets[name])
    return workbook


def _head(rows: Sequence[Row]) -> tuple[Workbook, dict[str, int]]:
    try:
        (mark, format_, *_), (_, campaign, *_), (_, version, *_), *told = rows
        if (mark, int(format_)) != (MARK, FORMAT):
            raise NoWorkbook(f"this workbook is of another form than this version reads ({mark} {format_})")
        workbook = Workbook(str(campaign), int(version))
        versions = {}
        for kind, name, value in told:
            if kind == "sheet":
                workbook.blocks[str(name)] = str(value)
            elif kind == "unit":
                versions[str(name)] = int(value)
    except (ValueError, TypeError) as error:
        if isinstance(error, NoWorkbook):
            raise
        raise NoWorkbook(f"the hidden sheet of this workbook is damaged ({error}): make a new one") from error
    return workbook, versions


class _Reading:
    """Reads sheets into a workbook."""

    def __init__(self, workbook: Workbook, versions: Mapping[str, int]) -> None:
        self._workbook = workbook
        self._versions = versions

    def sheet(self, name: str, rows: Sequence[Row]) -> None:
        head = [*(rows[0] if rows else ()), *[""] * len(COLUMNS)]
        moved = [column for column, found in zip(COLUMNS, head, strict=False) if words(found) != column.heading]
        if moved:
            where = cell(name, moved[0].letter, 1)
            self._fault(where, "the columns must stay where the template has them, with their headings")
            return
        for line, cells in enumerate(rows[1:], 2):
            padded = [*cells, *[""] * len(COLUMNS)]
            filled = {column.name: padded[index] for index, column in enumerate(COLUMNS)}
            if any(words(value) is not None for value in filled.values()):
                self._row(Place(name, line), filled)

    def _row(self, place: Place, filled: Mapping[str, Any]) -> None:
        code, leaf = words(filled["unit"]) or "", words(filled["leaf"]) or ""
        if code not in self._versions:
            self._fault(place.cell("unit"), f"{code!r} is no unit of this workbook: codes must stay as they are")
            return
        if self._workbook.sheet_of.setdefault(code, place.sheet) != place.sheet:
            self._fault(place.cell("unit"), f"unit {code} stands on the sheet {self._workbook.sheet_of[code]}, too")
            return
        unit = self._workbook.units.setdefault(code, FilledUnit(self._versions[code]))
        if leaf in unit.leaves or ADJUSTMENTS.get(leaf) in unit.adjustments:
            self._fault(place.cell("leaf"), f"leaf {leaf} of unit {code} stands twice: remove one of the rows")
        elif leaf in ADJUSTMENTS:
            self._adjustment(unit, ADJUSTMENTS[leaf], place, filled)
        elif not leaf:
            self._fault(place.cell("leaf"), "the leaf's code is missing: codes must stay as they are")
        else:
            self._leaf(unit, leaf, place, filled)

    def _leaf(self, unit: FilledUnit, code: str, place: Place, filled: Mapping[str, Any]) -> None:
        # What could not be read keeps the whole from being recorded; the rest of the row is looked at nevertheless.
        said = LeafAppraisal(
            points=self._value(place, filled, "points", number),
            not_applicable=bool(self._value(place, filled, "not_applicable", flag)),
            self_points=self._value(place, filled, "self_points", number),
            note=words(filled["note"]),
            evidence=links(filled["evidence"]),
        )
        unit.leaves[code] = (None if said == LeafAppraisal() else said), place

    def _adjustment(self, unit: FilledUnit, name: str, place: Place, filled: Mapping[str, Any]) -> None:
        value = self._value(place, filled, "points", number) or None
        for column in ("self_points", "not_applicable", "evidence"):
            if words(filled[column]) is not None:
                self._fault(place.cell(column), f"a {name} has points and a reason, nothing here: empty the cell")
        note = words(filled["note"])
        if value is None and note is not None:
            self._fault(place.cell("note"), f"this is the reason of a {name} that is not there: give its points, too")
        unit.adjustments[name] = value, note, place

    def _value(self, place: Place, filled: Mapping[str, Any], column: str, read: Callable[[object], Any]) -> Any:  # noqa: ANN401
        try:
            return read(filled[column])
        except Unclear as error:
            self._fault(place.cell(column), str(error))
            return None

    def _fault(self, address: str, detail: str) -> None:
        self._workbook.faults.append(Fault(address, detail))
