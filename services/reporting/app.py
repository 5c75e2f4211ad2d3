"""The composition root of reporting: builds the parts, hands them over, returns the WSGI application."""

from __future__ import annotations

from flask import Flask

from services.common import http, logs, metrics, mongo
from services.common.settings import Settings, read_settings
from services.common.tokens import Authority, read_tokens
from services.reporting import live, ranking_routes
from services.reporting.access import Access
from services.reporting.standings import Standings
from services.reporting.watcher import Watcher

PATIENCE_S = 1.5
"""A silent MongoDB is given up a little before its figures are no longer current, and reached for anew."""


class Reporting:
    """The running parts behind the application: what must be stopped, and in which order."""

    def __init__(self, settings: Settings) -> None:
        self._client = mongo.client(settings.mongo, patience_s=PATIENCE_S)
        self.db = mongo.database(self._client)
        self.standings = Standings()
        self.watcher = Watcher(self.db, self.standings)
        self.live = live.Live(self.standings)
        self.standings.start()
        self.watcher.start()

    def close(self) -> None:
        """Ends the streams, the watching and the connections."""
        self.live.close()
        self.watcher.stop()
        self.standings.stop()
        self._client.close()


def create_app(settings: Settings) -> Flask:
    """The application, watching MongoDB from now on. Built after fork: it starts threads and opens connections.

    What runs behind it is `app.extensions["reporting"]`, to be closed with the application.
    """
    authority = Authority(read_tokens(settings.tokens_file))
    app = Flask("parindex.reporting", static_folder=None)
    running = app.extensions["reporting"] = Reporting(settings)
    standings = running.standings
    access = Access(standings, authority)
    http.install(app, settings.cors_origins)
    http.install_health(
        app,
        {"mongodb": standings.wrong, "campaigns": standings.unread, "watcher": running.watcher.wrong},
        metrics.exposition,
    )
    ranking_routes.install(app, access)
    live.install(app, standings, running.live)
    return app


def from_environment() -> Flask:
    """The application as the environment configures it: what gunicorn calls in each worker."""
    settings = read_settings()
    logs.install("reporting", settings.log_level)
    return create_app(settings)
