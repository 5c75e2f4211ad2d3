"""What a load needs follows from what was measured, by an arithmetic that can be done by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.bench import scaling
from tests.bench.scaling import Measured, Need, main
from tests.bench.targets import BATCHES, SCORING, SINGLE

MEASURED = Measured(single=0.001, batch=0.0001, kafka=0.0002, mongo=0.0001, scorer=10_000, log=600.0, rows=400.0)


def document() -> dict[str, Any]:
    def row(name: str, **cpu_ms: float) -> dict[str, Any]:
        return {"name": name, "ours": {"per_second": 10_000, "cpu_ms_per_operation": cpu_ms}}

    return {
        "machine": {"date": "2026-11-25", "cores": 2},
        "rows": [row(SINGLE, intake=1.0, kafka=0.2), row(BATCHES, intake=0.1), row(SCORING, mongo=0.1)],
        "storage": {
            "responses": 1_000,
            "kafka: the log": 600.0,
            "mongo: rows, compressed": 300.0,
            "mongo: rows, indexes": 100.0,
        },
    }


def test_a_load_is_divided_by_what_one_process_does_at_three_fifths_of_its_time() -> None:
    need = Need(30_000, MEASURED)
    assert (need.intake, need.intake_in_batches, need.scorers) == (50, 5, 5)
    assert need.partitions == 24
    # 30,000 * 0.2 ms * 3 copies / 0.6 are 30 cores.
    assert need.broker_cores == pytest.approx(30)
    assert (need.brokers, need.shards) == (4, 1)
    assert need.hour_gb(MEASURED.log) == pytest.approx(194.4)


def test_the_smallest_load_still_needs_one_of_each_and_three_brokers() -> None:
    need = Need(1, MEASURED)
    assert (need.intake, need.scorers, need.partitions, need.brokers, need.shards) == (1, 1, 12, 3, 1)


def test_what_is_measured_is_read_from_the_document_of_a_run() -> None:
    assert Measured.of(document()) == MEASURED
    found = scaling.table(scaling.needs(document()))
    lines = {line[0]: line[1:] for line in found.body}
    assert lines["scorers"] == ["rate / 10,000 / 0.6", "1", "5", "500"]
    assert lines["partitions"][1:] == ["12", "24", "1,500"]


def test_a_run_without_a_part_is_told(tmp_path: Path) -> None:
    (tmp_path / "bench.json").write_text('{"machine": {"date": "", "cores": 2}, "rows": [], "storage": {}}')
    done = CliRunner().invoke(main, ["--figures", str(tmp_path / "bench.json")])
    assert done.exit_code == 1
    assert "run `make bench` first" in done.output
