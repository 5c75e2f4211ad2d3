"""The bench: all of it runs, and what it keeps is whole. Nothing is said here about speed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from pymongo import MongoClient

ROOT = Path(__file__).parents[2]
WITH_LIMIT = {
    "single POSTs, 1 unit",
    "single POSTs, 20 units",
    "batches, 1 unit",
    "batches, 20 units",
    "scoring's catch-up, 1 unit",
    "scoring's catch-up, 20 units",
    "202 to visible in /rankings",
    "/rankings, 1,000 responses",
    "/rankings, If-None-Match, 1,000 responses",
    "/rankings, 3,000 responses",
    "/rankings, If-None-Match, 3,000 responses",
    "rebuild of 3,000 responses",
}
WITH_BASELINE = {
    "single POSTs, 1 unit",
    "single POSTs, 20 units",
    "/rankings, one reader, 500 rows",
    "/rankings, one reader, 1,000 rows",
}
ALONE = {
    "batches until counted, 1 unit",
    "refresh after one response, 60 units",
    "202 to visible, 60 units",
    "ranking of a new state, 60 units",
    "start of scoring to visible, 60 units",
    "cold ranking, 60 units",
    "scoring's catch-up, 3,000 responses",
    "a file of 600 forms until ranked",
    "202 to shown on 100 dashboards",
    "202 to shown on the last of 100 dashboards",
}
TIMES_ALONE = {"refresh after one response, 60 units", "ranking of a new state, 60 units"}


def run(module: str, options: Iterable[str], kafka_server: str, mongo_server: str, timeout_s: float) -> str:
    """Runs a bench on the servers of the tests; what it prints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PARINDEX_")}
    done = subprocess.run(
        [sys.executable, "-m", module, "--quick", *options],
        env=kept | {"PARINDEX_KAFKA": kafka_server, "PARINDEX_MONGO": mongo_server},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(600)
def test_a_quick_bench_measures_everything_beside_its_limit(
    tmp_path: Path, kafka_server: str, mongo_server: str
) -> None:
    output, page, picture = tmp_path / "bench.json", tmp_path / "performance.md", tmp_path / "rates.svg"
    page.write_text((ROOT / "docs" / "performance.md").read_text())
    kept_in = (f"--home={tmp_path / 'home'}", f"--output={output}", f"--page={page}", f"--picture={picture}")
    printed = run("tests.bench", ("--large", *kept_in), kafka_server, mongo_server, 500)
    found = json.loads(output.read_text())
    rows = {row["name"]: row for row in found["rows"]}
    assert rows.keys() == WITH_LIMIT | WITH_BASELINE | ALONE
    for name, row in rows.items():
        assert name in printed
        assert row["ours"]["per_second"] > 0
        assert row["ours"]["operations"] > 0
        if name not in TIMES_ALONE:
            assert row["ours"]["cpu_ms_per_operation"].keys() >= {"intake", "scoring", "reporting", "client"}
        assert ("limit" in row, "weekend" in row) == (name in WITH_LIMIT, name in WITH_BASELINE)
        for other in {"limit", "weekend"} & row.keys():
            # A round of a second in which a starved machine did nothing has no ratio.
            assert row[f"ratio_to_{other}"] is None or row[f"ratio_to_{other}"] > 0
            assert row[f"cpu_ratio_to_{other}"] is None or row[f"cpu_ratio_to_{other}"] > 0
            assert "client" in row[other]["cpu_ms_per_operation"] or "producers" in row[other]["cpu_ms_per_operation"]
    assert rows["rebuild of 3,000 responses"]["memory"]["families"].keys() >= {"rebuild", "scoring", "reporting"}
    assert any(row.get("ratio_to_limit") for row in rows.values())
    assert 0 < rows["single POSTs, 1 unit"]["ours"]["p50_ms"] <= rows["single POSTs, 1 unit"]["ours"]["p99_ms"]
    assert {"cpu", "cores", "python", "packages", "date", "load_average_before"} <= found["machine"].keys()
    assert f"{rows['single POSTs, 1 unit']['ours']['per_second']:,.0f}" in picture.read_text()
    written = page.read_text()
    assert found["machine"]["date"] in written
    assert all(f"| {name} |" in written for name in rows)
    assert all(f"| {target['what']} | {target['target']} |" in written for target in found["targets"])
    with MongoClient(mongo_server) as client:
        assert not [name for name in client.list_database_names() if name.startswith("parindex-demo-")]


@pytest.mark.timeout(300)
def test_growth_is_measured_on_stacks_of_their_own(tmp_path: Path, kafka_server: str, mongo_server: str) -> None:
    output = tmp_path / "growth.json"
    options = (f"--home={tmp_path / 'home'}", f"--output={output}")
    run("tests.bench.growth", options, kafka_server, mongo_server, 250)
    points = json.loads(output.read_text())["points"]
    assert [point["grows"] for point in points] == ["units", "partitions, two scorers"]
    for point in points:
        assert {"intake", "scoring"} <= point["cpu_ms"].keys()
        assert point["refresh_ms"] > 0
        assert point["ranking_bytes"] > 1_000
