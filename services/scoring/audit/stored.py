"""What is stored of a partition, read in one snapshot and so as of one position, to be compared with its replay."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import bson
from bson.codec_options import CodecOptions
from bson.max_key import MaxKey
from bson.min_key import MinKey
from kafka import TopicPartition
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from services.common.generation import Generation
from services.scoring.audit.difference import Difference, canonical, compare, digest
from services.scoring.audit.recount import without_moments
from services.scoring.audit.replay import AppraisalsReplay, Replay, ResponsesReplay, Settled, bare
from services.scoring.audit.report import Report
from services.scoring.counting import weighed_in

Document = dict[str, Any]
BATCH = 2_000
"""Documents in memory at a time: left to itself the server sends 16 MB, ten times that as objects."""

Digests = Mapping[str, tuple[Any, bytes]]
"""By the text of the id: the id and the document's digest."""


class _Stored:
    """What both topics have: the position and the dead letters."""

    def __init__(self, derived: Generation, partition: TopicPartition, session: ClientSession) -> None:
        self.position: Document | None = derived.positions.find_one({"_id": position_id(partition)}, session=session)
        self._partition = partition
        self._letters = _by_id(map(bare, derived.rejected.find(letters_of(partition), session=session)))

    @property
    def next(self) -> int:
        """Where the partition goes on; one that has no position was never loaded."""
        return 0 if self.position is None else int(self.position["next"])

    @property
    def settled(self) -> Settled:
        """The dead letters whose records were requeued."""
        return {letter["_id"]["offset"]: letter for letter in self._letters.values() if "requeued" in letter}

    def _compare(self, target: Replay, counted: Mapping[str, Any], report: Report) -> None:
        """Notes what differs of what both have; `counted` is what the position must say of the counts."""
        if self.position is not None:
            # Whose topic it is was compared before anything was read of the log. How often sums were made anew does not
            # follow from it.
            kept = ("topic_id", "next", "weighings")
            same: Document = {name: self.position[name] for name in kept if name in self.position}
            place = {"_id": position_id(self._partition), "p": self._partition.partition}
            records = {"records": target.records} if "records" in self.position else {}
            expected: Document = {**place, **same, **counted, **records}
            report.note(compare("positions", expected["_id"], self.position, expected))
        _compare_all("rejected", self._letters, target.letters.values(), report)


class StoredResponses(_Stored):
    """A partition of responses: of rows and tallies, which may be many, only digests are kept.

    The session must outlive the comparison: what differs is read in it once more. `newest` finds the newest version of
    a campaign in the log.
    """

    def __init__(
        self, derived: Generation, partition: TopicPartition, session: ClientSession, newest: Callable[[str], int]
    ) -> None:
        super().__init__(derived, partition, session)
        self._newest = newest
        self._derived = derived
        self._session = session
        mine = {"p": partition.partition}
        self._rows = _digests(derived.responses.find(mine, session=session, batch_size=BATCH))
        tallies = derived.tallies.find(mine, session=session, batch_size=BATCH)
        self._tallies = _digests(map(self._comparable, tallies))
        self._activity = _by_id(derived.activity.find(mine, session=session))

    def compare(self, target: ResponsesReplay, report: Report) -> None:
        """Notes what differs from the replay up to `next`."""
        self._compare(target, {"counted": target.counts.counted, **self._weighed(target)}, report)
        report.compared.update(responses=len(self._rows), tallies=len(self._tallies))
        for name, digests in (("rows", self._rows), ("tallies", self._tallies)):
            report.absorb(name, (digests[key][1] for key in sorted(digests)))
        rows = self._differing(self._rows, target.rows())
        self._note(self._derived.responses, rows, target.row, report)
        tallies = {_text(document["_id"]): self._comparable(document) for document in target.tallies()}
        differing = self._differing(self._tallies, {key: digest(document) for key, document in tallies.items()})
        self._note(self._derived.tallies, differing, tallies.get, report)
        _compare_all("activity", self._activity, target.activity(), report)

    def _differing(self, found: Digests, expected: Mapping[str, bytes]) -> dict[str, Any]:
        """By the text of their ids, in that order: the ids of what is stored and differs, None for what is missing."""
        keys = sorted(found.keys() | expected.keys())
        missing = (None, b"")
        return {key: found.get(key, missing)[0] for key in keys if found.get(key, missing)[1] != expected.get(key)}

    def _note(
        self,
        collection: Collection[Document],
        differing: Mapping[str, Any],
        expected: Callable[[str], Document | None],
        report: Report,
    ) -> None:
        """Notes which documents differ and, of those that will be shown, in which field."""
        name = collection.name.partition(".")[0]
        for key, stored_id in differing.items():
            wanted = expected(key)
            id_ = stored_id if wanted is None else wanted["_id"]
            difference = Difference(name, id_, "", None if stored_id is None else {}, None if wanted is None else {})
            if report.wants_detail and (stored := self._again(collection, id_)) is not None:
                difference = compare(name, id_, self._comparable(stored), wanted) or difference
            report.note(difference)

    @property
    def weighed(self) -> dict[str, int]:
        """By campaign the version that the contributions are of, where they are of one that the log has."""
        told = (self.position or {}).get("weighed", {})
        return {code: version for code in told if (version := self._version(code))}

    def _version(self, campaign: str) -> int:
        version = weighed_in(self.position or {"next": 0}, self._newest, campaign)
        return version if version <= self._newest(campaign) else 0

    def _weighed(self, target: ResponsesReplay) -> Document:
        """What the position must say of the versions, if it says anything."""
        position = self.position or {}
        if "weighed" not in position:
            return {}
        if position.get("weighed_at") != position["next"]:
            # A scorer of an earlier version of the software has gone on since.
            return {name: position[name] for name in ("weighed", "weighed_at") if name in position}
        between: dict[str, int] = {code: 0 for code, version in position["weighed"].items() if not version}
        return {"weighed": {**target.counts.weighed, **between}, "weighed_at": position["next"]}

    def _comparable(self, document: Document) -> Document:
        """What must be equal of a document that has all that follows from the log.

        Of a tally not after which chunk it was written, nor sums that are just being made anew.
        """
        if "counts" not in document:
            return document
        comparable = {name: value for name, value in document.items() if name != "at"}
        key = document["_id"]
        return comparable if self._version(key.get("campaign")) else without_moments(comparable)

    def _again(self, collection: Collection[Document], id_: Any) -> Document | None:  # noqa: ANN401 - as stored
        try:
            return collection.find_one({"_id": id_}, session=self._session)
        except OperationFailure:
            # The snapshot is too old to be read: then it stays at which document it is.
            return None


class StoredAppraisals(_Stored):
    """The partition of appraisals."""

    def __init__(self, derived: Generation, partition: TopicPartition, session: ClientSession) -> None:
        super().__init__(derived, partition, session)
        self._rows = _by_id(derived.appraisals.find({}, session=session))
        self._changes = _by_id(derived.appraisal_changes.find({}, session=session))

    def compare(self, target: AppraisalsReplay, report: Report) -> None:
        """Notes what differs from the replay up to `next`."""
        self._compare(target, {"counted": {}}, report)
        report.compared.update(appraisals=len(self._rows))
        _compare_all("appraisals", self._rows, target.documents(), report)
        _compare_all("appraisal_changes", self._changes, map(_as_stored, target.changes.values()), report)


def position_id(partition: TopicPartition) -> Document:
    return {"topic": partition.topic, "partition": partition.partition}


def letters_of(partition: TopicPartition) -> Document:
    """Finds the dead letters of a partition, by their ids."""
    here = position_id(partition)
    return {"_id": {"$gt": {**here, "offset": MinKey()}, "$lt": {**here, "offset": MaxKey()}}}


def strays(derived: Generation, partitions: Iterable[TopicPartition], session: ClientSession) -> Iterable[Difference]:
    """Documents that belong to none of the partitions there are."""
    known = list(partitions)
    numbers = sorted({partition.partition for partition in known})
    for collection, elsewhere in (
        (derived.responses, {"p": {"$nin": numbers}}),
        (derived.tallies, {"p": {"$nin": numbers}}),
        (derived.activity, {"p": {"$nin": numbers}}),
        (derived.positions, {"_id": {"$nin": [position_id(partition) for partition in known]}}),
        (derived.rejected, {"$nor": [letters_of(partition) for partition in known]}),
    ):
        for found in collection.find(elsewhere, {"_id": 1}, session=session):
            yield Difference(collection.name.partition(".")[0], found["_id"], "", {}, None)


def _compare_all(name: str, found: Mapping[str, Document], expected: Iterable[Document], report: Report) -> None:
    wanted = _by_id(expected)
    for key in sorted(found.keys() | wanted.keys()):
        id_ = (wanted.get(key) or found[key])["_id"]
        report.note(compare(name, id_, found.get(key), wanted.get(key)))


def _text(id_: object) -> str:
    return id_ if isinstance(id_, str) else canonical({"_id": id_}).decode()


def _digests(documents: Iterable[Document]) -> dict[str, tuple[Any, bytes]]:
    return {_text(document["_id"]): (document["_id"], digest(document)) for document in documents}


def _by_id(documents: Iterable[Document]) -> dict[str, Document]:
    return {_text(document["_id"]): document for document in documents}


def _as_stored(document: Document) -> Document:
    """A document as the database gives it back: times to the millisecond."""
    options: CodecOptions[Document] = CodecOptions(tz_aware=True)
    return bson.decode(bson.encode(document), options)
