"""The transaction that moves a partition's position together with all that follows from the records, or nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeVar

from pymongo import MongoClient, ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from services.common import mongo
from services.common.generation import Generation

log = logging.getLogger(__name__)

Document = dict[str, Any]
Found = TypeVar("Found")

BY_ID = "_id_"
"""The index by which documents are found. Every query names `p` as well, so that it goes to one shard."""
TRANSACTION_TOO_LARGE = 388
COMMIT_MS = 5_000
"""A commit that takes longer is taken for unknown and goes through the compare again."""


class Fenced(Exception):
    """The stored position is not the one expected: another scorer owns the partition, or an unknown commit stood."""


class Unavailable(Exception):
    """Not now: a server is away or refuses. What became of a chunk is unknown until the position is loaded again."""


class TooLarge(Exception):
    """The chunk does not fit a transaction: split it."""


class Halted(Exception):
    """This partition must not go on before an operator has looked; the message says why and what to do."""


@dataclass(slots=True)
class Position:
    """How far a partition of a topic is applied: `next` is the offset of the first record that is not.

    `records` is how many were applied (offsets may hold none); None where they were not counted from the start.
    `weighings` is how often its sums were made anew, each in a transaction that does not move `next`; None is never.
    """

    topic: str
    partition: int
    next: int
    topic_id: str
    records: int | None = None
    weighings: int | None = None

    @property
    def key(self) -> Document:
        return {"topic": self.topic, "partition": self.partition}

    def is_that_of(self, stored: Mapping[str, Any]) -> bool:
        """Whether nobody has moved it, or made the sums anew, in the database."""
        return bool(stored["next"] == self.next and stored.get("weighings") == self.weighings)


class Ledger:
    """Applies chunks of records to MongoDB. One per process, and never two chunks at once.

    Always the same client session: a new transaction on it aborts its predecessor on the server, where a new session
    would meet the locks that its own lost predecessor still holds.
    """

    def __init__(self, client: MongoClient[Document], generation: int = 0) -> None:
        """Of a generation, by its number; `follow` goes over to the current one."""
        self.db: Database[Document] = mongo.database(client)
        self.generation = Generation(self.db, generation)
        self._session = client.start_session(causal_consistency=True)

    def close(self) -> None:
        self._session.end_session()

    def follow(self) -> bool:
        """Goes over to the current generation; whether that is another one. What was loaded is then of no use.

        Raises:
            Unavailable: MongoDB is away.
        """
        try:
            current = Generation.current(self.db)
        except PyMongoError as error:
            raise Unavailable(f"cannot read which generation is current: {error}") from error
        moved = current.number != self.generation.number
        if moved:
            log.info("goes over to another generation", extra={"generation": current.number})
            self.generation = current
        return moved

    def position(self, topic: str, partition: int, topic_id: str) -> Position:
        """The stored position of a partition, begun at 0 when it was never read.

        Raises:
            Halted: the stored position belongs to another topic of the same name.
            Unavailable: MongoDB is away.
        """
        key = {"topic": topic, "partition": partition}
        try:
            found = self.generation.positions.find_one({"_id": key})
            if found is None:
                found = {"_id": key, "p": partition, "topic_id": topic_id, "next": 0, "records": 0, "counted": {}}
                self.generation.positions.insert_one(found)
        except DuplicateKeyError:
            return self.position(topic, partition, topic_id)
        except PyMongoError as error:
            raise Unavailable(f"cannot read the position: {error}") from error
        if found["topic_id"] != topic_id:
            raise Halted(
                f"topic {topic} was made anew (its id was {found['topic_id']}, it is {topic_id}): what was counted "
                "came from a log that is gone; restore the log, or start with an empty database"
            )
        return Position(topic, partition, found["next"], topic_id, found.get("records"), found.get("weighings"))

    def read(self, query: Callable[[Generation, ClientSession], Found], position: Position) -> Found:
        """What belongs to a position, read in one snapshot in which the position is the stored one.

        Raises:
            Fenced: the position has moved meanwhile.
            Unavailable: MongoDB is away.
        """
        try:
            with self.db.client.start_session(snapshot=True) as session:
                stored = self.generation.positions.find_one({"_id": position.key}, session=session)
                if stored is None or not position.is_that_of(stored):
                    raise Fenced(f"position of {position.key} has moved")
                return query(self.generation, session)
        except PyMongoError as error:
            raise Unavailable(f"cannot read: {error}") from error

    @contextmanager
    def after(self, position: Position) -> Iterator[ClientSession]:
        """A session that reads nothing earlier than a state in which a position is the stored one.

        As long as that is so, what it reads of the partition's documents belongs to the position. A read by itself may
        be of an earlier state, on a primary that has just been elected.

        Raises:
            Fenced: the position has moved.
        """
        with self.db.client.start_session(causal_consistency=True) as session:
            stored = self.generation.positions.find_one({"_id": position.key}, session=session)
            if stored is None or not position.is_that_of(stored):
                raise Fenced(f"position of {position.key} has moved")
            yield session

    def apply(
        self,
        position: Position,
        next_: int,
        records: int,
        work: Callable[[Generation, ClientSession], Sequence[Document]],
        also: Mapping[str, Any] = MappingProxyType({}),
        *,
        weighs: bool = False,
    ) -> None:
        """Applies one chunk in one transaction (snapshot, majority), in these steps and in this order.

        1. `positions`: the stored position is compared with the expected one and set to the next, with what `also`
           says. First, so that a zombie collides before it works.
        2. `work`: looks up what the records refer to and writes what they change.
        3. `rejected`: the records that cannot be applied, as `work` returns them, kept whole.
        4. Commit. Then `position` is the new one. After any error, whatever it says of the outcome, the caller loads
           the position again and goes through the compare of step 1 again: never a guess.

        Args:
            position: the expected one.
            next_: the offset after the chunk's last record.
            records: how many the chunk has.
            work: step 2.
            also: fields of the position that are known before step 2.
            weighs: whether this is no chunk: it makes sums anew, and `next_` is as before.

        Raises:
            Fenced: step 1 did not find the expected position.
            TooLarge: the server refuses a transaction of this size.
            Unavailable: any other error; whether it was committed is not known.
        """
        session = self._session
        after = replace(position, next=next_, records=None if position.records is None else position.records + records)
        if weighs:
            after.weighings = (position.weighings or 0) + 1
        expected = {"next": position.next, "weighings": position.weighings, "topic_id": position.topic_id}
        told = {"next": after.next, "records": after.records, "weighings": after.weighings}
        try:
            session.start_transaction(
                ReadConcern("snapshot"), WriteConcern("majority", j=True), max_commit_time_ms=COMMIT_MS
            )
            moved = self.generation.positions.update_one(
                {"_id": position.key, "p": position.partition, **expected},
                {"$set": {**{name: value for name, value in told.items() if value is not None}, **also}},
                session=session,
            )
            if moved.matched_count == 0:
                raise Fenced(f"position of {position.key} is not {position.next}, or its sums were made anew")
            rejected = work(self.generation, session)
            if rejected:
                self.generation.rejected.insert_many(rejected, session=session)
            session.commit_transaction()
            position.next, position.records, position.weighings = after.next, after.records, after.weighings
        except OperationFailure as error:
            if error.code == TRANSACTION_TOO_LARGE:
                raise TooLarge from error
            raise Unavailable(f"the transaction failed: {error}") from error
        except PyMongoError as error:
            raise Unavailable(f"the transaction failed: {error}") from error
        finally:
            self._abandon()

    def _abandon(self) -> None:
        """Ends a transaction that was not committed; the server ends it by itself when it cannot be told."""
        if self._session.in_transaction:
            try:
                self._session.abort_transaction()
            except PyMongoError as error:
                log.warning("could not abort a transaction", extra={"error": str(error)})


def replacement(document: Document) -> ReplaceOne[Document]:
    """The write of a whole document of a partition, whether there is one or not."""
    return ReplaceOne({"_id": document["_id"], "p": document["p"]}, document, upsert=True, hint=BY_ID)
