"""What the JSON views say, as tables. Nothing is computed here: every figure stands in the view as in the table.

A table that is a file on its own (CSV, Parquet) says in each row what it belongs to (`apart`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from services.reporting.exports.headings import NOTES, RELEASED
from services.reporting.exports.table import About, Book, Label, Record, Table, Tongue, columns, rows, said

Document = Mapping[str, Any]
What = Literal["ranking", "unit", "participation", "appraisals"]

COMMON = ("campaign", "version", "state", "counted")
RANKING = (
    *("block", "field", "group", "rank", "tied", "rank_low", "rank_high", "unit", "name", "index", "index_exact"),
    *("earned", "attainable", "se", "interval_low", "interval_high", "band", "n", "provisional", "pending"),
    *("suppressed", "released"),
)
UNIT = (
    *("level", "field", "criterion", "leaf", "group", "name", "method", "leaf_state", "max_points", "earned"),
    *("attainable", "lost", "index", "index_exact", "se", "interval_low", "interval_high", "rank", "rank_low"),
    *("rank_high", "block_mean", "block_best", "n", "answers", "no_opinion", "share", "suppressed", "released"),
)
OF_UNIT = ("block", "unit")
UNITS = ("block", "unit", "unit_name", "group", "n", "required")
GROUPS = ("group", "name", "forms", "required", "quota_per", "quota_forms")
DAYS = ("day", "submitted", "edited", "withdrawn", "duplicate", "superseded", "conflict")
APPRAISED = (
    *("block", "unit", "unit_name", "leaf", "leaf_name", "max_points", "self_points", "points", "not_applicable"),
    *("note", "evidence"),
)
ADJUSTED = ("block", "unit", "unit_name", "bonus", "penalty")
PARTS: Mapping[What, tuple[str, ...]] = {
    "ranking": ("ranking",),
    "unit": ("unit",),
    "participation": ("units", "groups", "days"),
    "appraisals": ("leaves", "adjustments"),
}
"""What there is to choose from for a file that holds one part alone; the first is what is given unasked."""


class _Making:
    """The tables of one book."""

    def __init__(
        self, documents: Sequence[Document], about: About, blocks: Mapping[str, Label], tongue: Tongue
    ) -> None:
        self.documents = documents
        self.about = about
        self.blocks = blocks
        self.tongue = tongue

    def table(self, part: str, title: Label, codes: Sequence[str], records: Iterable[Record]) -> Table:
        made = columns(codes, self.tongue)
        return Table(part, said(title, "en" if self.tongue == "en" else "vi"), made, rows(codes, records, self.tongue))


def book(
    what: What,
    documents: Sequence[Document],
    about: About,
    blocks: Mapping[str, Label],
    tongue: Tongue,
    *,
    apart: bool,
) -> Book:
    """A view as a book.

    Args:
        what: which view.
        documents: its JSON; a ranking may have one for each block.
        about: what the file says of itself.
        blocks: the names of the campaign's blocks, in order.
        tongue: of headings and labels.
        apart: whether each row says what it belongs to.
    """
    making = _Making(documents, about, blocks, tongue)
    title, tables = _BOOKS[what](making, COMMON if apart else ())
    released = (RELEASED,) if any(document.get("released") for document in documents) else ()
    return Book(about, title, tuple(tables), (*NOTES, *released))


def common(about: About) -> dict[str, Any]:
    return {name: getattr(about, name) for name in COMMON}


def _ranking(making: _Making, before: Sequence[str]) -> tuple[Label, list[Table]]:
    tables = []
    for document in making.documents:
        codes = (*before, *RANKING)
        if not before:
            codes = tuple(
                code for code in codes if code != "block" and (code not in ("field", "group") or code in document)
            )
        chosen = {name: document.get(name) for name in ("block", "field", "group", "released")}
        shared = common(making.about) | chosen
        records = ({**shared, **_limited(row)} for row in document["rows"])
        tables.append(making.table("ranking", making.blocks[document["block"]], codes, records))
    return {"vi": "Bảng xếp hạng", "en": "Ranking"}, tables


def _limited(record: Record) -> Record:
    """A record with both ends of its intervals by name."""
    limits: dict[str, Any] = {}
    for name, code in (("rank_interval", "rank"), ("interval", "interval")):
        low, high = record.get(name) or (None, None)
        limits |= {f"{code}_low": low, f"{code}_high": high}
    return {**record, **limits}


def _unit(making: _Making, before: Sequence[str]) -> tuple[Label, list[Table]]:
    (document,) = making.documents
    shared = common(making.about) | {name: document.get(name) for name in ("block", "unit", "released")}
    codes = (*before, *OF_UNIT, *UNIT) if before else UNIT
    records = ({**shared, **_limited(node)} for node in nodes(document))
    title = {"vi": "Chi tiết đơn vị", "en": "Unit in detail"}
    return title, [making.table("unit", title, codes, records)]


def nodes(document: Document) -> Iterator[Record]:
    """A unit's whole tree, a row for each node: the unit, its groups, then field → criterion → leaf → group."""
    yield {"level": "unit", **document}
    for group in document["groups"]:
        yield {"level": "group", **group}
    for field in document["fields"]:
        yield {"level": "field", **field}
        for criterion in field["criteria"]:
            yield {"level": "criterion", **criterion, "field": field["field"]}
            for leaf in criterion["leaves"]:
                place = {"field": field["field"], "criterion": criterion["criterion"], "leaf": leaf["leaf"]}
                scored = {"leaf_state": leaf["state"], "earned": leaf["points"]}
                yield {"level": "leaf", **_without(leaf, "state", "groups"), **place, **scored}
                for cell in leaf.get("groups", ()):
                    yield {"level": "answers", **cell, **place}


def _without(record: Record, *names: str) -> Record:
    return {name: value for name, value in record.items() if name not in names}


def _participation(making: _Making, before: Sequence[str]) -> tuple[Label, list[Table]]:
    (document,) = making.documents
    shared = common(making.about)
    tables = []
    for block, name in making.blocks.items():
        found = [unit for unit in document["units"] if unit["block"] == block]
        records = (
            {**shared, "block": unit["block"], "unit": unit["unit"], "unit_name": unit["name"], **group}
            for unit in found
            for group in unit["groups"]
        )
        tables.append(making.table("units", name, (*before, *UNITS), records))
    quotas = (
        {
            **shared,
            **_without(group, "counted"),
            "forms": group["counted"],
            **{f"quota_{name}": value for name, value in (group["quota"] or {}).items()},
        }
        for group in document["groups"]
    )
    tables.append(making.table("groups", {"vi": "Nhóm đối tượng", "en": "Groups"}, (*before, *GROUPS), quotas))
    days = ({**shared, **day} for day in document["activity"]["days"])
    tables.append(making.table("days", {"vi": "Theo ngày", "en": "By day"}, (*before, *DAYS), days))
    return {"vi": "Tình hình thu phiếu", "en": "Participation"}, tables


def _appraisals(making: _Making, before: Sequence[str]) -> tuple[Label, list[Table]]:
    (document,) = making.documents
    shared = common(making.about)

    def of_block(block: str) -> list[tuple[Record, Record]]:
        found = [unit for unit in document["units"] if unit["block"] == block]
        return [(u, {**shared, "block": block, "unit": u["unit"], "unit_name": u["name"]}) for u in found]

    leaves = [
        making.table(
            "leaves",
            name,
            (*before, *APPRAISED),
            (
                {**head, **_without(leaf, "name"), "leaf_name": leaf["name"], "evidence": _links(leaf["evidence"])}
                for unit, head in of_block(block)
                for leaf in unit["leaves"]
            ),
        )
        for block, name in making.blocks.items()
    ]
    adjusted = (
        {**head, "bonus": unit["bonus"], "penalty": unit["penalty"]}
        for block in making.blocks
        for unit, head in of_block(block)
    )
    title = {"vi": "Điểm thưởng, điểm trừ", "en": "Bonus and penalty"}
    return {"vi": "Kết quả thẩm định", "en": "Appraisals"}, [
        *leaves,
        making.table("adjustments", title, (*before, *ADJUSTED), adjusted),
    ]


def _links(evidence: Sequence[Record]) -> str:
    """Links in one cell, a line for each."""
    return "\n".join(" ".join(filter(None, (link.get("title"), link.get("url")))) for link in evidence)


_BOOKS: Mapping[What, Callable[[_Making, Sequence[str]], tuple[Label, list[Table]]]] = {
    "ranking": _ranking,
    "unit": _unit,
    "participation": _participation,
    "appraisals": _appraisals,
}
