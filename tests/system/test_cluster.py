"""Three machines, each lost in turn: the command that anyone can run finds every promise kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.cluster_world import abilities
from tests.faults.schedule import schedule

pytestmark = pytest.mark.soak

ROOT = Path(__file__).parents[2]
MINUTES, SEED = 0.7, 6
"""They kill a broker that leads and the primary, cut a primary off where that is permitted, and kill a scorer."""
AGAIN_S = 20.0
"""Intake answers again within 10 s of the loss of a machine; twice that where other tests take the processors."""


@pytest.mark.timeout(600)
def test_the_loss_of_any_machine_breaks_no_promise(tmp_path: Path) -> None:
    output = tmp_path / "record.json"
    options = ("--cluster", "--minutes", str(MINUTES), "--seed", str(SEED), "--json", str(output))
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", *options],
        cwd=ROOT,
        # A run that goes wrong keeps its journals and logs, here as everywhere.
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=570,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads(output.read_text())
    assert record["violations"] == 0
    planned = schedule(SEED, MINUTES, abilities(isolation=not record["left_out"]))
    done_to = {found["kind"]: found for found in record["kinds"]}
    assert done_to.keys() == {fault.name for fault in planned}
    assert done_to.keys() >= {"kill leader", "kill primary"}
    assert record["acknowledged"] >= 500
    assert max(found.get("intake_s", 0.0) for found in done_to.values()) < AGAIN_S
