"""What the records of one chunk do to rows, tallies and activity: no database here, and nothing counts before `adopt`.

What was read of a chunk is counted against the stored rows of the ids it speaks of; what that changes is written by
`counting` in the ledger's transaction.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kafka.consumer.fetcher import ConsumerRecord

from services.common.campaign import Campaign
from services.common.events import Response, Withdrawal, digest
from services.scoring.answered import Answered, Head, row_of
from services.scoring.ledger import Halted
from services.scoring.letters import letter, mark
from services.scoring.quality import Filled
from services.scoring.reading import Read, Reading
from services.scoring.revisions import Effect, Rejected, Row, after, effect
from services.scoring.tallies import Counts, Units

COUNTING: tuple[Effect, ...] = ("submitted", "edited", "withdrawn")
"""The effects that change what is counted."""
WINDOW = 1_000
"""Of the last so many records of a partition …"""
MOST_REJECTED = 100
"""… at most so many may be rejected: beyond it the fault is a deployment's, not the records'."""


@dataclass(slots=True)
class Applied:
    """What a chunk did: campaigns spoken of, units touched, and how many records had which effect."""

    campaigns: set[str] = field(default_factory=set)
    units: set[tuple[str, str]] = field(default_factory=set)
    effects: Counter[str] = field(default_factory=Counter)


class Chunk:
    """What one chunk changes, until its transaction has committed.

    Args:
        reading: what its records say, the first of them the partition's next.
        counts: what the partition has counted before them.
        rejected: offsets of the rejected among the records before them.
        most_rejected: of `WINDOW` records; None: any number, for what was applied before.

    Raises:
        Halted: too many records cannot be applied.
    """

    def __init__(
        self,
        reading: Reading,
        counts: Counts,
        rejected: Sequence[int],
        *,
        most_rejected: int | None = MOST_REJECTED,
    ) -> None:
        self.next = reading.next
        self.stage = counts.stage()
        self.letters: list[dict[str, Any]] = []
        """The dead letters, conflicts among them."""
        self.requeued = {came_from: offset for offset, came_from in reading.origins.items()}
        """What letters were requeued as, offset → offset; where there is no such letter it means nothing."""
        self._reading = reading
        self._rules = reading.rules
        self._weighed = reading.weighed
        self._most_rejected = most_rejected
        self._rejected = deque(rejected)
        self._applied = Applied()
        for record, unfit in reading.unfit:
            self._reject(record, unfit.why, unfit.event)

    def count(self, rows: Mapping[str, Row]) -> dict[str, Row | Answered]:
        """Counts the records in their order; returns the rows that are new or changed, in the order of their ids.

        Where a response that was read by the tables is the first of its id, it stands for the row that it leaves.

        Args:
            rows: of the responses that the records speak of, those that there are.

        Raises:
            Halted: too many records cannot be applied.
        """
        now: dict[str, Row | Answered] = dict(rows)
        changed = self._count_all(now)
        self.stage.seal(self.next)
        self.stage.weigh(self._weighed)
        mark(self.letters, self.requeued)
        return {id_: now[id_] for id_ in sorted(changed)}

    def adopt(self) -> tuple[Applied, deque[int]]:
        """The transaction has committed: the counts follow. Returns what was done, and which offsets were rejected."""
        self.stage.adopt()
        self._applied.units = {(campaign, unit) for campaign, _, unit in self.stage.tallies}
        return self._applied, deque(offset for offset in self._rejected if offset >= self.next - WINDOW)

    def _count_all(self, rows: dict[str, Row | Answered]) -> set[str]:
        """Counts the records in their order; returns which responses are new or changed.

        Of a response that is new and was read by the tables nothing is left to be found out: it is submitted, and what
        is the same for many of them is noted once.
        """
        changed = set()
        alike: dict[tuple[Head, str], list[int]] = {}
        count_new = self.stage.count_new
        for item in self._reading.fit:
            _, said, day = item
            id_ = said.response
            if isinstance(said, Answered) and id_ not in rows:
                head, _, _, _, _, counts, long, straight, _ = said
                rows[id_] = said
                changed.add(id_)
                count_new(head.code, head.group, counts)
                noted = alike.get((head, day))
                if noted is None:
                    alike[head, day] = [1, long, straight]
                else:
                    noted[0] += 1
                    noted[1] += long
                    noted[2] += straight
            elif self._count(item, rows) in COUNTING:
                changed.add(id_)
        for (head, day), (times, long, straight) in alike.items():
            self._note_new(head, day, times, Filled(long, straight))
        return changed

    def _note_new(self, head: Head, day: str, times: int, filled: Filled) -> None:
        """Notes so many new responses."""
        campaign = head.campaign.code
        key = campaign, head.group, day
        self.stage.count_responses(times, campaign, head.group)
        self.stage.note(key, "submitted", times)
        self.stage.note_channel(key, head.channel, times)
        self.stage.note_filled(1, key, filled)
        self._applied.campaigns.add(campaign)
        self._applied.effects["submitted"] += times

    def _count(self, item: Read, rows: dict[str, Row | Answered]) -> Effect | None:
        said = item.said
        event, found = said.event, rows.get(said.response)
        row = None if found is None else row_of(found)
        added = removed = None
        try:
            what = effect(row, event, said.digest)
            new = after(row, event, said.digest)
            if what in COUNTING:
                added = said.units if isinstance(said, Answered) else None
                if added is None and not new.withdrawn:
                    added = self._units(said.campaign, new)
                if row is not None and not row.withdrawn:
                    removed = self._take_out(row)
                if added is not None:
                    self.stage.count(1, new.campaign, new.group, added)
                rows[event.response] = new
        except Rejected as error:
            self._reject(item.record, error, event, said.digest)
            return None
        self._note(item, new.group, what)
        if added is not None and isinstance(event, Response):
            key = new.campaign, new.group, item.day
            self.stage.note_channel(key, event.channel)
            self.stage.note_filled(1, key, self._rules.filled(said.campaign, new.group, added))
        if removed is not None and row is not None:
            self.stage.note_filled(-1, (row.campaign, row.group, item.day), removed)
        if what == "conflict":
            detail = f"revision {event.revision} was counted before with other content; the first in the log stands"
            self.letters.append(letter(item.record, "conflict", detail, event, said.digest))
        return what

    def _take_out(self, row: Row) -> Filled:
        """Counts out what a row says; returns how it was filled in."""
        campaign = self._rules.find(row.campaign, row.version)
        units = self._units(campaign, row)
        self.stage.count(-1, row.campaign, row.group, units)
        return self._rules.filled(campaign, row.group, units)

    def _units(self, campaign: Campaign, row: Row) -> Units:
        return self._rules.units(campaign, row.group, row.ratings, self._weighed[campaign.code])

    def _note(self, item: Read, group: str, what: Effect) -> None:
        self.stage.note((item.said.campaign.code, group, item.day), what)
        self._applied.campaigns.add(item.said.campaign.code)
        self._applied.effects[what] += 1

    def _reject(
        self,
        record: ConsumerRecord,
        error: Rejected,
        event: Response | Withdrawal | None = None,
        known: str | None = None,
    ) -> None:
        """Buries a record, unless too many are. `known` is the event's digest."""
        if event is not None and known is None:
            known = digest(event)
        self.letters.append(letter(record, error.reason, error.detail, event, known))
        self._applied.effects["rejected"] += 1
        if record.offset in self._reading.origins:
            # It was buried before: an operator who requeues too early must not stop the partition.
            return
        self._rejected.append(record.offset)
        if self._most_rejected is None:
            return
        recent = sum(1 for offset in self._rejected if abs(record.offset - offset) < WINDOW)
        if recent > self._most_rejected:
            raise Halted(
                f"{recent} of the last {WINDOW} records of partition {record.partition} of {record.topic} cannot be "
                f"applied, the last at offset {record.offset}: {error}. If a wrong version of a service wrote or reads "
                "them, deploy the right one and start scoring again"
            )
