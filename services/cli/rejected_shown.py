"""What is shown of records that could not be applied. They may hold anything: a terminal sees nothing of them raw."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.common.requeued import Place
from services.scoring.buried import Letter
from services.scoring.reasons import REASONS

Document = dict[str, Any]

DETAIL = 200
"""Characters of a detail that fit a table: it may quote a code of any length."""


def safe(text: str) -> str:
    """A text with all that a terminal would obey, hide or turn round written as an escape."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def row(place: Place, letter: Letter) -> Document:
    """A letter without its record, as JSON data: what can be listed."""

    def beside(offset: int | None) -> str | None:
        return None if offset is None else str(Place(place.topic, place.partition, offset))

    return {
        "place": str(place),
        "reason": letter["reason"],
        "detail": letter["detail"],
        "campaign": letter.get("campaign"),
        "response": letter.get("response"),
        "revision": letter.get("revision"),
        "unit": letter.get("unit"),
        "time": _time(letter["record"]["timestamp"]),
        "requeued": beside(letter.get("requeued")),
        "requeued_from": beside(letter.get("requeued_from")),
    }


def whole(place: Place, letter: Letter) -> Document:
    """A letter with its record; bytes as text, or in base64 where they are none."""
    record, reason = letter["record"], REASONS.get(letter["reason"])
    return {
        **row(place, letter),
        "meaning": None if reason is None else reason.meaning,
        "remedy": None if reason is None else reason.remedy,
        "record": {
            "timestamp": record["timestamp"],
            "key": _bytes(record["key"]),
            "headers": [[name, _bytes(value)] for name, value in record["headers"]],
            "value": _bytes(record["value"]),
        },
    }


def print_reasons(console: Console, reasons: Mapping[str, Mapping[str, int]]) -> None:
    """How many letters there are by reason."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("reason", "waiting", "requeued"):
        table.add_column(column, justify="left" if column == "reason" else "right", no_wrap=True)
    table.add_column("meaning", overflow="fold")
    for name, found in reasons.items():
        meaning = REASONS[name].meaning if name in REASONS else ""
        table.add_row(Text(safe(name)), f"{found['waiting']:,}", f"{found['requeued']:,}", meaning)
    console.print(table)


def print_rows(console: Console, rows: Iterable[Mapping[str, Any]]) -> None:
    """Letters, one a row."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("place", "reason", "campaign", "of", "requeued", "detail"):
        table.add_column(column, no_wrap=column == "place", overflow="fold")
    for found in rows:
        about = f"unit {found['unit']}" if found["unit"] else ""
        if found["response"]:
            about = f"{found['response']} revision {found['revision']}"
        detail = found["detail"] if len(found["detail"]) <= DETAIL else found["detail"][:DETAIL] + "…"
        cells = (found["place"], found["reason"], found["campaign"] or "", about, found["requeued"] or "", detail)
        table.add_row(*(Text(safe(cell)) for cell in cells))
    console.print(table)


def lines(document: Mapping[str, Any]) -> Iterable[str]:
    """The lines that show the document of `whole`."""
    for name in ("place", "reason", "meaning", "detail", "remedy", "campaign", "response", "revision", "unit", "time"):
        if document[name] is not None:
            yield f"{name:<14}{safe(str(document[name]))}"
    if document["requeued_from"]:
        yield f"{'came from':<14}{document['requeued_from']}, by an operator's requeueing"
    if document["requeued"]:
        yield f"{'requeued as':<14}{document['requeued']}"
    record = document["record"]
    yield f"{'key':<14}{_shown(record['key'])}"
    for name, value in record["headers"]:
        yield f"{'header':<14}{safe(name)}: {_shown(value)}"
    yield "value"
    yield from (f"    {line}" for line in _pretty(record["value"]))


def _pretty(value: Mapping[str, str] | None) -> list[str]:
    """A value line by line when it is JSON, and every byte of it is kept when it is written so; else as one text."""
    if value is not None and (text := value.get("text")) is not None:
        try:
            indented = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
        except (ValueError, RecursionError):
            return [_shown(value)]
        # A repeated name or an inexact number would be lost.
        if _squeezed(indented) == _squeezed(text):
            return [safe(line) for line in indented.split("\n")]
    return [_shown(value)]


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _shown(value: Mapping[str, str] | None) -> str:
    if value is None:
        return "(none)"
    return safe(value["text"]) if "text" in value else f"(base64) {value['base64']}"


def _bytes(value: bytes | None) -> dict[str, str] | None:
    if value is None:
        return None
    try:
        return {"text": value.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _time(timestamp: int) -> str | None:
    """The record's own time, which for responses is cut to the hour; None when it is none."""
    try:
        return datetime.fromtimestamp(timestamp / 1000, tz=UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (OverflowError, ValueError):
        return None
