"""One intake for all tests that leave it whole, and a Kafka behind a proxy for those that do not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.embedded import jars
from deploy.embedded.kafka import kafka
from deploy.embedded.machine import LOOPBACK, free_ports
from deploy.embedded.server import running
from tests.intake import Intake, fresh_topics, running_intake
from tests.proxy import Proxy


@pytest.fixture(scope="session")
def intake(kafka_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    with (
        fresh_topics(kafka_server) as settings,
        running_intake(settings, tmp_path_factory.mktemp("intake")) as started,
    ):
        yield started


@pytest.fixture(scope="session")
def broken_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A broker that sends its clients to a proxy: whoever asks at the proxy's port never gets past it."""
    home, (port, controller_port) = tmp_path_factory.mktemp("kafka-behind-proxy"), free_ports(2)
    with Proxy(port) as proxy:
        server = kafka(home, port, controller_port, jars.ensure(jars.local_repository()), home / "kafka.log")
        properties = home / "server.properties"
        told, telling = (f"advertised.listeners=PLAINTEXT://{LOOPBACK}:{number}" for number in (port, proxy.port))
        assert told in properties.read_text()
        properties.write_text(properties.read_text().replace(told, telling))
        with running(server):
            yield proxy


@pytest.fixture
def proxy(broken_kafka: Proxy) -> Iterator[Proxy]:
    """The proxy before a broker, whole again after the test."""
    yield broken_kafka
    broken_kafka.mode = "pass"
