"""Scoring waits out the absence of its servers and then counts what it has not counted, once."""

from __future__ import annotations

import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from deploy.embedded import jars
from deploy.embedded.kafka import kafka as kafka_server
from deploy.embedded.machine import free_ports
from deploy.embedded.mongo import mongo as mongo_server
from deploy.embedded.mongo import with_database
from deploy.embedded.server import Server, running
from services.common import kafka, mongo
from services.common.campaign import Campaign
from services.common.settings import Settings
from tests.integration.conftest import response
from tests.integration.test_scoring_process import GOOD, Survey, eventually


class Machine:
    """A Kafka and a MongoDB of one test's own, which it may kill and start again on the same ports and data."""

    def __init__(self, home: Path) -> None:
        broker, controller, database = free_ports(3)
        for name in ("kafka", "mongo"):
            (home / name).mkdir()
        self._makers = {
            "Kafka": lambda: kafka_server(
                home / "kafka", broker, controller, jars.ensure(jars.local_repository()), home / "kafka.log"
            ),
            "MongoDB": lambda: mongo_server(home / "mongo", database, home / "mongo.log"),
        }
        self._stacks: dict[str, ExitStack] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.servers: dict[str, Server] = {}
        for name in self._makers:
            self.start(name)

    def start(self, name: str) -> None:
        self.servers[name] = server = self._makers[name]()
        self._stacks[name] = ExitStack()
        processes = self._stacks[name].enter_context(running(server))
        (self._processes[name],) = processes.values()

    def kill(self, name: str) -> None:
        self._processes[name].kill()
        self._processes[name].wait()
        self._stacks[name].close()

    def signal(self, name: str, number: signal.Signals) -> None:
        self._processes[name].send_signal(number)

    def stop(self) -> None:
        for stack in self._stacks.values():
            stack.close()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    made = Machine(tmp_path_factory.mktemp("machine"))
    yield made
    made.stop()


@pytest.fixture
def own(machine: Machine) -> Iterator[Survey]:
    name = f"test-{uuid.uuid4().hex[:12]}"
    settings = Settings(
        kafka=machine.servers["Kafka"].address,
        mongo=with_database(machine.servers["MongoDB"].address, name),
        topic_prefix=f"{name}.",
        response_partitions=3,
    )
    kafka.create_topics(settings)
    client = mongo.client(settings.mongo)
    survey = Survey(settings, client)
    yield survey
    survey.producer.close(timeout=2)
    client.close()


@pytest.mark.parametrize("name", ["Kafka", "MongoDB"])
def test_a_server_that_dies_and_comes_back_costs_nothing(
    own: Survey, machine: Machine, small: Campaign, name: str
) -> None:
    own.publish(small)
    with own.scorer() as scorer:
        own.say("responses", *(response(number, GOOD) for number in range(1, 51)))
        eventually(lambda: own.counted() == 50)
        if name == "MongoDB":
            own.say("responses", *(response(number, GOOD) for number in range(51, 2_051)))
        machine.kill(name)
        if name == "MongoDB":
            eventually(lambda: scorer.consumer.waiting)
        machine.start(name)
        own.say("responses", *(response(number, GOOD) for number in range(1, 2_101)))
        eventually(lambda: own.counted() == 2_100, within_s=60)
    assert sum(found["n"] for found in own.db.tallies.find({"_id.unit": "w1"})) == 2_100
    assert own.db.responses.count_documents({}) == 2_100


def test_a_database_that_stands_still_is_waited_for(own: Survey, machine: Machine, small: Campaign) -> None:
    """A connection that neither answers nor breaks must not hold scoring for ever."""
    own.publish(small)
    with own.scorer() as scorer:
        own.say("responses", *(response(number, GOOD) for number in range(1, 51)))
        eventually(lambda: own.counted() == 50)
        machine.signal("MongoDB", signal.SIGSTOP)
        own.say("responses", *(response(number, GOOD) for number in range(51, 101)))
        eventually(lambda: scorer.consumer.waiting, within_s=40)
        machine.signal("MongoDB", signal.SIGCONT)
        eventually(lambda: own.counted() == 100, within_s=40)


def test_a_start_without_servers_waits_for_them(own: Survey, machine: Machine, small: Campaign) -> None:
    own.publish(small)
    own.say("responses", *(response(number, GOOD) for number in range(1, 31)))
    machine.kill("MongoDB")
    absent = replace(own.settings, kafka=f"127.0.0.1:{free_ports(1)[0]}")
    lonely = Survey.__new__(Survey)
    lonely.settings = absent
    with lonely.scorer() as scorer:
        answer = eventually(lambda: _answer(f"http://{scorer.bind}/readyz"))
        assert answer.status_code == 503
        assert httpx.get(f"http://{scorer.bind}/livez").status_code == 200
    with own.scorer():
        machine.start("MongoDB")
        eventually(lambda: own.counted() == 30)


def _answer(url: str) -> httpx.Response | None:
    try:
        return httpx.get(url)
    except httpx.TransportError:
        return None
