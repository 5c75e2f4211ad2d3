"""Participation and fieldwork as tables: all that the JSON says, a table for each of its parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from services.reporting.exports.headings import NOTES
from services.reporting.exports.making import Contents, Document, Making, without
from services.reporting.exports.table import Label, Record, Table

EFFECTS = ("submitted", "edited", "withdrawn", "duplicate", "superseded", "conflict")
COLUMNS: Mapping[str, Sequence[str]] = {
    "units": ("block", "unit", "unit_name", "group", "n", "required"),
    "groups": ("group", "name", "forms", "required", "quota_share", "quota_per", "quota_forms", "quota_covers"),
    "blocks": ("block", "name", "group", "rated", "required", "quota_share", "cells", "missing"),
    "missing": ("block", "unit", "unit_name", "group", "n", "below"),
    "days": ("day", *EFFECTS),
    "by_group": ("day", "group", *EFFECTS),
    "totals": (*EFFECTS, "rejected"),
    "channels": ("channel", "forms"),
    "rejected": ("reason", "records"),
    "quality": ("group", "answers", "no_opinion_share", "ratings", "straight_lining", "suppressed"),
    "warnings": ("warning", "group", "found", "limit", "detail"),
}
"""By part its columns, in the order of the parts; the first is what is given unasked."""
PARTS = tuple(COLUMNS)

TITLES: Mapping[str, Label] = {
    "groups": {"vi": "Nhóm đối tượng", "en": "Groups"},
    "blocks": {"vi": "Theo khối", "en": "By block"},
    "missing": {"vi": "Còn thiếu phiếu", "en": "Too few forms"},
    "days": {"vi": "Theo ngày", "en": "By day"},
    "by_group": {"vi": "Theo ngày và nhóm", "en": "By day and group"},
    "totals": {"vi": "Tổng cộng", "en": "Totals"},
    "channels": {"vi": "Theo kênh", "en": "By channel"},
    "rejected": {"vi": "Chưa áp dụng được", "en": "Not applied"},
    "quality": {"vi": "Chất lượng trả lời", "en": "How forms are filled in"},
    "warnings": {"vi": "Cảnh báo", "en": "Warnings"},
}
LATER: Label = {
    "vi": "Số liệu theo ngày, theo kênh, tổng cộng và bản ghi còn chờ được đọc sau đó một chút nên có thể mới hơn.",
    "en": "Days, channels, totals and what is not applied are read a moment later and may be ahead of the rest.",
}
UNTOLD: Label = {
    "vi": "Chất lượng trả lời: trong khi thu phiếu chỉ người có quyền xem mới được biết.",
    "en": "How forms are filled in is for viewers only while responses come in.",
}


def participation(making: Making) -> Contents:
    """A table of units for each block, and one of everything else."""
    (document,) = making.documents
    units = [
        making.table("units", name, COLUMNS["units"], _units(document, block)) for block, name in making.blocks.items()
    ]
    others = [_other(making, part, records) for part, records in _records(document).items()]
    title = {"vi": "Tình hình thu phiếu", "en": "Participation"}
    return Contents(title, [*units, *others], notes(document))


def notes(document: Document) -> tuple[Label, ...]:
    """What is to be known of these figures."""
    missing = document["missing"]
    below, cells, listed = missing["below"], missing["cells"], len(missing["listed"])
    cut = {
        "vi": f"Còn thiếu phiếu: {cells} ô (đơn vị, nhóm) có ít hơn {below} phiếu; {listed} ô ít phiếu nhất được nêu.",
        "en": f"Too few forms: {cells} cells (unit, group) have fewer than {below}; the {listed} with the fewest are "
        "listed.",
    }
    state, _, suppressed, _ = NOTES
    return state, LATER, cut, suppressed if document["quality"] is not None else UNTOLD


def _other(making: Making, part: str, records: Iterable[Record]) -> Table:
    return making.table(part, TITLES[part], COLUMNS[part], records)


def _units(document: Document, block: str) -> Iterator[Record]:
    for unit in document["units"]:
        if unit["block"] == block:
            for group in unit["groups"]:
                yield {"block": block, "unit": unit["unit"], "unit_name": unit["name"], **group}


def _records(document: Document) -> Mapping[str, Iterable[Record]]:
    """By part its rows, with names of their own for what another table means otherwise."""
    activity, missing = document["activity"], document["missing"]
    units = {unit["unit"]: unit for unit in document["units"]}
    return {
        "groups": map(_group, document["groups"]),
        "blocks": (
            {
                **without(group, "n", "share"),
                "block": block["block"],
                "name": block["name"],
                "rated": group["n"],
                "quota_share": group["share"],
            }
            for block in document["blocks"]
            for group in block["groups"]
        ),
        "missing": (
            {
                **cell,
                "block": units[cell["unit"]]["block"],
                "unit_name": units[cell["unit"]]["name"],
                "below": missing["below"],
            }
            for cell in missing["listed"]
        ),
        "days": activity["days"],
        "by_group": activity["by_group"],
        "totals": [activity["totals"]],
        "channels": ({"channel": channel, "forms": forms} for channel, forms in activity["channels"].items()),
        "rejected": ({"reason": reason, "records": records} for reason, records in activity["rejected"].items()),
        "quality": (
            {**without(group, "no_opinion"), "no_opinion_share": group["no_opinion"]}
            for group in document["quality"] or ()
        ),
        "warnings": (
            {**warning["where"], **without(warning, "code"), "warning": warning["code"], "found": warning["percent"]}
            for warning in document["warnings"]
        ),
    }


def _group(group: Record) -> Record:
    quota = {f"quota_{name}": value for name, value in (group["quota"] or {}).items()}
    return {**without(group, "counted"), "forms": group["counted"], "quota_share": group["share"], **quota}
