"""What a process that renders is told, and the files it can make. Both sides of the pipe read this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

import orjson

from services.reporting.exports.books import PARTS, What, book
from services.reporting.exports.table import About, Book, Frozen, Label, Tongue

Made = Literal["xlsx", "parquet", "pdf"]
"""The forms that a process of their own makes."""


@dataclass(frozen=True, slots=True)
class Job:
    """A file to be made of the JSON of a view."""

    what: What
    form: Made
    tongue: Tongue
    documents: Sequence[Mapping[str, Any]]
    about: About
    blocks: Mapping[str, Label] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, Label]] = field(default_factory=dict)
    """Names by kind (field, group) and code, for what the JSON names by its code alone."""
    part: str | None = None

    def encoded(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def read(cls, text: bytes) -> Self:
        given = orjson.loads(text)
        about = given["about"]
        frozen = None if about["frozen"] is None else Frozen(**about["frozen"])
        return cls(**given | {"about": About(**about | {"frozen": frozen})})

    def book(self) -> Book:
        apart = self.form == "parquet"
        return book(self.what, self.documents, self.about, self.blocks, self.tongue, apart=apart)


def parts(what: What) -> tuple[str, ...]:
    """What a file of one part may hold."""
    return PARTS[what]
