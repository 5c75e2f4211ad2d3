"""How responses come to be counted: clients and the log, the transaction of a chunk, what the server does by itself.

Each function yields what may happen next, as a step and the state after it; README.md says where in the code a step is.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from .world import (
    Documents,
    Memory,
    Record,
    Refresher,
    Scorer,
    Setup,
    Transaction,
    Weighing,
    World,
    counted,
    put,
    weighed,
)


class Step(NamedTuple):
    """What happens between two states. What is not relied on may happen, but nothing may depend on it."""

    who: str
    does: str
    detail: str = ""
    relied_on: bool = True

    def __str__(self) -> str:
        return f"{self.who} {self.does}" + (f" ({self.detail})" if self.detail else "")


Next = Iterator[tuple[Step, World]]


class Chunk(NamedTuple):
    """What a scorer sets about to apply: the log of a partition from where its memory is."""

    partition: int
    memory: Memory
    until: int

    def __str__(self) -> str:
        return f"partition {self.partition}, {self.memory.next} to {self.until}"


class LedgerStep(NamedTuple):
    """A step of a chunk's transaction: as which `Ledger.apply` names it, what it does, and what it writes."""

    named: str
    does: str
    field: str = ""


LEDGER = (
    LedgerStep("1. positions", "compares the stored position with its own and sets the next", "next"),
    LedgerStep("2. work", "looks up the rows"),
    LedgerStep("2. work", "writes the rows", "rows"),
    LedgerStep("2. work", "writes the tallies, replaced from memory", "tallies"),
    LedgerStep("3. rejected", "keeps the rejected", "rejected"),
    LedgerStep("4. Commit", "commits, is told so and takes the counts over into memory"),
)


def clients(setup: Setup, w: World) -> Next:
    """Clients send until they are answered or give up; whatever was sent may arrive once more, and late."""
    begun = w.scorers != setup.start.scorers or w.stored != setup.start.stored or w.lost
    if setup.clients == "have sent" or (setup.clients == "first" and begun):
        return
    room = sum(map(len, w.log)) < setup.log
    for i, (record, said) in enumerate(zip(setup.requests, w.requests, strict=True)):
        if said == "refused" or (said == "new" and _precedes(setup, w, record)):
            continue
        step = partial(Step, "client", detail=str(record))
        p = setup.partition(record)
        appended = w._replace(log=put(w.log, p, (*w.log[p], record)))
        unknown, acknowledged = put(w.requests, i, "unknown"), put(w.requests, i, "acknowledged")
        if said == "new":
            yield step("sends, is answered 503, and the log does not have it"), w._replace(requests=unknown)
            if setup.clients == "meanwhile":
                refused = put(w.requests, i, "refused")
                yield step("sends and is refused for good"), w._replace(requests=refused)
            if setup.clients == "meanwhile" and room:
                yield step("sends, the log has it, and the answer is lost"), appended._replace(requests=unknown)
            if setup.bug == "answered before the log has it":
                yield step("sends and is answered 202 before the log has it"), w._replace(requests=acknowledged)
        if said != "acknowledged" and room:
            yield step("sends, the log has it, and it is answered 202"), appended._replace(requests=acknowledged)
        if said != "new" and room:
            yield step("had sent it before: it arrives once more"), appended


def _precedes(setup: Setup, w: World, record: Record) -> bool:
    """Whether the client has an earlier revision still to send."""
    return any(
        other.response == record.response and other.revision < record.revision and said == "new"
        for other, said in zip(setup.requests, w.requests, strict=True)
    )


def scorer(setup: Setup, w: World, i: int) -> Next:
    """A scorer, whom nobody tells whether it still owns what it has loaded. A frozen one takes no step."""
    s, step = w.scorers[i], partial(Step, name(i))
    for p, memory in enumerate(s.memory[: setup.own[i]]):
        if s.applying is None and memory is None:
            yield from _load(w, i, p)
        elif s.applying is None and memory is not None:
            yield from _weigh(setup, w, i, p, memory)
            if memory.weighed == 0 or (s.weighing is not None and s.weighing.partition == p):
                # Nothing may be added to sums that are being made anew.
                continue
            for until in _ends(setup, w, p, memory.next):
                yield from (_begin if setup.stepwise else _at_once)(setup, w, i, Chunk(p, memory, until))
            yield step("drops a partition after a rebalance", f"partition {p}"), drop(w, i, p)
        elif s.applying == p and memory is not None:
            yield from _go_on(setup, w, i, p, memory)
    fresh = setup.start.scorers[i]
    if s.applying is None and s.generation != w.current:
        moved = fresh._replace(generation=w.current, transaction=s.transaction)
        yield step("goes over to the current generation and drops everything"), with_scorer(w, i, moved)
    if s != fresh:
        lost = w.lost if s.transaction is None else w.lost | {_locks(s.transaction)._replace(dead=True)}
        yield step("crashes and starts again"), with_scorer(w, i, fresh)._replace(lost=lost)


def _load(w: World, i: int, p: int) -> Next:
    """Position and tallies, in one snapshot."""
    s = w.scorers[i]
    for stored in dict.fromkeys((w.stored[s.generation][p], w.earlier[s.generation][p])):
        loaded = s._replace(memory=put(s.memory, p, remembered(stored)))
        yield Step(name(i), "loads a partition", f"partition {p} at {stored.next}"), with_scorer(w, i, loaded)


def _begin(setup: Setup, w: World, i: int, chunk: Chunk) -> Next:
    """Step 1 opens the transaction; what its session had left behind ends with that."""
    s, p = w.scorers[i]._replace(transaction=None), chunk.partition
    w, step = with_scorer(w, i, s), partial(Step, name(i), detail=str(chunk))
    stored = w.stored[s.generation][p]
    after = stored._replace(next=chunk.until)
    expected = is_stored(setup, chunk.memory, stored)
    if setup.bug == "position before" and expected:
        opened = s._replace(applying=p, transaction=Transaction(s.generation, p, 1, after, after, ()))
        w = write(setup, w, s.generation, p, after)
        yield step("commits the next position, before the transaction"), with_scorer(w, i, opened)
    elif _locked(w, s.generation, p, "next"):
        yield step("meets the lock of another transaction and drops the partition"), drop(w, i, p)
    elif not expected and setup.bug != "no compare":
        yield step("is fenced, as the position has moved, and drops the partition"), drop(w, i, p)
    else:
        opened = s._replace(applying=p, transaction=Transaction(s.generation, p, 1, stored, after, ("next",)))
        does = "sets the next position, without a compare" if setup.bug == "no compare" else LEDGER[0].does
        yield step(does), with_scorer(w, i, opened)


def _go_on(setup: Setup, w: World, i: int, p: int, memory: Memory) -> Next:
    """Steps 2 to 4, and what may go wrong with each."""
    s, step, fail = w.scorers[i], partial(Step, name(i)), partial(_fail, setup, w, i, p)
    t, drops = s.transaction, "drops the partition"
    if setup.bug == "memory kept after an error":
        drops = "reads the position again, but keeps the tallies"
    if t is None:
        yield step(f"finds its transaction ended and {drops}"), fail()
        return
    yield step(f"gets an error, ends the transaction and {drops}"), fail()
    yield step(f"gets an error, cannot end the transaction and {drops}"), fail(_locks(t))
    if t.writes.next > memory.next + 1:
        smaller = s._replace(applying=None, transaction=None)
        yield step("is told that the chunk is too large and tries less"), with_scorer(w, i, smaller)
    now = LEDGER[t.done]
    if now is LEDGER[-1]:
        yield step(f"sends the commit, is told nothing and {drops}"), fail(t._replace(committing=True))
        adopted = put(s.memory, p, memory._replace(next=t.writes.next, tallies=t.writes.tallies, sums=t.writes.sums))
        after = s._replace(memory=adopted, applying=None, transaction=None)
        yield step(now.does), with_scorer(_commit(setup, w, t), i, after)
        return
    if now.field:
        others = with_scorer(w, i, s._replace(transaction=None))
        if _locked(others, t.generation, p, now.field) or _changed(w, t, now.field):
            yield step(f"meets a write conflict and {drops}"), fail()
            return
        known = t.snapshot._replace(next=memory.next, tallies=memory.tallies, sums=memory.sums)
        result = counted(known, w.log[p][memory.next : t.writes.next], setup.bug)
        t = t._replace(writes=_with_field(t.writes, result, now.field), written=(*t.written, now.field))
        if now.field == "tallies" and setup.bug == "memory adopted before the commit":
            s = s._replace(memory=put(s.memory, p, memory._replace(tallies=result.tallies)))
    yield step(now.does), with_scorer(w, i, s._replace(transaction=t._replace(done=t.done + 1)))


def _at_once(setup: Setup, w: World, i: int, chunk: Chunk) -> Next:
    """The whole transaction as one step: from its first step to its end nobody else sees or changes the partition."""
    s, p, memory = w.scorers[i], chunk.partition, chunk.memory
    step = partial(Step, name(i), detail=str(chunk))
    stored = w.stored[s.generation][p]
    if not is_stored(setup, memory, stored):
        yield step("is fenced, as the position has moved, and drops the partition"), drop(w, i, p)
        return
    known = stored._replace(tallies=memory.tallies, sums=memory.sums, weighed=memory.weighed)
    after = counted(known, w.log[p][memory.next : chunk.until], setup.bug)
    # Only the tallies that it touches are replaced, and it says by which version it has counted.
    changed = zip(stored.sums, memory.sums, after.sums, strict=True)
    sums = tuple(there if new == before else new for there, before, new in changed)
    w = write(setup, w, s.generation, p, after._replace(sums=sums))
    adopted = s._replace(memory=put(s.memory, p, remembered(after)))
    yield step("applies a chunk"), with_scorer(w, i, adopted)
    yield step("applies a chunk, is told nothing and drops the partition"), drop(w, i, p)


def remembered(stored: Documents) -> Memory:
    return Memory(stored.next, stored.tallies, stored.sums, stored.weighed)


def is_stored(setup: Setup, memory: Memory, stored: Documents) -> bool:
    """The compare: nobody has applied a chunk, or made sums anew, since the partition was loaded."""
    return memory.next == stored.next and (not memory.outdated or setup.bug == "weighings are not compared")


def _write_sums(setup: Setup, w: World, generation: int, p: int, new: Documents) -> World:
    """New sums, and what whoever has loaded the partition will be told of them by the compare."""
    for i, s in enumerate(w.scorers):
        memory = s.memory[p]
        if memory is not None and s.generation == generation:
            w = with_scorer(w, i, s._replace(memory=put(s.memory, p, memory._replace(outdated=True))))
    return write(setup, w, generation, p, new)


def _weigh(setup: Setup, w: World, i: int, p: int, memory: Memory) -> Next:
    """The sums of a partition are made anew from its rows, and written in two parts: each a transaction as one step."""
    s, step = w.scorers[i], partial(Step, name(i), detail=f"partition {p}")
    stored, new = w.stored[s.generation][p], s.weighing
    if new is None and memory.weighed < w.version:
        read = Weighing(p, w.version, weighed(stored.rows, w.version))
        yield step("reads the rows to weigh them by the new version"), with_scorer(w, i, s._replace(weighing=read))
    if new is None or new.partition != p:
        return
    if not is_stored(setup, memory, stored):
        yield step("is fenced, as the position has moved, and drops the partition"), drop(w, i, p)
        return
    last = new.done + 1 == len(new.sums)
    after = stored._replace(
        sums=put(stored.sums, new.done, new.sums[new.done]),
        weighed=new.version if last or setup.bug == "the version comes first" else 0,
    )
    w = _write_sums(setup, w, s.generation, p, after)
    known = remembered(after) if last else memory._replace(weighed=after.weighed)
    adopted = s._replace(memory=put(s.memory, p, known), weighing=None if last else new._replace(done=new.done + 1))
    yield step("writes the last of the new sums" if last else "writes some of the new sums"), with_scorer(w, i, adopted)
    yield step("writes new sums, is told nothing and drops the partition"), drop(w, i, p)


def publish(setup: Setup, w: World) -> Next:
    """A new version of the definition."""
    if w.version < setup.versions:
        yield Step("operator", "publishes a new version of the definition"), w._replace(version=w.version + 1)


def others(setup: Setup, w: World) -> Next:
    """Further processes in any generation: late scorers in the old one, scorers and the rebuild in the new one."""
    for generation, partitions in enumerate(w.stored):
        for p, stored in enumerate(partitions):
            for until in _ends(setup, w, p, stored.next):
                after = counted(stored, w.log[p][stored.next : until], setup.bug)
                detail = f"generation {generation}, partition {p}, {stored.next} to {after.next}"
                if stored.weighed:
                    yield Step("another process", "applies a chunk", detail), write(setup, w, generation, p, after)
            if stored.weighed < w.version:
                new = stored._replace(sums=weighed(stored.rows, w.version), weighed=w.version)
                detail = f"generation {generation}, partition {p}"
                yield Step("another process", "makes the sums anew", detail), _write_sums(setup, w, generation, p, new)


def server(setup: Setup, w: World) -> Next:
    """What MongoDB does with open transactions by itself. It is not relied on but for those of the dead."""
    left = [(w._replace(lost=w.lost - {t}), t, "a lost session") for t in sorted(w.lost, key=str)]
    left += [
        (with_scorer(w, i, s._replace(transaction=None)), s.transaction, name(i))
        for i, s in enumerate(w.scorers)
        if s.transaction is not None
    ]
    for ended, t, whose in left:
        yield Step("MongoDB", "ends a transaction that has lived too long", f"of {whose}", t.dead), ended
        if t.committing:
            yield Step("MongoDB", "carries out a commit that was sent", f"by {whose}", t.dead), _commit(setup, ended, t)


def _ends(setup: Setup, w: World, p: int, start: int) -> range:
    """Where a chunk that begins at `start` may end."""
    return range(start + 1, min(start + setup.chunk, len(w.log[p])) + 1)


def name(i: int) -> str:
    return f"scorer {'ABC'[i]}"


def with_scorer(w: World, i: int, s: Scorer) -> World:
    return w._replace(scorers=put(w.scorers, i, s))


def drop(w: World, i: int, p: int) -> World:
    s = w.scorers[i]
    new = None if s.weighing is not None and s.weighing.partition == p else s.weighing
    return with_scorer(w, i, s._replace(memory=put(s.memory, p, None), refresher=Refresher(), weighing=new))


def write(setup: Setup, w: World, generation: int, p: int, documents: Documents) -> World:
    after = put(w.stored, generation, put(w.stored[generation], p, documents))
    return w._replace(stored=after, earlier=w.stored if setup.stale else after)


def _fail(setup: Setup, w: World, i: int, p: int, left: Transaction | None = None) -> World:
    """After an error: the partition is dropped; the transaction may be left behind, open."""
    memory = w.scorers[i].memory[p]
    w = drop(w, i, p)
    if left is not None and setup.bug == "a new session after an error":
        w, left = w._replace(lost=w.lost | {left}), None
    s = w.scorers[i]._replace(applying=None, transaction=left)
    if memory is not None and setup.bug == "memory kept after an error":
        s = s._replace(memory=put(s.memory, p, memory._replace(next=w.stored[s.generation][p].next)))
    return with_scorer(w, i, s)


def _locks(t: Transaction) -> Transaction:
    """What is left of a transaction that will not be committed: its first lock, on which all others wait."""
    return t if t.committing else Transaction(t.generation, t.partition, 0, Documents(), Documents(), t.written[:1])


def _locked(w: World, generation: int, p: int, field: str) -> bool:
    opened = [*w.lost, *(s.transaction for s in w.scorers if s.transaction is not None)]
    return any((t.generation, t.partition) == (generation, p) and field in t.written for t in opened)


def _changed(w: World, t: Transaction, field: str) -> bool:
    """Whether another one has written since the transaction began: the first writer wins."""
    return bool(getattr(w.stored[t.generation][t.partition], field) != getattr(t.snapshot, field))


def _commit(setup: Setup, w: World, t: Transaction) -> World:
    documents = w.stored[t.generation][t.partition]
    for field in t.written:
        documents = _with_field(documents, t.writes, field)
    return write(setup, w, t.generation, t.partition, documents)


def _with_field(documents: Documents, source: Documents, field: str) -> Documents:
    fields = ("tallies", "sums") if field == "tallies" else (field,)
    return documents._replace(**{name: getattr(source, name) for name in fields})
