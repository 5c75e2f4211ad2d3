"""How readers come to see one state after the other: refreshers, of whom one has the token; a rebuild's pointer."""

from __future__ import annotations

from functools import partial

from .protocol import Next, Step, is_stored, name, with_scorer
from .world import Refresher, Setup, State, World, put


def refresher(setup: Setup, w: World, i: int) -> Next:
    """A scorer that takes itself for the one that refreshes; between two chunks, as it has one thread."""
    r, step = w.scorers[i].refresher, partial(Step, name(i))
    if r.phase == "out" and not _writing(w):
        yield step("takes the token"), _take(setup, w, i)
    elif r.phase == "taken":
        yield step("reads the last state"), _with(w, i, Refresher("ready", w.shown))
    elif r.phase == "ready" and r.state is not None:
        yield from _look(setup, w, i, r.state)
    elif r.phase == "seen":
        yield from _begin(setup, w, i, r)
    elif r.phase == "writing" and r.state is not None:
        for does, after in _commit(setup, w, i, r, r.state):
            yield step(does), after
            yield step(f"{does}, is told nothing and forgets the token"), _with(after, i, Refresher())
    if r.phase in ("seen", "writing"):
        yield step("gets an error in a refresh and forgets the token"), _with(w, i, Refresher())


def _take(setup: Setup, w: World, i: int) -> World:
    """Whoever had the token ends at its next compare; what it knows till then matters for the proof of just that."""
    for j, s in enumerate(w.scorers):
        if setup.rebuild and s.refresher.phase != "out":
            w = _with(w, j, Refresher("seen"))
    return _with(w, i, Refresher("taken"))._replace(token=i)


def _look(setup: Setup, w: World, i: int, known: State) -> Next:
    """All positions in one snapshot: its own partitions from memory, what others have counted from the database."""
    s, step = w.scorers[i], partial(Step, name(i))
    for stored in dict.fromkeys((w.stored[s.generation], w.earlier[s.generation])):
        both = list(zip(s.memory, stored, strict=True))
        if any(memory is not None and not is_stored(setup, memory, found) for memory, found in both):
            fenced = s._replace(memory=(None,) * setup.partitions, refresher=Refresher(), weighing=None)
            yield step("looks, is fenced as a position has moved, and drops everything"), with_scorer(w, i, fenced)
            continue
        positions = tuple(found.next for found in stored)
        versions = {found.weighed for found in stored}
        if (len(versions) > 1 or 0 in versions) and setup.bug != "versions are mixed":
            # Between two versions readers keep the state that they have.
            continue
        tallies = [found.tallies if memory is None else memory.tallies for memory, found in both]
        sums = [found.sums if memory is None else memory.sums for memory, found in both]
        view = State(known.number + 1, s.generation, positions, _total(tallies), _total(sums), max(versions))
        if not _behind(view, known) or setup.bug == "positions are not compared":
            detail = f"{positions} in generation {s.generation}"
            yield step("looks at all positions in one snapshot", detail), _with(w, i, Refresher("seen", view))


def _total(parts: list[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*parts, strict=True)))


def _begin(setup: Setup, w: World, i: int, r: Refresher) -> Next:
    """Opens the transaction of a part of the indices."""
    step, out = partial(Step, name(i)), _with(w, i, Refresher())
    does = "compares the token and reads the pointer"
    if setup.bug == "refresher without a token":
        does = "reads the pointer"
    elif w.token != i:
        yield step("finds the token of another and forgets its own"), out
        return
    if setup.bug == "refresher does not read the pointer":
        does = "compares the token"
    elif r.state is not None and r.state.generation != w.current:
        yield step("finds another generation current and forgets the token"), out
        return
    if not _writing(w):
        yield step(does), _with(w, i, r._replace(phase="writing"))


def _commit(setup: Setup, w: World, i: int, r: Refresher, view: State) -> list[tuple[str, World]]:
    """A part of the indices, unless it is as it was; the last part with the state."""
    if not _stands(setup, w, r.part, view):
        w = w._replace(indices=put(w.indices, r.part, view))
    if r.part + 1 < len(w.indices):
        return [("commits a part of the indices", _with(w, i, Refresher("seen", view, r.part + 1)))]
    w = w._replace(shown=view, turned_back=_turned_back(w.shown, view))
    return [("commits the last part and the state", _renumbered(_with(w, i, Refresher("ready", view))))]


def _stands(setup: Setup, w: World, part: int, view: State) -> bool:
    """Whether a part was written for the state that is shown, or one before, and nothing of it has changed since."""
    shown = w.shown
    return (
        (shown.indices[part], shown.sums[part], shown.version) == (view.indices[part], view.sums[part], view.version)
        and (shown.generation == view.generation or setup.bug == "indices of another generation are left")
        and (w.indices[part].number <= shown.number or setup.bug == "indices without a state are left")
    )


def rebuild(w: World) -> Next:
    """Moves the pointer, at any moment at all. What fills the next generation is one of the other processes."""
    if w.current == 0:
        yield Step("rebuild", "makes the next generation current"), w._replace(current=1)


def _turned_back(before: State, after: State) -> str:
    if after.number <= before.number:
        return "a state was written over by one that is not newer"
    if after.generation < before.generation:
        return "a state is of an older generation than the one before it"
    if after.version < before.version:
        return "a state is of an older version than the one before it"
    return f"positions turned back from {before.positions} to {after.positions}" if _behind(after, before) else ""


def _behind(one: State, other: State) -> bool:
    return any(mine < yours for mine, yours in zip(one.positions, other.positions, strict=True))


def _renumbered(w: World) -> World:
    """Numbers of states only mean something beside each other: counted from the one shown, few are to be told apart."""

    def near(state: State) -> State:
        return state._replace(number=max(-2, state.number - w.shown.number))

    for i, s in enumerate(w.scorers):
        if s.refresher.state is not None:
            w = _with(w, i, s.refresher._replace(state=near(s.refresher.state)))
    return w._replace(indices=tuple(map(near, w.indices)), shown=near(w.shown))


def _writing(w: World) -> bool:
    """Whether a transaction of a refresh is open: it holds what any other would have to lock."""
    return any(s.refresher.phase == "writing" for s in w.scorers)


def _with(w: World, i: int, r: Refresher) -> World:
    return with_scorer(w, i, w.scorers[i]._replace(refresher=r))
