"""Writes the workbook that appraisers fill in, with what is in force filled in already."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from services.cli.appraisal_cells import written
from services.cli.appraisal_sheet import (
    BONUS,
    COLUMNS,
    FORMAT,
    HIDDEN,
    LETTER,
    MARK,
    PENALTY,
    X,
    sheet_names,
)
from services.common.appraisals import NO_ROW, AppraisalRow, LeafAppraisal
from services.common.campaign import Campaign, Text, Unit

Rows = Mapping[str, AppraisalRow]
_NOTHING = LeafAppraisal()
_POINTS = "0.00####"


def write(path: Path, campaign: Campaign, rows: Rows) -> int:
    """Writes the workbook of the units of `rows` and returns how many rows there are to fill in.

    Raises:
        OSError: it cannot be written.
    """
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    # A text stays a text, whatever it begins with.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(str(path), options)
    formats = _formats(book)
    names = sheet_names(campaign.blocks)
    units = [unit for unit in campaign.units if unit.code in rows]
    blocks = [block for block in campaign.blocks if any(unit.block == block.code for unit in units)]
    count = 0
    for block in blocks:
        of_block = [unit for unit in units if unit.block == block.code]
        count += _Sheet(book.add_worksheet(names[block.code]), formats).fill(campaign, of_block, rows)
    hidden = book.add_worksheet(HIDDEN)
    hidden.very_hidden()
    told: list[tuple[Any, ...]] = [(MARK, FORMAT), ("campaign", campaign.code), ("version", campaign.version)]
    told += [("sheet", names[block.code], block.code) for block in blocks]
    told += [("unit", unit.code, rows[unit.code].version) for unit in units]
    for line, cells in enumerate(told):
        hidden.write_row(line, 0, cells)
    try:
        book.close()
    except FileCreateError as error:
        raise OSError(str(error)) from error
    return count


def _formats(book: Any) -> dict[str, Any]:  # noqa: ANN401 - xlsxwriter has no types
    edge = {"border": 1, "border_color": "#D0D0D0", "valign": "top"}
    fixed = {**edge, "bg_color": "#F2F2F2"}
    free = {**edge, "locked": False}
    made = {
        "head": {"bold": True, "text_wrap": True, "valign": "vcenter", "align": "center", "border": 1},
        "text": {**fixed, "text_wrap": True},
        "max": {**fixed, "num_format": _POINTS},
        "points": {**free, "num_format": _POINTS},
        "flag": {**free, "align": "center"},
        "words": {**free, "text_wrap": True},
        "none": {**fixed, "bg_color": "#D9D9D9"},
    }
    made["head"]["bg_color"] = "#DDEBF7"
    return {name: book.add_format(given) for name, given in made.items()}


class _Sheet:
    """The sheet of a block."""

    def __init__(self, sheet: Any, formats: Mapping[str, Any]) -> None:  # noqa: ANN401
        self._sheet = sheet
        self._formats = formats
        self._line = 0

    def fill(self, campaign: Campaign, units: list[Unit], rows: Rows) -> int:
        """Writes the units' rows and returns how many."""
        self._head()
        leaves = [leaf for leaf in campaign.leaves if leaf.method == "appraisal"]
        caps = campaign.adjustments
        for unit in units:
            row = rows.get(unit.code, NO_ROW)
            for leaf in leaves:
                given = row.leaves.get(leaf.code, _NOTHING)
                self._begin(unit, leaf.code, _label(leaf.name), leaf.max_points)
                self._leaf(given)
            for code, label, cap, value in (
                (BONUS, "Điểm thưởng / Bonus", caps.bonus_cap, row.bonus),
                (PENALTY, "Điểm trừ / Penalty", caps.penalty_cap, row.penalty),
            ):
                if cap or value:
                    self._begin(unit, code, label, cap)
                    self._adjustment(value, row.notes.get(code.strip("()")))
        self._guard()
        return self._line

    def _head(self) -> None:
        for number, column in enumerate(COLUMNS):
            self._sheet.set_column(number, number, column.width)
            self._sheet.write_string(0, number, column.heading, self._formats["head"])
        self._sheet.set_row(0, 45)
        self._sheet.freeze_panes(1, 4)

    def _begin(self, unit: Unit, code: str, label: str, most: Decimal) -> None:
        self._line += 1
        for number, text in enumerate((unit.code, _label(unit.name), code, label)):
            self._sheet.write_string(self._line, number, text, self._formats["text"])
        self._sheet.write_number(self._line, 4, most, self._formats["max"])

    def _leaf(self, given: LeafAppraisal) -> None:
        self._points("self_points", given.self_points)
        self._points("points", given.points)
        self._text("not_applicable", X if given.not_applicable else None, "flag")
        self._text("note", given.note, "words")
        self._text("evidence", written(given.evidence) or None, "words")

    def _adjustment(self, value: Decimal, note: str | None) -> None:
        self._points("points", value or None)
        self._text("note", note, "words")
        for name in ("self_points", "not_applicable", "evidence"):
            self._sheet.write_blank(f"{LETTER[name]}{self._line + 1}", None, self._formats["none"])

    def _points(self, name: str, value: Decimal | None) -> None:
        where, style = f"{LETTER[name]}{self._line + 1}", self._formats["points"]
        if value is None:
            self._sheet.write_blank(where, None, style)
        else:
            self._sheet.write_number(where, value, style)

    def _text(self, name: str, text: str | None, style: str) -> None:
        where = f"{LETTER[name]}{self._line + 1}"
        if text is None:
            self._sheet.write_blank(where, None, self._formats[style])
        else:
            self._sheet.write_string(where, text, self._formats[style])

    def _guard(self) -> None:
        """What a spreadsheet can tell at once; whoever pastes goes past it, so the import checks all again."""
        last = self._line + 1
        self._sheet.autofilter(0, 0, self._line, len(COLUMNS) - 1)
        if self._line:
            self._sheet.data_validation(
                f"{LETTER['self_points']}2:{LETTER['points']}{last}",
                {
                    "validate": "decimal",
                    "criteria": "between",
                    "minimum": 0,
                    "maximum": f"=${LETTER['max']}2",
                    "error_title": "Điểm / Points",
                    "error_message": "Từ 0 đến điểm tối đa. From 0 to the maximum.",
                },
            )
            flags = f"{LETTER['not_applicable']}2:{LETTER['not_applicable']}{last}"
            self._sheet.data_validation(flags, {"validate": "list", "source": [X]})
        # Without a password: it keeps codes and names from being typed over by accident.
        allowed = ("autofilter", "format_columns", "format_rows", "select_locked_cells", "select_unlocked_cells")
        self._sheet.protect("", dict.fromkeys(allowed, True))


def _label(name: Text) -> str:
    return name.vi if name.en is None else f"{name.vi} / {name.en}"
