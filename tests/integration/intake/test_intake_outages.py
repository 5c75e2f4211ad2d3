"""Without Kafka the answer is 503 in time, never a loss; when Kafka is back, so is intake, by itself."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.intake import Intake, definition, eventually, fresh_topics, response, running_intake
from tests.integration.intake.senders import Senders
from tests.proxy import LOOPBACK, Mode, Proxy

BUSY_S = 4.0
"""What a busy machine and the pauses of the clients may add to what is promised."""
IN_TIME_S = 3.0 + BUSY_S
AT_ONCE_S = 0.5
RETURN_S = 1.0 + BUSY_S


@pytest.fixture(scope="module")
def intake(broken_kafka: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    with (
        fresh_topics(f"{LOOPBACK}:{broken_kafka.port}") as settings,
        running_intake(settings, tmp_path_factory.mktemp("intake"), PARINDEX_INTAKE_WORKERS="1") as started,
    ):
        yield started


@pytest.mark.parametrize(
    ("mode", "lasts_s"),
    [("refuse", 3.5), ("hole", 3.5), ("eatack", 3.5), ("refuse", 8.0), ("hole", 8.0), ("eatack", 8.0)],
)
def test_an_outage_under_load_loses_nothing_and_ends_by_itself(
    intake: Intake, proxy: Proxy, mode: Mode, lasts_s: float
) -> None:
    """Longer and shorter than it takes to replace the producer; records were on their way when it began."""
    address = intake.campaign()
    with Senders(intake, address) as senders:
        eventually(lambda: len(senders.accepted) > 50, "responses are taken")
        proxy.mode = mode
        ends = time.monotonic() + lasts_s
        eventually(lambda: senders.refused_after, "the first is refused", IN_TIME_S + 1)
        eventually(lambda: time.monotonic() > ends, "the outage is over", lasts_s + 1)
        proxy.mode = "pass"
        if mode == "eatack":
            proxy.cut()  # an answer that was lost is lost: a real connection would have broken
        back = time.monotonic()
        eventually(lambda: senders.accepted_at[-1] > back, "responses are taken again", RETURN_S)
        enough = len(senders.accepted) + 50
        eventually(lambda: len(senders.accepted) > enough, "and go on being taken")
    assert max(senders.refused_after) < IN_TIME_S
    assert sorted(senders.refused_after)[len(senders.refused_after) // 2] < AT_ONCE_S
    found = {(record.partition, record.offset): record.key.decode() for record in intake.records("responses")}
    for id_, receipt in senders.accepted.items():
        assert receipt["offset"] is None or found[receipt["partition"], receipt["offset"]] == id_  # type: ignore[index]
    assert senders.accepted.keys() <= set(found.values())


def test_while_kafka_is_away_readiness_says_so_and_the_process_lives(intake: Intake, proxy: Proxy) -> None:
    address = intake.campaign()
    proxy.mode = "refuse"
    assert intake.http.post(f"{address}/responses", json=response()).status_code == 503
    assert intake.http.get("/livez").status_code == 200
    ready = intake.http.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["checks"]["kafka"] != "ok"
    assert ready.json()["checks"]["publisher"] != "ok"
    assert "parindex_intake_breaker_open 1.0" in intake.http.get("/metrics").text
    proxy.mode = "pass"
    eventually(lambda: intake.http.get("/readyz").status_code == 200, "ready again", 5)
    assert "parindex_intake_breaker_open 0.0" in intake.http.get("/metrics").text


def test_without_kafka_nothing_is_said_that_is_not_known(intake: Intake, proxy: Proxy) -> None:
    """An unknown name is not a 404, and neither a definition nor an appraisal is taken on trust."""
    address = intake.campaign()
    proxy.mode = "hole"
    start = time.monotonic()
    assert intake.http.get("/v1/campaigns/nowhere").status_code == 503
    assert time.monotonic() - start < IN_TIME_S
    assert intake.http.get(address).status_code == 200
    start = time.monotonic()
    assert intake.define(definition("other")).status_code == 503
    assert time.monotonic() - start < IN_TIME_S
    start = time.monotonic()
    changed = intake.http.patch(f"{address}/appraisals/w1", json={"bonus": 1}, headers=intake.bearer("appraiser"))
    assert changed.status_code == 503
    assert time.monotonic() - start < IN_TIME_S


def test_an_outage_in_the_middle_of_a_batch_is_told_line_by_line(intake: Intake, proxy: Proxy) -> None:
    address = intake.campaign()
    body = (json.dumps(response()).encode() + b"\n") * 5_000
    headers = {"Content-Type": "application/x-ndjson"}
    found: list[dict[str, object]] = []
    with intake.http.stream("POST", f"{address}/responses/batch", content=body, headers=headers) as answer:
        for line in answer.iter_lines():
            if not found:
                proxy.mode = "refuse"
            found.append(json.loads(line))
    assert [result["line"] for result in found] == list(range(1, 5_001))
    statuses = [result["status"] for result in found]
    taken = statuses.count(202)
    assert 0 < taken < 5_000
    assert statuses == [202] * taken + [503] * (5_000 - taken)
    assert all(result["problem"]["retryable"] for result in found[taken:])  # type: ignore[index]
    proxy.mode = "pass"
    eventually(lambda: intake.http.post(f"{address}/responses", json=response()).status_code == 202, "back", 5)
    stored = {content["response"] for content in intake.contents("responses")}
    assert {result["response"] for result in found[:taken]} <= stored


def test_intake_starts_without_kafka_and_becomes_ready_by_itself(
    broken_kafka: Proxy, proxy: Proxy, tmp_path: Path
) -> None:
    with fresh_topics(f"{LOOPBACK}:{broken_kafka.port}") as settings:
        proxy.mode = "refuse"
        with running_intake(settings, tmp_path, ready=False) as intake:
            assert intake.http.get("/readyz").status_code == 503
            assert intake.http.get("/v1/campaigns").status_code == 503
            assert intake.http.get("/v1/campaigns/nowhere").status_code == 503
            refused = intake.http.post("/v1/campaigns/nowhere/responses", json=response())
            assert (refused.status_code, refused.json()["retryable"]) == (503, True)
            proxy.mode = "pass"
            eventually(lambda: intake.http.get("/readyz").status_code == 200, "ready", 10)
            assert intake.http.get("/v1/campaigns/nowhere").status_code == 404
            assert intake.http.post(f"{intake.campaign()}/responses", json=response()).status_code == 202
