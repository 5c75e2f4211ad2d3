"""How many partitions of responses a stack has with a Kafka of its own: few on new data, on kept data what is there."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.embedded.kafka import partitions
from tests.system.scorers import Scorer
from tests.system.stack import parindex, processes, status, until


def up(home: Path, **settings: str) -> int:
    """Starts the stack, waits until its scorer has all partitions, stops it; the number of partitions of responses."""
    done = parindex("up", home=home, **settings)
    try:
        assert done.returncode == 0, done.stderr
        found = partitions(status(home)["kafka"], settings.get("PARINDEX_TOPIC_PREFIX", "") + "responses")
        scorer = Scorer(home)
        until("the scorer has all partitions", lambda: scorer.metrics().owned == found + 1)
        # A command that works on the stack of a folder knows the number as the services do.
        verified = parindex("verify", "--json", home=home)
        assert verified.returncode == 0, verified.stderr
        assert json.loads(verified.stdout)["compared"]["partitions"] == found + 1
    finally:
        parindex("down", home=home)
    assert processes(home) == []
    return found


def test_new_data_has_four_partitions_also_without_the_folders_own_notes(tmp_path: Path) -> None:
    assert up(tmp_path, PARINDEX_TOPIC_PREFIX="here.") == 4
    for notes in ("stack.json", "partitions"):
        (tmp_path / notes).unlink()
    assert up(tmp_path, PARINDEX_TOPIC_PREFIX="here.") == 4


def test_what_the_operator_names_is_made_and_stays_when_it_is_named_no_more(tmp_path: Path) -> None:
    """Twelve were all stacks' number before; a folder of that time has no note of it."""
    assert up(tmp_path, PARINDEX_RESPONSE_PARTITIONS="12") == 12
    assert not (tmp_path / "partitions").exists()
    assert up(tmp_path) == 12
