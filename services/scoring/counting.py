"""A partition of the topic `responses`: loaded with all it has counted, advanced chunk by chunk in the ledger."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kafka.consumer.fetcher import ConsumerRecord
from pymongo import InsertOne, ReplaceOne
from pymongo.client_session import ClientSession

from services.common.generation import Generation
from services.scoring.chunk import WINDOW, Applied, Chunk, Finder, Rules
from services.scoring.ledger import Document, Ledger, Position
from services.scoring.letters import marks
from services.scoring.revisions import Row
from services.scoring.tallies import Counts, Tally, tally_key


@dataclass(slots=True)
class ResponsesPartition:
    """A partition this process owns: its position and, in memory, all it has counted."""

    position: Position
    counts: Counts
    rejected: deque[int] = field(default_factory=deque)
    """Offsets of the rejected among the last records."""


class Counting:
    """Loads and advances partitions of the topic `responses`."""

    def __init__(self, ledger: Ledger, definitions: Finder) -> None:
        self._ledger = ledger
        self._rules = Rules(definitions)

    def load(self, position: Position) -> ResponsesPartition:
        """A partition's counts as of its stored position, read in one snapshot.

        Raises:
            Fenced, Unavailable: of `Ledger.read`.
        """
        p = position.partition

        def query(derived: Generation, session: ClientSession) -> ResponsesPartition:
            stored = derived.positions.find_one({"_id": position.key}, session=session) or {}
            tallies = {tally_key(found): Tally.of(found) for found in derived.tallies.find({"p": p}, session=session)}
            activity = {}
            for found in derived.activity.find({"p": p}, session=session):
                key = found.pop("_id")
                del found["p"]
                activity[key["campaign"], key["group"], key["day"]] = found
            window = {
                "$gte": {**position.key, "offset": position.next - WINDOW},
                "$lt": {**position.key, "offset": position.next},
            }
            # A conflict is a rater's doing, what was requeued an operator's: they say nothing about a deployment.
            telling = {"_id": window, "reason": {"$ne": "conflict"}, "requeued_from": {"$exists": False}}
            letters = derived.rejected.find(telling, {"_id": 1}, session=session)
            rejected = deque(sorted(found["_id"]["offset"] for found in letters))
            return ResponsesPartition(position, Counts(p, tallies, activity, stored.get("counted", {})), rejected)

        return self._ledger.read(query, position)

    def apply(self, owned: ResponsesPartition, records: Sequence[ConsumerRecord]) -> Applied:
        """Applies a chunk: records without a gap, the first of them the partition's next.

        Raises:
            Fenced, TooLarge, Unavailable: of `Ledger.apply`; but for TooLarge the partition must be loaded anew.
            Halted: too many records cannot be applied.
        """
        chunk = Chunk(records, owned.counts, owned.rejected, self._rules)

        def work(derived: Generation, session: ClientSession) -> list[Document]:
            found = derived.responses.find({"_id": {"$in": chunk.ids}}, session=session)
            rows = {document["_id"]: read_row(document) for document in found}
            changed = [row_document(id_, owned.position.partition, row) for id_, row in chunk.count(rows).items()]
            for collection, operations in (
                (derived.responses, [_replacement(row) if row["_id"] in rows else InsertOne(row) for row in changed]),
                (derived.tallies, [_replacement(tally) for tally in chunk.stage.tally_documents()]),
                (derived.activity, [_replacement(day) for day in chunk.stage.activity_documents()]),
                (derived.rejected, marks(owned.position.key, chunk.requeued)),
            ):
                if operations:
                    collection.bulk_write(operations, ordered=False, session=session)
            counted = {"$set": {"counted": chunk.stage.counted}}
            derived.positions.update_one({"_id": owned.position.key}, counted, session=session)
            return chunk.letters

        self._ledger.apply(owned.position, chunk.next, len(records), work)
        applied, owned.rejected = chunk.adopt()
        return applied


def _replacement(document: Document) -> ReplaceOne[Document]:
    return ReplaceOne({"_id": document["_id"]}, document, upsert=True)


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
