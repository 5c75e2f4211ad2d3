"""What a file holds, whatever its form: tables of named columns, and what is said about them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from services.reporting.exports.headings import HEADINGS, VALUES

Label = Mapping[str, str]
"""A text in `vi` and, where there is one, in `en`."""
Tongue = Literal["codes", "both", "vi", "en"]
"""How a file speaks: in the API's own words, in Vietnamese with English beside, or in one of them."""

Kind = Literal["text", "code", "codes", "label", "whole", "figure", "points", "share", "percent", "exact", "flag"]
"""figure is rounded to the campaign's decimals and percent to two; points and share have all of theirs, exact has 30
to be compared."""
Cell = str | int | bool | None
"""A number that is exact is a text of decimal digits, as in JSON."""
Record = Mapping[str, Any]
"""A row as the JSON view has it, by the columns' codes."""


class Column(NamedTuple):
    """A column: its name in the API, what stands in it, and its heading."""

    code: str
    kind: Kind
    heading: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one kind. Several tables may be one `part`: the sheets of a spreadsheet, one file as CSV."""

    part: str
    title: str
    columns: tuple[Column, ...]
    rows: Iterable[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Frozen:
    """Of a publication: its number, the digest of its content, the root of its tree, and why it was forced."""

    number: int
    digest: str
    root: str
    forced: Sequence[str]
    note: str


@dataclass(frozen=True, slots=True)
class About:
    """What a file says of itself."""

    campaign: str
    title: Label
    version: int
    state: int
    counted: int
    decimals: int
    made: str
    """When, ISO 8601."""
    frozen: Frozen | None = None
    """Of a publication; its figures belong to no state that is served."""

    @property
    def publication(self) -> int | None:
        """Its number."""
        return None if self.frozen is None else self.frozen.number


@dataclass(frozen=True, slots=True)
class Book:
    """All that one file may hold."""

    about: About
    what: Label
    tables: tuple[Table, ...]
    notes: tuple[Label, ...] = ()

    def part(self, name: str | None) -> list[Table]:
        """The tables of one part, the first where none is named."""
        wanted = self.tables[0].part if name is None else name
        return [table for table in self.tables if table.part == wanted]


def said(label: Label | None, tongue: Tongue) -> str:
    """A label in a tongue; English only where there is some."""
    if label is None:
        return ""
    vi, en = label["vi"], label.get("en")
    if tongue == "en":
        return en or vi
    return f"{vi} / {en}" if tongue == "both" and en is not None and en != vi else vi


def columns(codes: Iterable[str], tongue: Tongue) -> tuple[Column, ...]:
    """The columns of some codes; in no tongue or in both a label has a column for each."""
    return tuple(column for code in codes for column in _columns(code, tongue))


def _columns(code: str, tongue: Tongue) -> Iterator[Column]:
    kind, vi, en = HEADINGS[code]
    if kind == "label" and tongue in ("codes", "both"):
        for language in ("vi", "en"):
            name = f"{code}_{language}"
            yield Column(
                name, "text", name if tongue == "codes" else f"{said({'vi': vi, 'en': en}, tongue)} ({language})"
            )
    else:
        yield Column(
            code, "text" if kind == "label" else kind, code if tongue == "codes" else said({"vi": vi, "en": en}, tongue)
        )


def rows(codes: Sequence[str], records: Iterable[Record], tongue: Tongue) -> Iterator[list[Cell]]:
    """The cells of records, in the order of `columns`."""
    return ([cell for code in codes for cell in _cells(code, record.get(code), tongue)] for record in records)


def _cells(code: str, value: Any, tongue: Tongue) -> Iterator[Cell]:  # noqa: ANN401 (a value of JSON)
    kind = HEADINGS[code][0]
    if kind == "label":
        found = {} if value is None else value
        if tongue in ("codes", "both"):
            yield from (found.get("vi", ""), found.get("en", ""))
        else:
            yield said(found or None, tongue)
    elif kind == "codes":
        yield " ".join(value or ())
    elif kind == "flag":
        yield bool(value)
    elif kind == "code" and tongue != "codes" and value in VALUES:
        yield said(VALUES[value], tongue)
    else:
        yield value
