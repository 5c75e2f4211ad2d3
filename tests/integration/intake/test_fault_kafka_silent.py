"""A Kafka that says nothing any more, or whose answers are lost: what is sent again counts once."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from deploy.embedded.mongo import with_database
from services.common import mongo
from tests.intake import Intake, eventually, fresh_topics, response, running_intake
from tests.integration.intake.senders import Senders
from tests.integration.reckoning import check
from tests.integration.test_scoring_process import Survey
from tests.proxy import LOOPBACK, Proxy

THREADS = 16
BACK_S = 20
PARTITIONS = 3 + 1
"""Of responses and appraisals."""


@pytest.fixture(scope="module")
def intake(broken_kafka: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    with (
        fresh_topics(f"{LOOPBACK}:{broken_kafka.port}") as settings,
        running_intake(
            settings,
            tmp_path_factory.mktemp("intake"),
            PARINDEX_INTAKE_WORKERS="1",
            PARINDEX_INTAKE_THREADS=str(THREADS),
        ) as started,
    ):
        yield started


@pytest.fixture
def survey(intake: Intake, mongo_server: str) -> Iterator[Survey]:
    """Scoring of what that intake takes, in a database of the test's own."""
    uri = with_database(mongo_server, f"test-{uuid.uuid4().hex[:12]}")
    with mongo.client(uri) as client:
        made = Survey(replace(intake.settings, mongo=uri), client)
        yield made
        made.producer.close(timeout=2)
        client.drop_database(made.db.name)


def through(survey: Survey, intake: Intake) -> bool:
    """Whether the states that readers are shown are those of the whole log."""
    states = list(survey.db.campaign_state.find())
    records = len(intake.records("responses"))
    return bool(states) and max(sum(state["positions"]["responses"].values()) for state in states) == records


def test_an_answer_that_was_lost_is_given_again_and_one_response_counted(
    intake: Intake, proxy: Proxy, survey: Survey
) -> None:
    address = intake.campaign()
    id_ = str(uuid.uuid4())
    assert intake.http.put(f"{address}/responses/{uuid.uuid4()}", json=response()).status_code == 202
    proxy.mode = "eatack"
    assert intake.http.put(f"{address}/responses/{id_}", json=response()).status_code == 503
    proxy.mode = "pass"
    proxy.cut()

    def accepted() -> bool:
        return intake.http.put(f"{address}/responses/{id_}", json=response()).status_code == 202

    eventually(accepted, "it is taken", BACK_S)
    assert accepted()
    contents = intake.contents("responses")
    assert Counter(content["response"] for content in contents)[id_] >= 3
    with survey.scorer() as scorer:
        code = address.rpartition("/")[2]
        eventually(lambda: survey.counted(code) == 2, "both are counted", 30)
        campaign = scorer._catalogue.current(code)
        check(survey.db, survey.settings, campaign, {content["response"] for content in contents})


def test_a_silence_leaves_no_thread_behind(intake: Intake, proxy: Proxy, survey: Survey) -> None:
    """Neither in a worker of intake nor in a scorer."""
    address = intake.campaign()
    code = address.rpartition("/")[2]
    (worker,) = Path(f"/proc/{intake.pid}/task/{intake.pid}/children").read_text().split()

    def threads() -> int:
        return sum(1 for _ in Path(f"/proc/{worker}/task").iterdir())

    with survey.scorer() as scorer:
        with Senders(intake, address, count=2 * THREADS) as senders:
            eventually(lambda: len(senders.accepted) > 4 * THREADS, "every thread has worked", 30)
            # What asks Kafka about topics begins with the first partition, what writes with the first chunk.
            eventually(lambda: len(scorer.consumer.owned) == PARTITIONS, "scoring owns all partitions", 30)
            eventually(lambda: survey.counted(code) > 0, "scoring has counted something", 30)
            before, in_scorer = threads(), names()
            for _ in range(2):
                refused, taken = len(senders.refused_after), len(senders.accepted)
                proxy.mode = "hole"
                eventually(lambda refused=refused: len(senders.refused_after) > refused, "it is refused", 10)
                proxy.mode = "pass"
                eventually(lambda taken=taken: len(senders.accepted) > taken + THREADS, "it is taken", BACK_S)
        eventually(lambda: threads() <= before, "no more threads than before", 30)
        eventually(lambda: through(survey, intake), "all is counted", 30)
        eventually(lambda: names() <= in_scorer, "no other threads than before", 30)
        ids = {content["response"] for content in intake.contents("responses") if content["campaign"] == code}
        assert senders.accepted.keys() <= ids
        assert survey.counted(code) == len(ids)
        assert scorer.consumer.halted == {}


def names() -> Counter[str]:
    """The threads of this process, by name."""
    return Counter(thread.name for thread in threading.enumerate() if thread.is_alive())


def test_a_scorer_that_starts_without_kafka_comes_to_work_by_itself(
    intake: Intake, proxy: Proxy, survey: Survey
) -> None:
    address = intake.campaign()
    assert intake.http.post(f"{address}/responses", json=response()).status_code == 202
    proxy.mode = "refuse"
    with survey.scorer() as scorer:
        url = f"http://{scorer.bind}"
        eventually(lambda: status(f"{url}/livez") == 200, "it lives", 30)
        assert status(f"{url}/readyz") == 503
        proxy.mode = "pass"
        eventually(lambda: status(f"{url}/readyz") == 200, "it is ready", 30)
        eventually(lambda: survey.counted(address.rpartition("/")[2]) == 1, "it counts", 30)


def status(url: str) -> int:
    try:
        return httpx.get(url, trust_env=False).status_code
    except httpx.TransportError:
        return 0
