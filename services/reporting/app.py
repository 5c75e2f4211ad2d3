"""The composition root of reporting: builds the parts, hands them over, returns the WSGI application."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, request
from pymongo import MongoClient

from services.common import garbage, http, logs, mongo, openapi
from services.common import metrics as exposed
from services.common.settings import Settings, read_settings
from services.common.tokens import Authority, read_tokens
from services.reporting import metrics
from services.reporting.access import Access
from services.reporting.again import Again
from services.reporting.dashboard.pages import Pages
from services.reporting.exports.files import Files
from services.reporting.exports.rendering import Rendering
from services.reporting.file_views import FileViews
from services.reporting.live import Live
from services.reporting.loading import Document
from services.reporting.openapi import document
from services.reporting.preparing import Preparer
from services.reporting.publication_views import PublicationViews
from services.reporting.publications import Publications
from services.reporting.standings import Standings
from services.reporting.views import Views, seen_by_everybody
from services.reporting.watcher import Watcher

PATIENCE_S = 1.5
"""A silent MongoDB is given up a little before its figures are no longer current, and reached for anew."""


@dataclass(frozen=True, slots=True)
class Running:
    """The parts with threads and connections of their own: started in the worker that uses them, after fork."""

    client: MongoClient[Document]
    standings: Standings
    watcher: Watcher
    preparer: Preparer
    live: Live

    def start(self) -> None:
        self.standings.start()
        self.preparer.start()
        self.watcher.start()

    def stop(self) -> None:
        """Ends the streams, then the watching, the work ahead and the connections."""
        self.live.close()
        self.watcher.stop()
        self.preparer.stop()
        self.standings.stop()
        self.client.close()


def from_environment() -> Flask:
    """The application as the environment configures it: what gunicorn calls in each worker."""
    settings = read_settings()
    logs.install("reporting", settings.log_level)
    garbage.collect_seldom()
    return create_app(settings)


def create_app(settings: Settings) -> Flask:
    """The application; `running(app).start()` lets it watch MongoDB. Built after fork, for it opens connections.

    Raises:
        tokens.BadTokensFile: the installation cannot be used; the message says what to change.
    """
    authority = Authority(read_tokens(settings.tokens_file))
    client = mongo.client(settings.mongo, patience_s=PATIENCE_S)
    db = mongo.database(client)
    standings = Standings()
    watcher = Watcher(db, standings)
    preparer = Preparer(standings)
    live = Live(standings, seen_by_everybody)
    access = Access(standings, authority)
    responses, appraisals = settings.topic("responses"), settings.topic("appraisals")
    views = Views(standings, access, live, db=db, responses_topic=responses, appraisals_topic=appraisals)
    files = Files(Rendering(), settings.mongo, responses)
    publications = Publications(db)
    file_views = FileViews(access, files, publications, db=db, responses_topic=responses, appraisals_topic=appraisals)
    publication_views = PublicationViews(access, publications, files)

    app = Flask("services.reporting", static_folder=None, template_folder="dashboard/templates")
    Again(standings).install(app)
    http.install(app, settings.cors_origins)
    pages = Pages(standings, publications)
    routes = (*views.routes(), *file_views.routes(), *publication_views.routes(), *pages.routes())
    for address, name, view in routes:
        app.add_url_rule(address, endpoint=name, view_func=view, methods=["GET"])
    http.install_health(
        app,
        {"mongodb": standings.wrong, "campaigns": standings.unread, "watcher": watcher.wrong},
        exposed.exposition,
    )
    openapi.install(app, document)
    app.after_request(_counted)
    app.extensions["reporting"] = Running(client, standings, watcher, preparer, live)
    return app


def running(app: Flask) -> Running:
    """The parts of an application that are to be started and stopped."""
    parts: Running = app.extensions["reporting"]
    return parts


def _counted(answer: Response) -> Response:
    outcome: Any = g.get("problem") or ("not_modified" if answer.status_code == HTTPStatus.NOT_MODIFIED else "ok")
    metrics.REQUESTS.labels(request.endpoint or "none", outcome).inc()
    return answer
