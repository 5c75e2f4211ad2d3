"""A scorer killed at any exact step of a transaction leaves nothing half done, and another goes on from there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from deploy.embedded.machine import free_ports
from services.common import kafka, mongo
from services.common.campaign import Campaign
from tests.conftest import environment
from tests.integration.conftest import settings_of
from tests.integration.doomed import ARMED
from tests.integration.reckoning import Account
from tests.integration.test_scoring_process import Survey, eventually

SESSION_S = 10.0
"""After so long a silence the group takes a scorer for dead."""
LIFETIME_S = 5.0
"""After so long the server ends a transaction that nobody goes on with: transactionLifetimeLimitSeconds."""
BUSY_S = 10.0
"""What a busy machine may add to the 2 s that are promised beyond these limits."""

STEPS = (
    "before the update",
    "after the rows",
    "after the tallies",
    "before the commit",
    "after the commit",
    "before the commit of a refresh",
    "after the commit of a part of a refresh",
)
AT_ONCE = "after the tallies, and another owns its partitions at once"


@dataclass
class Case:
    """A survey whose scorer dies at a step, and what became of it."""

    name: str
    environment: dict[str, str]
    account: Account
    killed_at: float = 0.0
    through_after: float = 0.0

    def start(self, campaign: Campaign) -> None:
        survey = self.account.survey
        survey.publish(campaign)
        self.account.say(40)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PARINDEX_")}
        own = {
            "PARINDEX_RESPONSE_PARTITIONS": str(survey.settings.response_partitions),
            "PARINDEX_SCORING_BIND": f"127.0.0.1:{free_ports(1)[0]}",
        }
        step, _, at_once = self.name.partition(",")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.doomed", step, "-of-its-own" if at_once else ""],
            env=inherited | self.environment | own,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def noted_through(self) -> bool:
        if not self.through_after and self.account.is_through():
            self.through_after = time.monotonic() - self.killed_at
        return self.through_after > 0

    def meet_its_end(self) -> None:
        """Has the scorer count some, then die at its step over more of the same responses."""
        eventually(self.account.is_through)
        self.process.send_signal(signal.SIGUSR1)
        assert any(line == ARMED for line in self.process.stdout)
        self.account.say(30, first=30)
        assert self.process.wait(20) == -signal.SIGKILL
        self.killed_at = time.monotonic()


@pytest.fixture(scope="module")
def cases(kafka_server: str, mongo_server: str, small: Campaign) -> Iterator[dict[str, Case]]:
    """All at the same time, because each waits for the group to notice a death."""
    with ExitStack() as stack:
        made = {}
        for name in (*STEPS, AT_ONCE):
            own = stack.enter_context(environment(kafka_server, mongo_server))
            settings = settings_of(own)
            kafka.create_topics(settings)
            client = stack.enter_context(mongo.client(settings.mongo))
            made[name] = Case(name, own, Account(Survey(settings, client)))
            stack.callback(made[name].account.survey.producer.close, timeout=2)
            made[name].start(small)
            stack.callback(made[name].process.kill)
        scorers = []
        for case in made.values():
            case.meet_its_end()
            scorers.append(stack.enter_context(case.account.survey.scorer()))
        eventually(lambda: sum(case.noted_through() for case in made.values()) == len(made), 60)
        yield made
        for scorer in scorers:
            scorer.stop()


@pytest.mark.parametrize("step", STEPS)
def test_every_figure_is_exact_after_a_kill(cases: dict[str, Case], small: Campaign, step: str) -> None:
    case = cases[step]
    case.account.check(small)
    assert case.through_after < SESSION_S + 2 + BUSY_S


def test_what_a_dead_scorer_had_locked_is_free_within_the_lifetime_of_a_transaction(
    cases: dict[str, Case], small: Campaign
) -> None:
    """Its owner is there before the group has noticed the death, and meets the locks."""
    case = cases[AT_ONCE]
    case.account.check(small)
    assert case.through_after < LIFETIME_S + 2 + BUSY_S
