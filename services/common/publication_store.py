"""What of a publication is stored where: written by the command that makes one, read by reporting."""

from __future__ import annotations

import hashlib
import uuid
import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from pymongo import ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

from services.common import merkle, publications
from services.common.publications import Publication

Document = dict[str, Any]

BATCH = 100
"""Pieces that are written together: of a large unit each has some ten kilobytes."""
ID_BYTES = 16
HASH_BYTES = 32


class Piece(NamedTuple):
    """A part of the content: `about`, rows of a ranking (named `block,part`) or a unit; JSON, compressed.

    `before` is what stands in the text between the piece before and this one.
    """

    kind: str
    name: str
    before: bytes
    packed: bytes
    size: int

    @property
    def text(self) -> bytes:
        return zlib.decompress(self.packed)


AFTER = "~"
"""A kind that stands last: of the piece that is only the end of the text."""


def stem(campaign: str, number: int) -> str:
    """What the ids of a publication's documents begin with."""
    return f"{campaign}/{number}/"


def write(
    db: Database[Document], event: Publication, offset: int, content: Iterable[Piece], tree: Iterable[Document]
) -> None:
    """Stores a publication over what may be there of it: its head last.

    Raises:
        PyMongoError: MongoDB does not answer; nothing is shown of it yet.
    """
    start = stem(event.campaign, event.number)
    size = 0
    waiting = iter(content)
    while batch := list(islice(waiting, BATCH)):
        size += sum(len(piece.before) + piece.size for piece in batch)
        db.publication_parts.bulk_write(
            [_replacing(f"{start}{piece.kind}/{piece.name}", _part(piece)) for piece in batch]
        )
    for place, part in enumerate(tree):
        db.publication_trees.bulk_write([_replacing(f"{start}{place:08}", part)])
    head = {
        "campaign": event.campaign,
        "number": event.number,
        "offset": offset,
        "event": publications.content(event),
        "size": size,
    }
    db.publications.replace_one({"_id": {"campaign": event.campaign, "number": event.number}}, head, upsert=True)


def _part(piece: Piece) -> Document:
    return {"before": piece.before, "packed": piece.packed, "size": piece.size}


def _replacing(id_: str, document: Document) -> ReplaceOne[Document]:
    return ReplaceOne({"_id": id_}, document, upsert=True)


def tree_part(ids: Iterable[str], leaves: Iterable[bytes]) -> Document:
    """The document of a part of a tree: ids in their order, and the leaves."""
    listed, hashes = list(ids), list(leaves)
    return {
        "first": listed[0],
        "ids": b"".join(uuid.UUID(one).bytes for one in listed),
        "leaves": b"".join(hashes),
        "root": merkle.root(hashes),
    }


def heads(db: Database[Document], campaign: str, session: ClientSession | None = None) -> list[tuple[Publication, int]]:
    """The publications of a campaign in order, each with the bytes of its content."""
    found = db.publications.find({"campaign": campaign}, sort=[("number", 1)], session=session)
    return [(publications.read(head["event"]), head["size"]) for head in found]


def pieces(
    db: Database[Document],
    campaign: str,
    number: int,
    beginning: str = "",
    *,
    after: str = "",
    most: int = 0,
) -> Iterator[Piece]:
    """The pieces of a content in their order.

    Args:
        db: the database.
        campaign: its code.
        number: of the publication.
        beginning: of kind and name, to have only those: `about/`, `ranking/district,`, `unit/long-bien`.
        after: kind and name of the piece after which to begin.
        most: how many; 0 is all.
    """
    stem_ = stem(campaign, number)
    start = stem_ + beginning
    within = {"_id": {"$gte": start, "$lt": start[:-1] + chr(ord(start[-1]) + 1)}}
    if after:
        within["_id"]["$gt"] = stem_ + after
    for found in db.publication_parts.find(within, sort=[("_id", 1)], limit=most):
        kind, _, name = found["_id"].removeprefix(stem_).partition("/")
        yield Piece(kind, name, found["before"], found["packed"], found["size"])


def piece(db: Database[Document], campaign: str, number: int, kind: str, name: str = "") -> Piece | None:
    """One piece."""
    found = db.publication_parts.find_one({"_id": f"{stem(campaign, number)}{kind}/{name}"})
    return None if found is None else Piece(kind, name, found["before"], found["packed"], found["size"])


def tree(db: Database[Document], campaign: str, number: int, session: ClientSession | None = None) -> list[Document]:
    """The parts of a tree in order, each with its first id and its root."""
    start = stem(campaign, number)
    within = {"_id": {"$gte": start, "$lt": start[:-1] + "0"}}
    return list(db.publication_trees.find(within, {"first": 1, "root": 1}, sort=[("_id", 1)], session=session))


def digest(stored: Iterable[Piece]) -> str:
    """The digest of a content, by its pieces."""
    found = hashlib.sha256()
    for piece in stored:
        found.update(piece.before)
        found.update(piece.text)
    return found.hexdigest()


def place_in(part: Mapping[str, Any], response: str) -> int | None:
    """Where in a part of a tree a response stands."""
    wanted, ids = uuid.UUID(response).bytes, part["ids"]
    low, high = 0, len(ids) // ID_BYTES
    while low < high:
        middle = (low + high) // 2
        if ids[middle * ID_BYTES : (middle + 1) * ID_BYTES] < wanted:
            low = middle + 1
        else:
            high = middle
    return low if ids[low * ID_BYTES : (low + 1) * ID_BYTES] == wanted else None


def leaves_of(part: Mapping[str, Any]) -> list[bytes]:
    joined = part["leaves"]
    return [joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES)]
