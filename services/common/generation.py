"""A generation of what scoring derives record by record from the log; a pointer says which one is current.

`parindex rebuild` makes the next generation beside the current one and moves the pointer. Scoring and reporting never
name the collections themselves, so neither can mix two generations.
"""

from __future__ import annotations

from typing import Any, Self

from pymongo import ASCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database

Document = dict[str, Any]

INDEXES: dict[str, list[IndexModel]] = {
    "positions": [],
    "responses": [IndexModel([("p", ASCENDING)])],
    "tallies": [IndexModel([("p", ASCENDING), ("at", ASCENDING)])],
    "activity": [IndexModel([("p", ASCENDING)]), IndexModel([("_id.campaign", ASCENDING)])],
    "appraisals": [],
    "appraisal_changes": [IndexModel([("campaign", ASCENDING), ("unit", ASCENDING), ("version", ASCENDING)])],
    "rejected": [
        IndexModel([("response", ASCENDING)], sparse=True),
        IndexModel([("campaign", ASCENDING), ("reason", ASCENDING)], sparse=True),
    ],
}
"""The collections of a generation."""

POINTER = "generation"
"""The collection of the pointer: {_id: "current", number, log_shorter}."""


class Generation:
    """The collections of one generation. The first, number 0, has the plain names; `responses.2` is of the third."""

    def __init__(self, db: Database[Document], number: int = 0) -> None:
        self.db = db
        self.number = number
        self.positions = self._collection("positions")
        self.responses = self._collection("responses")
        self.tallies = self._collection("tallies")
        self.activity = self._collection("activity")
        self.appraisals = self._collection("appraisals")
        self.appraisal_changes = self._collection("appraisal_changes")
        self.rejected = self._collection("rejected")

    @classmethod
    def current(cls, db: Database[Document], session: ClientSession | None = None) -> Self:
        """The generation that the pointer names, as a session's snapshot has it.

        Raises:
            PyMongoError: MongoDB does not answer.
        """
        pointer = db[POINTER].find_one({"_id": "current"}, session=session)
        return cls(db, 0 if pointer is None else pointer["number"])

    def name(self, collection: str) -> str:
        """The full name of one of the collections of `INDEXES`."""
        return f"{collection}.{self.number}" if self.number else collection

    def create(self) -> None:
        """Creates the collections and indexes that are missing.

        Raises:
            PyMongoError: MongoDB does not answer.
        """
        present = set(self.db.list_collection_names())
        for collection, indexes in INDEXES.items():
            name = self.name(collection)
            if name not in present:
                self.db.create_collection(name, check_exists=False)
            if indexes:
                self.db[name].create_indexes(indexes)

    def drop(self) -> None:
        """Drops the collections.

        Raises:
            PyMongoError: MongoDB does not answer.
        """
        for collection in INDEXES:
            self.db.drop_collection(self.name(collection))

    def _collection(self, name: str) -> Collection[Document]:
        return self.db[self.name(name)]
