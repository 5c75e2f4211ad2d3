"""A log line is one JSON object, whatever somebody puts into it, and says no more than it was told."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from services.common import logs


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What goes to standard output; the logging of the tests is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logs.QUIET}
    output = io.StringIO()
    monkeypatch.setattr("sys.stdout", output)
    logs.install("intake", "INFO")
    yield output
    root.handlers[:], root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_line_says_what_happened_where_and_when(written: io.StringIO) -> None:
    logging.getLogger("services.x").warning("away", extra={"topic": "responses", "offset": 7})
    (line,) = lines(written)
    assert line.pop("time").endswith("Z")
    assert line == {
        "service": "intake",
        "event": "away",
        "level": "warning",
        "logger": "services.x",
        "topic": "responses",
        "offset": 7,
    }


def test_structlog_writes_the_same_lines(written: io.StringIO) -> None:
    structlog.get_logger("services.x").warning("away", topic="responses")
    (line,) = lines(written)
    assert (line["service"], line["event"], line["topic"], line["logger"]) == (
        "intake",
        "away",
        "responses",
        "services.x",
    )


@pytest.mark.parametrize("text", ['x\n{"event": "forged"}', "x\r\nforged", "\u2028", '"', "\x00\x1b[2J", "\ud800"])
def test_no_text_can_forge_a_line(written: io.StringIO, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # A part of a character in what pytest keeps of the log could not be sent on to the one who reports.
    ours = [handler for handler in logging.getLogger().handlers if getattr(handler, "stream", None) is written]
    monkeypatch.setattr(logging.getLogger(), "handlers", ours)
    logging.getLogger("x").warning("%s", text, extra={"said": text})
    assert written.getvalue().count("\n") == 1
    (line,) = lines(written)
    assert line["level"] in {"warning", "'warning'"}


def test_an_exception_is_told_in_one_line_without_local_variables(written: io.StringIO) -> None:
    said = "answers of nga"

    def fail(secret: str) -> None:
        raise ValueError(len(secret))

    try:
        fail(said)
    except ValueError as error:
        logging.getLogger("x").error("unforeseen", exc_info=error)
    (line,) = lines(written)
    assert "ValueError: 14" in line["exception"]
    assert said not in written.getvalue()


def test_what_no_json_can_say_is_shown_as_python_shows_it(written: io.StringIO) -> None:
    logging.getLogger("x").warning("odd", extra={"value": {1}, "error": KeyError("k"), "big": 2**70})
    assert lines(written)[0]["event"] in {"odd", "'odd'"}


def test_libraries_are_quiet_and_the_level_is_kept(written: io.StringIO) -> None:
    logging.getLogger("kafka.net").error("refused")
    logging.getLogger("httpx").info("asked")
    logging.getLogger("x").debug("detail")
    assert written.getvalue() == ""


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="LOUD"):
        logs.install("intake", "LOUD")
