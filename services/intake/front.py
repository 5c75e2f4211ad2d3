"""The quick way of a single response, before Flask: what is certainly right is taken here, all else is Flask's.

Flask and its request and answer cost several times what it takes to read, check and publish a response. Nothing is
refused here, and nothing is answered that Flask's own way would not answer with the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson

from services.common import http
from services.common.problems import Problem
from services.intake import body, metrics
from services.intake.ratings import UUID_PATTERN
from services.intake.responses import Responses

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from services.intake.serving import Application

_ADDRESS: Final = re.compile(rf"/v1/campaigns/([^/]+)/responses(?:/({UUID_PATTERN[1:-1]}))?\Z")
QUICK_BYTES: Final = 64 * 1024
"""Larger bodies are received one for each thread: of these there can be as many as there are connections."""
_JSON: Final = frozenset({"application/json", "application/json; charset=utf-8", "application/json;charset=utf-8"})


class Front:
    """A WSGI application before another."""

    def __init__(self, behind: Application, responses: Responses, origins: Sequence[str]) -> None:
        self._behind = behind
        self._responses = responses
        self._headers = [
            ("Content-Type", "application/json"),
            *http.MANNERS.items(),
            *([("Vary", "Origin")] if origins else []),
        ]
        self._of_origins = {origin: http.of_origin(origin).items() for origin in origins}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        taken = self._taken(environ) if _is_plain(environ) else None
        if taken is None:
            return self._behind(environ, start_response)
        document, location = taken
        answer = orjson.dumps(document)
        of_origin = self._of_origins.get(environ.get("HTTP_ORIGIN", ""), ())
        own = [("Location", location), ("Content-Length", str(len(answer)))]
        start_response("202 ACCEPTED", [*self._headers, *of_origin, *own])
        return (answer,)

    def _taken(self, environ: WSGIEnvironment) -> tuple[dict[str, Any], str] | None:
        """What is said of the response that a request brings, and its address; None: Flask is to answer."""
        address = _ADDRESS.match(environ["PATH_INFO"])
        method, length = environ["REQUEST_METHOD"], int(environ["CONTENT_LENGTH"])
        if address is None or method != ("PUT" if address[2] else "POST") or length > QUICK_BYTES:
            return None
        try:
            environ[body.RECEIVED] = text = body.receive(environ, length)
            taken = self._responses.at_once(address[1], text, address[2] and address[2].lower())
        except Problem as problem:
            environ[body.RECEIVED] = problem
            return None
        if taken is not None:
            metrics.REQUESTS.labels("submit_as" if address[2] else "submit", "accepted").inc()
        return taken


def _is_plain(environ: WSGIEnvironment) -> bool:
    """Whether the request has nothing about it that only Flask's way looks at."""
    return (
        environ.get("CONTENT_TYPE", "").lower() in _JSON
        and environ.get("CONTENT_LENGTH", "").isdecimal()
        and "HTTP_HOST" in environ
        and "HTTP_CONTENT_ENCODING" not in environ
        and not environ["SCRIPT_NAME"]
    )
