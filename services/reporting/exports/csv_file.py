"""Tables as CSV that spreadsheets open as it is: BOM, CRLF, RFC 4180, and no cell that would be run as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Literal

from services.reporting.exports.neutral import neutral
from services.reporting.exports.table import Cell, Column, Table

BOM = "\ufeff"
Separator = Literal[",", ";", "tab"]
SEPARATORS: dict[str, str] = {",": ",", ";": ";", "tab": "\t"}
TEXTS = ("text", "code", "codes")
STRETCH = 500
"""Rows that are handed on together."""


class CsvFile:
    """One part of a book; `rows` says how many rows have been written, the headings not counted."""

    def __init__(self, tables: Sequence[Table], separator: str = ",") -> None:
        self._tables = tables
        self._separator = SEPARATORS[separator]
        self.rows = 0

    def chunks(self) -> Iterator[bytes]:
        """The file, piece by piece."""
        written = io.StringIO()
        writer = csv.writer(written, delimiter=self._separator, lineterminator="\r\n")
        written.write(BOM)
        writer.writerow(neutral(column.heading) for column in self._tables[0].columns)
        for table in self._tables:
            for row in table.rows:
                writer.writerow(map(_cell, row, table.columns))
                self.rows += 1
                if self.rows % STRETCH == 0:
                    yield written.getvalue().encode()
                    written.seek(0)
                    written.truncate()
        yield written.getvalue().encode()


def _cell(cell: Cell, column: Column) -> str | int:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if cell is None:
        return ""
    return neutral(str(cell)) if column.kind in TEXTS else cell
