"""Intake: HTTP in, events out. `create_app` is the one place that builds its parts and hands them over."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.routing import BaseConverter

from services.common import garbage, http, kafka, logs, openapi
from services.common import metrics as exposed
from services.common.catalogue import Catalogue
from services.common.settings import Settings, read_settings
from services.common.tokens import Authority, Role, read_tokens
from services.intake import body, metrics
from services.intake.access import guarded
from services.intake.appraisals import Appraisals
from services.intake.board import Board
from services.intake.campaigns import Campaigns
from services.intake.definitions import Definitions
from services.intake.front import Front
from services.intake.grouping import GroupingProducer
from services.intake.openapi import document
from services.intake.publisher import Publisher
from services.intake.readiness import checks
from services.intake.receipts import Receipts, read_key
from services.intake.responses import Responses
from services.intake.serving import Greenlets, Serving, Threads

Route = tuple[str, str, str, Callable[..., Response], Role | None]
"""Method, address, name, view, and the role that its caller needs."""


class ResponseConverter(BaseConverter):
    """The last part of a response's address; it is checked to be a UUID where a fault can be named."""

    regex = "(?!batch$)[^/]+"


@dataclass(frozen=True, slots=True)
class Running:
    """The parts with threads and connections of their own: started in the worker that uses them, after fork."""

    publisher: Publisher
    catalogue: Catalogue
    board: Board

    def start(self) -> None:
        self.publisher.start()
        self.catalogue.follower.start()
        self.board.follower.start()

    def stop(self) -> None:
        self.publisher.stop()
        self.board.follower.stop()
        self.catalogue.follower.stop()


def from_environment() -> Flask:
    """The application as the environment configures it: what gunicorn calls in each worker."""
    settings = read_settings()
    logs.install("intake", settings.log_level)
    garbage.collect_seldom()
    return create_app(settings, Greenlets(settings.intake_threads))


def create_app(settings: Settings, serving: Serving | None = None) -> Flask:
    """The application; `running(app).start()` connects it to Kafka.

    Args:
        settings: of the installation.
        serving: how requests are served; in threads by default.

    Raises:
        tokens.BadTokensFile, receipts.BadKey, kafka.Unready: the installation cannot be used; the
            message says what to change.
    """
    kafka.require_accelerators()
    serving = serving or Threads()
    authority = Authority(read_tokens(settings.tokens_file))
    catalogue = Catalogue(settings)
    board = Board(settings, catalogue)
    campaigns = Campaigns(catalogue)
    publisher = Publisher(
        partial(kafka.producer, settings, f"intake-{os.getpid()}", GroupingProducer),
        settings.topic("responses"),
        serving,
    )
    responses = Responses(
        campaigns, publisher, Receipts(read_key(settings.receipt_key_file)), settings.topic("responses")
    )
    definitions = Definitions(catalogue, campaigns, publisher, settings.topic("campaigns"))
    appraisals = Appraisals(campaigns, board, publisher, settings.topic("appraisals"))

    app = Flask("services.intake", static_folder=None)
    http.install(app, settings.cors_origins)
    app.url_map.converters["response"] = ResponseConverter
    for method, address, name, view, role in routes(responses, definitions, appraisals):
        allowed = view if role is None else guarded(view, role, authority)
        app.add_url_rule(address, endpoint=name, view_func=allowed, methods=[method])
    http.install_health(app, checks(publisher, catalogue, board), exposed.exposition)
    openapi.install(app, document)
    app.after_request(_counted)
    behind = serving.beside(app.wsgi_app, body.receive_ahead)
    app.wsgi_app = Front(behind, responses, settings.cors_origins)  # type: ignore[method-assign]
    app.extensions["intake"] = Running(publisher, catalogue, board)
    return app


def routes(responses: Responses, definitions: Definitions, appraisals: Appraisals) -> tuple[Route, ...]:
    """Every route of the API but health, metrics and docs."""
    campaign = "/v1/campaigns/<campaign>"
    return (
        ("GET", "/v1/campaigns", "campaigns", definitions.get_all, None),
        ("GET", campaign, "campaign", definitions.get, None),
        ("PUT", campaign, "publish", definitions.put, "admin"),
        ("GET", f"{campaign}/forms/<group>", "form", definitions.get_form, None),
        ("POST", f"{campaign}/responses", "submit", responses.post, None),
        ("POST", f"{campaign}/responses/batch", "batch", responses.post_batch, None),
        ("PUT", f"{campaign}/responses/<response:response>", "submit_as", responses.put, None),
        ("DELETE", f"{campaign}/responses/<response:response>", "withdraw", responses.delete, None),
        ("GET", f"{campaign}/appraisals", "appraisals", appraisals.get_all, "appraiser"),
        ("PATCH", f"{campaign}/appraisals", "appraise_all", appraisals.patch_all, "appraiser"),
        ("GET", f"{campaign}/appraisals/<unit>", "appraisal", appraisals.get, "appraiser"),
        ("PATCH", f"{campaign}/appraisals/<unit>", "appraise", appraisals.patch, "appraiser"),
    )


def running(app: Flask) -> Running:
    """The parts of an application that are to be started and stopped."""
    parts: Running = app.extensions["intake"]
    return parts


def _counted(answer: Response) -> Response:
    outcome: Any = g.get("problem") or ("accepted" if answer.status_code == 202 else "ok")  # noqa: PLR2004
    metrics.REQUESTS.labels(request.endpoint or "none", outcome).inc()
    return answer
