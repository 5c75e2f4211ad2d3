"""The database: a client with settled settings, the collections with their indexes, and what is wrong with a server.

Collections (`p` is the partition a document belongs to, the shard key prefix of what a chunk's transaction writes):

    written by scoring, in the transaction of a chunk; once in each generation (`common.generation`)
      positions          _id {topic, partition}, p, topic_id, next, records, counted {campaign: {group: n}},
                         weighed {campaign: version}, weighed_at (the `next` of which that is true), weighings
      responses          _id response id, p, campaign, version, group, revision, digest, ratings, withdrawn
      tallies            _id {p, campaign, group, unit}, p, at, n, counts, opinions, s1, s2
      activity           _id {p, campaign, group, day}, p, submitted, edited, withdrawn, duplicate, superseded,
                         conflict, long, straight, via_web, via_tablet, via_paper, via_import (`scoring.quality`)
      appraisals         _id {campaign, unit}, p, version, at, leaves, bonus, penalty
      appraisal_changes  _id {topic, partition, offset}, p, campaign, unit, version, by, time, before, after
      rejected           _id {topic, partition, offset}, p, reason, detail, record; of what could be read campaign,
                         response, revision, digest or unit; requeued and requeued_from, offsets of the same partition
    written by scoring, in the transaction of a refresh
      refresher          _id "refresher", token
      indices            _id {campaign, unit}, campaign, unit, block, version, state, what `index_document` writes, the
                         document of `uncertainty.SamplingError` and, while everybody may follow the campaign,
                         released {group: {shown, waiting}} (`release`)
      campaign_state     _id campaign, state, version, generation, positions {topic: {partition: next}},
                         counted {group: n}, made {by, weighings {partition: n}} (`scoring.standing_indices`)
    written by scoring when a definition appears
      campaigns          _id {campaign, version}, definition
    written by `parindex publication` and `parindex rebuild`; the head last, so that there is all of it or nothing
      publications       _id {campaign, number}, campaign, number, offset, event (`common.publications`), size
      publication_parts  _id "campaign/number/about", "…/ranking/block/part" or "…/unit/unit"; in this order, and with
                         what stands between them, their JSON is the content: packed (zlib), size
      publication_trees  _id "campaign/number/part", first (id), ids, leaves, root (`common.merkle`)
    written by `parindex rebuild`
      generation         _id "current", number, log_shorter

`indices` and `campaign_state` are what reporting reads. When no index has a higher `state` than the campaign's, they
are together exactly the log up to `positions`.
"""

from __future__ import annotations

from typing import Any

from pymongo import ASCENDING, IndexModel, MongoClient
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from services.common.generation import POINTER, Generation

Document = dict[str, Any]

DATABASE = "parindex"
HEARTBEAT_S = 1.0
LONGEST_TRANSACTION_S = 10
"""A dead scorer's locks hold its partition this long at most: mongod must run with a lower or equal limit."""

INDEXES: dict[str, list[IndexModel]] = {
    POINTER: [],
    "campaigns": [],
    "refresher": [],
    "indices": [IndexModel([("campaign", ASCENDING), ("state", ASCENDING)])],
    "campaign_state": [],
    "publications": [IndexModel([("campaign", ASCENDING), ("number", ASCENDING)])],
    "publication_parts": [],
    "publication_trees": [],
}
"""The collections that all generations share."""


class Unready(Exception):
    """The server cannot be used as it is; the message says what to change."""


def client(uri: str, *, patience_s: float = 15.0) -> MongoClient[Document]:
    """A client that gives up on an absent server in seconds and reads and writes what a majority has.

    Built after fork, by a composition root only.

    Args:
        uri: of a replica set.
        patience_s: how long a server that took a request may be silent before it is given up. A transaction needs
            more than it may live; a reader is sooner with a new connection.
    """
    return MongoClient(
        uri,
        serverSelectionTimeoutMS=int(1_000 * min(3.0, patience_s)),
        connectTimeoutMS=int(1_000 * min(2.0, patience_s)),
        # A primary that is cut off or stands still tells nobody: what waits for it is given up when a heartbeat fails.
        heartbeatFrequencyMS=int(1_000 * HEARTBEAT_S),
        # A server that accepts and never answers must not hold a thread for ever.
        socketTimeoutMS=int(1_000 * patience_s),
        w="majority",
        journal=True,
        readConcernLevel="majority",
        tz_aware=True,
    )


def database(connected: MongoClient[Document]) -> Database[Document]:
    """The database that the URI names, else `parindex`."""
    return connected.get_default_database(
        DATABASE, read_concern=ReadConcern("majority"), write_concern=WriteConcern("majority", j=True)
    )


def prepare(db: Database[Document]) -> None:
    """Creates the collections and their indexes where they are missing: the shared and the current generation's.

    Raises:
        Unready: the server is no replica set member, or lets a dead client's transaction live too long.
    """
    check(db)
    present = set(db.list_collection_names())
    for name, indexes in INDEXES.items():
        if name not in present:
            db.create_collection(name, check_exists=False)
        if indexes:
            db[name].create_indexes(indexes)
    Generation.current(db).create()


def check(db: Database[Document]) -> None:
    """Refuses a server on which the promises of scoring would not hold.

    Raises:
        Unready: with the remedy.
    """
    hello = db.client.admin.command("hello")
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise Unready("MongoDB is no replica set: start mongod with --replSet rs0 and run rs.initiate() once")
    try:
        answer = db.client.admin.command("getParameter", transactionLifetimeLimitSeconds=1)
    except PyMongoError as error:
        raise Unready(
            f"MongoDB does not tell transactionLifetimeLimitSeconds ({error}); grant clusterMonitor"
        ) from error
    limit = int(answer["transactionLifetimeLimitSeconds"])
    if limit > LONGEST_TRANSACTION_S:
        raise Unready(
            f"MongoDB lets a transaction live {limit} s, so a scorer that dies would block its partition that long: "
            "start mongod with --setParameter transactionLifetimeLimitSeconds=5"
        )
