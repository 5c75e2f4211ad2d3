"""Real ratings go in at the front door while scoring is killed again and again; every figure comes out to the digit."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests.system.checks import Reporting, check_participation, check_rankings, check_receipts
from tests.system.front_end import FrontEnd, course, publish
from tests.system.lecturers import STUDENTS, insteval
from tests.system.scorers import Metrics, Scorer, children, kill, parent, running
from tests.system.stack import status, until

SEED = int(os.environ.get("PARINDEX_TEST_SEED", "20221118"))
KILLS = 5
LEAST_LEFT = 50
"""Acknowledged records that are certainly not applied yet when scoring is killed."""


@dataclass(frozen=True)
class Killed:
    """What a scoring process had applied when it was killed, and what was certainly left to do."""

    applied: int
    left: int


def killed_at_work(scorer: Scorer, pid: int, front_end: FrontEnd, before: dict[int, int], least: int) -> Killed:
    """Kills a scoring process as soon as it has applied some records while there is much left to do.

    Args:
        scorer: whose process it is.
        pid: the process.
        front_end: knows what was acknowledged.
        before: ends of the log's partitions before anything was sent that only this process can have applied.
        least: how many records it shall have applied.
    """
    found: Killed | None = None

    def at_work() -> bool:
        nonlocal found
        metrics = scorer.metrics()
        found = Killed(metrics.applied, left(metrics, front_end.delivery.ends, before))
        return found.applied >= least and found.left >= LEAST_LEFT

    until("scoring is at work", at_work)
    assert found is not None
    kill(pid)
    return found


def left(metrics: Metrics, ends: dict[int, int], before: dict[int, int]) -> int:
    """Records that a process has certainly not applied: it has not come to them, and there was nobody else."""
    return sum(
        max(0, end - metrics.positions.get(partition, before.get(partition, 0)))
        for partition, end in dict(ends).items()
    )


def kill_intake_at_work(pids: list[int], front_end: FrontEnd) -> None:
    """Kills all workers of intake, again and again until that has left a request without an answer."""
    sent = front_end.delivery.sent
    seen = sent.total()
    (master,) = [pid for pid in pids if parent(pid) not in pids]

    def unanswered() -> bool:
        nonlocal seen
        # Not before the workers have taken something since they were last killed.
        if not sent["no answer"] and sent.total() > seen:
            seen = sent.total()
            for pid in children(master):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        return sent["no answer"] > 0

    until("a request is left without an answer", unanswered)


def test_every_figure_is_right_to_the_last_digit_although_scoring_is_killed_at_work(
    tmp_path: Path, settings_env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    rng = Random(SEED)  # noqa: S311 (a seeded trial)
    survey = insteval(rng)
    said = course(survey, rng)
    part = len(said) // (KILLS + 1) + 1
    kills: list[Killed] = []
    with running(tmp_path / ".parindex", settings_env) as (scorer,), ThreadPoolExecutor(1) as sending:
        stack = status(tmp_path / ".parindex")
        reporting = Reporting(stack["reporting"])
        publish(stack, survey)
        began = time.monotonic()
        with FrontEnd(stack["intake"]) as front_end:
            pid = scorer.pid()
            # Held until there is something to do; afterwards its successors find what was sent while there was none.
            os.kill(pid, signal.SIGSTOP)
            for number in range(KILLS):
                before = dict(front_end.delivery.ends)
                sent = sending.submit(front_end.send, said[number * part : (number + 1) * part])
                if number == 1:
                    kill_intake_at_work(stack["pids"]["intake"], front_end)
                if number == 0:
                    sent.result()
                    os.kill(pid, signal.SIGCONT)
                kills.append(killed_at_work(scorer, pid, front_end, before, rng.randint(1, part // 2)))
                sent.result()
                pid = scorer.next_pid(pid)
            front_end.send(said[KILLS * part :])
            delivery = front_end.delivery
        until("all that was acknowledged is in the figures", lambda: reporting.holds(survey, delivery.ends))
        took = time.monotonic() - began
        assert len(survey.students) == len(delivery.receipts) == STUDENTS
        lecturers = check_rankings(reporting, survey)
        check_participation(reporting, survey, said, delivery)
        check_receipts(reporting, delivery)
    assert len(kills) == KILLS
    with capsys.disabled():
        source = "InstEval" if survey.real else "InstEval is not there, so a survey made up like it"
        work = ", ".join(f"{killed.applied} records applied and {killed.left} left" for killed in kills)
        print(  # noqa: T201 (says what was proved)
            f"\n{source}: {len(survey.students):,} responses in {len(said):,} steps ({dict(delivery.sent)}); scoring "
            f"killed {len(kills)} times, with {work}; all {lecturers:,} indices exact after {took:.0f} s (seed {SEED})"
        )
