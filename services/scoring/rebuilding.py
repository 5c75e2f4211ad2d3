"""Makes what is derived from the log anew, beside what is current, and goes over to it.

The next generation is filled from offset 0 through the same ledger that scoring uses, so that it is by itself exactly
the log up to its positions, and a rebuild that was interrupted goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import metadata
from typing import Any

from pymongo.errors import DuplicateKeyError

from services.common import campaign_schema, kafka, mongo
from services.common.catalogue import Catalogue
from services.common.generation import INDEXES, POINTER, Generation
from services.common.settings import Settings
from services.scoring.applying import Applying
from services.scoring.definitions import Definitions
from services.scoring.filling import PATIENCE_S, Filling
from services.scoring.ledger import Ledger, Unavailable

Document = dict[str, Any]
Advance = Callable[[int], None]

NEAR = 2_000
"""Records of the log that may be left when scoring goes over: it counts them in a moment."""
ROUNDS = 20
LOOK_S = 0.1
READERS_S = 5.0
"""Reporting answers or gives up a read within 2 s: then nobody reads the generation before any more."""


class Interfered(Exception):
    """Another rebuild has made its generation current meanwhile."""


class Rebuilding:
    """One rebuild: `open`, then `fill`, `switch`, `await_scoring` and `clear`, in this order; `close` at the end.

    Every step may raise
        kafka.Unready, mongo.Unready: a server is not fit for it; the message says what to change.
        Unavailable, KafkaError, PyMongoError: a server does not answer. What was done stays, and `fill` goes on there.
        Halted: the log cannot be applied; the message says why.
    """

    def __init__(self, settings: Settings) -> None:
        kafka.require_accelerators()
        self._client = mongo.client(settings.mongo)
        self._db = mongo.database(self._client)
        self._catalogue = Catalogue(settings)
        self._settings = settings
        self._filling: Filling | None = None

    @property
    def number(self) -> int:
        """Of the generation that is made."""
        return self._next.number

    def open(self) -> tuple[int, int]:
        """Makes the next generation ready; returns how many records are applied to it already, and all there are."""
        mongo.prepare(self._db)
        self._catalogue.follower.start()
        if not self._catalogue.follower.catch_up(PATIENCE_S):
            raise Unavailable("the definitions cannot be read from Kafka")
        self._current = Generation.current(self._db)
        self._next = Generation(self._db, self._current.number + 1)
        self._begin()
        self._ledger = Ledger(self._client, self._next.number)
        self._applying = Applying(self._settings, self._ledger, Definitions(self._catalogue))
        self._filling = Filling(self._settings, self._applying)
        return self._filling.applied(), self._length()

    def close(self) -> None:
        if self._filling is not None:
            self._filling.close()
            self._applying.close()
            self._ledger.close()
        self._catalogue.follower.stop()
        self._client.close()

    def fill(self, advance: Advance) -> int:
        """Applies the log up to so near its end that scoring can go over; returns how many records are applied."""
        for _ in range(ROUNDS):
            self._reader.fill(self._reader.ends(), advance)
            applied = self._reader.applied()
            if self._length() - applied <= NEAR:
                return applied
        raise Unavailable("the log grows as fast as it can be applied: try again when less comes in")

    def switch(self) -> None:
        """Makes the generation current, in one write.

        Raises:
            Interfered: another one has become current since `open`.
        """
        self._write_definitions()
        pointer = {"number": self.number, "log_shorter": self._log_is_shorter()}
        try:
            if self._current.number:
                was = {"_id": "current", "number": self._current.number}
                moved = self._db[POINTER].replace_one(was, pointer).matched_count == 1
            else:
                self._db[POINTER].insert_one({"_id": "current", **pointer})
                moved = True
        except DuplicateKeyError:
            moved = False
        if not moved:
            raise Interfered("another rebuild has made its generation current meanwhile; this one is not needed")

    def await_scoring(self, seconds: float) -> bool:
        """Waits until every state is made from the generation; False when that has not come to pass in time."""
        deadline = time.monotonic() + seconds
        known = [campaign.code for campaign in self._catalogue]
        while self._db.campaign_state.count_documents({"_id": {"$in": known}, "generation": self.number}) < len(known):
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_S)
        return True

    def clear(self) -> None:
        """Drops the other generations, and what is shown of campaigns and units that no definition knows."""
        time.sleep(READERS_S)
        self._drop_all_but(self._next)
        self._db[POINTER].delete_one({"_id": "building"})
        known = {campaign.code: campaign for campaign in self._catalogue}
        self._db.campaign_state.delete_many({"_id": {"$nin": list(known)}})
        self._db.campaigns.delete_many({"_id.campaign": {"$nin": list(known)}})
        self._db.indices.delete_many({"_id.campaign": {"$nin": list(known)}})
        for campaign in known.values():
            self._db.indices.delete_many({"_id.campaign": campaign.code, "_id.unit": {"$nin": list(campaign.unit)}})

    @property
    def _reader(self) -> Filling:
        if self._filling is None:
            raise RuntimeError("open comes first")
        return self._filling

    def _length(self) -> int:
        return sum(self._reader.ends().values())

    def _begin(self) -> None:
        """Goes on with what this version of the software has begun; what another one has begun is thrown away."""
        begun = {"number": self._next.number, "by": metadata.version("parindex")}
        if self._db[POINTER].find_one({"_id": "building", **begun}) is None:
            self._drop_all_but(self._current)
            self._db[POINTER].replace_one({"_id": "building"}, begun, upsert=True)
        self._next.create()

    def _drop_all_but(self, kept: Generation) -> None:
        names = {kept.name(collection) for collection in INDEXES}
        for name in self._db.list_collection_names():
            collection, _, number = name.partition(".")
            if collection in INDEXES and name not in names and (not number or number.isdecimal()):
                self._db.drop_collection(name)

    def _write_definitions(self) -> None:
        """Writes the definitions as the log has them over those that reporting reads."""
        for newest in self._catalogue:
            for version in range(1, newest.version + 1):
                if (campaign := self._catalogue.version(newest.code, version)) is not None:
                    key = {"campaign": campaign.code, "version": campaign.version}
                    definition = {"definition": campaign_schema.dump(campaign)}
                    self._db.campaigns.replace_one({"_id": key}, definition, upsert=True)

    def _log_is_shorter(self) -> bool:
        """Whether the log ends before what readers were shown, or is another one: restored from an older copy, say."""
        ends = {(partition.topic, str(partition.partition)): end for partition, end in self._reader.ends().items()}
        made = {str(found["_id"]): found["topic_id"] for found in self._next.positions.find({})}
        if any(
            made.get(str(found["_id"]), found["topic_id"]) != found["topic_id"]
            for found in self._current.positions.find({})
        ):
            return True
        return any(
            ends.get((self._settings.topic(topic), partition), 0) < next_
            for state in self._db.campaign_state.find({})
            for topic, partitions in state["positions"].items()
            for partition, next_ in partitions.items()
        )
