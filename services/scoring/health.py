"""Health and metrics of scoring over HTTP: all that it says to anyone but the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from flask import Flask
from prometheus_client import generate_latest
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from services.common import http
from services.common.catalogue import Catalogue
from services.scoring.audit.reconciler import Reconciler
from services.scoring.consumer import Consumer
from services.scoring.ledger import Document

STANDSTILL_S = 30.0
"""The loop turns several times a second; a chunk and a refresh take a few seconds at the very most."""


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Writes no line per probe."""


def checks(
    client: MongoClient[Document], catalogue: Catalogue, consumer: Consumer, reconciler: Reconciler
) -> dict[str, Callable[[], str | None]]:
    """What must be well for scoring to be ready, each None or what is wrong."""

    def mongodb() -> str | None:
        try:
            client.admin.command("ping")
        except PyMongoError as error:
            return f"MongoDB does not answer: {type(error).__name__}"
        return None

    def definitions() -> str | None:
        return None if catalogue.follower.ready else "the definitions have not been read to their end"

    def loop() -> str | None:
        if not consumer.polled_at:
            return "not started: waiting for MongoDB or Kafka"
        if time.monotonic() - consumer.polled_at > STANDSTILL_S:
            return "the loop stands still"
        return "a partition could not be loaded yet" if consumer.waiting else None

    def halted() -> str | None:
        return "; ".join(f"{name}: {why}" for name, why in sorted(consumer.halted.items())) or None

    def differences() -> str | None:
        found = "; ".join(f"{name}: {first}" for name, first in sorted(reconciler.differences.items()))
        return f"{found}; run `parindex verify`, then `parindex rebuild`" if found else None

    return {"mongodb": mongodb, "definitions": definitions, "loop": loop, "halted": halted, "differences": differences}


def serve(bind: str, checked: dict[str, Callable[[], str | None]]) -> BaseWSGIServer:
    """Serves /livez, /readyz and /metrics on a thread until the process ends."""
    app = Flask("scoring")
    http.install(app, cors_origins=())
    http.install_health(app, checked, generate_latest)
    host, _, port = bind.rpartition(":")
    server = make_server(host, int(port), app, threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
