"""Starts scoring: settings → clients, ledger, refresher, consumer, reconciler; and ends it cleanly on SIGTERM."""

from __future__ import annotations

import logging
import signal
import threading

from pymongo.errors import PyMongoError

from services.common import garbage, heap, kafka, logs, mongo
from services.common.catalogue import Catalogue
from services.common.settings import Settings
from services.scoring import health
from services.scoring.applying import Applying
from services.scoring.audit.reconciler import Reconciler
from services.scoring.consumer import Consumer
from services.scoring.definitions import Definitions
from services.scoring.ledger import Ledger, Unavailable
from services.scoring.refresher import Refresher

log = logging.getLogger(__name__)

RETRY_S = 1.0


class Scorer:
    """One scoring process: the composition root, its start and its end.

    Raises:
        kafka.Unready: the installation is not fit for it; the message says what to install.
    """

    def __init__(self, settings: Settings) -> None:
        kafka.require_accelerators()
        self.bind = settings.scoring_bind
        self._settings = settings
        self._client = mongo.client(settings.mongo)
        self._catalogue = Catalogue(settings)
        self._ledger = Ledger(self._client)
        self._refresher = Refresher(self._client, self._catalogue, settings)
        applying = Applying(settings, self._ledger, Definitions(self._catalogue))
        self.consumer = Consumer(settings, self._ledger, applying, self._refresher)
        self._reconciler = Reconciler(self._client, Definitions(self._catalogue), settings, self.consumer)
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Asks to end after the chunk at hand; safe in a signal handler and from any thread."""
        self._stopping.set()
        self.consumer.stop()

    def run(self) -> None:
        """Scores until `stop`, then hands the partitions back.

        Raises:
            mongo.Unready: the database is not fit for it; the message says what to change.
        """
        checks = health.checks(self._client, self._catalogue, self.consumer, self._reconciler)
        server = health.serve(self.bind, checks)
        self._catalogue.follower.start()
        try:
            if self._await_servers():
                log.info("scoring started", extra={"responses": self._settings.topic("responses")})
                self._reconciler.start()
                self.consumer.run()
        finally:
            server.shutdown()
            self._reconciler.stop()
            self._catalogue.follower.stop()
            self._refresher.close()
            self._ledger.close()
            self._client.close()
        log.info("scoring stopped")

    def _await_servers(self) -> bool:
        """Waits until the database is fit for use and the definitions are known; False when asked to stop before."""
        while not self._stopping.is_set():
            try:
                mongo.prepare(self._ledger.db)
                self._ledger.follow()
            except (PyMongoError, Unavailable) as error:
                log.warning("MongoDB is not there yet", extra={"error": str(error)})
                self._stopping.wait(RETRY_S)
                continue
            if self._catalogue.follower.ready or self._catalogue.follower.catch_up(RETRY_S):
                return True
            log.warning("the definitions cannot be read yet")
        return False


def run(settings: Settings) -> None:
    """Scores until SIGTERM or SIGINT.

    Raises:
        mongo.Unready, kafka.Unready: a server or the installation is not fit for it; the message says what to change.
    """
    logs.install("scoring", settings.log_level)
    garbage.collect_seldom()
    heap.give_back()
    scorer = Scorer(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: scorer.stop())
    scorer.run()
