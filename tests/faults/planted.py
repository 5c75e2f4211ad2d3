"""A scorer that is wrong in one way, or ends at an exact step: `python -m tests.faults.planted BUG STEP DEED`.

BUG is one of `BUGS`. STEP is one of `tests.integration.steps`, DEED is kill or freeze: once it has been sent SIGUSR1
the process does it at that step, one time. Nothing in services knows of any of this.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from pymongo import monitoring
from pymongo.collection import Collection
from pymongo.results import UpdateResult

from services.common import mongo
from services.common.settings import read_settings
from services.scoring.chunk import Chunk
from services.scoring.ledger import Fenced, Ledger, Position
from services.scoring.main import run
from services.scoring.revisions import Row
from tests.integration.steps import Steps

DEEDS = {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}
ARMED = "armed\n"
PATIENCE_S = 60.0


def none() -> None:
    """Scoring as it is."""


def offset_before() -> None:
    """The position is moved before the transaction of the chunk, not in it."""
    apply = Ledger.apply

    def wrong(self: Ledger, position: Position, next_: int, *rest: Any, **more: Any) -> None:  # noqa: ANN401 - as `apply` has them
        moved = self.generation.positions.update_one(
            {"_id": position.key, "next": position.next}, {"$set": {"next": next_}}
        )
        if moved.matched_count == 0:
            raise Fenced(f"position of {position.key} is not {position.next}")
        position.next = next_
        apply(self, position, next_, *rest, **more)

    Ledger.apply = wrong  # type: ignore[assignment, method-assign]


def no_compare() -> None:
    """The stored position is moved without a look at what it was."""
    update_one = Collection.update_one

    def wrong(self: Collection[Any], filter_: Mapping[str, Any], *rest: Any, **more: Any) -> UpdateResult:  # noqa: ANN401
        seen = {"_id": filter_["_id"]} if "next" in filter_ else filter_
        return update_one(self, seen, *rest, **more)

    Collection.update_one = wrong  # type: ignore[assignment, method-assign]


def no_subtract() -> None:
    """An edit does not take the old answers out."""

    def wrong(self: Chunk, row: Row) -> None:
        """Takes nothing out."""

    Chunk._take_out = wrong  # type: ignore[method-assign]


BUGS: dict[str, Callable[[], None]] = {
    "none": none,
    "offset before": offset_before,
    "no compare": no_compare,
    "no subtract": no_subtract,
}


def main(bug: str, step: str, deed: str) -> None:
    """Scores, wrongly or not, and does the deed once."""
    armed = False

    def arm(*_: object) -> None:
        nonlocal armed
        armed = True
        os.write(sys.stdout.fileno(), ARMED.encode())

    def reached(at: str) -> None:
        nonlocal armed
        if armed and at == step:
            armed = False
            # Sent to the process, another thread may take it, and this one goes a little further.
            signal.pthread_kill(threading.get_ident(), DEEDS[deed])

    BUGS[bug]()
    # One that wakes would mostly find its heartbeats overdue and cut the connections before it came to the compare.
    mongo.HEARTBEAT_S = PATIENCE_S
    signal.signal(signal.SIGUSR1, arm)
    monitoring.register(Steps(reached))
    run(read_settings())


if __name__ == "__main__":
    main(*sys.argv[1:])
