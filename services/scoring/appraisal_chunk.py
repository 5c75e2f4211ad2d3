"""What the records of one chunk do to appraisal rows: no database here. Changes apply in the order of the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kafka.consumer.fetcher import ConsumerRecord

from services.common.appraisals import NO_ROW, AppraisalRow, Stale, Unfit, appraised
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
            made = self._made(event, first_place(record))
        except Stale as error:
            self.letters.append(letter(record, "stale", str(error), event))
            self.effects["stale"] += 1
        except Rejected as error:
            self.letters.append(letter(record, error.reason, error.detail, event))
            self.effects["rejected"] += 1
        else:
            for unit, row in made.items():
                self.changes.append(_change(record, event, unit, self._row(event.campaign, unit), row))
                self.rows[event.campaign, unit] = row
            self.effects["appraised"] += 1

    def _made(self, event: Appraisal, at: int) -> Mapping[str, AppraisalRow]:
        campaign = self._definitions.find(event.campaign, event.campaign_version)
        try:
            return appraised(campaign, lambda unit: self._row(event.campaign, unit), event.changes, at)
        except Unfit as error:
            raise Rejected(error.reason, error.detail) from error

    def _row(self, campaign: str, unit: str) -> AppraisalRow:
        key = campaign, unit
        return self.rows.get(key) or self._before.get(key) or NO_ROW


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
        **_said(row, row.leaves),
    }


def _change(record: ConsumerRecord, event: Appraisal, unit: str, before: AppraisalRow, after: AppraisalRow) -> Document:
    """What the history keeps of a change: who, when, why, and the values before and after."""
    leaves = event.changes[unit].leaves
    place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    change = {
        # Of one record that changes several units each needs an id of its own.
        "_id": place if len(event.changes) == 1 else place | {"unit": unit},
        "p": record.partition,
        "campaign": event.campaign,
        "unit": unit,
        "version": after.version,
        "by": event.by,
        "time": event.at,
        "before": _said(before, leaves),
        "after": _said(after, leaves),
    }
    return change if event.why is None else change | {"why": event.why}


def _said(row: AppraisalRow, leaves: Iterable[str]) -> Document:
    """What a row says of some leaves, and of bonus and penalty."""
    said: Document = {
        "leaves": {code: leaf_document(row.leaves[code]) for code in leaves if code in row.leaves},
        "bonus": str(row.bonus),
        "penalty": str(row.penalty),
    }
    return said | {"notes": dict(row.notes)} if row.notes else said
