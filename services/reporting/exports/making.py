"""What the tables of every book have in common. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from services.reporting.exports.table import About, Label, Record, Table, Tongue, columns, rows, said

Document = Mapping[str, Any]

COMMON = ("campaign", "version", "state", "counted")
FROZEN = ("campaign", "version", "publication", "counted")
"""Of a publication."""


class Contents(NamedTuple):
    """What a book is called, its tables, and what is said about them."""

    title: Label
    tables: list[Table]
    notes: tuple[Label, ...]


class Making:
    """A book under way: the views it is made of, and the columns that tell where a row belongs."""

    def __init__(
        self,
        documents: Sequence[Document],
        about: About,
        blocks: Mapping[str, Label],
        tongue: Tongue,
        *,
        apart: bool,
    ) -> None:
        self.documents = documents
        self.about = about
        self.blocks = blocks
        self.tongue = tongue
        self.before = tuple(common(about)) if apart else ()

    def table(self, part: str, title: Label, codes: Sequence[str], records: Iterable[Record]) -> Table:
        """A table of some columns, after those that tell where its rows belong."""
        shared = common(self.about)
        codes = (*self.before, *codes)
        told = ({**shared, **record} for record in records)
        made = columns(codes, self.tongue)
        return Table(part, said(title, "en" if self.tongue == "en" else "vi"), made, rows(codes, told, self.tongue))


def common(about: About) -> dict[str, Any]:
    """What tells where a row belongs, in the order of its columns."""
    return {name: getattr(about, name) for name in (COMMON if about.frozen is None else FROZEN)}


def limited(record: Record) -> Record:
    """A record with both ends of its intervals by name."""
    limits: dict[str, Any] = {}
    for name, code in (("rank_interval", "rank"), ("interval", "interval")):
        low, high = record.get(name) or (None, None)
        limits |= {f"{code}_low": low, f"{code}_high": high}
    return {**record, **limits}


def without(record: Record, *names: str) -> Record:
    return {name: value for name, value in record.items() if name not in names}
