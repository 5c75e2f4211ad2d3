"""What the records of one chunk do to appraisal rows: no database here. Changes apply in the order of the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from kafka.consumer.fetcher import ConsumerRecord

from services.common.appraisals import AppraisalRow, Stale, Unfit, check
from services.common.events import Appraisal, leaf_document
from services.common.records import Unreadable, decode
from services.common.requeued import first_place, origin
from services.scoring.letters import letter, mark
from services.scoring.reading import Finder
from services.scoring.revisions import Rejected

Document = dict[str, Any]

RowKey = tuple[str, str]
"""Campaign, unit."""


class AppraisalChunk:
    """What one chunk changes.

    Args:
        records: records of the partition without a gap, the first of them the partition's next.
        rows: every unit's row in force before them; not changed.
        definitions: where the definitions are.
    """

    def __init__(
        self, records: Sequence[ConsumerRecord], rows: Mapping[RowKey, AppraisalRow], definitions: Finder
    ) -> None:
        self.next = records[-1].offset + 1
        self.rows: dict[RowKey, AppraisalRow] = {}
        """The rows that are new or changed."""
        self.changes: list[Document] = []
        self.letters: list[Document] = []
        self.effects: Counter[str] = Counter()
        self.requeued: dict[int, int] = {}
        """What letters were requeued as, offset → offset; where there is no such letter it means nothing."""
        self._before = rows
        self._definitions = definitions
        for record in records:
            self._apply(record)
        mark(self.letters, self.requeued)

    def documents(self) -> list[Document]:
        """The documents of the rows that are new or changed."""
        return [row_document(key, row) for key, row in self.rows.items()]

    def _apply(self, record: ConsumerRecord) -> None:
        if (came_from := origin(record)) is not None:
            self.requeued[came_from] = record.offset
        event = None
        try:
            event = _event(record)
            self._check(event)
            key = event.campaign, event.unit
            before = self.rows.get(key) or self._before.get(key) or AppraisalRow()
            self.rows[key] = before.changed(event.change, first_place(record))
        except Stale as error:
            self.letters.append(letter(record, "stale", str(error), event))
            self.effects["stale"] += 1
        except Rejected as error:
            self.letters.append(letter(record, error.reason, error.detail, event))
            self.effects["rejected"] += 1
        else:
            self.changes.append(_change(record, event, before, self.rows[key]))
            self.effects["appraised"] += 1

    def _check(self, event: Appraisal) -> None:
        try:
            check(self._definitions.find(event.campaign, event.campaign_version), event.unit, event.change)
        except Unfit as error:
            raise Rejected(error.reason, error.detail) from error


def _event(record: ConsumerRecord) -> Appraisal:
    try:
        event = decode(record.value, record.headers)
    except Unreadable as error:
        raise Rejected("unreadable", str(error)) from error
    if not isinstance(event, Appraisal):
        raise Rejected("misplaced", f"a {type(event).__name__.lower()} among appraisals")
    return event


def row_document(key: RowKey, row: AppraisalRow) -> Document:
    """The document of a unit's row."""
    campaign, unit = key
    return {
        "_id": {"campaign": campaign, "unit": unit},
        # The topic has one partition.
        "p": 0,
        "version": row.version,
        "at": row.at,
        "leaves": {code: leaf_document(leaf) for code, leaf in row.leaves.items()},
        "bonus": str(row.bonus),
        "penalty": str(row.penalty),
    }


def _change(record: ConsumerRecord, event: Appraisal, before: AppraisalRow, after: AppraisalRow) -> Document:
    """What the history keeps of a change: who, when, and the values before and after."""
    leaves = event.change.leaves
    return {
        "_id": {"topic": record.topic, "partition": record.partition, "offset": record.offset},
        "p": record.partition,
        "campaign": event.campaign,
        "unit": event.unit,
        "version": after.version,
        "by": event.by,
        "time": event.at,
        "before": {
            "leaves": {code: leaf_document(before.leaves[code]) for code in leaves if code in before.leaves},
            "bonus": str(before.bonus),
            "penalty": str(before.penalty),
        },
        "after": {
            "leaves": {code: leaf_document(after.leaves[code]) for code in leaves if code in after.leaves},
            "bonus": str(after.bonus),
            "penalty": str(after.penalty),
        },
    }
