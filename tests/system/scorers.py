"""A stack whose scoring processes are watched and hurt from outside: by process id and by what their metrics say."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.system.stack import parindex, processes, status, until

PARTITIONS = 12 + 1
"""Of responses and appraisals."""


@contextmanager
def running(home: Path, settings_env: Mapping[str, str], scorers: int = 1) -> Iterator[list[Scorer]]:
    """The scorers of a stack that runs in a folder on the servers, topics and database of a test."""
    done = parindex("up", "--scorers", str(scorers), home=home, **settings_env)
    assert done.returncode == 0, done.stderr
    try:
        yield [Scorer(home, number) for number in range(1, scorers + 1)]
    finally:
        parindex("down", home=home)
    assert processes(home) == []


@dataclass(frozen=True)
class Metrics:
    """What a scoring process has done since it started."""

    applied: int = 0
    """Records of responses."""
    owned: int = 0
    refreshed: int = 0
    """Units' indices written."""
    positions: Mapping[int, int] = field(default_factory=dict)
    """Of the partitions of responses in which it has applied anything: the next offset."""


class Scorer:
    """One of the scoring processes that the stack keeps alive, known by its number."""

    def __init__(self, home: Path, number: int = 1) -> None:
        self.name = f"scoring-{number}"
        self._home = home
        self._address = f"127.0.0.1:{json.loads((home / 'stack.json').read_text())['ports'][self.name]}"
        self._client = httpx.Client(timeout=1, trust_env=False)

    def metrics(self) -> Metrics:
        """What it says it has done; nothing while it does not answer."""
        try:
            text = self._client.get(f"http://{self._address}/metrics").text
        except httpx.TransportError:
            return Metrics()
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

        def summed(name: str) -> int:
            return int(sum(sample.value for sample in samples if sample.name == f"parindex_scoring_{name}"))

        return Metrics(
            applied=summed("records_total"),
            owned=summed("partitions_owned"),
            refreshed=summed("units_refreshed_total"),
            positions={
                int(sample.labels["partition"]): int(sample.value)
                for sample in samples
                if sample.name == "parindex_scoring_position" and sample.labels["topic"] == "responses"
            },
        )

    def pid(self) -> int:
        """The process that was told to listen at its address; 0 while there is none."""
        mark = f"PARINDEX_SCORING_BIND={self._address}\0".encode()
        for pid in status(self._home)["pids"]["scoring"]:
            try:
                if mark in Path(f"/proc/{pid}/environ").read_bytes():
                    return int(pid)
            except (FileNotFoundError, ProcessLookupError):
                continue
        return 0

    def next_pid(self, before: int) -> int:
        """The process that took the place of one that was killed."""
        pid = 0

        def is_there() -> bool:
            nonlocal pid
            pid = self.pid()
            return pid not in (0, before)

        until(f"{self.name} is started again", is_there)
        return pid


def kill(pid: int) -> None:
    """Kills a process and waits until it is gone."""
    os.kill(pid, signal.SIGKILL)
    until(f"process {pid} is gone", lambda: not Path(f"/proc/{pid}").exists())


def parent(pid: int) -> int:
    """The process that started a process; 0 when it is gone."""
    try:
        # The name stands in parentheses and may hold anything, also parentheses.
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    everybody = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    return [child for child in everybody if parent(child) == pid]
