"""De-identified answers as a book: a table for each group, the meaning of the codes, and what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from services.common.campaign import Campaign, Leaf
from services.reporting.exports.making import common
from services.reporting.exports.responses import Answers, Row
from services.reporting.exports.table import About, Book, Cell, Column, Label, Table, Tongue, columns, rows, said
from services.reporting.figures import label

PARTS = ("responses", "codes", "left_out")
HEAD = ("block", "unit", "group")
CODES = ("leaf", "leaf_name", "option", "label", "percent")
LEFT_OUT = ("block", "unit", "unit_name", "group", "n")
NOTES: tuple[Label, ...] = (
    {
        "vi": "Mỗi dòng là ý kiến của một phiếu về một đơn vị; không có mã phiếu, thời gian hay thứ tự gửi.",
        "en": "Each row is what one response says of one unit; there is no id, no time and no order of arrival.",
    },
    {
        "vi": "Đơn vị có ít phiếu của một nhóm thì không đưa vào (xem danh sách); ô ít ý kiến để trống.",
        "en": "Units with few responses of a group are left out (see the list); cells of few answers are empty.",
    },
    {
        "vi": "Chỉ dành cho nghiên cứu, không công bố: ai biết một phần câu trả lời có thể tìm ra phần còn lại.",
        "en": "For research, not for publication: who knows a part of someone's answers may find the rest.",
    },
)


def book(found: Answers, about: About, tongue: Tongue, *, apart: bool) -> Book:
    """The answers as a book; where a table is a file on its own, all groups have the same columns."""
    campaign = found.campaign
    shared = common(about) if apart else {}
    every = [leaf for leaf in campaign.leaves if leaf.groups]
    tables = []
    for group in campaign.groups:
        leaves = every if apart else [leaf for leaf in every if group.code in leaf.groups]
        made = (*columns((*shared, *HEAD), tongue), *(_column(leaf, tongue) for leaf in leaves))
        cells = _cells(found.rows(group.code), campaign, [leaf.code for leaf in leaves], list(shared.values()))
        tables.append(Table("responses", _title(label(group.name), tongue), made, cells))
    codes = (*shared, *CODES)
    options = ({**shared, **option} for option in _options(campaign))
    title = {"vi": "Mã câu hỏi và trả lời", "en": "Codes"}
    tables.append(Table("codes", _title(title, tongue), columns(codes, tongue), rows(codes, options, tongue)))
    codes = (*shared, *LEFT_OUT)
    absent = ({**shared, **left} for left in left_out(found))
    title = {"vi": "Không đưa vào", "en": "Left out"}
    tables.append(Table("left_out", _title(title, tongue), columns(codes, tongue), rows(codes, absent, tongue)))
    return Book(about, {"vi": "Ý kiến đã ẩn danh", "en": "De-identified responses"}, tuple(tables), NOTES)


def left_out(found: Answers) -> Iterator[Mapping[str, Any]]:
    """The units of which few of a group rate them, and how many do."""
    for (code, group), n in sorted(found.left_out.items()):
        unit = found.campaign.unit[code]
        yield {"block": unit.block, "unit": code, "unit_name": label(unit.name), "group": group, "n": n}


def _column(leaf: Leaf, tongue: Tongue) -> Column:
    heading = leaf.code if tongue == "codes" else f"{leaf.code} {said(label(leaf.name), tongue)}"
    return Column(leaf.code, "text", heading)


def _cells(
    found: Iterable[Row], campaign: Campaign, leaves: Sequence[str], shared: Sequence[Any]
) -> Iterator[list[Cell]]:
    for row in found:
        block = campaign.unit[row.unit].block
        yield [*shared, block, row.unit, row.group, *(row.answers.get(leaf) for leaf in leaves)]


def _options(campaign: Campaign) -> Iterator[Mapping[str, Any]]:
    for leaf in campaign.leaves:
        for option in campaign.options(leaf):
            percent = None if option.percent is None else f"{option.percent:f}"
            name = label(leaf.question or leaf.name)
            yield {
                "leaf": leaf.code,
                "leaf_name": name,
                "option": option.code,
                "label": label(option.label),
                "percent": percent,
            }


def _title(title: Label, tongue: Tongue) -> str:
    return said(title, "en" if tongue == "en" else "vi")
