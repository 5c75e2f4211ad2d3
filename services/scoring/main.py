"""Starts scoring: settings → clients, ledger, refresher, consumer; and ends it cleanly on SIGTERM."""

from __future__ import annotations

import logging
import signal
import threading

from pymongo.errors import PyMongoError

from services.common import kafka, mongo
from services.common.catalogue import Catalogue
from services.common.settings import Settings
from services.scoring import health
from services.scoring.appraising import Appraising
from services.scoring.consumer import Consumer
from services.scoring.counting import Counting
from services.scoring.definitions import Definitions
from services.scoring.ledger import Ledger
from services.scoring.refresher import Refresher

log = logging.getLogger(__name__)

RETRY_S = 1.0


def run(settings: Settings) -> None:
    """Scores until SIGTERM or SIGINT: the chunk at hand is finished, then the partitions are handed back.

    Raises:
        mongo.Unready, kafka.Unready: a server or the installation is not fit for it; the message says what to change.
    """
    kafka.require_accelerators()
    client = mongo.client(settings.mongo)
    catalogue = Catalogue(settings)
    ledger = Ledger(client)
    definitions = Definitions(catalogue)
    refresher = Refresher(client, catalogue, settings)
    consumer = Consumer(settings, ledger, Counting(ledger, definitions), Appraising(ledger, definitions), refresher)
    stopping = threading.Event()

    def stop(*_: object) -> None:
        stopping.set()
        consumer.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    server = health.serve(settings.scoring_bind, health.checks(client, catalogue, consumer))
    catalogue.follower.start()
    try:
        if _await_servers(ledger, catalogue, stopping):
            log.info("scoring started", extra={"responses": settings.topic("responses")})
            consumer.run()
    finally:
        server.shutdown()
        catalogue.follower.stop()
        refresher.close()
        ledger.close()
        client.close()
    log.info("scoring stopped")


def _await_servers(ledger: Ledger, catalogue: Catalogue, stopping: threading.Event) -> bool:
    """Waits until the database is fit for use and the definitions are known; False when asked to stop before."""
    while not stopping.is_set():
        try:
            mongo.prepare(ledger.db)
        except PyMongoError as error:
            log.warning("MongoDB is not there yet", extra={"error": str(error)})
            stopping.wait(RETRY_S)
            continue
        if catalogue.follower.ready or catalogue.follower.catch_up(RETRY_S):
            return True
        log.warning("the definitions cannot be read yet")
    return False
