"""Records that an operator published again: the header that names where in the log one stood before.

A requeued record is a record like any other, in the partition it came from, so all that follows from it follows from
the log. No event of intake has the header, and nothing that is said to intake becomes one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from kafka.consumer.fetcher import ConsumerRecord

HEADER = "parindex-requeued-from"

# At most 18 digits: MongoDB's integers hold any of them.
_WRITTEN = re.compile(r"(responses|appraisals)/(0|[1-9][0-9]{0,8})/(0|[1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a record stands in the log, written `topic/partition/offset`, the topic without its prefix."""

    topic: str
    partition: int
    offset: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `str`.

        Raises:
            ValueError: it is no place.
        """
        written = _WRITTEN.fullmatch(text)
        if written is None:
            raise ValueError(f"{text!r} is no place like responses/3/1234")
        return cls(written[1], int(written[2]), int(written[3]))

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


def origin(record: ConsumerRecord) -> int | None:
    """The offset that a record was last requeued from, in its own partition; None when it was not requeued."""
    places = _places(record)
    return places[-1] if places else None


def first_place(record: ConsumerRecord) -> int:
    """The offset at which a record stood first: its own, when it was not requeued."""
    places = _places(record)
    return places[0] if places else int(record.offset)


def _places(record: ConsumerRecord) -> list[int]:
    """The offsets at which a record stood before, the first one first. Each requeueing adds a header."""
    places = []
    for name, value in record.headers:
        if name == HEADER and value is not None:
            try:
                place = Place.parse(value.decode("ascii", "replace"))
            except ValueError:
                continue
            # Another place is none of this partition's records.
            if (
                record.topic.endswith(place.topic)
                and place.partition == record.partition
                and place.offset < record.offset
            ):
                places.append(place.offset)
    return places
