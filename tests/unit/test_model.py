"""The model of the protocol: within small bounds the promises hold, and bugs planted in it break them."""

from __future__ import annotations

import pytest

from docs.model.configurations import PARTITIONS, PLANTED
from docs.model.search import search
from docs.model.world import Setup
from services.scoring.ledger import Ledger

QUICK = [(setup, breaks) for setup, breaks in PLANTED if setup.name in ("owners", "sums")]


def test_the_promises_hold_in_every_state_of_two_partitions() -> None:
    result = search(PARTITIONS)
    assert result.broken is None
    assert result.states > 10_000


@pytest.mark.parametrize(("setup", "breaks"), QUICK, ids=[setup.bug for setup, _ in QUICK])
def test_a_planted_bug_has_a_counterexample(setup: Setup, breaks: str) -> None:
    result = search(setup, breaks)
    assert result.broken is not None
    assert result.broken.promise == breaks
    assert result.broken.trace


def test_the_steps_of_the_model_are_those_of_the_ledger() -> None:
    described = Ledger.apply.__doc__ or ""
    for step in ("1. `positions`", "2. `work`", "3. `rejected`", "4. Commit"):
        assert step in described
