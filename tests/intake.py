"""A real intake for tests: gunicorn as an operator starts it, on topics of its own."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
from kafka import KafkaAdminClient, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from deploy.embedded.machine import LOOPBACK, free_ports
from services.common import kafka
from services.common.settings import Settings
from services.common.tokens import ROLES, Token, new_token
from tests import waiting
from tests.command import PARINDEX

INTAKE = (*PARINDEX, "intake")
READY_S = 60.0
STOP_S = 30.0


def eventually(condition: Callable[[], object], what: str, timeout_s: float = 10.0) -> None:
    """Waits until a condition holds."""
    waiting.eventually(condition, what, timeout_s)


def definition(code: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """A small campaign that is open: deputies rate w1, w2 and o1, citizens the wards alone."""
    scale = [("A", 100), ("B", 33.333333), ("C", 0), ("N", None)]
    survey = {"method": "survey", "scale": "five"}
    document = {
        "campaign": code,
        "title": {"vi": "Đợt thử", "en": "Trial"},
        "opens": "2022-11-01T00:00:00+07:00",
        "closes": "2099-12-01T00:00:00+07:00",
        "blocks": [{"code": "ward", "name": {"vi": "Phường"}}, {"code": "office", "name": {"vi": "Phòng"}}],
        "units": [
            {"code": "w1", "name": {"vi": "Phường Một", "en": "Ward One"}, "block": "ward"},
            {"code": "w2", "name": {"vi": "Phường Hai"}, "block": "ward"},
            {"code": "o1", "name": {"vi": "Phòng Một"}, "block": "office"},
        ],
        "groups": [
            {"code": "deputy", "name": {"vi": "Đại biểu"}, "rates": ["ward", "office"]},
            {"code": "citizen", "name": {"vi": "Người dân"}, "rates": ["ward"], "access": "open"},
        ],
        "scales": [
            {
                "code": "five",
                "options": [{"code": name, "label": {"vi": f"Mức {name}"}, "percent": worth} for name, worth in scale],
            }
        ],
        "fields": [
            {
                "code": "f1",
                "name": {"vi": "Lĩnh vực"},
                "criteria": [
                    {
                        "code": "c1",
                        "name": {"vi": "Tiêu chí"},
                        "leaves": [
                            {"code": "l1", "name": {"vi": "Kế hoạch"}, "max_points": 2, "method": "appraisal"},
                            {"code": "l2", "name": {"vi": "Chất lượng"}, "max_points": "0.1", **survey}
                            | {"groups": ["deputy", "citizen"]},
                            {"code": "l3", "name": {"vi": "Hài lòng"}, "max_points": "1.5", **survey}
                            | {"groups": ["citizen"]},
                        ],
                    }
                ],
            }
        ],
    }
    return document | changes


def response(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """A response that fits `definition`."""
    return {"group": "citizen", "ratings": {"w1": {"l2": "A", "l3": "B"}}} | changes


@dataclass(frozen=True)
class Intake:
    """A running intake, its settings, the secrets of its tokens, and its log.

    Secrets stand by role; `of-wards` is an appraiser of the wards alone.
    """

    url: str
    settings: Settings
    tokens: dict[str, str]
    log: Path
    http: httpx.Client
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.process.pid

    def ended(self) -> bool:
        return self.process.poll() is not None

    def exit_code(self) -> int | None:
        return self.process.poll()

    def bearer(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[role]}"}

    def define(self, document: dict[str, Any]) -> httpx.Response:
        return self.http.put(f"/v1/campaigns/{document['campaign']}", json=document, headers=self.bearer("admin"))

    def campaign(self, **changes: Any) -> str:  # noqa: ANN401
        """Publishes a campaign that no other test has, and returns its address."""
        code = f"c{uuid.uuid4().hex[:12]}"
        answer = self.define(definition(code, **changes))
        assert answer.status_code == httpx.codes.CREATED, answer.text
        return f"/v1/campaigns/{code}"

    def records(self, topic: str) -> list[ConsumerRecord]:
        """All that stands in a topic at this moment."""
        consumer = kafka.reader(self.settings, "test")
        try:
            name = self.settings.topic(topic)
            partitions = [TopicPartition(name, number) for number in sorted(consumer.partitions_for_topic(name))]
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
            ends = consumer.end_offsets(partitions)
            found: list[ConsumerRecord] = []
            while any(consumer.position(partition) < ends[partition] for partition in partitions):
                for records in consumer.poll(timeout_ms=500).values():
                    found.extend(records)
            return found
        finally:
            consumer.close()

    def contents(self, topic: str) -> list[dict[str, Any]]:
        return [json.loads(record.value) for record in self.records(topic)]


@contextmanager
def fresh_topics(bootstrap: str) -> Iterator[Settings]:
    """Settings whose topics nobody else has; they are there until the end."""
    settings = Settings(kafka=bootstrap, topic_prefix=f"test-{uuid.uuid4().hex[:12]}.", response_partitions=3)
    kafka.create_topics(settings)
    yield settings
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka, api_version=kafka.API_VERSION)
    try:
        admin.delete_topics([topic for topic in admin.list_topics() if topic.startswith(settings.topic_prefix)])
    finally:
        admin.close()


@contextmanager
def running_intake(
    settings: Settings, home: Path, *, ready: bool = True, command: Sequence[str] = INTAKE, **environment: str
) -> Iterator[Intake]:
    """Starts intake as a process of its own and ends it afterwards.

    Args:
        settings: where Kafka is, and the prefix of the topics.
        home: a folder for its tokens, key and log.
        ready: wait for /readyz, else for /livez alone.
        command: what starts it.
        environment: further settings.
    """
    made: dict[str, tuple[str, Token]] = {role: new_token(f"the-{role}", role) for role in ROLES}
    made["of-wards"] = new_token("of-wards", "appraiser", ("ward",))
    (home / "tokens").write_text("".join(token.line for _, token in made.values()))
    (home / "key").write_text("k" * 32)
    (port,) = free_ports(1)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PARINDEX_")}
    own = {
        "PARINDEX_KAFKA": settings.kafka,
        "PARINDEX_TOPIC_PREFIX": settings.topic_prefix,
        "PARINDEX_TOKENS_FILE": str(home / "tokens"),
        "PARINDEX_RECEIPT_KEY_FILE": str(home / "key"),
        "PARINDEX_INTAKE_BIND": f"{LOOPBACK}:{port}",
        "PARINDEX_CORS_ORIGINS": "https://survey.example",
    }
    url, log = f"http://{LOOPBACK}:{port}", home / "intake.log"
    with log.open("wb") as output, httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
        process = subprocess.Popen(command, env=inherited | own | environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            wanted = partial(_each_ready, process.pid, url, port) if ready else partial(_answers, client, "/livez")
            _await(wanted, process, log)
            secrets = {role: secret for role, (secret, _) in made.items()}
            yield Intake(url, settings, secrets, log, client, process)
        finally:
            process.terminate()
            process.wait(STOP_S)


def _await(wanted: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    def well() -> bool:
        assert process.poll() is None, log.read_text()
        # A worker that ends while it is looked at.
        with suppress(psutil.NoSuchProcess):
            return wanted()
        return False

    eventually(well, "intake is there", READY_S)


def _each_ready(pid: int, url: str, port: int) -> bool:
    """Whether every worker says so: they become ready by themselves, and each has some of the connections."""
    workers = psutil.Process(pid).children()
    with ExitStack() as stack:
        clients = [stack.enter_context(httpx.Client(base_url=url, trust_env=False, timeout=20)) for _ in workers]
        return (
            bool(workers)
            and all(_answers(client, "/readyz") for client in clients)
            and all(any(found.laddr.port == port for found in _established(worker)) for worker in workers)
        )


def _established(worker: psutil.Process) -> list[Any]:
    return [found for found in worker.net_connections("tcp") if found.status == psutil.CONN_ESTABLISHED]


def _answers(client: httpx.Client, address: str) -> bool:
    try:
        return client.get(address).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
