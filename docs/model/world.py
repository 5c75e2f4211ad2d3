"""What a state of the model is made of: small immutable values, so that states can be remembered and compared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple, TypeVar

ANSWERS = ("A", "B")
T = TypeVar("T")


class Record(NamedTuple):
    """What a client sends and the log keeps; without an answer it withdraws. As a row: what counts of a response."""

    response: str
    revision: int
    answer: str | None

    def __str__(self) -> str:
        return f"{self.response}, revision {self.revision}: {self.answer or 'withdrawn'}"


Log = tuple[Record, ...]


class Documents(NamedTuple):
    """What the database has of one partition in one generation; what is one field here is locked as one."""

    next: int = 0
    rows: tuple[Record, ...] = ()
    tallies: tuple[int, ...] = (0,) * len(ANSWERS)
    rejected: tuple[int, ...] = ()
    sums: tuple[int, ...] = (0,) * len(ANSWERS)
    """What the answers are worth by one version of the definition, a sum for each as for each tally."""
    weighed: int = 1
    """That version; 0 while the sums are not of one."""


Stored = tuple[tuple[Documents, ...], ...]
"""By generation and partition."""


class Transaction(NamedTuple):
    """Open on the server: `done` of its steps are taken; it reads its snapshot and locks what it has written."""

    generation: int
    partition: int
    done: int
    snapshot: Documents
    writes: Documents
    written: tuple[str, ...]
    committing: bool = False
    """The commit was sent, and nobody waits for the answer any more."""
    dead: bool = False
    """Its process has died."""


class Memory(NamedTuple):
    """What a scorer knows of a partition that it has loaded."""

    next: int
    tallies: tuple[int, ...]
    sums: tuple[int, ...] = (0,) * len(ANSWERS)
    weighed: int = 1
    outdated: bool = False
    """Whether the sums were made anew since: the stored number of `weighings` is another. Numbers would have no end."""


class Weighing(NamedTuple):
    """New sums that a scorer has made of the rows of a partition, of which `done` are written."""

    partition: int
    version: int
    sums: tuple[int, ...]
    done: int = 0


class State(NamedTuple):
    """A state of the campaign as it is shown, or is about to be; an index is here how many gave an answer."""

    number: int
    generation: int
    positions: tuple[int, ...]
    indices: tuple[int, ...]
    sums: tuple[int, ...] = (0,) * len(ANSWERS)
    version: int = 1


class Refresher(NamedTuple):
    """Of a scorer: out (without the token), taken, ready (knows a state), seen (has another to write), writing."""

    phase: str = "out"
    state: State | None = None
    part: int = 0
    """How many parts of the indices it has written."""


class Scorer(NamedTuple):
    """A process. `applying` is the partition of the chunk at hand; without it a transaction was left behind."""

    memory: tuple[Memory | None, ...]
    generation: int = 0
    applying: int | None = None
    transaction: Transaction | None = None
    refresher: Refresher = Refresher()
    weighing: Weighing | None = None


class World(NamedTuple):
    """A state of everything."""

    requests: tuple[str, ...]
    """What became of each request of the setup: new, unknown, acknowledged, refused."""
    log: tuple[Log, ...]
    stored: Stored
    earlier: Stored
    """As a read may still find it."""
    scorers: tuple[Scorer, ...]
    shown: State
    indices: tuple[State, ...]
    """By index, which state it was written for."""
    lost: frozenset[Transaction] = frozenset()
    """Open transactions whose session nobody uses any more."""
    current: int = 0
    """The generation that the pointer names."""
    token: int | None = None
    version: int = 1
    """Of the definition in force."""
    turned_back: str = ""
    """How what is shown has turned back, if it has."""


@dataclass(frozen=True)
class Setup:
    """One configuration: its bounds, and which bug is planted."""

    name: str
    requests: tuple[Record, ...]
    log: int
    """At most so many records."""
    clients: str = "first"
    """They send first, then scoring begins (it may stop anywhere in the log); or meanwhile; or they have sent."""
    own: tuple[int, ...] = (1, 1)
    """How many of the partitions each of the scorers may own."""
    partitions: int = 1
    chunk: int = 1
    stepwise: bool = True
    """Whether the steps of a chunk's transaction are taken one by one."""
    stale: bool = False
    """Whether reads outside a transaction may miss the last commit, as on a primary that has just been elected."""
    refreshers: bool = False
    others: bool = False
    """Whether further processes apply chunks, as one step, in every generation."""
    rebuild: bool = False
    versions: int = 1
    """How many versions of the definition are published, one after the other."""
    bug: str = ""

    def partition(self, record: Record) -> int:
        return ord(record.response) % self.partitions

    @cached_property
    def start(self) -> World:
        sent = self.requests if self.clients == "have sent" else ()
        stored = ((Documents(),) * self.partitions,) * (2 if self.rebuild else 1)
        nothing = State(0, 0, (0,) * self.partitions, (0,) * len(ANSWERS))
        return World(
            ("acknowledged" if sent else "new",) * len(self.requests),
            tuple(tuple(r for r in sent if self.partition(r) == p) for p in range(self.partitions)),
            stored,
            stored,
            (Scorer((None,) * self.partitions),) * len(self.own),
            nothing,
            (nothing,) * len(ANSWERS),
        )


def put(items: tuple[T, ...], at: int, item: T) -> tuple[T, ...]:
    """The items with another one in place of one of them."""
    return (*items[:at], item, *items[at + 1 :])


def effect(row: Record | None, record: Record) -> str:
    """What the next record of a response does: `effect` of services/scoring/revisions.py."""
    if row is None:
        return "withdrawn" if record.answer is None else "submitted"
    if record.revision < row.revision:
        return "superseded"
    if record.revision == row.revision:
        return "duplicate" if record.answer == row.answer else "conflict"
    if record.answer is None:
        return "withdrawn"
    return "submitted" if row.answer is None else "edited"


@cache
def counted(known: Documents, records: Log, bug: str = "") -> Documents:
    """What a chunk makes of the rows that were looked up and the tallies in memory: services/scoring/chunk.py."""
    found = {row.response: row for row in known.rows}
    rows = {} if bug == "no dedupe" else dict(found)
    tallies, rejected, sums_ = list(known.tallies), list(known.rejected), list(known.sums)
    for offset, record in enumerate(records, known.next):
        row = rows.get(record.response)
        what = effect(row, record)
        if what in ("submitted", "edited", "withdrawn"):
            if row is not None and row.answer is not None and bug != "edit does not subtract":
                tallies[ANSWERS.index(row.answer)] -= 1
                sums_[ANSWERS.index(row.answer)] -= worth(row.answer, known.weighed)
            if record.answer is not None:
                tallies[ANSWERS.index(record.answer)] += 1
                sums_[ANSWERS.index(record.answer)] += worth(record.answer, known.weighed)
            rows[record.response] = record
        elif what == "conflict":
            rejected.append(offset)
    now = {**found, **rows}
    return known._replace(
        next=known.next + len(records),
        rows=tuple(now[id_] for id_ in sorted(now)),
        tallies=tuple(tallies),
        rejected=tuple(rejected),
        sums=tuple(sums_),
    )


def worth(answer: str, version: int) -> int:
    """What a response contributes: another version gives every answer another worth."""
    return (ANSWERS.index(answer) + 1) * 10 ** (version - 1)


@cache
def weighed(rows: tuple[Record, ...], version: int) -> tuple[int, ...]:
    """The sums that follow from rows."""
    return tuple(sum(worth(answer, version) for row in rows if row.answer == answer) for answer in ANSWERS)


@cache
def reckoned(log: Log, version: int = 1) -> Documents:
    """What must be stored after these records, said as a whole: the first of the highest revision of each response.

    With sums by a version of the definition.
    """
    by_response = {id_: [r for r in log if r.response == id_] for id_ in sorted({r.response for r in log})}
    rows = tuple(max(records, key=lambda r: r.revision) for records in by_response.values())
    rejected = []
    for offset, record in enumerate(log):
        before = [r for r in log[:offset] if r.response == record.response]
        best = max(before, key=lambda r: r.revision, default=record)
        if best.revision == record.revision and best.answer != record.answer:
            rejected.append(offset)
    return Documents(len(log), rows, sums(rows), tuple(rejected), weighed(rows, version), version)


def sums(rows: tuple[Record, ...]) -> tuple[int, ...]:
    return tuple(sum(row.answer == answer for row in rows) for answer in ANSWERS)
