"""In front of the application: what was asked before in the very same words is answered again without going through it.

A hall of dashboards asks for the same rankings again and again. To find the view, read the query and build an answer
costs more than to hand over bytes that are there. What is given again is what the application answered, to the last
header, for the state in force and while the figures are current. Where anything else may decide about an answer (a
token, an origin, another method) it is left to the application.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from flask import Flask, Response, g, request
from prometheus_client import Counter

from services.reporting.metrics import KEPT, REQUESTS
from services.reporting.standing import Standing
from services.reporting.standings import Standings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Asked = tuple[str, str, str | None, str | None]
"""Address, query, Accept, If-None-Match."""

MOST_KEPT = 1_000
"""Answers: a bound on what odd questions can fill."""
OUTCOMES = {HTTPStatus.OK: "ok", HTTPStatus.NOT_MODIFIED: "not_modified"}


class _Given(NamedTuple):
    """An answer as it went out."""

    standing: Standing
    status: str
    headers: list[tuple[str, str]]
    content: bytes
    counted: Counter


class Again:
    """The answers that may be given again. `install` comes before what adds headers to answers."""

    def __init__(self, standings: Standings) -> None:
        self._standings = standings
        self._given: dict[Asked, _Given] = {}
        standings.listen(self._forget)

    def install(self, app: Flask) -> None:
        app.after_request(self._keep)
        app.wsgi_app = self._in_front_of(app.wsgi_app)  # type: ignore[method-assign,assignment]

    @staticmethod
    def allow(standing: Standing) -> None:
        """Says of the answer under way that it follows from the question and a campaign's state alone."""
        g.again = standing

    def _in_front_of(self, application: WSGIApplication) -> WSGIApplication:
        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            asked = _asked(environ)
            given = None if asked is None else self._given.get(asked)
            if given is None or not self._holds(given.standing):
                return application(environ, start_response)
            given.counted.inc()
            KEPT.inc()
            start_response(given.status, given.headers)
            return (given.content,)

        return answer

    def _holds(self, standing: Standing) -> bool:
        found = self._standings.find(standing.campaign.code)
        if found is None or self._standings.wrong() is not None:
            return False
        # What everybody may see changes at a campaign's end, too.
        return found is standing or found.for_everybody(datetime.now(UTC)) is standing

    def _keep(self, response: Response) -> Response:
        standing, asked = g.get("again"), _asked(request.environ)
        outcome = OUTCOMES.get(HTTPStatus(response.status_code))
        if standing is not None and asked is not None and outcome is not None:
            if len(self._given) >= MOST_KEPT:
                self._given.clear()
            headers = response.get_wsgi_headers(request.environ).to_wsgi_list()
            content = b"" if response.status_code == HTTPStatus.NOT_MODIFIED else response.get_data()
            counted = REQUESTS.labels(request.endpoint, outcome)
            self._given[asked] = _Given(standing, response.status, headers, content, counted)
        return response

    def _forget(self, _: str | None) -> None:
        """There is a new state: nobody is given again what was asked before it."""
        self._given.clear()


def _asked(environ: WSGIEnvironment) -> Asked | None:
    """What is asked; None where it is not all that decides about the answer."""
    if environ["REQUEST_METHOD"] != "GET" or "HTTP_HOST" not in environ:
        return None
    if "HTTP_AUTHORIZATION" in environ or "HTTP_ORIGIN" in environ:
        return None
    return (
        environ["PATH_INFO"],
        environ["QUERY_STRING"],
        environ.get("HTTP_ACCEPT"),
        environ.get("HTTP_IF_NONE_MATCH"),
    )
