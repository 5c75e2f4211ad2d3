"""The layout of an appraisal workbook, which whoever writes and whoever reads one agree on.

A sheet per block has a row per unit and appraised leaf, then a row each for the unit's bonus and penalty. A hidden
sheet tells which campaign it is of, and at which version each unit's row was when the file was made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from services.common.campaign import Block

FORMAT: Final = 1
HIDDEN: Final = "_parindex"
MARK: Final = "parindex-appraisals"
BONUS, PENALTY = "(bonus)", "(penalty)"
"""In the place of a leaf's code, which never has brackets."""
ADJUSTMENTS: Final = {BONUS: "bonus", PENALTY: "penalty"}
X: Final = "x"
MOST_BYTES: Final = 20 * 1024 * 1024


class Column(NamedTuple):
    letter: str
    name: str
    vi: str
    en: str
    width: int

    @property
    def heading(self) -> str:
        return f"{self.vi}\n{self.en}"


COLUMNS: Final = (
    Column("A", "unit", "Mã đơn vị", "Unit code", 16),
    Column("B", "unit_name", "Đơn vị", "Unit", 28),
    Column("C", "leaf", "Mã tiêu chí", "Leaf code", 12),
    Column("D", "leaf_name", "Tiêu chí thành phần", "Leaf", 52),
    Column("E", "max", "Điểm tối đa", "Maximum", 10),
    Column("F", "self_points", "Điểm tự đánh giá", "Self-assessed", 12),
    Column("G", "points", "Điểm thẩm định", "Points", 12),
    Column("H", "not_applicable", "Không áp dụng (x)", "Not applicable (x)", 12),
    Column("I", "note", "Lý do", "Reason", 40),
    Column("J", "evidence", "Minh chứng: mỗi dòng «tên | liên kết»", "Evidence: «title | link» a line", 48),
)
LETTERS: Final = {column.letter for column in COLUMNS}
LETTER: Final = {column.name: column.letter for column in COLUMNS}
_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\']")
_LONGEST: Final = 31


def sheet_names(blocks: Iterable[Block]) -> dict[str, str]:
    """By block the name of its sheet: its Vietnamese name, as far as a spreadsheet takes it, no two the same."""
    names: dict[str, str] = {}
    taken = {HIDDEN, "history"}
    for block in blocks:
        stem = _FORBIDDEN.sub(" ", block.name.vi).strip()[:_LONGEST] or block.code[:_LONGEST]
        name, number = stem, 1
        while name.lower() in taken:
            number += 1
            name = f"{stem[: _LONGEST - 5]} ({number})"
        taken.add(name.lower())
        names[block.code] = name
    return names


def cell(sheet: str, column: str, row: int) -> str:
    """The address of a cell as a spreadsheet writes it."""
    plain = re.fullmatch(r"\w+", sheet) and not sheet[0].isdigit()
    return f"{sheet if plain else f'{chr(39)}{sheet}{chr(39)}'}!{LETTER.get(column, column)}{row}"
