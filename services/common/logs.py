"""Logs as JSON, one object a line, on standard output. What a library logs through `logging` takes the same way.

What people say and who they are is never logged: no answers, codes, tokens, addresses or bodies. Values given as
`extra` become members of the object, so that no text of a caller can forge a line.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import orjson
import structlog
from structlog.types import EventDict, WrappedLogger

QUIET = {
    # It writes dozens of lines a second while a broker is away; whoever uses a client says once that it is.
    "kafka": logging.CRITICAL,
    "pymongo": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "werkzeug": logging.WARNING,
}
"""The least level of libraries that tell more than an operator needs."""


def install(service: str, level: str = "INFO") -> None:
    """Sends all logging of the process to standard output as JSON.

    Args:
        service: the name each line carries.
        level: the least level that is written.

    Raises:
        ValueError: there is no such level.
    """

    def name(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {"service": service, **event}

    known: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        name,
    ]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *known],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(serializer=_line),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for library, least in QUIET.items():
        logging.getLogger(library).setLevel(max(least, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *known,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _line(event: EventDict, **_: object) -> str:
    try:
        text = orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError:  # a lone surrogate in what somebody else raised must not cost the line
        text = orjson.dumps({key: ascii(value) for key, value in event.items()}).decode()
    return text.translate(_BREAKS)


_BREAKS = {ord(character): f"\\u{ord(character):04x}" for character in "\x85\u2028\u2029"}
"""What JSON allows in a text and some readers take for the end of a line."""
