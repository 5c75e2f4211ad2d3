"""A dead letter: a record that cannot be applied, kept whole with the reason, so that nothing is lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kafka.consumer.fetcher import ConsumerRecord
from pymongo import UpdateOne

from services.common.events import Appraisal, Response, Withdrawal
from services.common.requeued import origin

Document = dict[str, Any]

EXPECTED = ("conflict", "stale")
"""Reasons that say nothing about a deployment: a rater's second form, an appraiser who was late."""
ABOUT = ("campaign", "response", "revision", "digest", "unit")
"""What a letter says of its record, as far as that could be read."""

LARGEST_BYTES = 15_000_000
"""A document holds 16 MiB. The broker measures records as they come, compressed, so one may hold much more."""


def letter(
    record: ConsumerRecord,
    reason: str,
    detail: str,
    event: Response | Withdrawal | Appraisal | None = None,
    digest: str | None = None,
) -> Document:
    """The document of a rejected record; `event` and `digest` let its sender find it by receipt.

    Of a record that would not fit a document only its place is kept: the log alone has it whole.
    """
    key, value, headers = record.key, record.value, [[name, value] for name, value in record.headers]
    size = len(key or b"") + len(value or b"") + sum(len(name) + len(text or b"") for name, text in headers)
    if size > LARGEST_BYTES:
        key, value, headers = None, None, []
        detail = f"{detail}; its {size:,} bytes stand in the log only"
    document: Document = {
        "_id": {"topic": record.topic, "partition": record.partition, "offset": record.offset},
        "p": record.partition,
        "reason": reason,
        "detail": detail,
        "record": {
            "key": key,
            "value": value,
            "headers": headers,
            "timestamp": record.timestamp,
        },
    }
    if (came_from := origin(record)) is not None:
        document["requeued_from"] = came_from
    if isinstance(event, Appraisal):
        document["campaign"] = event.campaign
        if len(event.changes) == 1:  # the detail names one of several
            (document["unit"],) = event.changes
    elif event is not None:
        document |= {
            "campaign": event.campaign,
            "response": event.response,
            "revision": event.revision,
            "digest": digest,
        }
    return document


def mark(letters: Iterable[Document], requeued: Mapping[int, int]) -> None:
    """Marks letters whose records were requeued.

    Args:
        letters: of one partition.
        requeued: the offset of a record → that of the record it was requeued as.
    """
    for document in letters:
        if (again := requeued.get(document["_id"]["offset"])) is not None:
            document["requeued"] = again


def marks(partition: Mapping[str, Any], requeued: Mapping[int, int]) -> list[UpdateOne]:
    """The same for letters that are stored already; `partition` is {topic, partition}."""
    return [
        UpdateOne({"_id": {**partition, "offset": offset}, "p": partition["partition"]}, {"$set": {"requeued": again}})
        for offset, again in requeued.items()
    ]
