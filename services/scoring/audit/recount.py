"""What a partition must have counted, added up anew from its own rows. Pure: the audit of what scoring keeps.

The rows of responses say what the tallies and the counted responses are; activity and dead letters together have one
mark for every record; the rows of appraisals are the outcome of their changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from services.scoring.audit.difference import Difference, compare, digest
from services.scoring.reading import Rules
from services.scoring.revisions import EFFECTS, Rejected
from services.scoring.rows import read_row
from services.scoring.tallies import Counts, Tally, tally_key

Document = Mapping[str, Any]

WORDS = ("note", "evidence")
"""What an appraiser writes of a leaf in words."""
_NOTHING: Document = {"leaves": {}, "bonus": "0", "penalty": "0", "notes": {}}
"""What a row says before any change."""


class ResponsesRecount:
    """A partition of responses: `add` every row, then ask for `differences`. All documents are of one snapshot.

    Args:
        partition: its number.
        rules: where the definitions are.
        weighed: what its position says of the versions that contributions are of (`weighed_of`, of any campaign).
    """

    def __init__(self, partition: int, rules: Rules, weighed: Callable[[str], int]) -> None:
        self._partition = partition
        self._rules = rules
        self._weighed = weighed
        self._stage = Counts(partition).stage()
        self._unreadable: list[Difference] = []

    def add(self, document: Document) -> None:
        """Counts a row."""
        try:
            row = read_row(document)
            if row.withdrawn:
                return
            campaign = self._rules.find(row.campaign, row.version)
            version = self._weighed(row.campaign) or self._rules.newest(row.campaign)
            units = self._rules.units(campaign, row.group, row.ratings, version)
        except Rejected as error:
            # What the rater said is not told.
            self._unreadable.append(Difference("responses", document["_id"], "ratings", error.reason, "countable"))
        except (KeyError, TypeError, AttributeError) as error:
            self._unreadable.append(Difference("responses", document["_id"], str(error), None, "readable"))
        else:
            self._stage.count(1, row.campaign, row.group, units)

    def differences(
        self, position: Document, tallies: Iterable[Document], activity: Iterable[Document], letters: int
    ) -> Iterator[Difference]:
        """Where the partition's other documents say something else than the rows.

        Args:
            position: the partition's.
            tallies: all of the partition, in any order.
            activity: likewise.
            letters: how many records of the partition are dead letters, not counting conflicts.
        """
        yield from self._unreadable
        yield from self._tallies(tallies)
        stored, counted = position.get("counted", {}), self._stage.counted
        if found := compare(
            "positions",
            position["_id"],
            {"counted": _without_zeros(stored)},
            {"counted": _without_zeros(counted)},
        ):
            yield found
        told = letters + sum(day.get(effect, 0) for day in activity for effect in EFFECTS)
        yield from _records(position, told)

    def _tallies(self, stored: Iterable[Document]) -> Iterator[Difference]:
        missing = dict(self._stage.tallies)
        for document in stored:
            try:
                key = tally_key(document)
            except (KeyError, TypeError):
                yield Difference("tallies", document["_id"], "", {}, None)
                continue
            # A tally whose responses were all taken back stays; so does the place of an answer that was.
            expected = missing.pop(key, Tally()).document(self._partition, key)
            pair = [_without_end(document), _without_end(expected)]
            if not self._weighed(key[0]):
                pair = [without_moments(tally) for tally in pair]
            if found := compare("tallies", document["_id"], *pair):
                yield found
        for key in sorted(missing):
            yield Difference("tallies", missing[key].document(self._partition, key)["_id"], "", None, {})


class AppraisalsRecount:
    """The partition of appraisals: `add` every change in the order of the log, then ask for `differences`."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Any]] = {}
        self._records = 0
        self._offset: int | None = None
        self._broken: list[Difference] = []

    def add(self, change: Document) -> None:
        """Applies a change to what the changes before it left of its unit."""
        # One record may change several units.
        self._records += change["_id"]["offset"] != self._offset
        self._offset = change["_id"]["offset"]
        id_ = {"campaign": change["campaign"], "unit": change["unit"]}
        row = self._rows.setdefault(str(id_), {"_id": id_, "version": 0, **_without_words(_NOTHING)})
        before, after = _without_words(change["before"]), _without_words(change["after"])
        touched = {*before["leaves"], *after["leaves"]}
        said = {name: row[name] for name in _NOTHING}
        said["leaves"] = {code: leaf for code, leaf in row["leaves"].items() if code in touched}
        was = {"before": said, "version": row["version"] + 1}
        if found := compare("appraisal_changes", change["_id"], {"before": before, "version": change["version"]}, was):
            self._broken.append(found)
        leaves = {code: leaf for code, leaf in row["leaves"].items() if code not in touched} | after["leaves"]
        row.update(after, version=row["version"] + 1, leaves=leaves)

    def differences(self, position: Document, rows: Iterable[Document], letters: int) -> Iterator[Difference]:
        """Where the partition's other documents say something else than the changes.

        Args:
            position: the partition's.
            rows: all rows.
            letters: how many records of the partition are dead letters.
        """
        yield from self._broken
        found = {str(row["_id"]): row for row in rows}
        for key in sorted({*found, *self._rows}):
            stored, expected = found.get(key), self._rows.get(key)
            names = () if expected is None else tuple(expected)
            id_ = stored["_id"] if stored is not None else self._rows[key]["_id"]
            kept = None if stored is None else {name: _without_words(stored).get(name) for name in names}
            if difference := compare("appraisals", id_, kept, expected):
                yield difference
        yield from _records(position, letters + self._records)


def _records(position: Document, told: int) -> Iterator[Difference]:
    """Every record left one mark. A position that did not count its records from the start says nothing of that."""
    if "records" in position and position["records"] != told:
        yield Difference("positions", position["_id"], "records", position["records"], told)


def _without_words(row: Document) -> dict[str, Any]:
    """A row of appraisals, or a part of one, with digests in the place of what appraisers wrote: it is never told."""
    leaves = {
        code: {name: digest({name: value}).hex() if name in WORDS else value for name, value in leaf.items()}
        for code, leaf in row["leaves"].items()
    }
    notes = {name: digest({name: note}).hex() for name, note in row.get("notes", {}).items()}
    return {**row, "leaves": leaves, "notes": notes}


def without_moments(tally: Document) -> dict[str, Any]:
    """A tally without its sums, while they are made anew by another definition: some may be of one, some of another."""
    return {name: value for name, value in tally.items() if name not in ("opinions", "s1", "s2")}


def _without_end(tally: Document) -> dict[str, Any]:
    """A tally without what rows do not tell: zeros at the end of its counts, and when it changed."""
    counts = list(tally.get("counts") or ())
    while counts and counts[-1] == 0:
        counts.pop()
    return {name: value for name, value in tally.items() if name != "at"} | {"counts": counts}


def _without_zeros(counted: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    groups = {campaign: {group: n for group, n in found.items() if n} for campaign, found in counted.items()}
    return {campaign: found for campaign, found in groups.items() if found}
