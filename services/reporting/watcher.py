"""Follows MongoDB's changes and brings every new state into memory.

The change stream is read with a short wait, so that also without any change MongoDB proves several times a second that
it answers. After any error the stream is opened anew and everything is read again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any

from pymongo.change_stream import ChangeStream
from pymongo.database import Database
from pymongo.errors import PyMongoError

from services.common import metrics
from services.common.campaign_schema import DefinitionError
from services.reporting.loading import Between, Document, campaign_codes, load
from services.reporting.metrics import LOAD_SECONDS
from services.reporting.standing import Standing
from services.reporting.standings import SILENCE_S, Standings

log = logging.getLogger(__name__)

WAIT_MS = 200
"""How long the change stream is waited for: a sign of life five times a second, for next to nothing."""
PAUSE_S = 0.2
"""Between attempts to reach MongoDB."""
WRITTEN = frozenset({"insert", "update", "replace"})


class Watcher:
    """The thread that follows `campaign_state`. One per process."""

    def __init__(self, db: Database[Document], standings: Standings) -> None:
        self._db = db
        self._standings = standings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def wrong(self) -> str | None:
        """Why nothing is watched any more; None while it is."""
        return None if self._thread.is_alive() else "the watcher has ended: the log has its error; restart the service"

    def _run(self) -> None:
        away = False
        while not self._stop.is_set():
            try:
                with self._db.campaign_state.watch(max_await_time_ms=WAIT_MS) as stream:
                    away = False
                    self._follow(stream)
            except PyMongoError as error:
                # An outage is told once, not with every attempt.
                log.log(
                    logging.DEBUG if away else logging.WARNING, "MongoDB does not answer", extra={"error": str(error)}
                )
                away = True
                self._stop.wait(PAUSE_S)

    def _follow(self, stream: ChangeStream[Document]) -> None:
        """Reads everything, then what changes, until the stream ends or has to be opened anew.

        An answer that was long on its way says what was, not what is; and a stream that was not read for so long may
        have fallen behind without telling. Then everything is read again.
        """
        self._standings.begin()
        asked_at = self._standings.now()
        self._read_all()
        self._standings.complete()
        self._standings.confirm(asked_at)
        read_at = self._standings.now()
        while not self._stop.is_set():
            asked_at = self._standings.now()
            change = stream.try_next()
            if self._standings.now() - read_at > SILENCE_S:
                return
            if change is None:
                if not stream.alive:
                    return
                for code in {*self._standings.lagging, *self._standings.brief}:
                    self._read(code, self._standings.find(code))
            elif change["operationType"] in WRITTEN:
                self._note(change)
            elif change["operationType"] == "delete":
                self._read(change["documentKey"]["_id"], None)
            else:
                # Dropped or renamed: what stands there from now on is another collection.
                log.warning("the states were taken away", extra={"operation": change["operationType"]})
                return
            self._standings.confirm(asked_at)
            read_at = self._standings.now()

    def _read_all(self) -> None:
        codes = campaign_codes(self._db)
        for code in self._standings.known.difference(codes):
            self._standings.forget(code)
        for code in codes:
            self._read(code, None, briefly=self._standings.find(code) is None)

    def _note(self, change: Mapping[str, Any]) -> None:
        """Reads a campaign again unless what was written is known already."""
        code, written = change["documentKey"]["_id"], change.get("fullDocument")
        standing = self._standings.find(code)
        if standing is None or written is None or written["state"] != standing.as_of.state:
            self._read(code, standing)

    def _read(self, code: str, before: Standing | None, *, briefly: bool = False) -> None:
        try:
            with metrics.timed(LOAD_SECONDS):
                standing = load(self._db, code, before, self._standings.extend, briefly=briefly)
        except (Between, DefinitionError) as error:
            self._standings.lag(code, str(error))
            return
        if standing is None:
            self._standings.forget(code)
        else:
            self._standings.take(code, standing)
