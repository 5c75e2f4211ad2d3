"""gunicorn's configuration of an intake whose worker dies after Kafka has a record and before its sender is answered.

It dies at the records of responses whose id begins with `dead`, at each once: what it died for is kept in the folder
that DYING_HOME names.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.gunicorn_intake import *  # noqa: F403 - all its settings are this module's too
from deploy.gunicorn_intake import post_worker_init as start
from services.common.problems import Problem
from services.common.records import Record
from services.intake.publisher import Position

HOME = Path(os.environ["DYING_HOME"])


def post_worker_init(worker: Any) -> None:  # noqa: ANN401 - gunicorn's worker
    start(worker)
    publisher = worker.wsgi.extensions["intake"].publisher
    publish = publisher._publish

    def publish_and_die(topic: str, records: Sequence[Record], *, patient: bool) -> list[Position | Problem]:
        outcomes: list[Position | Problem] = publish(topic, records, patient=patient)
        for record, outcome in zip(records, outcomes, strict=True):
            mark = HOME / record.key.decode().replace("/", "-")
            if mark.name.startswith("dead") and isinstance(outcome, Position) and not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        return outcomes

    publisher._publish = publish_and_die
