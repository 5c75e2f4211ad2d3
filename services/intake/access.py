"""Who may call a route: a view that needs a role says so, and finds the token's holder in `flask.g`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, g, request

from services.common.tokens import Authority, Role, Token

View = Callable[..., Response]


def guarded(view: View, role: Role, authority: Authority) -> View:
    """The view for holders of a role only; its attribute `role` tells which.

    The view raises Problem: 401 without a known token, 403 when its role does not allow this.
    """

    @wraps(view)
    def allowed(**arguments: Any) -> Response:  # noqa: ANN401 - whatever the address holds
        g.token = authority.require(request.headers.get("Authorization"), role)
        return view(**arguments)

    allowed.role = role  # type: ignore[attr-defined]
    return allowed


def holder() -> Token:
    """The token of the request at hand, behind `guarded`."""
    token: Token = g.token
    return token
