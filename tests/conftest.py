"""Real servers for the tests: started once per session, and a fresh topic prefix and database for every test."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from kafka import KafkaAdminClient
from pymongo import MongoClient
from xdist.scheduler import LoadFileScheduling

from deploy.embedded import jars
from deploy.embedded.kafka import kafka
from deploy.embedded.machine import free_ports
from deploy.embedded.mongo import mongo, with_database
from deploy.embedded.server import Server
from tests.jvm import keep_classes
from tests.sharing import shared

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("quick", max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=2_000)
settings.load_profile("quick")


servers = pytest.StashKey[ExitStack]()
"""What runs until the session is over, beyond the last test's time limit: other workers may need it longer."""

BUSY = ("tests/system", "tests/browser")
"""Where tests keep the processors busy for long."""
WAITING = ("tests/integration/intake", "tests/integration")
"""Where they mostly wait for servers. All others are short."""

CLEAN_SERVERS = ("tests/system/test_bench.py", "tests/system/test_demo.py")
"""Each looks at what it left on the servers, which the other at the same time would change."""
PAGES = "tests/browser/"
"""All of them look at one stack."""


def pytest_configure(config: pytest.Config) -> None:
    # A shell without job control has what it starts in the background ignore it, and all that tests start would too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[servers] = ExitStack()
    config.add_cleanup(config.stash[servers].close)
    # Before there are workers: they have it from here.
    if config.getoption("numprocesses", 0):
        keep_classes(config.cache.mkdir("java"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """For a parallel run: what keeps the processors busy spread among what waits, and at last what is short.

    Else the processors are overrun at the beginning and idle later, or the run ends with one worker at a long test.
    """
    if hasattr(config, "workerinput"):
        place: dict[str, float] = {}
        for kind in (BUSY, WAITING):
            files = dict.fromkeys(
                scope(item.nodeid) for start in kind for item in items if item.nodeid.startswith(start)
            )
            place |= {file: number / len(files) for number, file in enumerate(files)}
        items.sort(key=lambda item: place.get(scope(item.nodeid), 1.0))


def scope(test: str) -> str:
    """What stays together, so that it shares what it starts: a file; `CLEAN_SERVERS`; `PAGES`."""
    file = test.partition("::")[0]
    if file.startswith(PAGES):
        return PAGES
    return "clean servers" if file in CLEAN_SERVERS else file


class ByScope(LoadFileScheduling):
    """Deals out whole scopes."""

    def _split_scope(self, nodeid: str) -> str:
        return scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:  # noqa: ANN401
    return ByScope(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def kafka_server(shared_server: Callable[[str, Callable[[Path], Server]], str]) -> str:
    """Bootstrap address of a Kafka broker: the one PARINDEX_KAFKA names, else one started for this session."""
    return os.environ.get("PARINDEX_KAFKA") or shared_server("kafka", _kafka)


@pytest.fixture(scope="session")
def mongo_server(shared_server: Callable[[str, Callable[[Path], Server]], str]) -> str:
    """URI of a MongoDB replica set without a database: PARINDEX_MONGO's, else one started for this session."""
    return with_database(os.environ.get("PARINDEX_MONGO") or shared_server("mongo", _mongo), "")


@pytest.fixture(scope="session")
def shared_server(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, Callable[[Path], Server]], str]:
    """Starts a server by name, or finds it where another worker has started it."""
    folder = tmp_path_factory.getbasetemp()
    if hasattr(pytestconfig, "workerinput"):
        folder = folder.parent
    return lambda name, make: pytestconfig.stash[servers].enter_context(shared(folder / f"shared-{name}", make))


def _kafka(home: Path) -> Server:
    return kafka(home, *free_ports(2), jars.ensure(jars.local_repository()), home / "kafka.log")


def _mongo(home: Path) -> Server:
    return mongo(home, *free_ports(1), home / "mongo.log")


@contextmanager
def environment(kafka_server: str, mongo_server: str) -> Iterator[dict[str, str]]:
    """Environment of services whose topics, consumer groups and database nobody else has; they go at the end."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    yield {
        "PARINDEX_KAFKA": kafka_server,
        "PARINDEX_MONGO": with_database(mongo_server, name),
        "PARINDEX_TOPIC_PREFIX": f"{name}.",
    }
    with MongoClient(mongo_server) as client:
        client.drop_database(name)
    admin = KafkaAdminClient(bootstrap_servers=kafka_server, api_version=(4, 1))
    try:
        admin.delete_topics([topic for topic in admin.list_topics() if topic.startswith(f"{name}.")])
    finally:
        admin.close()


@pytest.fixture
def settings_env(kafka_server: str, mongo_server: str) -> Iterator[dict[str, str]]:
    """Environment of the services of one test."""
    with environment(kafka_server, mongo_server) as made:
        yield made
