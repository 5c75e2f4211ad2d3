"""Real servers for the tests: started once per session, and a fresh topic prefix and database for every test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, settings
from kafka import KafkaAdminClient
from pymongo import MongoClient

from deploy.embedded import jars
from deploy.embedded.kafka import kafka
from deploy.embedded.machine import free_ports
from deploy.embedded.mongo import mongo, with_database
from deploy.embedded.server import running

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("quick", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=2_000)
settings.load_profile("quick")


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap address of a Kafka broker: the one PARINDEX_KAFKA names, else one started for this session."""
    if given := os.environ.get("PARINDEX_KAFKA"):
        yield given
        return
    home = tmp_path_factory.mktemp("kafka")
    server = kafka(home, *free_ports(2), jars.ensure(jars.local_repository()), home / "kafka.log")
    with running(server):
        yield server.address


@pytest.fixture(scope="session")
def mongo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URI of a MongoDB replica set without a database: PARINDEX_MONGO's, else one started for this session."""
    if given := os.environ.get("PARINDEX_MONGO"):
        yield with_database(given, "")
        return
    home = tmp_path_factory.mktemp("mongo")
    server = mongo(home, *free_ports(1), home / "mongo.log")
    with running(server):
        yield server.address


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
