"""A scorer stuck in MongoDB for longer than its group waits: another takes over, and what it writes is refused."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from services.common import kafka, mongo
from services.common.campaign import Campaign
from services.common.settings import Settings
from tests.integration.mongod import Mongod
from tests.integration.reckoning import Account
from tests.integration.steps import Steps
from tests.integration.test_scoring_process import Survey, eventually

APP = "stuck"
POLL_MS = 4_000
"""Instead of the 45 s that a group waits for a member that is alive and does not poll."""
STUCK_MS = 13_000
"""Shorter than the driver waits for an answer, longer than the group and than a transaction may live."""
NO_SUCH_TRANSACTION = 251


@pytest.fixture
def mongod(tmp_path: Path) -> Iterator[Mongod]:
    made = Mongod(tmp_path)
    yield made
    made.close()


def test_the_transaction_of_a_scorer_that_was_given_up_is_refused(
    kafka_server: str, mongod: Mongod, small: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = kafka.reader

    def impatient(*settled: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever `reader` takes
        return reader(*settled, **more | ({"max_poll_interval_ms": POLL_MS} if "group_id" in more else {}))

    monkeypatch.setattr(kafka, "reader", impatient)
    name = f"test-{uuid.uuid4().hex[:12]}"
    settings = Settings(kafka=kafka_server, mongo=mongod.uri(name), topic_prefix=f"{name}.", response_partitions=3)
    kafka.create_topics(settings)
    steps = Steps()
    with ExitStack() as stack:
        client = stack.enter_context(mongo.client(settings.mongo))
        account = Account(Survey(settings, client))
        stack.callback(account.survey.producer.close, timeout=2)
        account.survey.publish(small)
        with monkeypatch.context() as patch:
            patch.setattr(mongo, "MongoClient", partial(MongoClient, event_listeners=[steps]))
            watched = Survey(replace(settings, mongo=mongod.uri(name, APP)), client)
            stack.callback(watched.producer.close, timeout=2)
            first = stack.enter_context(watched.scorer())
        account.say(20)
        eventually(account.is_through)
        once = {"times": 1}
        with mongod.failing("insert", app=APP, mode=once, blockConnection=True, blockTimeMS=STUCK_MS):
            account.say(40, first=10)
            second = stack.enter_context(account.survey.scorer())
            eventually(lambda: len(second.consumer.owned) == 4)
            eventually(account.is_through)
            assert not steps.refused
            eventually(lambda: steps.refused["insert", NO_SUCH_TRANSACTION])
        eventually(lambda: first.consumer.owned and len(first.consumer.owned | second.consumer.owned) == 4)
        account.say(20)
        eventually(account.is_through)
        account.check(small)
