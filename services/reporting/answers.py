"""How an answer leaves: its form negotiated, its ETag compared, its headers set."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, get_args

import orjson
from flask import Request, Response
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header, parse_etags

from services.common import problems
from services.common.problems import Problem
from services.reporting.standing import Body

JSON = "application/json"
CSV = "text/csv; charset=utf-8"

Form = Literal["json", "csv", "xlsx", "parquet", "pdf"]
TYPES: Mapping[Form, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "pdf": "application/pdf",
}
FORMS: tuple[Form, ...] = get_args(Form)
TABLES: tuple[Form, ...] = ("json", "csv", "xlsx", "parquet")

PUBLIC = "no-cache"
"""May be kept by anyone, and is asked for again each time: an unchanged answer costs a 304."""
PRIVATE = "private, no-store"
FOR_EVER = "public, max-age=31536000, immutable"
"""Never changes, so nobody need ask again."""


def json_body(document: object) -> Body:
    return Body(orjson.dumps(document), JSON)


@lru_cache(maxsize=256)
def form(accept: str | None, forms: tuple[Form, ...] = FORMS) -> Form:
    """The form that an Accept header prefers, JSON where it does not matter.

    Raises:
        Problem: 406 when it takes none of them.
    """
    if not accept:
        return "json"
    types = {TYPES[one]: one for one in forms}
    best = parse_accept_header(accept, MIMEAccept).best_match(list(types))
    if best is None:
        raise Problem(problems.NOT_ACCEPTABLE, f"this is to be had as {', '.join(types)}")
    return types[best]


def form_of(suffix: str, forms: tuple[Form, ...] = FORMS) -> Form:
    """The form that the end of an address names.

    Raises:
        Problem: 404, there is none of that name.
    """
    found = next((one for one in forms if one == suffix), None)
    if found is None:
        raise Problem(problems.NOT_FOUND, f"this is to be had as .{', .'.join(forms)}")
    return found


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether an If-None-Match header names the ETag: a list, `*`, weak or strong (RFC 9110, 13.1.2)."""
    if not if_none_match:
        return False
    if if_none_match == f'"{etag}"':  # what nearly every client sends
        return True
    tags = parse_etags(if_none_match)
    return tags.star_tag or tags.contains_weak(etag)


def answer(
    request: Request, body: Body, *, vary: str | None, private: bool = False, for_ever: bool = False
) -> Response:
    """The answer that a body makes: 200, or 304 when the client has it already.

    Args:
        request: for its If-None-Match.
        body: what is current.
        vary: the request headers that decide what is answered.
        private: whether it must not be kept by anyone on the way.
        for_ever: whether it never changes.
    """
    keep = FOR_EVER if for_ever else PRIVATE if private else PUBLIC
    headers = {"ETag": f'"{body.etag}"', "Cache-Control": keep}
    if vary is not None:
        headers["Vary"] = vary
    if matches(request.headers.get("If-None-Match"), body.etag):
        return Response(status=304, headers=headers)
    headers.update(body.headers)
    return Response(body.content, 200, headers, content_type=body.content_type)
