"""What both HTTP services do alike: problems, limits, CORS, headers that every answer carries, health and metrics."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from services.common import problems
from services.common.problems import Problem

log = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
MANNERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
"""Headers of every answer that does not say otherwise."""
EXPOSED = "Content-Disposition, ETag, Location, Retry-After, X-Row-Count"
"""Headers that a page of an allowed origin may read."""


def json_response(document: object, status: int = 200, content_type: str = "application/json") -> Response:
    """An answer of JSON, encoded by orjson."""
    return Response(orjson.dumps(document), status, content_type=content_type)


def problem_response(problem: Problem) -> Response:
    """A problem as its answer; `flask.g.problem` has its name, for the metrics."""
    g.problem = problem.kind.name
    response = json_response(problem.document(), problem.kind.status, PROBLEM_JSON)
    if problem.retry_after_s is not None:
        response.headers["Retry-After"] = str(problem.retry_after_s)
    if problem.kind is problems.UNAUTHENTICATED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def install(app: Flask, cors_origins: Sequence[str]) -> None:
    """Gives an application the common manners; `cors_origins` are the origins whose pages may call it."""
    app.register_error_handler(Problem, problem_response)
    app.register_error_handler(HTTPException, _http_exception)
    app.register_error_handler(Exception, _unforeseen)
    allowed = frozenset(cors_origins)
    app.before_request(_require_host)
    app.before_request(lambda: _preflight(allowed))
    app.after_request(lambda response: _finish(response, allowed))


def install_health(app: Flask, checks: Mapping[str, Callable[[], str | None]], metrics: Callable[[], bytes]) -> None:
    """Adds /livez, /readyz and /metrics. A check returns None when all is well, else what is wrong."""

    def livez() -> Response:
        return json_response({"status": "ok"})

    def readyz() -> Response:
        wrong = {name: said for name, check in checks.items() if (said := check()) is not None}
        document: dict[str, Any] = {"status": "unavailable" if wrong else "ok"}
        document["checks"] = {name: wrong.get(name, "ok") for name in checks}
        return json_response(document, 503 if wrong else 200)

    app.add_url_rule("/livez", view_func=livez)
    app.add_url_rule("/readyz", view_func=readyz)
    app.add_url_rule(
        "/metrics",
        endpoint="metrics",
        view_func=lambda: Response(metrics(), content_type="text/plain; version=0.0.4; charset=utf-8"),
    )


def _http_exception(error: HTTPException) -> Response:
    """Werkzeug's own refusals in our form."""
    if isinstance(error.response, Response):
        return error.response
    status = error.code or problems.INTERNAL.status
    kind = problems.BY_STATUS.get(
        status, problems.MALFORMED if status < problems.INTERNAL.status else problems.INTERNAL
    )
    answer = problem_response(Problem(kind, error.description or kind.title))
    for name, value in error.get_headers():
        if name in {"Allow", "Location"}:
            answer.headers[name] = value
    return answer


def _unforeseen(error: Exception) -> Response:
    # The log gets the trace, never the content of the request; the client gets neither.
    log.error("unforeseen", exc_info=error, extra={"endpoint": request.endpoint})
    return problem_response(Problem(problems.INTERNAL, "an unforeseen fault; it was logged"))


def _require_host() -> None:
    if "Host" not in request.headers and request.environ.get("SERVER_PROTOCOL") != "HTTP/1.0":
        raise Problem(problems.MALFORMED, "the request has no Host header")


def _preflight(allowed: frozenset[str]) -> Response | None:
    origin = request.headers.get("Origin")
    if request.method == "OPTIONS" and origin in allowed and "Access-Control-Request-Method" in request.headers:
        response = Response(status=204)
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, PATCH, DELETE"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, If-Match, If-None-Match"
        response.headers["Access-Control-Max-Age"] = "600"
        return response
    return None


def _finish(response: Response, allowed: frozenset[str]) -> Response:
    for name, value in MANNERS.items():
        response.headers.setdefault(name, value)
    if allowed:
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin in allowed:
            response.headers.update(of_origin(origin))
    return response


def of_origin(origin: str) -> dict[str, str]:
    """Headers by which a page of an allowed origin may read an answer."""
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED}
