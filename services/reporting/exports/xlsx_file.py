"""A book as a spreadsheet: a sheet for each table and one about them, in constant memory whatever the number of rows.

Texts are written as texts whatever they look like, exact numbers as numbers in the format of their decimals.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import IO, Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from services.reporting.exports.headings import REASONS
from services.reporting.exports.table import About, Book, Cell, Column, Table, Tongue, said

LAST_ROW = 1_048_575
"""Of a sheet, its heading not counted. What is more goes on to another sheet."""
LONGEST_TEXT = 32_767
CUT = " […]"
LONGEST_NAME = 31
NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
WIDTHS = {"text": 24, "code": 16, "codes": 24, "exact": 36}
NAME_WIDTH, NUMBER_WIDTH = 38, 13
A4 = 9
LONG_MOST = 1_000


class Short(Exception):
    """A cell could not be written."""


def write(book: Book, out: IO[bytes], tongue: Tongue) -> int:
    """Writes a spreadsheet; returns how many rows it has in all."""
    workbook = xlsxwriter.Workbook(
        out,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "use_zip64": True,
        },
    )
    properties: dict[str, Any] = {"title": said(book.what, tongue), "subject": said(book.about.title, tongue)}
    if book.about.frozen is not None:
        # So that the file is the same whenever it is made.
        properties["created"] = datetime.fromisoformat(book.about.made).replace(tzinfo=None)
    workbook.set_properties(properties)
    written = _Workbook(workbook, book.about.decimals)
    counts = [count for table in book.tables for count in written.table(table)]
    written.about(book, tongue, counts)
    workbook.close()
    return sum(count for _, count in counts)


class _Workbook:
    """The sheets under way."""

    def __init__(self, workbook: Any, decimals: int) -> None:  # noqa: ANN401 (xlsxwriter has no types)
        self._workbook = workbook
        figure = f"0.{'0' * decimals}" if decimals else "0"
        line = {"valign": "top"}
        self._head = workbook.add_format(
            {
                "bold": True,
                "text_wrap": True,
                "valign": "vcenter",
                "bg_color": "#1f3a5f",
                "font_color": "#ffffff",
                "border": 1,
            }
        )
        self._text = workbook.add_format(line)
        self._wrapped = workbook.add_format(line | {"text_wrap": True})
        self._bold = workbook.add_format(line | {"bold": True})
        self._title = workbook.add_format({"bold": True, "font_size": 14})
        self._formats: dict[str, Format] = {
            "whole": workbook.add_format(line | {"num_format": "0"}),
            "figure": workbook.add_format(line | {"num_format": figure}),
            "points": workbook.add_format(line | {"num_format": figure}),
            "percent": workbook.add_format(line | {"num_format": "0.00"}),
            "share": workbook.add_format(line | {"num_format": "0.0000"}),
        }
        self._names: set[str] = set()

    def table(self, table: Table) -> Iterator[tuple[str, int]]:
        """Writes a table; yields each sheet's name and how many rows it has."""
        more: Iterator[Sequence[Cell]] = iter(table.rows)
        while True:
            name = self._name(table.title)
            sheet = self._sheet(name, table)
            count = 0
            for count, row in enumerate(islice(more, LAST_ROW), 1):
                for place, (cell, column) in enumerate(zip(row, table.columns, strict=True)):
                    self._write(sheet, count, place, cell, column)
            sheet.autofilter(0, 0, count, len(table.columns) - 1)
            yield name, count
            following = next(more, None)
            if following is None:
                return
            more = chain((following,), more)

    def about(self, book: Book, tongue: Tongue, counts: list[tuple[str, int]]) -> None:
        """The sheet that says what the others are."""
        about = book.about
        name = self._name("About" if tongue == "en" else "Thông tin")
        sheet = self._workbook.add_worksheet(name)
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 1, 100)
        sheet.write_string(0, 0, said(book.what, tongue), self._title)
        facts: list[tuple[str, str, str | int]] = [
            ("Cuộc khảo sát", "Campaign", about.campaign),
            ("Tên", "Title", said(about.title, tongue)),
            ("Phiên bản định nghĩa", "Version of the definition", about.version),
            *_whence(about, tongue),
            ("Số phiếu đã tính", "Responses counted", about.counted),
            ("Lập lúc", "Made at", about.made),
            *((f"Số dòng: {name}", f"Rows: {name}", count) for name, count in counts),
        ]
        row = 2
        for vi, en, value in facts:
            sheet.write_string(row, 0, said({"vi": vi, "en": en}, tongue), self._bold)
            if isinstance(value, int):
                sheet.write_number(row, 1, value, self._formats["whole"])
            else:
                sheet.write_string(row, 1, _fitting(value), self._wrapped)
            row += 1
        for note in book.notes:
            row += 1
            sheet.write_string(row, 1, said(note, tongue), self._wrapped)
        sheet.set_paper(A4)

    def _sheet(self, name: str, table: Table) -> Worksheet:
        sheet = self._workbook.add_worksheet(name)
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.set_footer("&L&F&C&A&R&P/&N")
        sheet.freeze_panes(1, 0)
        sheet.set_row(0, 32)
        for place, column in enumerate(table.columns):
            named = column.kind == "text" and "name" in column.code
            sheet.set_column(place, place, NAME_WIDTH if named else WIDTHS.get(column.kind, NUMBER_WIDTH))
            sheet.write_string(0, place, _fitting(column.heading), self._head)
        return sheet

    def _write(self, sheet: Worksheet, row: int, place: int, cell: Cell, column: Column) -> None:
        if cell is None or cell == "":
            return
        if isinstance(cell, bool):
            failed = sheet.write_boolean(row, place, cell, self._text)
        elif column.kind in self._formats:
            failed = sheet.write_number(row, place, float(cell), self._formats[column.kind])
        else:
            failed = sheet.write_string(row, place, _fitting(str(cell)), self._text)
        if failed:
            raise Short(f"{column.code} in row {row} of {sheet.get_name()!r} could not be written")

    def _name(self, wanted: str) -> str:
        """A name that a sheet may have and no other has yet."""
        plain = " ".join(NOT_IN_A_NAME.sub(" ", wanted).split()).strip("'") or "-"
        for number in range(1, LONG_MOST):
            after = "" if number == 1 else f" ({number})"
            name = plain[: LONGEST_NAME - len(after)].strip().strip("'") + after
            if name.casefold() not in self._names and name.casefold() != "history":
                self._names.add(name.casefold())
                return name
        raise Short(f"there are too many sheets named {wanted!r}")


def _whence(about: About, tongue: Tongue) -> list[tuple[str, str, str | int]]:
    """Which state the figures are of, or which publication they are."""
    frozen = about.frozen
    if frozen is None:
        return [("Trạng thái số liệu", "State of the figures", about.state)]
    facts: list[tuple[str, str, str | int]] = [
        ("Công bố lần", "Publication", frozen.number),
        ("SHA-256 của nội dung", "SHA-256 of the content", frozen.digest),
        ("Gốc cây Merkle của các phiếu", "Root of the responses' Merkle tree", frozen.root),
    ]
    if frozen.forced:
        why = "; ".join(said(REASONS[reason], tongue) for reason in frozen.forced)
        facts.append(("Vẫn công bố dù", "Published although", why))
    return [*facts, ("Ghi chú", "Note", frozen.note)] if frozen.note else facts


def _fitting(text: str) -> str:
    """A text as a cell can hold it."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - len(CUT)] + CUT
