"""However intake ends, what it answered with 202 stands in the log, and it leaves nothing behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.intake import Intake, eventually, fresh_topics, running_intake
from tests.integration.intake.senders import Senders

DRAINED_S = 10.0


def workers(intake: Intake) -> list[int]:
    children = Path(f"/proc/{intake.pid}/task/{intake.pid}/children").read_text()
    return [int(pid) for pid in children.split()]


@pytest.fixture
def own(kafka_server: str, tmp_path: Path) -> Iterator[Intake]:
    (tmp_path / "tmp").mkdir()
    with (
        fresh_topics(kafka_server) as settings,
        running_intake(settings, tmp_path, TMPDIR=str(tmp_path / "tmp")) as started,
    ):
        yield started


def stored(intake: Intake) -> set[str]:
    return {content["response"] for content in intake.contents("responses")}


def test_a_stop_under_load_drains_in_time_loses_nothing_and_leaves_nothing(own: Intake) -> None:
    temporary = own.log.parent / "tmp"
    assert list(temporary.glob("parindex-intake-metrics-*"))
    with Senders(own, own.campaign()) as senders:
        eventually(lambda: len(senders.accepted) > 100, "responses are taken")
        os.kill(own.pid, signal.SIGTERM)
        eventually(own.ended, "intake has ended", DRAINED_S)
    assert own.exit_code() == 0
    assert senders.accepted.keys() <= stored(own)
    assert not list(temporary.glob("parindex-intake-metrics-*"))


def test_a_killed_worker_is_replaced_and_nothing_it_acknowledged_is_lost(own: Intake) -> None:
    with Senders(own, own.campaign()) as senders:
        for _ in range(3):
            enough = len(senders.accepted) + 50
            eventually(lambda enough=enough: len(senders.accepted) > enough, "responses are taken", 30)
            victim = workers(own)[0]
            os.kill(victim, signal.SIGKILL)
            eventually(lambda victim=victim: len(workers(own)) == 2 and victim not in workers(own), "another works", 30)
        enough = len(senders.accepted) + 50
        eventually(lambda: len(senders.accepted) > enough, "responses are taken", 30)
    assert senders.accepted.keys() <= stored(own)
    families = text_string_to_metric_families(own.http.get("/metrics").text)
    named = {sample.labels.get("pid") for family in families for sample in family.samples} - {None}
    assert not named  # gauges of all workers are added up


def test_workers_do_not_outlive_their_master(own: Intake) -> None:
    before = workers(own)
    os.kill(own.pid, signal.SIGKILL)
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in before), "the workers have ended", 20)
