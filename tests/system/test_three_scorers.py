"""Three scorers share the log; one is killed at work, one frozen until it is given up and then let go: all is exact."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from tests.system.checks import Reporting, check_participation, check_rankings, check_receipts
from tests.system.front_end import FrontEnd, course, publish
from tests.system.lecturers import made_up
from tests.system.scorers import PARTITIONS, Scorer, kill, running
from tests.system.stack import DEADLINE_S, status, until

SEED = int(os.environ.get("PARINDEX_TEST_SEED", "20221118"))
LEAST_LEFT = 20
"""Records in a scorer's own partitions that it has certainly not applied when it is hurt."""


def shared_by(scorers: Sequence[Scorer]) -> Callable[[], bool]:
    """Whether these scorers own all partitions, and each some."""

    def shared() -> bool:
        owned = [scorer.metrics().owned for scorer in scorers]
        return sum(owned) == PARTITIONS and all(owned)

    return shared


def stop_at_work(scorer: Scorer, pid: int, applied: int, front_end: FrontEnd) -> None:
    """Lets a stopped scorer go on and stops it again as soon as it has applied some of what waits for it.

    Args:
        scorer: whose process it is.
        pid: the process.
        applied: the records that it had applied before.
        front_end: knows what waits.
    """
    os.kill(pid, signal.SIGCONT)
    deadline = time.monotonic() + DEADLINE_S
    while True:
        now = scorer.metrics()
        left = sum(front_end.delivery.ends[partition] - position for partition, position in now.positions.items())
        if now.applied > applied and left >= LEAST_LEFT:
            break
        assert time.monotonic() < deadline, f"{scorer.name} was not found at work: {now}"
    os.kill(pid, signal.SIGSTOP)


def test_a_killed_and_a_frozen_scorer_leave_every_figure_exact(tmp_path: Path, settings_env: dict[str, str]) -> None:
    rng = Random(SEED)  # noqa: S311 (a seeded trial)
    survey = made_up(rng, students=1_500, lecturers=200)
    said = course(survey, rng)
    first, second, third, last = (said[turn * len(said) // 4 : (turn + 1) * len(said) // 4] for turn in range(4))
    with running(tmp_path / ".parindex", settings_env, scorers=3) as scorers:
        stack = status(tmp_path / ".parindex")
        reporting = Reporting(stack["reporting"])
        until("each of three scorers owns a part", shared_by(scorers))
        publish(stack, survey)
        with FrontEnd(stack["intake"]) as front_end:
            delivery = front_end.delivery
            front_end.send(first)
            until("the first part is in the figures", lambda: reporting.holds(survey, delivery.ends))

            # The one that refreshes the indices is frozen, so that somebody must take that over as well.
            (frozen,) = [scorer for scorer in scorers if scorer.metrics().refreshed]
            killed, well = [scorer for scorer in scorers if scorer is not frozen]
            pids = {scorer.name: scorer.pid() for scorer in scorers}
            applied = {scorer.name: scorer.metrics().applied for scorer in scorers}
            for pid in pids.values():
                os.kill(pid, signal.SIGSTOP)
            front_end.send(second)
            for scorer in (frozen, killed):
                stop_at_work(scorer, pids[scorer.name], applied[scorer.name], front_end)
            kill(pids[killed.name])
            os.kill(pids[well.name], signal.SIGCONT)
            front_end.send(third)
            until("the others have all that the frozen one had", shared_by([killed, well]))
            until("all is in the figures without the frozen one", lambda: reporting.holds(survey, delivery.ends))
            assert frozen.pid() == pids[frozen.name]

            os.kill(pids[frozen.name], signal.SIGCONT)
            front_end.send(last)
            until("the frozen one has a part again", shared_by(scorers))
            assert frozen.pid() == pids[frozen.name]
            until("all is in the figures", lambda: reporting.holds(survey, delivery.ends))
        assert killed.pid() not in (0, pids[killed.name])
        check_rankings(reporting, survey)
        check_participation(reporting, survey, said, delivery)
        check_receipts(reporting, delivery, every=10)
