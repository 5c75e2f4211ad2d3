"""A partition counted from its log alone, in memory. Pure: what every stored document must be, record by record."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

import orjson
from kafka.consumer.fetcher import ConsumerRecord

from services.common.appraisals import AppraisalRow
from services.common.requeued import origin
from services.scoring.answered import row_of
from services.scoring.appraisal_chunk import AppraisalChunk, RowKey, row_document
from services.scoring.audit.difference import canonical, digest
from services.scoring.chunk import Chunk
from services.scoring.letters import ABOUT, letter
from services.scoring.reading import Finder, Reading, Rules
from services.scoring.rows import read_row
from services.scoring.rows import row_document as response_document
from services.scoring.tallies import Counts, Tally, TallyKey
from services.scoring.weighing import Sums, weighed_anew

Document = dict[str, Any]

Settled = Mapping[int, Document]
"""By offset the dead letters, each as `bare`, whose records were requeued.

What was wrong may be mended since, so a replay lets their verdict stand: such a record counts, or is judged again, at
the place that it was requeued to. Only a conflict does not depend on what was known, and is judged.
"""


class Replay(Protocol):
    """A partition up to some place in its log."""

    records: int
    """How many were applied."""
    letters: dict[int, Document]
    """The dead letters by offset, each as `bare`."""

    def apply(self, records: Sequence[ConsumerRecord]) -> None:
        """Applies the next records; into how many calls they are cut makes no difference."""


class ResponsesReplay:
    """A partition of responses.

    Rows are kept as texts: as objects those of a large partition would not fit into memory.

    Args:
        partition: its number.
        rules: where the definitions are.
        settled: the dead letters whose records were requeued.
        weighed: by campaign the version that contributions are of; the newest where it is not told.
    """

    def __init__(
        self,
        partition: int,
        rules: Rules,
        settled: Settled = MappingProxyType({}),
        weighed: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self.records = 0
        self.letters: dict[int, Document] = {}
        self.counts = Counts(partition)
        self._weighed = weighed
        self._rules = rules
        self._settled = settled
        self._rows: dict[str, bytes] = {}

    def apply(self, records: Sequence[ConsumerRecord]) -> None:
        self.records += len(records)
        if not (judged := _settle(records, self._settled, self.letters)):
            return
        # What was applied once is applied again, however much of it was rejected.
        reading = Reading(judged, self._rules, {**self._weighed, **self.counts.weighed})
        chunk = Chunk(reading, self.counts, (), most_rejected=None)
        rows = {id_: read_row(orjson.loads(self._rows[id_])) for id_ in reading.ids if id_ in self._rows}
        for id_, row in chunk.count(rows).items():
            # A copy: the bytes that orjson gives keep all of its buffer, eight kilobytes each.
            self._rows[id_] = bytes(memoryview(canonical(response_document(id_, self.counts.partition, row_of(row)))))
        chunk.adopt()
        _keep(self.letters, chunk.letters, chunk.requeued)

    def rows(self) -> Mapping[str, bytes]:
        """The digest of every row, by the response's id."""
        return {id_: hashlib.sha256(row).digest() for id_, row in self._rows.items()}

    def row(self, id_: str) -> Document | None:
        """The row of a response."""
        row = self._rows.get(id_)
        return None if row is None else orjson.loads(row)

    def receipts(self, campaign: str) -> Iterator[tuple[str, int, str]]:
        """Id, revision and digest of each response of a campaign that counts."""
        for id_, text in self._rows.items():
            row = read_row(orjson.loads(text))
            if row.campaign == campaign and not row.withdrawn:
                yield id_, row.revision, row.digest

    def tallies_by(self, campaign: str, version: int) -> Mapping[TallyKey, Tally]:
        """A campaign's tallies, with the contributions of a version that may be another.

        Raises:
            Rejected: there is no such version.
        """
        mine = {key: tally for key, tally in self.counts.tallies.items() if key[0] == campaign}
        if not mine or self.counts.weighed[campaign] == version:
            return mine
        sums = Sums(campaign, self._rules.contribution(campaign, version))
        for text in self._rows.values():
            row = read_row(orjson.loads(text))
            if row.campaign == campaign and not row.withdrawn:
                sums.add(row.group, row.ratings)
        return {key: weighed_anew(tally, sums[key]) for key, tally in mine.items()}

    def tallies(self) -> Iterator[Document]:
        return (tally.document(self.counts.partition, key) for key, tally in self.counts.tallies.items())

    def activity(self) -> Iterator[Document]:
        stage = self.counts.stage()
        stage.activity.update(self.counts.activity)
        return stage.activity_documents()


class AppraisalsReplay:
    """The partition of appraisals."""

    def __init__(self, definitions: Finder, settled: Settled = MappingProxyType({})) -> None:
        self.records = 0
        self.letters: dict[int, Document] = {}
        self.rows: dict[RowKey, AppraisalRow] = {}
        self.changes: dict[tuple[int, str], Document] = {}
        """By offset and unit."""
        self._definitions = definitions
        self._settled = settled

    def apply(self, records: Sequence[ConsumerRecord]) -> None:
        self.records += len(records)
        if not (judged := _settle(records, self._settled, self.letters)):
            return
        chunk = AppraisalChunk(judged, self.rows, self._definitions)
        self.rows.update(chunk.rows)
        self.changes.update(((change["_id"]["offset"], change["unit"]), change) for change in chunk.changes)
        _keep(self.letters, chunk.letters, chunk.requeued)

    def documents(self) -> Iterator[Document]:
        """The rows in force."""
        return (row_document(key, row) for key, row in self.rows.items())


def replay(target: Replay, log: Iterable[Sequence[ConsumerRecord]], stops: Iterable[int]) -> Iterator[int]:
    """Applies a partition's log.

    Args:
        target: is at the log's beginning.
        log: the records, in batches as they are read.
        stops: offsets.

    Yields:
        Each stop in ascending order, when all that stands before it is applied and nothing else.
    """
    ahead = sorted(set(stops))
    for batch in log:
        records = batch
        while ahead and records and records[-1].offset >= ahead[0]:
            cut = bisect_left(records, ahead[0], key=lambda record: record.offset)
            if cut:
                target.apply(records[:cut])
            yield ahead.pop(0)
            records = records[cut:]
        if records:
            target.apply(records)
    yield from ahead


def bare(letter: Mapping[str, Any]) -> Document:
    """A dead letter as it can be compared: of the record a digest, and without the words that say what was wrong."""
    return {
        **{name: value for name, value in letter.items() if name != "detail"},
        "record": digest(letter["record"]).hex(),
    }


def _settle(
    records: Sequence[ConsumerRecord], settled: Settled, letters: dict[int, Document]
) -> Sequence[ConsumerRecord]:
    """The records that are to be judged. What is settled is given its letter, with what the log has of it."""
    judged = []
    for record in records:
        if (stored := settled.get(record.offset)) is None or stored["reason"] == "conflict":
            judged.append(record)
            continue
        known = {name: stored[name] for name in ABOUT if name in stored}
        came_from = origin(record)
        _keep(
            letters,
            [known | letter(record, stored["reason"], "")],
            {} if came_from is None else {came_from: record.offset},
        )
    return judged


def _keep(letters: dict[int, Document], new: Iterable[Mapping[str, Any]], requeued: Mapping[int, int]) -> None:
    letters.update((letter["_id"]["offset"], bare(letter)) for letter in new)
    for offset, again in requeued.items():
        if offset in letters:
            letters[offset]["requeued"] = max(again, letters[offset].get("requeued", again))
