"""What was published, as it is kept: read from MongoDB, never computed here, and the same for ever."""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson
from pymongo.database import Database

from services.common import merkle, problems, publication_store
from services.common.problems import Problem
from services.common.publications import Publication
from services.reporting.database import bounded, snapshot
from services.reporting.standing import Body

Document = dict[str, Any]

LOOK_S = 1.0
"""How old the list of a campaign's publications may be: what is new shows within it."""
KEPT_BYTES = 64 * 1024 * 1024
"""Of answers, for all publications."""
PIECES = 200
"""Of a content, read at a time."""


class Head(NamedTuple):
    """A publication, and the bytes of its content."""

    event: Publication
    size: int

    @property
    def document(self) -> Document:
        """What everybody is told of it; who made it is not."""
        event = self.event
        said = {
            "campaign": event.campaign,
            "number": event.number,
            "version": event.version,
            "title": dict(event.title),
            "at": event.at.isoformat().replace("+00:00", "Z"),
            "forced": list(event.forced),
            "counted": event.size,
            "digest": event.digest,
            "root": event.root,
            "form": event.form,
            "software": event.software,
        }
        return said if event.note is None else said | {"note": event.note}


class Publications:
    """The publications of all campaigns. Used by any thread."""

    def __init__(self, db: Database[Document], clock: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._clock = clock
        self._heads: dict[str, tuple[float, tuple[Head, ...]]] = {}
        self._ranks: dict[tuple[str, str, str], Mapping[str, Document]] = {}
        self._bodies: OrderedDict[Hashable, Body] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, campaign: str) -> tuple[Head, ...]:
        """A campaign's publications in order.

        Raises:
            Problem: 503, MongoDB does not answer.
        """
        looked, found = self._heads.get(campaign, (0.0, None))
        now = self._clock()
        if found is None or now - looked > LOOK_S:
            with snapshot(self._db) as (_, session):
                found = tuple(Head(*head) for head in publication_store.heads(self._db, campaign, session))
            self._heads[campaign] = now, found
        return found

    def find(self, campaign: str, number: int) -> Head:
        """One of them.

        Raises:
            Problem: 404, there is none of that number; 503.
        """
        found = next((head for head in self.of(campaign) if head.event.number == number), None)
        if found is None:
            raise Problem(problems.NOT_FOUND, f"campaign {campaign!r} has no publication {number}")
        return found

    def about(self, head: Head) -> Document:
        """What the figures are of, and the rules by which they are made."""
        said: Document = orjson.loads(self._piece(head, "about") or b"{}")
        return said

    def ranking(self, head: Head, block: str) -> list[Document]:
        """The rows of a block's ranking."""
        with bounded():
            beginning = f"ranking/{block},"
            found = list(publication_store.pieces(self._db, head.event.campaign, head.event.number, beginning))
        return [row for piece in found for row in orjson.loads(b"[%b]" % piece.text)]

    def unit(self, head: Head, unit: str) -> bytes | None:
        """The JSON of a unit in detail; None where it was not published."""
        return self._piece(head, "unit", unit)

    def content(self, head: Head) -> Iterator[bytes]:
        """The JSON of all of it, piece by piece."""
        after = ""
        while True:
            with bounded():
                found = list(
                    publication_store.pieces(self._db, head.event.campaign, head.event.number, after=after, most=PIECES)
                )
            if not found:
                return
            for piece in found:
                yield piece.before + piece.text
            after = f"{found[-1].kind}/{found[-1].name}"

    def place(self, head: Head, block: str, unit: str) -> Document | None:
        """The row of a unit in a ranking; None where it was not published."""
        key = head.event.campaign, head.event.digest, block
        if key not in self._ranks:
            self._ranks[key] = {
                row["unit"]: {name: row[name] for name in ("rank", "tied", "index", "index_exact")}
                for row in self.ranking(head, block)
            }
        return self._ranks[key].get(unit)

    def body(self, key: Hashable, make: Callable[[], Body]) -> Body:
        """An answer that never changes: kept, else made now."""
        with self._lock:
            if (found := self._bodies.get(key)) is not None:
                self._bodies.move_to_end(key)
                return found
        made = make()
        with self._lock:
            self._bodies[key] = made
            while len(self._bodies) > 1 and sum(len(body.content) for body in self._bodies.values()) > KEPT_BYTES:
                self._bodies.popitem(last=False)
        return made

    def proof(self, head: Head, response: str) -> Document:
        """That a response is among those that are counted.

        Raises:
            Problem: 404, it is not, and why; 503.
        """
        event = head.event
        try:
            uuid.UUID(response)
        except ValueError as error:
            raise Problem(problems.NOT_FOUND, "a response's id is a UUID, as its receipt has it") from error
        with snapshot(self._db) as (derived, session):
            parts = publication_store.tree(self._db, event.campaign, event.number, session)
            roots = [part["root"] for part in parts]
            at = max((place for place, part in enumerate(parts) if part["first"] <= response), default=0)
            part = self._db.publication_trees.find_one({"_id": parts[at]["_id"]}, session=session) if parts else None
            place = None if part is None else publication_store.place_in(part, response)
            row = derived.responses.find_one(
                {"_id": response, "campaign": event.campaign}, {"withdrawn": 1}, session=session
            )
        if part is None or place is None:
            raise Problem(problems.NOT_FOUND, _why_not(event.number, row))
        leaves = publication_store.leaves_of(part)
        path = [*merkle.path(leaves, place), *merkle.path(roots, at)]
        return {
            "publication": head.document,
            "response": response,
            "place": at * merkle.PART + place,
            "leaf": leaves[place].hex(),
            "path": [node.hex() for node in path],
        }

    def _piece(self, head: Head, kind: str, name: str = "") -> bytes | None:
        with bounded():
            found = publication_store.piece(self._db, head.event.campaign, head.event.number, kind, name)
        return None if found is None else found.text


def _why_not(number: int, row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "nothing is known of this response"
    if row["withdrawn"]:
        return f"this response is withdrawn, and publication {number} does not count it"
    return f"this response was not counted yet, or was withdrawn, when publication {number} was made"
