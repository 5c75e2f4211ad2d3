"""Three machines with a broker, its controller and a member of the replica set each, and what a client learns of them.

Any one machine may be lost, with its disk too, when nothing is `lacking`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy.embedded import jars, mongo
from deploy.embedded.kafka import Place, new_cluster, node
from deploy.embedded.machine import free_ports
from deploy.embedded.server import Server
from services.common.kafka import API_VERSION
from tests.faults.namespaces import Machine

KAFKA, MONGO = "kafka", "mongo"
HEAP_MB = 320
SHORT_LIVED = ("-XX:TieredStopAtLevel=1",)
"""A broker that is killed every minute never earns back what the second compiler costs."""
ELECTION_MS = 2_000
ANSWER_MS = 2_000
LAG_S = 1.0

Document = dict[str, Any]


class Cluster:
    """The servers of the machines, which are known by their numbers from 1; whoever made it starts them.

    Args:
        home: a folder for their data.
        logs: a folder for their logs.
        machines: where they run.
    """

    def __init__(self, home: Path, logs: Path, machines: Sequence[Machine]) -> None:
        self.machines = dict(enumerate(machines, 1))
        self._home = home
        self._logs = logs
        ports = iter(free_ports(3 * len(machines)))
        self._places = [Place(machine.address, next(ports), next(ports)) for machine in machines]
        self._members = [f"{machine.address}:{next(ports)}" for machine in machines]
        self._cluster = new_cluster()
        self._jars = jars.ensure(jars.local_repository())

    @property
    def kafka(self) -> str:
        """The addresses of all brokers, as a client takes them."""
        return ",".join(place.address for place in self._places)

    @property
    def mongo(self) -> str:
        """The URI of the replica set, without a database."""
        return mongo.address(self._members)

    def servers(self) -> dict[str, Server]:
        """The servers by name, with their folders made ready.

        Raises:
            StartError: the machine cannot run them.
        """
        wanted = [(kind, number) for kind in (MONGO, KAFKA) for number in self.machines]
        # A JVM formats each broker's folder.
        with ThreadPoolExecutor(len(self.machines)) as pool:
            made = pool.map(lambda one: self._server(*one), wanted)
            return {server_name(*one): server for one, server in zip(wanted, made, strict=True)}

    def initiate(self) -> None:
        """Makes the members, which must answer, a replica set."""
        mongo.initiate(self._members, ELECTION_MS)

    def erase(self, number: int) -> None:
        """Gives a machine on which nothing runs an empty disk; its servers are who they were."""
        for kind in (MONGO, KAFKA):
            shutil.rmtree(self._folder(kind, number))
            self._server(kind, number)

    def leader(self, topic: str, partition: int) -> int:
        """The machine whose broker leads a partition."""
        with self._admin() as admin:
            (described,) = admin.describe_topics([topic])
        leaders = {row["partition_index"]: row["leader_id"] for row in described["partitions"]}
        return int(leaders[partition])

    def controller(self) -> int:
        """The machine whose controller is the active one."""
        with self._admin() as admin:
            return int(_quorum(admin)["leader_id"])

    def primary(self) -> int:
        """The machine whose member is the primary; 0 while there is none."""
        return next((number for number, member in self._standing().items() if member["stateStr"] == "PRIMARY"), 0)

    def lacking(self, without: int = 0) -> str | None:
        """Why no machine may be lost now; None when any one may.

        Args:
            without: a machine that is lost already: then the others must hold everything.
        """
        there = self.machines.keys() - {without}
        try:
            return self._lacking_of_kafka(there) or self._lacking_of_mongo(there)
        except (KafkaError, PyMongoError) as error:
            return repr(error)

    def _lacking_of_kafka(self, there: set[int]) -> str | None:
        with self._admin() as admin:
            brokers = {broker["broker_id"] for broker in admin.describe_cluster()["brokers"] if not broker["is_fenced"]}
            quorum = _quorum(admin)
            topics = admin.describe_topics()
        if brokers != there:
            return f"the brokers are {sorted(brokers)}"
        if quorum["leader_id"] not in there:
            return "no controller is active"
        ends = {voter["replica_id"]: voter["log_end_offset"] for voter in quorum["current_voters"]}
        if min(ends[number] for number in there) < quorum["high_watermark"]:
            return f"the controllers are at {ends}"
        for topic in topics:
            for row in topic["partitions"]:
                if set(row["isr_nodes"]) != there & set(row["replica_nodes"]) or row["leader_id"] not in there:
                    return f"{topic['name']}-{row['partition_index']} is in sync on {row['isr_nodes']}"
        return None

    def _lacking_of_mongo(self, there: set[int]) -> str | None:
        members = {number: member for number, member in self._standing().items() if number in there}
        states = sorted(member["stateStr"] for member in members.values())
        if states != ["PRIMARY", *["SECONDARY"] * (len(there) - 1)]:
            return f"the members of the replica set are {', '.join(states)}"
        applied = [member["optimeDate"] for member in members.values()]
        lag = (max(applied) - min(applied)).total_seconds()
        return f"a member of the replica set is {lag:.1f} s behind" if lag > LAG_S else None

    def _standing(self) -> Mapping[int, Document]:
        """The members by machine, as the primary sees them."""
        with MongoClient[Document](self.mongo, serverSelectionTimeoutMS=ANSWER_MS, socketTimeoutMS=ANSWER_MS) as client:
            return {member["_id"] + 1: member for member in client.admin.command("replSetGetStatus")["members"]}

    def _folder(self, kind: str, number: int) -> Path:
        return self._home / f"machine-{number}" / kind

    def _server(self, kind: str, number: int) -> Server:
        folder, log = self._folder(kind, number), self._logs / f"{server_name(kind, number)}.log"
        if kind == MONGO:
            server = mongo.member(folder, number, self._members, log)
        else:
            server = node(folder, number, self._places, self._jars, log, cluster=self._cluster, heap_mb=HEAP_MB)
            server = replace(server, command=(server.command[0], *SHORT_LIVED, *server.command[1:]))
        return replace(server, command=self.machines[number].inside(server.command))

    @contextmanager
    def _admin(self) -> Iterator[KafkaAdminClient]:
        admin = KafkaAdminClient(
            bootstrap_servers=self.kafka.split(","),
            api_version=API_VERSION,
            bootstrap_timeout_ms=ANSWER_MS,
            request_timeout_ms=ANSWER_MS,
        )
        try:
            yield admin
        finally:
            admin.close()


def server_name(kind: str, number: int) -> str:
    return f"{kind}-{number}"


def _quorum(admin: KafkaAdminClient) -> Document:
    quorum: Document = admin.describe_metadata_quorum()["topics"][0]["partitions"][0]
    return quorum
