"""mongod killed while it commits: whether the transaction stands or not, it stands whole, and is applied once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from threading import Timer

import pytest
from pymongo import MongoClient

from services.common import kafka, mongo
from services.common.campaign import Campaign
from services.common.settings import Settings
from tests.integration.mongod import Mongod
from tests.integration.reckoning import Account, check_rows_are_those_of_the_positions
from tests.integration.steps import Steps
from tests.integration.test_scoring_process import Survey, eventually

DELAYS_S = (0.0, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01)
"""From the moment before a commit is sent to the kill. A commit takes about as long as the middle ones."""


class Kills:
    """Kills mongod once, a little after a commit is on its way, when it is told to."""

    def __init__(self, mongod: Mongod) -> None:
        self.steps = Steps(self._reached)
        self._mongod = mongod
        self._timer: Timer | None = None

    def prepare(self, delay_s: float) -> None:
        self._timer = Timer(delay_s, self._mongod.kill)

    def done(self) -> bool:
        return self._timer is None and not self._mongod.running

    def _reached(self, step: str) -> None:
        if step == "before the commit" and self._timer is not None:
            self._timer.start()
            self._timer = None


@pytest.fixture(scope="module")
def mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mongod]:
    made = Mongod(tmp_path_factory.mktemp("mongod"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def kills(mongod: Mongod) -> Kills:
    return Kills(mongod)


@pytest.fixture(scope="module")
def account(kafka_server: str, mongod: Mongod, small: Campaign, kills: Kills) -> Iterator[Account]:
    """A survey that one scorer counts."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    settings = Settings(kafka=kafka_server, mongo=mongod.uri(name), topic_prefix=f"{name}.", response_partitions=3)
    kafka.create_topics(settings)
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        made = Account(Survey(settings, stack.enter_context(mongo.client(settings.mongo))))
        stack.callback(made.survey.producer.close, timeout=2)
        patch.setattr(mongo, "MongoClient", partial(MongoClient, event_listeners=[kills.steps]))
        made.survey.publish(small)
        stack.enter_context(made.survey.scorer())
        made.say(20)
        eventually(made.is_through)
        yield made


@pytest.mark.parametrize("delay_s", DELAYS_S)
def test_a_commit_that_its_server_does_not_survive_is_whole_or_not_at_all(
    account: Account, mongod: Mongod, kills: Kills, small: Campaign, delay_s: float
) -> None:
    kills.prepare(delay_s)
    account.say(200, first=len(account.said) // 2)
    eventually(kills.done)
    mongod.start()
    check_rows_are_those_of_the_positions(account.survey.db, account.survey.settings)
    eventually(account.is_through)
    account.check(small)
