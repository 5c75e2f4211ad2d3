"""The sums behind the standard errors, made anew from the rows when a new definition weighs answers otherwise.

Only the rows tell what a response contributes by another version: counts do not say which answers go together.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from services.common.contribution import Contribution
from services.common.events import Ratings
from services.common.generation import Generation
from services.common.unit_index import NO_MOMENTS, Moments
from services.scoring import metrics
from services.scoring.chunk import Applied
from services.scoring.ledger import BY_ID, Document, Ledger, Position, Unavailable
from services.scoring.reading import Rules
from services.scoring.tallies import Counts, Tally, TallyKey

log = logging.getLogger(__name__)

BATCH = 500
"""Rows, some hundredths of a second of work."""
PART = 2_000
"""Tallies that one transaction changes: a fraction of the time that it may take."""


class Sums:
    """The moments of a campaign's tallies by one version, added up response by response."""

    def __init__(self, campaign: str, contribution: Contribution) -> None:
        self._campaign = campaign
        self._contribution = contribution
        self._sums: dict[TallyKey, list[int]] = {}

    def add(self, group: str, ratings: Ratings) -> None:
        """Adds a response."""
        of, sums = self._contribution.of, self._sums
        for unit, answers in ratings.items():
            x = of(group, unit, answers)
            if x is not None:
                key = self._campaign, group, unit
                found = sums.get(key)
                if found is None:
                    found = sums[key] = [0, 0, 0]
                found[0] += 1
                found[1] += x
                found[2] += x * x

    def __getitem__(self, key: TallyKey) -> Moments:
        found = self._sums.get(key)
        return NO_MOMENTS if found is None else Moments(*found)


class Weighing:
    """One campaign's sums of one partition, on their way to the newest version.

    What is written is right because nothing is applied to the partition from the first row that is read to the last sum
    that is written: whoever applies something moves the position or its `weighings`, and the other's next transaction
    is refused. Where one transaction cannot take all sums, the first says that they are of no version.
    """

    def __init__(self, ledger: Ledger, rules: Rules, position: Position, counts: Counts, campaign: str) -> None:
        self._ledger = ledger
        self._rules = rules
        self._position = position
        self._counts = counts
        self._campaign = campaign
        self._rows = 0
        self._steps = self._run()
        self.applied = Applied({campaign})
        """The campaign and, when it is done, the units whose sums are others."""

    def close(self) -> None:
        """Ends it, done or not."""
        self._steps.close()

    def go_on(self, seconds: float) -> bool:
        """Works for about so long; whether it is done.

        Raises:
            Fenced, Unavailable: the partition must be loaded anew.
        """
        until = time.monotonic() + seconds
        try:
            for _ in self._steps:
                if time.monotonic() >= until:
                    return False
        except PyMongoError as error:
            raise Unavailable(f"cannot read the rows: {error}") from error
        return True

    def _run(self) -> Generator[None]:
        code, began, self._rows = self._campaign, time.monotonic(), 0
        before, version = self._counts.weighed[code], self._rules.newest(code)
        about = {"partition": self._position.key, "campaign": code, "from": before, "to": version}
        sums = Sums(code, self._rules.contribution(code, version))
        keys = self._changed(before, version)
        if keys:
            log.info("makes the sums of a partition anew from its rows", extra=about)
        for row in self._read(keys):
            sums.add(row["group"], row["ratings"])
            self._rows += 1
            if self._rows % BATCH == 0:
                metrics.WEIGHED.inc(BATCH)
                yield
                if self._rules.newest(code) > version:
                    # One definition follows upon the other: straight to the last.
                    yield from self._run()
                    return
        metrics.WEIGHED.inc(self._rows % BATCH)
        parts = [keys[start : start + PART] for start in range(0, len(keys), PART)] or [[]]
        for part in parts[:-1]:
            self._write(part, sums, 0)
            yield
        self._write(parts[-1], sums, version)
        tallies = self._counts.tallies
        for key in keys:
            tallies[key] = weighed_anew(tallies[key], sums[key])
        self.applied.units = {(code, unit) for _, _, unit in keys}
        log.info(
            "the sums of a partition are of the newest definition",
            extra={**about, "rows": self._rows, "tallies": len(keys), "seconds": round(time.monotonic() - began, 3)},
        )

    def _changed(self, before: int, version: int) -> list[TallyKey]:
        """The tallies whose sums are not the same by both versions; all where they are of none."""
        keys = [key for key in self._counts.tallies if key[0] == self._campaign]
        if not before:
            return keys
        old, new = (self._rules.contribution(self._campaign, each) for each in (before, version))
        return [key for key in keys if not new.is_as(old, key[1], key[2])]

    def _read(self, keys: Iterable[TallyKey]) -> Iterator[Mapping[str, Any]]:
        """The rows that count in some tallies."""
        groups = sorted({group for _, group, _ in keys})
        if groups:
            mine = {"p": self._position.partition, "campaign": self._campaign, "group": {"$in": groups}}
            wanted = {"_id": 0, "group": 1, "ratings": 1}
            with self._ledger.after(self._position) as session:
                yield from self._ledger.generation.responses.find(
                    {**mine, "withdrawn": False}, wanted, batch_size=BATCH, session=session
                )

    def _write(self, keys: Sequence[TallyKey], sums: Sums, version: int) -> None:
        """Writes some of the sums, and which version all of them are of from now on."""
        p = self._position.partition
        weighed = {**self._counts.weighed, self._campaign: version}

        def work(derived: Generation, session: ClientSession) -> list[Document]:
            if keys:
                derived.tallies.bulk_write([_change(p, key, sums[key]) for key in keys], ordered=False, session=session)
            return []

        told = {"weighed": weighed, "weighed_at": self._position.next}
        self._ledger.apply(self._position, self._position.next, 0, work, told, weighs=True)
        self._counts.weighed = weighed


def weighed_anew(tally: Tally, moments: Moments) -> Tally:
    """A tally with other moments. The one before is left as it was: others may hold it."""
    return replace(tally, opinions=moments.n, s1=moments.s1, s2=moments.s2)


def _change(p: int, key: TallyKey, moments: Moments) -> UpdateOne:
    campaign, group, unit = key
    id_ = {"p": p, "campaign": campaign, "group": group, "unit": unit}
    new = {"opinions": moments.n, "s1": str(moments.s1), "s2": str(moments.s2)}
    return UpdateOne({"_id": id_, "p": p}, {"$set": new}, hint=BY_ID)
