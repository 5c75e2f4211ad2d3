"""What is current: the states in force of all campaigns in memory, and whether MongoDB still vouches for them.

The watcher brings the states and a sign of life several times a second. When there was none for `SILENCE_S`, nothing
is current any more and every reader is told so: an old table is never passed off as the present one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator

from services.common import problems
from services.common.problems import Problem
from services.reporting.metrics import SILENCE_SECONDS, STATE
from services.reporting.standing import Standing

log = logging.getLogger(__name__)

SILENCE_S = 2.0
"""Figures that MongoDB has not vouched for so long are no longer called current."""
JUDGED_S = 0.25
"""How soon a silence is noticed by those who wait for news."""

Listener = Callable[[str | None], None]
"""Called with a campaign whose state is new or gone, or None when `current` has changed; it must return at once."""


class Standings:
    """The states in force. Written by the watcher alone, read by any thread; `start` begins to judge the silence."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._standings: dict[str, Standing] = {}
        self._lagging: dict[str, str] = {}
        self._confirmed_at: float | None = None
        self._complete = False
        self._current = False
        self._listeners: list[Listener] = []
        self._stop = threading.Event()
        self._judging = threading.Lock()
        self._thread = threading.Thread(target=self._judge_again_and_again, name="judge", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    # What readers ask.

    @property
    def current(self) -> bool:
        """Whether the figures were current when that was last judged; a change of it is told to the listeners."""
        return self._current

    def require(self) -> None:
        """Lets a request through only while the figures are current.

        Raises:
            Problem: 503, to be tried again.
        """
        if said := self.wrong():
            raise Problem(problems.UNAVAILABLE, f"{said}; figures are shown when they are current")

    def wrong(self) -> str | None:
        """What keeps the figures from being current; None when they are."""
        confirmed = self._confirmed_at
        if confirmed is None:
            return "MongoDB has not answered yet"
        silence = self._clock() - confirmed
        if silence > SILENCE_S:
            return f"MongoDB has not answered for {silence:.0f} s"
        return None if self._complete else "the figures are still being read"

    def unread(self) -> str | None:
        """Which campaigns have a state that could not be read yet; None when there is none."""
        missing = [f"{code}: {why}" for code, why in sorted(self._lagging.items()) if code not in self._standings]
        return "; ".join(missing) or None

    def of(self, code: str) -> Standing:
        """A campaign's state in force.

        Raises:
            Problem: 404 for an unknown campaign; 503 when its state cannot be read just now.
        """
        standing = self._standings.get(code)
        if standing is not None:
            return standing
        if code in self._lagging:
            raise Problem(problems.UNAVAILABLE, f"campaign {code!r} cannot be read yet: {self._lagging[code]}")
        raise Problem(problems.NOT_FOUND, f"there is no campaign {code!r}")

    def find(self, code: str) -> Standing | None:
        return self._standings.get(code)

    def __iter__(self) -> Iterator[Standing]:
        """The states in force of all campaigns, by code.

        Raises:
            Problem: 503 while one of them cannot be read: a list without it would be wrong.
        """
        if said := self.unread():
            raise Problem(problems.UNAVAILABLE, f"not all campaigns can be read yet: {said}")
        return iter([self._standings[code] for code in sorted(self._standings)])

    # What the watcher tells.

    @property
    def lagging(self) -> list[str]:
        """The campaigns whose state is to be read again."""
        return list(self._lagging)

    @property
    def brief(self) -> list[str]:
        """The campaigns of whose state in force the details are still to be read."""
        return [code for code, standing in self._standings.items() if not standing.detailed]

    @property
    def known(self) -> set[str]:
        return {*self._standings, *self._lagging}

    def now(self) -> float:
        """The moment, to be taken before MongoDB is asked: its answer may have been long on the way."""
        return self._clock()

    def confirm(self, asked_at: float) -> None:
        """MongoDB has answered a question of that moment, and what it said is in force here."""
        # What was long on its way may have been extended meanwhile.
        self._confirmed_at = asked_at if self._confirmed_at is None else max(asked_at, self._confirmed_at)
        if not self._current:
            self.judge()

    def extend(self) -> None:
        """MongoDB is answering a long question: what is current stays so meanwhile."""
        if self.wrong() is None:
            self._confirmed_at = self._clock()

    def begin(self) -> None:
        """Everything is about to be read again. After a silence nothing is current before that is done."""
        if self.wrong() is not None:
            self._complete = False

    def complete(self) -> None:
        """Everything has been read; current it is with the next `confirm`."""
        self._complete = True

    def take(self, code: str, standing: Standing) -> None:
        """A campaign's new state."""
        self._standings[code] = standing
        self._lagging.pop(code, None)
        STATE.labels(code).set(standing.as_of.state)
        self._tell(code)

    def lag(self, code: str, why: str) -> None:
        """A campaign's state cannot be read just now; the one before stays in force."""
        if self._lagging.get(code) != why:
            log.info("a state cannot be read yet", extra={"campaign": code, "why": why})
        self._lagging[code] = why

    def forget(self, code: str) -> None:
        """A campaign has no state any more."""
        self._lagging.pop(code, None)
        if self._standings.pop(code, None) is not None:
            self._tell(code)

    def _judge_again_and_again(self) -> None:
        """Notices the silence that the watcher itself may be waiting through."""
        while not self._stop.wait(JUDGED_S):
            self.judge()

    def judge(self) -> None:
        """Looks whether the figures are current, and tells the listeners when that has changed."""
        with self._judging:
            if self._confirmed_at is not None:
                SILENCE_SECONDS.set(self._clock() - self._confirmed_at)
            said = self.wrong()
            if self._current == (said is None):
                return
            self._current = said is None
        if said is None:
            log.info("the figures are current", extra={"campaigns": len(self._standings)})
        else:
            log.error("the figures are no longer current", extra={"why": said})
        self._tell(None)

    def _tell(self, code: str | None) -> None:
        for listener in self._listeners:
            listener(code)
