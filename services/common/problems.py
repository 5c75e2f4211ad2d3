"""Every way to be refused: one list, used by the answers, the metrics and the docs (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

URN = "urn:parindex:problem:"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its stable name, its status, and whether sending the same again can help."""

    name: str
    status: int
    title: str
    retryable: bool = False

    @property
    def type(self) -> str:
        return URN + self.name


MALFORMED = Kind("malformed", 400, "The body or the request cannot be read")
UNAUTHENTICATED = Kind("unauthenticated", 401, "A valid bearer token is needed")
FORBIDDEN = Kind("forbidden", 403, "The token does not allow this")
CLOSED = Kind("campaign-closed", 403, "The campaign takes no more responses")
NOT_FOUND = Kind("not-found", 404, "There is no such thing here")
METHOD_NOT_ALLOWED = Kind("method-not-allowed", 405, "The address does not take this method")
NOT_ACCEPTABLE = Kind("not-acceptable", 406, "The answer is not to be had in that form")
SLOW = Kind("request-timeout", 408, "The body did not arrive in time", retryable=True)
CONFLICT = Kind("conflict", 409, "What is there already stands against this")
LENGTH_REQUIRED = Kind("length-required", 411, "The request must state its Content-Length")
STALE = Kind("stale", 412, "It was changed by someone else meanwhile")
TOO_LARGE = Kind("too-large", 413, "The body is larger than allowed")
UNSUPPORTED = Kind("unsupported-media-type", 415, "The body is of another type than taken here")
INVALID = Kind("invalid", 422, "The content does not fit")
NOT_OPEN = Kind("campaign-not-open", 425, "The campaign has not opened yet", retryable=True)
TOO_MANY = Kind("too-many-requests", 429, "Too many requests", retryable=True)
INTERNAL = Kind("internal", 500, "A fault of ours", retryable=True)
UNAVAILABLE = Kind("unavailable", 503, "Not now: send the same again", retryable=True)

KINDS: tuple[Kind, ...] = tuple(kind for kind in globals().values() if isinstance(kind, Kind))
BY_STATUS: Mapping[int, Kind] = {kind.status: kind for kind in reversed(KINDS) if kind is not CLOSED}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a content: where (JSON pointer), a stable code, and what to do about it."""

    pointer: str
    code: str
    detail: str
    line: int | None = None

    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = {"pointer": self.pointer, "code": self.code, "detail": self.detail}
        return document if self.line is None else document | {"line": self.line}


class Problem(Exception):
    """Raised anywhere on the way of a request; `common.http` answers it as application/problem+json."""

    def __init__(
        self, kind: Kind, detail: str, faults: Sequence[Fault] = (), *, retry_after_s: int | None = None
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.faults = tuple(faults)
        self.retry_after_s = 1 if retry_after_s is None and kind.retryable else retry_after_s

    def document(self) -> dict[str, Any]:
        """The members of the answer."""
        document: dict[str, Any] = {
            "type": self.kind.type,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
            "retryable": self.kind.retryable,
        }
        if self.faults:
            document["errors"] = [fault.document() for fault in self.faults]
        return document
