"""What an API says of itself: /openapi.json, and /docs, a page to read and try it that loads nothing from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from flask import Flask, Response, request, send_from_directory
from werkzeug.exceptions import NotFound

ASSETS = files("flask_swagger_ui") / "dist"
# Swagger UI writes styles into the page and draws its icons from data: addresses; nothing else may come from anywhere.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
# validatorUrl: without null the page asks a service on the internet for a badge.
START = """\
SwaggerUIBundle({
  url: "openapi.json", dom_id: "#page", deepLinking: true, validatorUrl: null, persistAuthorization: false,
  supportedSubmitMethods: ["get", "put", "post", "patch", "delete"],
});
"""


def install(app: Flask, document: Callable[[], Mapping[str, Any]]) -> None:
    """Adds /openapi.json, /docs and its assets; the document is made when it is first asked for."""

    @cache
    def text() -> bytes:
        return orjson.dumps(document())

    def openapi() -> Response:
        return revalidated(Response(text(), content_type="application/json"))

    def docs() -> Response:
        title = html.escape(str(document()["info"]["title"]))
        answer = Response(PAGE.format(title=title), content_type="text/html; charset=utf-8")
        answer.headers["Content-Security-Policy"] = POLICY
        answer.headers["Referrer-Policy"] = "no-referrer"
        return answer

    def asset(name: str) -> Response:
        if name == "start.js":
            return revalidated(Response(START, content_type="text/javascript; charset=utf-8"))
        if name not in {"swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"}:
            raise NotFound("the page has no such part")
        return send_from_directory(str(ASSETS), name, conditional=True, max_age=3_600)

    app.add_url_rule("/openapi.json", view_func=openapi)
    app.add_url_rule("/docs", view_func=docs)
    app.add_url_rule("/docs/<name>", endpoint="docs_asset", view_func=asset)


def revalidated(answer: Response) -> Response:
    """The answer with a strong ETag of its bytes, or 304 when the client has these already."""
    answer.headers["Cache-Control"] = "no-cache"
    answer.add_etag()
    answer.make_conditional(request)
    return answer
