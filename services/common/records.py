"""An event ↔ a record of the log: key, value and headers. Written in one form, read strictly. Pure.

Records are CloudEvents 1.0 in Kafka's binary mode: attributes travel as headers `ce_…`, the content as JSON. The time
of what a rater says is cut to the hour.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson

from services.common import publications
from services.common.appraisals import AppraisalRow, Change, Evidence, LeafAppraisal
from services.common.events import (
    CHANNELS,
    Appraisal,
    Definition,
    Event,
    Response,
    Withdrawal,
    canonical,
    content_of,
)
from services.common.publications import Publication

SUBMITTED = "parindex.response.submitted.v1"
WITHDRAWN = "parindex.response.withdrawn.v1"
APPRAISED = "parindex.appraisal.recorded.v1"
"""One unit's change. No longer written, and read for ever: the log keeps what was said."""
RECORDED = "parindex.appraisals.recorded.v1"
DEFINED = "parindex.campaign.defined.v1"
PUBLISHED = "parindex.publication.made.v1"


LARGEST_INTEGER = 2**53 - 1
"""The largest integer that every reader of JSON keeps exact."""
NUMBER = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?")
"""An exact number as text: so short that no arithmetic of such numbers can overflow."""


class Unreadable(ValueError):
    """A record that is no event this version knows; the message says which part and why."""


Header = tuple[str, bytes]

HOUR_S = 3_600
_VERSION: Header = ("ce_specversion", b"1.0")
_JSON: Header = ("content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Record:
    """What is handed to Kafka: all but the topic."""

    key: bytes
    value: bytes
    headers: list[Header]
    timestamp_ms: int


def encode(event: Event, now: datetime, *, source: str) -> Record:
    """An event as a record.

    Args:
        event: what happened.
        now: the time, with a zone; cut to the hour for what a rater says, and for a publication.
        source: URI reference of the producer (CloudEvents `source`).
    """
    match event:
        case Response():
            key, kind, id_ = event.response, SUBMITTED, f"{event.response}/{event.revision}"
        case Withdrawal():
            key, kind, id_ = event.response, WITHDRAWN, f"{event.response}/{event.revision}"
        case Appraisal():
            (*others, unit) = event.changes
            key, kind = event.campaign if others else f"{event.campaign}/{unit}", RECORDED
            id_ = f"{key}/{hashlib.sha256(canonical(content_of(event))).hexdigest()[:32]}"
        case Definition():
            key = f"{event.campaign}/{event.version}"
            kind, id_ = DEFINED, f"{key}/{hashlib.sha256(canonical(content_of(event))).hexdigest()[:32]}"
        case Publication():
            key = f"{event.campaign}/{event.number}"
            kind, id_ = PUBLISHED, f"{key}/{event.digest[:32]}"
    length = HOUR_S if isinstance(event, Response | Withdrawal | Publication) else 1
    written, timestamp_ms = _moment(int(now.timestamp() // length) * length)
    headers = [
        _VERSION,
        ("ce_type", kind.encode()),
        ("ce_id", id_.encode()),
        ("ce_source", source.encode()),
        written,
        _JSON,
    ]
    return Record(key.encode(), canonical(content_of(event)), headers, timestamp_ms)


@lru_cache(maxsize=2)
def _moment(second: int) -> tuple[Header, int]:
    """A time as header and timestamp: made once for all that rounds to it."""
    text = datetime.fromtimestamp(second, UTC).isoformat().replace("+00:00", "Z")
    return ("ce_time", text.encode()), second * 1000


def decode(value: bytes | None, headers: Iterable[tuple[str, bytes]]) -> Event:
    """The event of a record.

    Raises:
        Unreadable: another type, or content that is not of the type's form.
    """
    # A header may be there without a value.
    kind = (dict(headers).get("ce_type") or b"").decode("ascii", "replace")
    read = _READERS.get(kind)
    if read is None:
        raise Unreadable(f"header ce_type: {kind or 'missing'!r} is none of the known types")
    try:
        content = orjson.loads(value or b"")
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"value: not JSON ({error})") from error
    if not isinstance(content, dict):
        raise Unreadable("value: not a JSON object")
    try:
        return read(content)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Unreadable(f"value: {type(error).__name__} at {error}") from error


def leaf_appraisal(document: Mapping[str, Any]) -> LeafAppraisal:
    """The inverse of `leaf_document`."""
    return LeafAppraisal(
        points=_decimal(document.get("points")),
        not_applicable=_flag(document, "not_applicable"),
        self_points=_decimal(document.get("self_points")),
        note=_text_or_none(document, "note"),
        evidence=_evidence(document.get("evidence")),
    )


def appraisal_row(document: Mapping[str, Any]) -> AppraisalRow:
    """The row of a stored document, or what a stored change says of it."""
    return AppraisalRow(
        version=document.get("version", 0),
        leaves={code: leaf_appraisal(leaf) for code, leaf in document["leaves"].items()},
        bonus=Decimal(document["bonus"]),
        penalty=Decimal(document["penalty"]),
        at=document.get("at", -1),
        notes=document.get("notes", {}),
    )


def _evidence(said: object) -> tuple[Evidence, ...]:
    if said is None:
        return ()
    if isinstance(said, str):
        return (Evidence(title=said),)
    if not isinstance(said, list):
        raise TypeError("evidence")
    return tuple(Evidence(_text(link, "url"), _text_or_none(link, "title")) for link in said)


def _decimal(text: object) -> Decimal | None:
    if text is None:
        return None
    if not isinstance(text, str) or not NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is no number")
    return Decimal(text)


def _read_response(content: dict[str, Any]) -> Response:
    event = Response(
        response=_text(content, "response"),
        revision=_positive(content, "revision"),
        campaign=_text(content, "campaign"),
        campaign_version=_positive(content, "campaign_version"),
        group=_text(content, "group"),
        channel=content["channel"],
        ratings=content["ratings"],
        comment=_text_or_none(content, "comment"),
    )
    if event.channel not in CHANNELS:
        raise ValueError(f"channel {event.channel!r}")
    if not isinstance(event.ratings, dict) or not all(map(_are_answers, event.ratings.values())):
        raise TypeError("ratings")
    return event


def _are_answers(answers: object) -> bool:
    return isinstance(answers, dict) and all(isinstance(option, str) for option in answers.values())


def _read_withdrawal(content: dict[str, Any]) -> Withdrawal:
    return Withdrawal(
        response=_text(content, "response"),
        revision=_positive(content, "revision"),
        campaign=_text(content, "campaign"),
        campaign_version=_positive(content, "campaign_version"),
    )


def _read_appraisal(content: dict[str, Any]) -> Appraisal:
    """Of the old form: one change, its members beside those of the event."""
    return _appraisal(content, {_text(content, "unit"): _read_change(content)})


def _read_appraisals(content: dict[str, Any]) -> Appraisal:
    changes = {unit: _read_change(change) for unit, change in content["changes"].items()}
    if not changes:
        raise ValueError("changes: none")
    return _appraisal(content, changes)


def _appraisal(content: dict[str, Any], changes: dict[str, Change]) -> Appraisal:
    at = datetime.fromisoformat(content["at"])
    if at.tzinfo is None:
        raise ValueError(f"at {content['at']!r}: no zone")
    return Appraisal(
        campaign=_text(content, "campaign"),
        campaign_version=_positive(content, "campaign_version"),
        by=_text(content, "by"),
        at=at.astimezone(UTC),
        changes=changes,
        why=_text_or_none(content, "why"),
    )


def _read_change(content: dict[str, Any]) -> Change:
    leaves = {code: None if leaf is None else leaf_appraisal(leaf) for code, leaf in content["leaves"].items()}
    adjustments = {name: _decimal(value) for name, value in content["adjustments"].items()}
    if not adjustments.keys() <= {"bonus", "penalty"}:
        raise ValueError(f"adjustments {sorted(adjustments)}")
    base = content["base"]
    if base is not None and (type(base) is not int or not 0 <= base <= LARGEST_INTEGER):
        raise TypeError("base")
    notes = content.get("notes", {})
    if not notes.keys() <= adjustments.keys():
        raise ValueError(f"notes {sorted(notes)}")
    return Change(leaves, adjustments, base, {name: _text(notes, name) for name in notes})


def _read_definition(content: dict[str, Any]) -> Definition:
    document = content["definition"]
    if not isinstance(document, dict):
        raise TypeError("definition")
    return Definition(_text(content, "campaign"), _positive(content, "version"), document)


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content[name]
    if not isinstance(value, str) or not value:
        raise TypeError(name)
    return value


def _text_or_none(content: Mapping[str, Any], name: str) -> str | None:
    value = content.get(name)
    if value is not None and not isinstance(value, str):
        raise TypeError(name)
    return value


def _flag(content: Mapping[str, Any], name: str) -> bool:
    value = content.get(name, False)
    if not isinstance(value, bool):
        raise TypeError(name)
    return value


def _positive(content: Mapping[str, Any], name: str) -> int:
    value = content[name]
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LARGEST_INTEGER:
        raise TypeError(name)
    return value


_READERS: Mapping[str, Callable[[dict[str, Any]], Event]] = {
    SUBMITTED: _read_response,
    WITHDRAWN: _read_withdrawal,
    APPRAISED: _read_appraisal,
    RECORDED: _read_appraisals,
    DEFINED: _read_definition,
    PUBLISHED: publications.read,
}
