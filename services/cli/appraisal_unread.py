"""Cells of a workbook that look empty to calamine and are not: errors (#N/A), and formulas whose result was not stored.

Taken for empty they would clear points. Spreadsheets store results; libraries that write formulas often do not.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from io import BytesIO

_SHEET = re.compile(rb"<(?:\w+:)?sheet\s([^>]*)>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s([^>]*)>")
_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_VALUE = re.compile(rb"<(?:\w+:)?(?:v|is)[\s>]")


def unread(content: bytes) -> dict[int, list[tuple[str, str]]]:
    """By number of the sheet, from 0 in the workbook's order: the cells (such as F12), and what is wrong with each.

    Raises:
        KeyError, ValueError, zipfile.BadZipFile: this is no .xlsx.
    """
    with zipfile.ZipFile(BytesIO(content)) as package:
        targets = {
            _attribute(found[1], "Id"): _attribute(found[1], "Target")
            for found in _RELATION.finditer(package.read("xl/_rels/workbook.xml.rels"))
        }
        sheets = [_attribute(found[1], r"\w+:id") for found in _SHEET.finditer(package.read("xl/workbook.xml"))]
        found = {}
        for number, sheet in enumerate(sheets):
            target = targets[sheet]
            path = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
            found[number] = list(_cells(package.read(path)))
        return found


def _cells(sheet: bytes) -> Iterator[tuple[str, str]]:
    for found in _CELL.finditer(sheet):
        attributes, inside = found[1], found[2] or b""
        if re.search(rb'\bt="e"', attributes):
            yield _attribute(attributes, "r"), "the cell holds an error such as #N/A: mend its formula"
        elif _FORMULA.search(inside) and not _VALUE.search(inside):
            detail = "the cell's formula has no stored result: open the file in a spreadsheet and save it"
            yield _attribute(attributes, "r"), detail


def _attribute(text: bytes, name: str) -> str:
    found = re.search(rb"(?:^|\s)" + name.encode() + rb'="([^"]*)"', text)
    if found is None:
        raise ValueError(f"an attribute {name} is missing")
    return found[1].decode()
