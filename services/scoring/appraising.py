"""A chunk of the appraisals partition: changes applied to the units' rows in the log's order, and their history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kafka.consumer.fetcher import ConsumerRecord
from pymongo import ReplaceOne
from pymongo.client_session import ClientSession

from services.common.appraisals import AppraisalRow, Stale, Unfit, check
from services.common.events import Appraisal, leaf_document
from services.common.generation import Generation
from services.common.records import Unreadable, decode, leaf_appraisal
from services.scoring.chunk import Applied
from services.scoring.definitions import Definitions
from services.scoring.ledger import Document, Ledger, Position
from services.scoring.letters import letter
from services.scoring.revisions import Rejected

RowKey = tuple[str, str]
"""Campaign, unit."""


@dataclass(slots=True)
class AppraisalsPartition:
    """The one partition of the topic: its position and every unit's row in force."""

    position: Position
    rows: dict[RowKey, AppraisalRow] = field(default_factory=dict)


class Appraising:
    """Loads and advances the partition of the topic `appraisals`."""

    def __init__(self, ledger: Ledger, definitions: Definitions) -> None:
        self._ledger = ledger
        self._definitions = definitions

    def load(self, position: Position) -> AppraisalsPartition:
        """The rows as of the stored position, read in one snapshot.

        Raises:
            Fenced, Unavailable: of `Ledger.read`.
        """

        def query(derived: Generation, session: ClientSession) -> dict[RowKey, AppraisalRow]:
            return {
                (found["_id"]["campaign"], found["_id"]["unit"]): _row(found)
                for found in derived.appraisals.find({}, session=session)
            }

        return AppraisalsPartition(position, self._ledger.read(query, position))

    def apply(self, owned: AppraisalsPartition, records: Sequence[ConsumerRecord]) -> Applied:
        """Applies a chunk: records without a gap, the first of them the partition's next.

        Raises:
            Fenced, TooLarge, Unavailable: of `Ledger.apply`; but for TooLarge the partition must be loaded anew.
        """
        rows: dict[RowKey, AppraisalRow] = {}
        changes: list[Document] = []
        letters: list[Document] = []
        effects: Counter[str] = Counter()
        p = owned.position.partition
        for record in records:
            try:
                event = self._read(record)
                key = event.campaign, event.unit
                before = rows.get(key) or owned.rows.get(key) or AppraisalRow()
                rows[key] = before.changed(event.change)
                changes.append(_change(record, event, before, rows[key]))
                effects["appraised"] += 1
            except Stale as error:
                letters.append(letter(record, "stale", str(error)))
                effects["stale"] += 1
            except Rejected as error:
                letters.append(letter(record, error.reason, error.detail))
                effects["rejected"] += 1

        def work(derived: Generation, session: ClientSession) -> list[Document]:
            replacements = [
                ReplaceOne({"_id": row["_id"]}, row, upsert=True)
                for row in (_document(key, p, row) for key, row in rows.items())
            ]
            if replacements:
                derived.appraisals.bulk_write(replacements, ordered=False, session=session)
                derived.appraisal_changes.insert_many(changes, session=session)
            return letters

        next_ = records[-1].offset + 1
        self._ledger.apply(owned.position, next_, work)
        owned.rows.update(rows)
        owned.position.next = next_
        return Applied({campaign for campaign, _ in rows}, set(rows), effects)

    def _read(self, record: ConsumerRecord) -> Appraisal:
        try:
            event = decode(record.value, record.headers)
        except Unreadable as error:
            raise Rejected("unreadable", str(error)) from error
        if not isinstance(event, Appraisal):
            raise Rejected("misplaced", f"a {type(event).__name__.lower()} among appraisals")
        try:
            check(self._definitions.find(event.campaign, event.campaign_version), event.unit, event.change)
        except Unfit as error:
            raise Rejected(error.reason, error.detail) from error
        return event


def _row(document: Mapping[str, Any]) -> AppraisalRow:
    return AppraisalRow(
        version=document["version"],
        leaves={code: leaf_appraisal(leaf) for code, leaf in document["leaves"].items()},
        bonus=Decimal(document["bonus"]),
        penalty=Decimal(document["penalty"]),
    )


def _document(key: RowKey, p: int, row: AppraisalRow) -> Document:
    campaign, unit = key
    return {"_id": {"campaign": campaign, "unit": unit}, "p": p, "version": row.version, **_content(row)}


def _content(row: AppraisalRow) -> Document:
    return {
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
