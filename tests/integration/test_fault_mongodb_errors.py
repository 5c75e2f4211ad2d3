"""Whatever MongoDB answers to a commit, a write or a look-up: it is tried again, at leisure, and counted once."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
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

APP = "scorer"
PERSISTS_S = 2.0
MOST_PER_S = 200
"""Commands: a chunk takes about ten, a refresh five, and each of three partitions is tried twice a second. Without a
pause between the tries there would be thousands."""

FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "the connection breaks at the commit": ("commitTransaction", {"closeConnection": True}),
    "the server is ending at the commit": ("commitTransaction", {"errorCode": 91}),
    "a write conflict at the commit": ("commitTransaction", {"errorCode": 112}),
    "no such transaction at the commit": ("commitTransaction", {"errorCode": 251}),
    "the commit stands but a majority is not known to have it": (
        "commitTransaction",
        {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}},
    ),
    "a write conflict at an update": ("update", {"errorCode": 112}),
    "a write conflict at an insert": ("insert", {"errorCode": 112}),
    "the connection breaks at a look-up": ("find", {"closeConnection": True}),
}


@pytest.fixture(scope="module")
def mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mongod]:
    made = Mongod(tmp_path_factory.mktemp("mongod"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def steps() -> Steps:
    """What the one scorer does."""
    return Steps()


@pytest.fixture(scope="module")
def account(kafka_server: str, mongod: Mongod, small: Campaign, steps: Steps) -> Iterator[Account]:
    """A survey that one scorer counts."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    # A driver that was told of a server's end asks it again only at its next heartbeat.
    uri = f"{mongod.uri(name, APP)}&heartbeatFrequencyMS=500"
    settings = Settings(kafka=kafka_server, mongo=uri, topic_prefix=f"{name}.", response_partitions=3)
    kafka.create_topics(settings)
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        made = Account(Survey(settings, stack.enter_context(mongo.client(mongod.uri(name)))))
        stack.callback(made.survey.producer.close, timeout=2)
        patch.setattr(mongo, "MongoClient", partial(MongoClient, event_listeners=[steps]))
        made.survey.publish(small)
        stack.enter_context(made.survey.scorer())
        made.say(20)
        eventually(made.is_through)
        yield made


@pytest.mark.parametrize("fault", FAULTS)
def test_what_fails_again_and_again_is_tried_at_leisure_and_counted_once(
    account: Account, mongod: Mongod, small: Campaign, steps: Steps, fault: str
) -> None:
    command, how = FAULTS[fault]
    before = steps.sent.copy()
    with mongod.failing(command, app=APP, **how):
        account.say(20, first=len(account.said) // 2)
        began = time.monotonic()
        eventually(lambda: time.monotonic() > began + PERSISTS_S)
        tried, lasted = steps.sent - before, time.monotonic() - began
    assert sum(n for name, n in tried.items() if name.startswith(command)) > 1
    assert tried.total() < MOST_PER_S * lasted
    eventually(account.is_through)
    account.check(small)
