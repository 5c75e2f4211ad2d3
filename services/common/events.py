"""What is said: by raters, appraisers and operators, and the digest by which a content is known. Pure.

Nothing in an event says who answered: there is no name, address, agent or code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from services.common import publications
from services.common.appraisals import Change, Evidence, LeafAppraisal
from services.common.publications import Publication

Channel = Literal["web", "tablet", "paper", "import"]
CHANNELS: tuple[Channel, ...] = ("web", "tablet", "paper", "import")
Ratings = Mapping[str, Mapping[str, str]]
"""Unit → leaf → option."""


@dataclass(frozen=True, slots=True)
class Response:
    """A revision of one rater's answers. `response` is its id, a UUID in canonical lower case."""

    response: str
    revision: int
    campaign: str
    campaign_version: int
    group: str
    channel: Channel
    ratings: Ratings
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A revision that takes the answers back."""

    response: str
    revision: int
    campaign: str
    campaign_version: int


@dataclass(frozen=True, slots=True)
class Appraisal:
    """Changes of units' appraisal rows, by unit, that are made all together or not at all.

    Said by the holder of the token named `by`, at a time in UTC to the second; `why` is what was said of the whole.
    """

    campaign: str
    campaign_version: int
    by: str
    at: datetime
    changes: Mapping[str, Change]
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    """A version of a campaign as `campaign_schema.dump` writes it, with `version` and `layout`."""

    campaign: str
    version: int
    document: Mapping[str, Any]


Event = Response | Withdrawal | Appraisal | Definition | Publication


def digest(event: Response | Withdrawal) -> str:
    """SHA-256 (hex) of the canonical content (RFC 8785): what the rater said, without the version it was checked by.

    A retry after a new version of the campaign was published is thus still the same content.
    """
    return digest_of(canonical(content_of(event)))


def digest_of(text: bytes) -> str:
    """`digest` of a response or withdrawal whose canonical content this is."""
    # Only the campaign stands before it, and a quotation mark in that is written with a backslash.
    before, _, after = text.partition(b'"campaign_version":')
    return hashlib.sha256(before + after[after.index(b",") + 1 :]).hexdigest()


def canonical(content: Mapping[str, Any]) -> bytes:
    """The one JSON text of a content: RFC 8785 for what a response may hold (no floats, no integer above 2^53)."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def content_of(event: Event) -> dict[str, Any]:
    """What an event says, as JSON holds it: exact numbers as texts, nothing that was not said."""
    match event:
        case Response():
            content: dict[str, Any] = {
                "response": event.response,
                "revision": event.revision,
                "campaign": event.campaign,
                "campaign_version": event.campaign_version,
                "group": event.group,
                "channel": event.channel,
                "ratings": event.ratings,
            }
            if event.comment is not None:
                content["comment"] = event.comment
            return content
        case Withdrawal():
            return {
                "response": event.response,
                "revision": event.revision,
                "campaign": event.campaign,
                "campaign_version": event.campaign_version,
                "withdrawn": True,
            }
        case Appraisal():
            content = {
                "campaign": event.campaign,
                "campaign_version": event.campaign_version,
                "by": event.by,
                "at": event.at.astimezone(UTC).isoformat(timespec="seconds"),
                "changes": {unit: _change_content(change) for unit, change in event.changes.items()},
            }
            return content if event.why is None else content | {"why": event.why}
        case Definition():
            return {"campaign": event.campaign, "version": event.version, "definition": event.document}
        case Publication():
            return publications.content(event)


def _change_content(change: Change) -> dict[str, Any]:
    content: dict[str, Any] = {
        "base": change.base,
        "leaves": {code: None if leaf is None else leaf_document(leaf) for code, leaf in change.leaves.items()},
        "adjustments": {
            name: None if value is None else format(value, "f") for name, value in change.adjustments.items()
        },
    }
    return content | {"notes": dict(change.notes)} if change.notes else content


def leaf_document(leaf: LeafAppraisal) -> dict[str, Any]:
    """A leaf's appraisal as it is stored: exact numbers as strings, nothing that was not said.

    What an old event said of its evidence is one text, and stays one: rows and changes stored then stay the same.
    """
    document: dict[str, Any] = {}
    if leaf.points is not None:
        document["points"] = format(leaf.points, "f")
    if leaf.not_applicable:
        document["not_applicable"] = True
    if leaf.self_points is not None:
        document["self_points"] = format(leaf.self_points, "f")
    if leaf.note is not None:
        document["note"] = leaf.note
    match leaf.evidence:
        case ():
            pass
        case (Evidence(url=None, title=words),):
            document["evidence"] = words
        case links:
            document["evidence"] = [evidence_document(link) for link in links]
    return document


def evidence_document(evidence: Evidence) -> dict[str, str]:
    """A link as it is stored and sent."""
    return {name: said for name in ("title", "url") if (said := getattr(evidence, name)) is not None}
