"""A place where what is stored is not what it must be: which document, which field, what stands there. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """`found` stands in a field of a document where `expected` must stand; None is nothing.

    `field` is a path (`counts[4]`, `ratings.w1.l2`), or empty: then the whole document is missing, or too much.
    """

    collection: str
    id: Any
    field: str
    found: Any
    expected: Any

    def __str__(self) -> str:
        place = f"{self.collection} {_plainly(self.id)}"
        if self.field:
            return f"{place}: {self.field} is {_plainly(self.found)}, must be {_plainly(self.expected)}"
        if self.expected is None:
            return f"{place} must not be there"
        return f"{place} is missing" if self.found is None else f"{place} has other content"


def compare(collection: str, id_: Any, found: Document | None, expected: Document | None) -> Difference | None:  # noqa: ANN401 - as the database has it
    """The first difference of two documents of one id, each None when there is none; None when they are the same."""
    if found is None or expected is None:
        if found is expected:
            return None
        return Difference(collection, id_, "", found and {}, expected and {})
    place = _first("", found, expected)
    return None if place is None else Difference(collection, id_, place[0].removeprefix("."), *place[1:])


def canonical(document: Document) -> bytes:
    """The one text of a document: two are the same when these are."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS, default=_plain)


def digest(document: Document) -> bytes:
    """SHA-256 of the one text."""
    return hashlib.sha256(canonical(document)).digest()


def _first(path: str, found: Any, expected: Any) -> tuple[str, Any, Any] | None:  # noqa: ANN401 - likewise
    """Path, found and expected of the first place where two values differ."""
    inner, wanted = _parts(found), _parts(expected)
    if inner is None or wanted is None or isinstance(found, Mapping) != isinstance(expected, Mapping):
        # 1, 1.0 and true are equal in Python, but not the same in a document.
        return None if found == expected and _kind(found) == _kind(expected) else (path, found, expected)
    for name in {**inner, **wanted}:
        if name not in inner or name not in wanted:
            return path + name, inner.get(name), wanted.get(name)
        if place := _first(path + name, inner[name], wanted[name]):
            return place
    return None


def _parts(value: object) -> dict[str, Any] | None:
    """What a document or a list consists of, by the next piece of the path; None for anything else."""
    if isinstance(value, Mapping):
        return {f".{name}": value[name] for name in sorted(value)}
    if isinstance(value, list | tuple):
        return {f"[{index}]": part for index, part in enumerate(value)}
    return None


def _kind(value: object) -> str:
    return type(value).__name__ if isinstance(value, bool | float) else ""


def _plainly(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plainly(inner)}" for name, inner in value.items())
    return str(value)


def _plain(value: object) -> dict[str, Any] | str:
    if isinstance(value, Mapping):
        return dict(value)
    return value.hex() if isinstance(value, bytes) else str(value)
