"""Reads the body of a request: bounded, whole, as strict JSON. What the log could not keep for ever is refused here.

Only well-formed UTF-8 without a byte order mark, no repeated keys, no NaN; and no text that MongoDB cannot store.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from flask import request

from services.common import problems
from services.common.campaign_problems import Path, pointer
from services.common.problems import Fault, Problem
from services.intake.faults import LISTED

KIB = 1024
RESPONSE_BYTES = 256 * KIB
BATCH_BYTES = 8 * KIB * KIB
SET_BYTES = 4 * KIB * KIB
"""Of appraisals of many units: one record of the log."""
RECEIVED = "parindex.body"
"""Where in the environ of a request its body stands when it has been received already, or what came in its way."""
SILENCE_S = 10.0
"""How long a thread waits for the next bytes of a body. A proxy in front bounds the whole body."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def read(limit: int, *types: str) -> bytes:
    """The body of the request at hand.

    Args:
        limit: the most bytes it may have.
        types: the media types that are taken.

    Raises:
        Problem: 411 without a stated length, 413, 415, 408 when it stops arriving, 400 when it ends too early.
    """
    length = request.content_length
    if length is None:
        raise Problem(problems.LENGTH_REQUIRED, "send the body with a Content-Length, not in chunks")
    if length > limit:
        raise Problem(problems.TOO_LARGE, f"the body has {length:,} bytes, at most {limit:,} are taken")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem(problems.UNSUPPORTED, "send the body as it is, without a Content-Encoding")
    if request.mimetype not in types or request.mimetype_params.get("charset", "utf-8").lower() != "utf-8":
        raise Problem(problems.UNSUPPORTED, f"the body must have the Content-Type {' or '.join(types)}, in UTF-8")
    received: bytes | Problem | None = request.environ.get(RECEIVED)
    if isinstance(received, Problem):
        raise received
    return receive(request.environ, length) if received is None else received


def receive(environ: Mapping[str, Any], length: int) -> bytes:
    """As many bytes of a request's body.

    Raises:
        Problem: 408 when it stops arriving, 400 when it ends too early.
    """
    connection = environ.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(SILENCE_S)
    try:
        body: bytes = environ["wsgi.input"].read(length)
    except TimeoutError as error:
        raise Problem(problems.SLOW, f"nothing of the body arrived for {SILENCE_S:.0f} s") from error
    finally:
        if connection is not None:
            connection.settimeout(None)
    if len(body) < length:
        raise Problem(problems.MALFORMED, f"the body ended after {len(body):,} of {length:,} bytes")
    return body


def receive_ahead(environ: dict[str, Any]) -> None:
    """Receives the body of a request, so that `read` can be called on a thread that cannot use the connection."""
    length = environ.get("CONTENT_LENGTH", "")
    if length.isdecimal() and int(length) <= BATCH_BYTES and RECEIVED not in environ:
        try:
            environ[RECEIVED] = receive(environ, int(length))
        except Problem as problem:
            environ[RECEIVED] = problem
    environ["wsgi.input"] = io.BytesIO()


def read_object(limit: int) -> dict[str, Any]:
    """The JSON object that is the body of the request at hand.

    Raises:
        Problem: of `read` and `decode`.
    """
    return decode(read(limit, "application/json"))


def decode(text: bytes) -> dict[str, Any]:
    """The JSON object that a text holds. Numbers with a point or exponent stay text, so that they stay exact.

    Raises:
        Problem: 400 when it is no JSON or repeats a key; 422 when it is no object or holds characters that cannot be
            stored.
    """
    document = _parsed(text)
    if not isinstance(document, dict):
        raise Problem(
            problems.INVALID,
            "the body is no JSON object",
            [Fault("", "not-an-object", "send one object: {…}")],
        )
    if b"\\u" in text and (faults := list(_unstorable(document, ()))):  # an escape is the only way in for either
        raise Problem(problems.INVALID, "the text holds characters that cannot be stored", faults[:LISTED])
    return document


class _RepeatedKey(Exception):
    pass


class _Repeating(dict[str, Any]):
    """An object of which some keys stand more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated = [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RepeatedKey
    return found


def _marked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(pairs) if len(dict(pairs)) == len(pairs) else _Repeating(pairs)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


_STRICT = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant, parse_float=str)
_MARKING = json.JSONDecoder(object_pairs_hook=_marked, parse_constant=_no_constant, parse_float=str)


def _parsed(text: bytes) -> object:
    try:
        written = text.decode("utf-8")
        return _STRICT.decode(written)
    except UnicodeDecodeError as error:
        raise Problem(problems.MALFORMED, f"byte {error.start} is not UTF-8") from error
    except _RepeatedKey:
        faults = list(_repeated(_MARKING.decode(written), ()))
        raise Problem(problems.MALFORMED, "a key stands twice in one object", faults[:LISTED]) from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Problem(problems.MALFORMED, f"not JSON: {error.msg} ({place})") from error
    except RecursionError as error:
        raise Problem(problems.MALFORMED, "nested too deeply") from error
    except ValueError as error:  # NaN, Infinity, or a number of thousands of digits
        raise Problem(problems.MALFORMED, "not JSON: NaN, Infinity or a number of too many digits") from error


def _repeated(value: object, path: Path) -> Iterator[Fault]:
    if isinstance(value, _Repeating):
        for name in value.repeated:
            yield Fault(_shown((*path, name)), "repeated-key", "this key stands more than once: keep one")
    for step, part in _parts(value):
        yield from _repeated(part, (*path, step))


def _unstorable(value: object, path: Path) -> Iterator[Fault]:
    if isinstance(value, str) and _UNSTORABLE.search(value):
        yield Fault(_shown(path), "unstorable", "remove the character U+0000 or the half of a surrogate pair")
    for step, part in _parts(value):
        if isinstance(step, str) and _UNSTORABLE.search(step):
            yield Fault(_shown((*path, step)), "unstorable", "the name itself holds such a character")
        yield from _unstorable(part, (*path, step))


def _parts(value: object) -> Iterator[tuple[str | int, object]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _shown(path: Path) -> str:
    return _UNSTORABLE.sub("\ufffd", pointer(path))
