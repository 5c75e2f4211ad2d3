"""A dead letter: a record that cannot be applied, kept whole with the reason, so that nothing is lost."""

from __future__ import annotations

from typing import Any

from kafka.consumer.fetcher import ConsumerRecord

from services.common.events import Response, Withdrawal

EXPECTED = ("conflict", "stale")
"""Reasons that say nothing about a deployment: a rater's second form, an appraiser who was late."""


def letter(
    record: ConsumerRecord,
    reason: str,
    detail: str,
    event: Response | Withdrawal | None = None,
    digest: str | None = None,
) -> dict[str, Any]:
    """The document of a rejected record; `event` and `digest` let its sender find it by receipt."""
    document: dict[str, Any] = {
        "_id": {"topic": record.topic, "partition": record.partition, "offset": record.offset},
        "p": record.partition,
        "reason": reason,
        "detail": detail,
        "record": {
            "key": record.key,
            "value": record.value,
            "headers": [[name, value] for name, value in record.headers],
            "timestamp": record.timestamp,
        },
    }
    if event is not None:
        document |= {
            "campaign": event.campaign,
            "response": event.response,
            "revision": event.revision,
            "digest": digest,
        }
    return document
