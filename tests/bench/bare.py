"""The least that could answer: a Flask application that does nothing, run with the services' own gunicorn settings."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask, Response, request

RECEIPT = b"{" + b'"receipt":"' + b"0" * 300 + b'"}'
"""As long as a receipt of intake."""
BODY = "BENCH_BODY"
"""Names the file that holds the answer of a ranking."""
ETAG = '"0123456789abcdef0123456789abcdef"'


class Nothing:
    """What the gunicorn settings start, stop and close in a worker."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    @property
    def live(self) -> Nothing:
        return self

    def close(self) -> None: ...


def intake() -> Flask:
    """Reads each body and answers 202."""
    app = Flask("bare")
    app.extensions["intake"] = Nothing()

    @app.post("/v1/campaigns/<campaign>/responses")
    def submit(campaign: str) -> Response:  # noqa: ARG001 - of the address
        request.get_data()
        return Response(RECEIPT, 202, content_type="application/json")

    return app


def reporting() -> Flask:
    """Answers each ranking with the same bytes, or 304."""
    app = Flask("bare")
    app.extensions["reporting"] = Nothing()
    body = Path(os.environ[BODY]).read_bytes()

    @app.get("/v1/campaigns/<campaign>/rankings")
    def rankings(campaign: str) -> Response:  # noqa: ARG001 - of the address
        if request.headers.get("If-None-Match") == ETAG:
            return Response(status=304, headers={"ETag": ETAG})
        return Response(body, 200, {"ETag": ETAG}, content_type="application/json")

    return app
