"""Three minutes of faults: the command that anyone can run finds every promise kept, and it has hurt every part."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SEED = os.environ.get("PARINDEX_TEST_SEED", "20221118")
KILLED = {
    f"kill {part}" for part in ("intake", "worker intake", "scoring-1", "scoring-2", "reporting", "kafka", "mongo")
}


@pytest.mark.timeout(900)
def test_three_minutes_of_faults_break_no_promise(tmp_path: Path) -> None:
    output = tmp_path / "record.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--minutes", "3", "--seed", SEED, "--json", str(output)],
        cwd=ROOT,
        # A run that goes wrong keeps its journals and logs, here as everywhere.
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=840,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads(output.read_text())
    assert record["violations"] == 0
    assert record["faults"] >= 25
    assert {found["kind"] for found in record["kinds"]} >= KILLED
    assert record["acknowledged"] >= 1_000
    assert record["attempts_without_a_final_answer"] > 0
