"""A chunk of the appraisals partition: changes applied to the units' rows in the log's order, and their history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kafka.consumer.fetcher import ConsumerRecord
from pymongo.client_session import ClientSession

from services.common.appraisals import AppraisalRow
from services.common.generation import Generation
from services.common.records import appraisal_row
from services.scoring.appraisal_chunk import AppraisalChunk, RowKey
from services.scoring.chunk import Applied
from services.scoring.definitions import Definitions
from services.scoring.ledger import Document, Ledger, Position, replacement
from services.scoring.letters import marks


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
                (found["_id"]["campaign"], found["_id"]["unit"]): appraisal_row(found)
                for found in derived.appraisals.find({}, session=session)
            }

        return AppraisalsPartition(position, self._ledger.read(query, position))

    def apply(self, owned: AppraisalsPartition, records: Sequence[ConsumerRecord]) -> Applied:
        """Applies a chunk: records without a gap, the first of them the partition's next.

        Raises:
            Fenced, TooLarge, Unavailable: of `Ledger.apply`; but for TooLarge the partition must be loaded anew.
        """
        return self.begin(owned, records)()

    def begin(self, owned: AppraisalsPartition, records: Sequence[ConsumerRecord]) -> Callable[[], Applied]:
        """The same in two steps. What is returned is the second and writes."""
        chunk = AppraisalChunk(records, owned.rows, self._definitions)

        def work(derived: Generation, session: ClientSession) -> list[Document]:
            replacements = [replacement(row) for row in chunk.documents()]
            if replacements:
                derived.appraisals.bulk_write(replacements, ordered=False, session=session)
                derived.appraisal_changes.insert_many(chunk.changes, session=session)
            if requeued := marks(owned.position.key, chunk.requeued):
                derived.rejected.bulk_write(requeued, ordered=False, session=session)
            return chunk.letters

        def write() -> Applied:
            self._ledger.apply(owned.position, chunk.next, len(records), work)
            owned.rows.update(chunk.rows)
            return Applied({campaign for campaign, _ in chunk.rows}, set(chunk.rows), chunk.effects)

        return write
