"""A ranking, and a unit in detail, as tables."""

from __future__ import annotations

from collections.abc import Iterator

from services.reporting.exports.headings import NOTES, PUBLISHED, RELEASED
from services.reporting.exports.making import Contents, Document, Making, limited, without
from services.reporting.exports.table import Label, Record

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


def ranking(making: Making) -> Contents:
    """A table for each block."""
    tables = []
    for document in making.documents:
        codes: tuple[str, ...] = RANKING
        if not making.before:
            codes = tuple(
                code for code in codes if code != "block" and (code not in ("field", "group") or code in document)
            )
        chosen = {name: document.get(name) for name in ("block", "field", "group", "released")}
        records = ({**chosen, **limited(row)} for row in document["rows"])
        tables.append(making.table("ranking", making.blocks[document["block"]], codes, records))
    return Contents({"vi": "Bảng xếp hạng", "en": "Ranking"}, tables, _notes(making))


def unit(making: Making) -> Contents:
    """One table of the whole tree."""
    (document,) = making.documents
    chosen = {name: document.get(name) for name in ("block", "unit", "released")}
    codes = (*OF_UNIT, *UNIT) if making.before else UNIT
    title = {"vi": "Chi tiết đơn vị", "en": "Unit in detail"}
    records = ({**chosen, **limited(node)} for node in nodes(document))
    return Contents(title, [making.table("unit", title, codes, records)], _notes(making))


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
                yield {"level": "leaf", **without(leaf, "state", "groups"), **place, **scored}
                for cell in leaf.get("groups", ()):
                    yield {"level": "answers", **cell, **place}


def _notes(making: Making) -> tuple[Label, ...]:
    released = (RELEASED,) if any(document.get("released") for document in making.documents) else ()
    return *(NOTES if making.about.frozen is None else PUBLISHED), *released
