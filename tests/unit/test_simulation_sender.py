"""The sender: the same again until a final answer, and what was acknowledged noted once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.cli.simulation import connection as connection_module
from services.cli.simulation.connection import Connection, GaveUp
from services.cli.simulation.course import Course, courses
from services.cli.simulation.population import Population
from services.cli.simulation.sender import Delivery, Sender, Unexpected
from services.common import campaign_schema
from services.common.campaign import Campaign
from tests.unit.surveys import published

RATERS = 400
SMALL = Path(__file__).parents[1] / "data" / "small_campaign.yaml"

Fault = Callable[[int], int | None]
"""The number of a request → the status to refuse it with, 0 to hang up, None to take it."""


class Intake:
    """A small intake: keeps what it took by id and revision, refuses unknown options, and fails when told to."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.lock = threading.Lock()
        self.requests: list[tuple[str, str, bytes]] = []
        self.log: list[tuple[str, int]] = []
        intake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with intake.lock:
                    number = len(intake.requests)
                    intake.requests.append((self.command, self.path, body))
                status = intake.fault(number)
                if status == 0:
                    intake.take(self.path, body, number)
                    self.close_connection = True
                    return
                if status is not None:
                    self.answer(status, {"title": "not now"})
                elif self.path.endswith("/batch"):
                    self.answer(200, *intake.take(self.path, body, number))
                else:
                    (said,) = intake.take(self.path, body, number)
                    self.answer(said["status"], said)

            def do_DELETE(self) -> None:
                response, _, revision = self.path.rpartition("/")[2].partition("?revision=")
                self.answer(202, {"receipt": intake.append(response, int(revision))})

            def answer(self, status: int, *documents: object) -> None:
                body = b"\n".join(map(orjson.dumps, documents))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Retry-After", "0")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.url = f"http://127.0.0.1:{self.server.server_port}/front"

    def take(self, path: str, body: bytes, number: int) -> list[dict[str, Any]]:
        assert path.startswith("/front/v1/campaigns/small/responses")
        said = []
        for line, text in enumerate(body.splitlines(), 1):
            document = orjson.loads(text)
            if any("never" in option for answers in document["ratings"].values() for option in answers.values()):
                said.append({"line": line, "status": 422, "problem": {}})
            elif line == 2 and number % 3 == 0:
                said.append({"line": line, "status": 503, "problem": {}})
            else:
                receipt = self.append(document["response"], document["revision"])
                said.append({"line": line, "status": 202, "receipt": receipt})
        return said

    def append(self, response: str, revision: int) -> dict[str, int]:
        with self.lock:
            self.log.append((response, revision))
            return {"partition": len(self.log) % 3, "offset": len(self.log) // 3}


@pytest.fixture
def intake() -> Iterator[Callable[[Fault], Intake]]:
    started: list[Intake] = []

    def start(fault: Fault = lambda _: None) -> Intake:
        made = Intake(fault)
        made.thread.start()
        started.append(made)
        return made

    yield start
    for each in started:
        each.server.shutdown()
        each.server.server_close()
        each.thread.join()


@pytest.fixture(scope="module")
def campaign() -> Campaign:
    return published(campaign_schema.parse(SMALL.read_bytes()))


@pytest.fixture(scope="module")
def sent(campaign: Campaign) -> list[Course]:
    population = Population(campaign, 3)
    return list(courses(population, population.responses(RATERS)))


def check(delivery: Delivery, sent: list[Course], log: list[tuple[str, int]]) -> None:
    assert {response.response: response for response in delivery.counted} == {
        course.counts.response: course.counts for course in sent if course.counts is not None
    }
    habits = Counter(course.habit for course in sent)
    assert delivery.acknowledged == {
        "response": RATERS - habits["impossible"],
        "again": habits["twice"],
        "edit": habits["edited"],
        "withdrawal": habits["withdrawn"],
    }
    assert delivery.refused == habits["impossible"]
    assert set(log) == {
        (step.response, step.revision) for course in sent if course.habit != "impossible" for step in course.steps
    }


@pytest.mark.parametrize("way", [Sender.singly, Sender.in_batches])
def test_all_is_delivered_and_noted_once(
    intake: Callable[..., Intake], sent: list[Course], way: Callable[..., Delivery]
) -> None:
    there = intake()
    progress: list[int] = []
    delivery = way(Sender(there.url, "small", 4), sent, progress.append)
    check(delivery, sent, there.log)
    assert sum(progress) == sum(len(course.steps) for course in sent)
    assert delivery.ends == {number % 3: number // 3 + 1 for number in range(1, len(there.log) + 1)}


@pytest.mark.parametrize("way", [Sender.singly, Sender.in_batches])
@pytest.mark.parametrize("status", [503, 429, 502, 0])
def test_what_is_not_taken_is_sent_again_unchanged(
    intake: Callable[..., Intake], sent: list[Course], way: Callable[..., Delivery], status: int
) -> None:
    there = intake(lambda number: status if number % 7 == 0 else None)
    check(way(Sender(there.url, "small", 1), sent, lambda _: None), sent, there.log)
    refused = there.requests[0]
    assert there.requests[1] == refused


@pytest.mark.parametrize("way", [Sender.singly, Sender.in_batches])
def test_a_final_refusal_that_was_not_meant_ends_the_sending(
    intake: Callable[..., Intake], sent: list[Course], way: Callable[..., Delivery]
) -> None:
    there = intake(lambda number: 403 if number == 2 else None)
    with pytest.raises(Unexpected, match="403"):
        way(Sender(there.url, "small", 2), sent, lambda _: None)
    assert len(there.requests) < 60


def test_patience_has_an_end(intake: Callable[..., Intake], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "PATIENCE_S", 0.3)
    there = intake(lambda _: 503)
    connection = Connection(there.url)
    with pytest.raises(GaveUp, match=r"POST /v1/campaigns/small/responses: .* the last was: 503"):
        connection.exchange("POST", "/v1/campaigns/small/responses", b"{}")
    connection.close()
    assert len(there.requests) > 1


def test_silence_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "PATIENCE_S", 0.3)
    with pytest.raises(GaveUp, match="Connection refused"):
        Connection("http://127.0.0.1:1").exchange("GET", "/livez")


@pytest.mark.parametrize("url", ["127.0.0.1:8001", "ftp://127.0.0.1", "http://", ""])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="http"):
        Connection(url)
