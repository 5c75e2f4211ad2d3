"""The rows of responses as MongoDB keeps them: read, and written as documents or as the BSON that these become."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import bson
from bson.raw_bson import RawBSONDocument

from services.scoring.answer_tables import length
from services.scoring.answered import Answered, Encoded, Head
from services.scoring.revisions import Row

Document = dict[str, Any]

_ID = b"\x02_id\0" + length(37)
"""What stands before an id, which has 36 characters."""
_REST = b"\0\x03ratings\0"
_END = b"\x08withdrawn\0\0\0"
_SIZE = 4 + len(_ID) + 36 + 64 + len(_REST) + len(_END)
"""Of all that is as long in each row."""


def read_row(document: Mapping[str, Any]) -> Row:
    """The row of a document."""
    return Row(
        document["campaign"],
        document["version"],
        document["group"],
        document["revision"],
        document["digest"],
        document["ratings"],
        document["withdrawn"],
    )


def row_document(id_: str, p: int, row: Row) -> Document:
    """The document of a response's row; `p` is its partition."""
    return {
        "_id": id_,
        "p": p,
        "campaign": row.campaign,
        "version": row.version,
        "group": row.group,
        "revision": row.revision,
        "digest": row.digest,
        "ratings": row.ratings,
        "withdrawn": row.withdrawn,
    }


class Encoding:
    """Makes what the driver takes of the rows of a partition.

    Of responses that were read by the tables the row is put together as bytes: but for id, digest and ratings it is the
    same for all with the same head.
    """

    def __init__(self, p: int) -> None:
        self._p = p
        self._middles: dict[tuple[Head, int], bytes] = {}

    def encoded(self, rows: Iterable[tuple[str, Row | Answered]]) -> list[Document | RawBSONDocument]:
        """The documents of rows by id, as bytes where they can be put together."""
        return [
            RawBSONDocument(self.raw(row)) if isinstance(row, Answered) else self.document(id_, row)
            for id_, row in rows
        ]

    def document(self, id_: str, row: Row) -> Document:
        """The document of a response's row, its ratings as bytes where they are at hand so."""
        document = row_document(id_, self._p, row)
        if isinstance(row.ratings, Encoded):
            document["ratings"] = RawBSONDocument(row.ratings.raw)
        return document

    def raw(self, answered: Answered) -> bytes:
        """The BSON of `row_document`."""
        head, id_, revision, digest, raw, _, _, _, _ = answered
        middle = self._middles.get((head, revision))
        if middle is None:
            middle = self._middles[head, revision] = self._middle(answered.row)
        size = length(_SIZE + len(middle) + len(raw))
        return b"".join((size, _ID, id_.encode(), middle, digest.encode(), _REST, raw, _END))

    def _middle(self, row: Row) -> bytes:
        """What stands between the id and the digest, from the end of the one to the length of the other."""
        before: Document = row_document("", self._p, row)
        del before["_id"], before["ratings"], before["withdrawn"]
        before["digest"] = ""
        # Without the length before it, and what ends an empty text and the whole; a digest has 64 characters.
        return b"\0" + bson.encode(before)[4:-6] + length(65)
