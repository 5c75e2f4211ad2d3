"""What gunicorn must not do for a survey: name itself, echo what it was sent, log addresses of people or responses."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

import orjson
from gunicorn import glogging, util
from gunicorn.http import errors, wsgi
from gunicorn.workers import base

from services.common import logs, problems
from services.common.problems import Kind, Problem

log = logging.getLogger(__name__)

TOO_LONG_ADDRESS = Kind("uri-too-long", HTTPStatus.REQUEST_URI_TOO_LONG, "The address is too long")
TOO_LARGE_HEADERS = Kind("headers-too-large", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large")
EXPECTATION_FAILED = Kind("expectation-failed", HTTPStatus.EXPECTATION_FAILED, "Only 100-continue can be expected")

REFUSALS: dict[type[Exception], Kind] = {
    errors.LimitRequestLine: TOO_LONG_ADDRESS,
    errors.LimitRequestHeaders: TOO_LARGE_HEADERS,
    errors.ExpectationFailed: EXPECTATION_FAILED,
}


class _Answer(wsgi.Response):  # type: ignore[misc]
    """An answer without the header Server, whose head and first bytes leave together; gunicorn has no settings for it.

    Sent by themselves they cost a system call more and wake the receiver twice.
    """

    sock: Any

    def default_headers(self) -> list[str]:
        return [header for header in super().default_headers() if not header.startswith("Server:")]

    def write(self, arg: bytes) -> None:
        if self.headers_sent:
            super().write(arg)
            return
        connection, together = self.sock, _Together()
        self.sock = together
        try:
            super().write(arg)
        finally:
            self.sock = connection
        connection.sendall(together)


class _Together(bytearray):
    """Stands in for a connection: keeps what is to be sent."""

    sendall = bytearray.extend


class Logger(glogging.Logger):  # type: ignore[misc]
    """Sends gunicorn's own lines the way of all others, without the addresses that it puts into some."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401 - gunicorn's configuration
        super().setup(cfg)
        logs.install(cfg.proc_name, cfg.loglevel.upper())
        self.error_log.handlers.clear()
        self.error_log.propagate = True

    def warning(self, msg: str, *args: object, **kwargs: Any) -> None:  # noqa: ANN401 - the signature of logging
        if not msg.startswith("Invalid request from"):
            super().warning(msg, *args, **kwargs)

    def exception(self, msg: str, *args: object, **kwargs: Any) -> None:  # noqa: ANN401, ARG002 - likewise
        # The arguments are the method and the address; an address can hold a response's id.
        super().exception(msg.partition(" %s")[0], **kwargs)


class Manners(base.Worker):  # type: ignore[misc]
    """To be mixed into a worker before its kind: refusals in the form of all our problems."""

    def init_process(self) -> None:
        wsgi.Response = _Answer
        super().init_process()

    def handle_error(self, req: object, client: Any, addr: object, exc: Exception) -> None:  # noqa: ANN401, ARG002
        """Answers what is no HTTP request, and what went wrong outside of the application."""
        if isinstance(exc, errors.ParseException) and not isinstance(exc, errors.ConfigurationProblem):
            kind = REFUSALS.get(type(exc), problems.MALFORMED)
            problem = Problem(kind, f"this is no request that can be read: {type(exc).__name__}")
        else:
            log.error("unforeseen", exc_info=exc)
            problem = Problem(problems.INTERNAL, "an unforeseen fault; it was logged")
        body = orjson.dumps(problem.document())
        head = (
            f"HTTP/1.1 {problem.kind.status} {HTTPStatus(problem.kind.status).phrase}\r\n"
            "Connection: close\r\n"
            "Content-Type: application/problem+json\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        try:
            util.write_nonblock(client, head.encode() + body)
        except OSError as error:
            log.debug("a refusal could not be sent", extra={"error": repr(error)})
