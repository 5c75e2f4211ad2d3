"""That a campaign's results were published: what the log says of it, and where what was published is kept. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

Reason = Literal["open", "pending", "withheld"]
"""Why a publication had to be forced: the campaign was open, leaves were pending, the index of a unit is withheld."""

HASH = re.compile(r"[0-9a-f]{64}")
LARGEST_INTEGER = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Publication:
    """All of a publication that does not follow from the log before it, and what must follow from that.

    `number` is 1, 2, 3… in its campaign. Its content, of which `digest` is the SHA-256, follows from the log up to
    `positions` and from the definition of `version`. `root` and `size` are those of the tree of the responses that
    count (`common.merkle`). Made with the token named `by`, in the hour `at` (UTC), by that version of the software.
    """

    campaign: str
    number: int
    version: int
    by: str
    at: datetime
    positions: Mapping[str, Mapping[str, int]]
    """By topic (without its prefix) and partition: the offset of the first record that is not counted."""
    digest: str
    root: str
    size: int
    form: int
    """The number of the content's form."""
    software: str
    forced: tuple[Reason, ...] = ()
    rejected: Mapping[str, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)
    """By topic and partition: offsets before the cut of records that were rejected, other than conflicts."""
    withheld: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """By unit: leaf and group of cells that are not shown, for they are near to what was released of them."""
    title: Mapping[str, str] = field(default_factory=dict)
    """In `vi`, `en` or both, where it was given one."""
    note: str | None = None


def content(event: Publication) -> dict[str, Any]:
    """What the event says, as JSON holds it."""
    said: dict[str, Any] = {
        "campaign": event.campaign,
        "number": event.number,
        "version": event.version,
        "by": event.by,
        "at": event.at.astimezone(UTC).isoformat(timespec="seconds"),
        "positions": {topic: dict(partitions) for topic, partitions in event.positions.items()},
        "digest": event.digest,
        "root": event.root,
        "size": event.size,
        "form": event.form,
        "software": event.software,
        "forced": list(event.forced),
        "rejected": {
            topic: {partition: list(offsets) for partition, offsets in partitions.items()}
            for topic, partitions in event.rejected.items()
        },
        "withheld": {unit: [list(cell) for cell in cells] for unit, cells in event.withheld.items()},
        "title": dict(event.title),
    }
    return said if event.note is None else said | {"note": event.note}


def read(said: Mapping[str, Any]) -> Publication:
    """The inverse of `content`.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is none.
    """
    at = datetime.fromisoformat(said["at"])
    if at.tzinfo is None:
        raise ValueError(f"at {said['at']!r}: no zone")
    title = dict(said["title"].items())
    return Publication(
        campaign=_text(said["campaign"]),
        number=_whole(said["number"], 1),
        version=_whole(said["version"], 1),
        by=_text(said["by"]),
        at=at.astimezone(UTC),
        positions={
            _text(topic): {_text(partition): _whole(next_) for partition, next_ in partitions.items()}
            for topic, partitions in said["positions"].items()
        },
        digest=_hash(said["digest"]),
        root=_hash(said["root"]),
        size=_whole(said["size"]),
        form=_whole(said["form"], 1),
        software=_text(said["software"]),
        forced=tuple(map(_reason, said["forced"])),
        rejected={
            _text(topic): {_text(partition): tuple(map(_whole, offsets)) for partition, offsets in partitions.items()}
            for topic, partitions in said["rejected"].items()
        },
        withheld={
            _text(unit): tuple((_text(leaf), _text(group)) for leaf, group in cells)
            for unit, cells in said["withheld"].items()
        },
        title={name: _text(title[name]) for name in ("vi", "en") if name in title},
        note=None if said.get("note") is None else _text(said["note"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{value!r} is no text")
    return value


def _reason(value: object) -> Reason:
    found: Reason | None = next((reason for reason in get_args(Reason) if reason == value), None)
    if found is None:
        raise ValueError(f"{value!r} is no reason")
    return found


def _hash(value: object) -> str:
    if not HASH.fullmatch(_text(value)):
        raise ValueError(f"{value!r} is no SHA-256")
    return str(value)


def _whole(value: object, least: int = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= LARGEST_INTEGER:
        raise TypeError(f"{value!r} is no whole number from {least}")
    return value
