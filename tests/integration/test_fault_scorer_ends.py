"""A scorer that is stopped at work, and one that is started a second time: each ends in time, with a plain word."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pymongo import MongoClient

from deploy.embedded.machine import free_ports
from services.common import kafka
from services.common.campaign import Campaign
from services.common.settings import Settings
from services.scoring.ledger import Document
from tests.intake import PARINDEX
from tests.integration.reckoning import Account
from tests.integration.test_scoring_process import Survey, eventually

DRAINED_S = 10.0


@pytest.fixture
def account(settings: Settings, client: MongoClient[Document], small: Campaign) -> Iterator[Account]:
    kafka.create_topics(settings)
    made = Account(Survey(settings, client))
    made.survey.publish(small)
    yield made
    made.survey.producer.close(timeout=2)


@contextmanager
def process(account: Account, environment: dict[str, str], bind: str) -> Iterator[subprocess.Popen[str]]:
    """`parindex scoring`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PARINDEX_")}
    partitions = str(account.survey.settings.response_partitions)
    own = {"PARINDEX_SCORING_BIND": bind, "PARINDEX_RESPONSE_PARTITIONS": partitions}
    started = subprocess.Popen(
        [*PARINDEX, "scoring"],
        env=inherited | environment | own,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def test_a_scorer_stopped_at_work_ends_in_time_and_the_next_goes_on(
    account: Account, settings_env: dict[str, str], small: Campaign
) -> None:
    with process(account, settings_env, f"127.0.0.1:{free_ports(1)[0]}") as first:
        eventually(account.survey.db.campaign_state.find_one)
        account.say(1_500)
        eventually(lambda: account.survey.db.responses.estimated_document_count() > 0)
        first.send_signal(signal.SIGTERM)
        assert first.wait(DRAINED_S) == 0
    with account.survey.scorer():
        eventually(account.is_through)
    account.check(small)


def test_of_two_scorers_with_one_address_the_second_says_so_and_ends(
    account: Account, settings_env: dict[str, str], small: Campaign
) -> None:
    (port,) = free_ports(1)
    bind = f"127.0.0.1:{port}"
    with process(account, settings_env, bind) as first:
        eventually(account.survey.db.campaign_state.find_one)
        with process(account, settings_env, bind) as second:
            _, said = second.communicate(timeout=30)
            assert second.returncode == 1
            assert f"Port {port} is in use" in said
        account.say(30)
        eventually(account.is_through)
        assert first.poll() is None
    account.check(small)
