"""The sender: the same again until a final answer, and what was acknowledged noted once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from services.cli import connection as connection_module
from services.cli.batch import Unexpected
from services.cli.connection import Connection, GaveUp
from services.cli.simulation.course import Course, courses
from services.cli.simulation.population import Population
from services.cli.simulation.sender import Delivery, Sender
from services.common import campaign_schema
from services.common.campaign import Campaign
from tests.unit.small_intake import Intake, serving
from tests.unit.surveys import published

RATERS = 400
SMALL = Path(__file__).parents[1] / "data" / "small_campaign.yaml"


@pytest.fixture
def intake() -> Iterator[Callable[..., Intake]]:
    with ExitStack() as started:
        yield lambda *fault: started.enter_context(serving(*fault))


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
