"""What a stack is to run: ports, secrets, the servers' folders, the settings of services, the supervisor's orders."""

from __future__ import annotations

import os
import sys
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from deploy.embedded import jars
from deploy.embedded.kafka import kafka
from deploy.embedded.machine import LOOPBACK, free_ports, require_free, require_platform
from deploy.embedded.mongo import mongo, with_database
from deploy.embedded.server import Server
from deploy.stack_home import Home, State
from deploy.stack_progress import Progress
from deploy.stack_supervisor import configuration, new_password

DATABASE = "parindex"
PROBE_S = 5.0
SAID_BYTES = 2_000
PARINDEX = (sys.executable, "-P", "-c", "from services.cli.main import main; main(prog_name='parindex')")
SERVERS = ("kafka", "mongo")
FRONT = ("intake", "reporting")
PARTITIONS = "PARINDEX_RESPONSE_PARTITIONS"
PARTITIONS_FILE = PARTITIONS + "_FILE"
PORTS = {"kafka": ("kafka", "kafka-controller"), "mongo": ("mongo",)}


def plan(
    home: Home, scorers: int, kafka_address: str | None, mongo_uri: str | None, progress: Progress
) -> tuple[State, dict[str, Server]]:
    """Makes everything ready to be started, and writes down what the supervisor is to run.

    Args:
        home: the stack's folder, whose lock is held.
        scorers: how many scoring processes to run.
        kafka_address: of a running broker to use; None: an embedded one.
        mongo_uri: of a running replica set to use, with the database; None: an embedded one.
        progress: is told what happens.

    Returns:
        The state and the parts by name, in the order in which they start.

    Raises:
        StartError: says what is in the way, and the remedy.
    """
    state = home.read()
    state.embedded = [name for name, given in (("kafka", kafka_address), ("mongo", mongo_uri)) if not given]
    own = _ports(home, state, scorers)
    home.make_secrets()
    parts = _servers(home, state, progress)
    for name, bind in own.items():
        parts[name] = _service(name, bind, home.logs / f"{name}.log")
    state.urls = {name: parts[name].address for name in FRONT}
    state.environment = _named_settings() | {
        "PARINDEX_KAFKA": kafka_address or parts["kafka"].address,
        "PARINDEX_MONGO": mongo_uri or with_database(parts["mongo"].address, DATABASE),
        "PARINDEX_TOKENS_FILE": str(home.tokens),
        "PARINDEX_RECEIPT_KEY_FILE": str(home.receipt_key),
        "PARINDEX_INTAKE_BIND": own["intake"],
        "PARINDEX_REPORTING_BIND": own["reporting"],
    }
    if "kafka" in state.embedded and not {PARTITIONS, PARTITIONS_FILE} & state.environment.keys():
        # What its topic has is known only when Kafka runs, and before the services start.
        state.environment[PARTITIONS_FILE] = str(home.partitions)
    password, (port,) = new_password(), free_ports(1)
    state.control = f"http://stack:{password}@{LOOPBACK}:{port}/RPC2"
    scoring_binds = {name: {"PARINDEX_SCORING_BIND": bind} for name, bind in own.items() if name not in FRONT}
    home.write_configuration(configuration(home, port, password, parts, scoring_binds))
    home.write(state)
    return state, parts


def _ports(home: Home, state: State, scorers: int) -> dict[str, str]:
    """Chooses the ports of everything; returns where each service listens, in the order in which they start."""
    named = {name: bind for name in FRONT if (bind := os.environ.get(f"PARINDEX_{name.upper()}_BIND"))}
    for name, bind in named.items():
        require_free(name, int(bind.rpartition(":")[2]))
    services = ["reporting", *(f"scoring-{number}" for number in range(1, scorers + 1)), "intake"]
    chosen = [port for server in state.embedded for port in PORTS[server]]
    home.choose_ports(state, chosen + [name for name in services if name not in named])
    return {name: named.get(name) or f"{LOOPBACK}:{state.ports[name]}" for name in services}


def _servers(home: Home, state: State, progress: Progress) -> dict[str, Server]:
    parts = {}
    if state.embedded:
        require_platform()
    if "kafka" in state.embedded:
        progress.step("Checking Kafka's jars")
        classpath = jars.ensure(jars.local_repository(), progress.fetching)
        port, controller_port = (state.ports[port] for port in PORTS["kafka"])
        parts["kafka"] = kafka(home.kafka, port, controller_port, classpath, home.logs / "kafka.log")
    if "mongo" in state.embedded:
        parts["mongo"] = mongo(home.mongo, state.ports["mongo"], home.logs / "mongo.log")
    return parts


def _named_settings() -> dict[str, str]:
    """The settings that the operator has named in the environment."""
    return {
        name: value for name, value in os.environ.items() if name.startswith("PARINDEX_") and name != "PARINDEX_HOME"
    }


def _service(name: str, bind: str, log: Path) -> Server:
    host, _, port = bind.rpartition(":")
    url = f"http://{LOOPBACK if host in {'', '0.0.0.0', '[::]'} else host}:{port}"  # noqa: S104 - compared, not bound
    return Server(name, url, (*PARINDEX, name.partition("-")[0]), partial(_lacking, url), log)


def _lacking(url: str) -> str | None:
    """None when the service is ready, else what it says, or why it says nothing."""
    address = urlsplit(url)
    # Nothing heavier: it asks many times while the services start, on the same cores.
    connection = HTTPConnection(address.hostname or LOOPBACK, address.port, timeout=PROBE_S)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        said = answer.read(SAID_BYTES).decode(errors="replace")
    except (OSError, HTTPException) as error:
        return str(error)
    finally:
        connection.close()
    return None if answer.status == HTTPStatus.OK else f"{answer.status} {said}"
