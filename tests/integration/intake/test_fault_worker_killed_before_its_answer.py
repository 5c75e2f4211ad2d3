"""A worker of intake killed after Kafka has a response and before its sender is told: sent again, it counts once."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pymongo import MongoClient

from services.common import kafka
from services.common.settings import Settings
from services.scoring.ledger import Document
from tests.intake import Intake, eventually, response, running_intake
from tests.integration.reckoning import check
from tests.integration.test_scoring_process import Survey

LINES = 600
"""More than a batch sends to Kafka at a time."""


@pytest.fixture
def survey(settings: Settings, client: MongoClient[Document]) -> Iterator[Survey]:
    kafka.create_topics(settings)
    made = Survey(settings, client)
    yield made
    made.producer.close(timeout=2)


@pytest.fixture
def dying(settings: Settings, tmp_path: Path) -> Iterator[Intake]:
    configuration = ("--config", "python:tests.integration.intake.dying")
    command = (sys.executable, "-m", "gunicorn", *configuration)
    partitions = str(settings.response_partitions)
    with running_intake(
        settings, tmp_path, command=command, DYING_HOME=str(tmp_path), PARINDEX_RESPONSE_PARTITIONS=partitions
    ) as started:
        yield started


def doomed() -> str:
    return f"dead{str(uuid.uuid4())[4:]}"


def test_what_was_stored_and_not_answered_counts_once_when_it_is_sent_again(survey: Survey, dying: Intake) -> None:
    address = f"{dying.campaign()}/responses"
    single, edited, in_a_batch = doomed(), doomed(), doomed()
    assert sent_until_answered(dying, f"{address}/{single}", response()) >= 1
    # The worker that is to answer the edit dies as well.
    assert sent_until_answered(dying, f"{address}/{edited}", response()) >= 1
    (dying.log.parent / edited).unlink()
    assert sent_until_answered(dying, f"{address}/{edited}", response(revision=2, ratings={"w2": {"l2": "B"}})) >= 1
    lines = [response(response=str(uuid.uuid4())) for _ in range(LINES)]
    lines[10]["response"] = in_a_batch
    assert batch_sent_until_answered(dying, f"{address}/batch", lines) >= 1

    ids = {single, edited} | {line["response"] for line in lines}
    records = [content["response"] for content in dying.contents("responses")]
    assert all(records.count(id_) >= 2 for id_ in (single, edited, in_a_batch))
    with survey.scorer() as scorer:
        code = address.split("/")[3]
        eventually(lambda: survey.counted(code) == len(ids), "all is counted", 30)
        check(survey.db, survey.settings, scorer._catalogue.current(code), ids)


def sent_until_answered(intake: Intake, address: str, document: dict[str, object]) -> int:
    """Sends a response again and again as a front-end does; how often there was no answer."""
    lost = 0
    while True:
        try:
            answer = intake.http.put(address, json=document)
        except httpx.TransportError:
            lost += 1
            continue
        if answer.status_code == httpx.codes.ACCEPTED:
            return lost
        assert answer.json()["retryable"], answer.text


def batch_sent_until_answered(intake: Intake, address: str, lines: list[dict[str, object]]) -> int:
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    lost = 0
    while True:
        try:
            answer = intake.http.post(address, content=body, headers={"Content-Type": "application/x-ndjson"})
            results = [json.loads(line) for line in answer.text.splitlines()]
        except httpx.TransportError:
            lost += 1
            continue
        if {result["status"] for result in results} == {httpx.codes.ACCEPTED}:
            assert len(results) == len(lines)
            return lost
