"""A scoring process that kills itself at a step of its work: `python -m tests.integration.doomed STEP GROUP`.

It works as any other, but that it writes new sums and indices in parts however few they are, until it is sent SIGUSR1;
from then on the step is its last. GROUP is added to the name of its consumer group: a scorer of another group is given
its partitions before anyone has noticed its death.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from pymongo import monitoring

from services.common import kafka
from services.common.settings import read_settings
from services.scoring import refresher, weighing
from services.scoring.main import run
from tests.integration.steps import Steps

ARMED = b"armed\n"


def main(step: str, group: str) -> None:
    armed = False

    def arm(*_: object) -> None:
        nonlocal armed
        armed = True
        os.write(sys.stdout.fileno(), ARMED)

    def reached(at: str) -> None:
        if armed and at == step:
            os.kill(os.getpid(), signal.SIGKILL)

    reader = kafka.reader

    def in_group(*settled: Any, group_id: str, **more: Any) -> Any:  # noqa: ANN401 - whatever `reader` takes
        return reader(*settled, group_id=group_id + group, **more)

    kafka.reader = lambda *settled, **more: (in_group if "group_id" in more else reader)(*settled, **more)
    signal.signal(signal.SIGUSR1, arm)
    weighing.PART = refresher.UNITS_PER_TRANSACTION = 2
    monitoring.register(Steps(reached))
    run(read_settings())


if __name__ == "__main__":
    main(*sys.argv[1:])
