"""What must be well before intake is sent any traffic; each check does a real thing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from services.common.catalogue import Catalogue
from services.common.follower import Follower
from services.intake.board import Board
from services.intake.publisher import Publisher

LASTS_S: Final = 1.0
WAIT_S: Final = 1.0

Check = Callable[[], str | None]


def checks(publisher: Publisher, catalogue: Catalogue, board: Board) -> dict[str, Check]:
    """The checks by name; each returns None or what is wrong."""
    asked = _Asked(catalogue.follower)

    def publishing() -> str | None:
        return None if publisher.available else "records are refused: Kafka did not take the last one in time"

    def definitions() -> str | None:
        return None if catalogue.follower.ready else "the definitions have not been read from the log yet"

    def appraisals() -> str | None:
        return None if board.follower.ready else "the appraisals have not been read from the log yet"

    return {"kafka": asked.wrong, "publisher": publishing, "definitions": definitions, "appraisals": appraisals}


class _Asked:
    """Asks Kafka for the end of a topic, at most once a second however often it is asked itself."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._lock = threading.Lock()
        self._at = float("-inf")
        self._said: str | None = None

    def wrong(self) -> str | None:
        with self._lock:
            if time.monotonic() - self._at > LASTS_S:
                answered = self._follower.catch_up(WAIT_S)
                self._said = None if answered else "Kafka does not answer"
                self._at = time.monotonic()
            return self._said
