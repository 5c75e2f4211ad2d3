"""What must hold in every state that can be reached, and in those in which nothing is left to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .world import Setup, World, reckoned, sums

Promise = Callable[[Setup, World], str]
"""What is wrong, or nothing."""


def stands_in_the_log(setup: Setup, w: World) -> str:
    for record, said in zip(setup.requests, w.requests, strict=True):
        if said == "acknowledged" and record not in w.log[setup.partition(record)]:
            return f"revision {record.revision} of {record.response} was answered 202 and is not in the log"
    return ""


def tallies_are_sums(_: Setup, w: World) -> str:
    for found in (found for generation in w.stored for found in generation):
        if found.tallies != sums(found.rows):
            return f"the tallies are {found.tallies}, the sums of the rows {sums(found.rows)}"
    return ""


def is_the_log(_: Setup, w: World) -> str:
    for generation in w.stored:
        for log, found in zip(w.log, generation, strict=True):
            expected = reckoned(log[: found.next], found.weighed or 1)
            if not found.weighed:
                expected = expected._replace(weighed=0, sums=found.sums)
            if found != expected:
                return f"stored is {found}, but the log makes {expected}"
    return ""


def readers_see_one_state(_: Setup, w: World) -> str:
    """Unless a refresh is half-way: then readers keep what they have."""
    if any(index.number > w.shown.number for index in w.indices):
        return ""
    version = w.shown.version
    parts = [reckoned(log[:next_], version) for log, next_ in zip(w.log, w.shown.positions, strict=True)]
    for i, index in enumerate(w.indices):
        counts, sums_ = sum(part.tallies[i] for part in parts), sum(part.sums[i] for part in parts)
        if (index.indices[i], index.sums[i]) != (counts, sums_):
            return (
                f"an index is {index.indices[i]} with {index.sums[i]}, but the log up to {w.shown.positions} "
                f"makes {counts} with {sums_} by version {version}"
            )
        if index.generation != w.shown.generation:
            return f"an index is of generation {index.generation}, the state of {w.shown.generation}"
    return ""


def states_rise(_: Setup, w: World) -> str:
    return w.turned_back


def counts_once(setup: Setup, w: World) -> str:
    """Of every response the highest revision that was acknowledged, or a higher one that was sent; else nothing."""
    found = w.stored[w.current]
    rows = {row.response: row for documents in found for row in documents.rows}
    for response in sorted({record.response for record in setup.requests}):
        said = {r: said for r, said in zip(setup.requests, w.requests, strict=True) if r.response == response}
        best = max((record.revision for record in said if said[record] == "acknowledged"), default=0)
        if best and response not in rows:
            return f"{response} was answered 202 and is not counted"
        if response in rows and (rows[response].revision < best or said[rows[response]] in ("new", "refused")):
            return f"what counts is {rows[response]}; revision {best} was answered 202"
    counts = tuple(map(sum, zip(*(documents.tallies for documents in found), strict=True)))
    if counts != sums(tuple(rows.values())):
        return f"{counts} answers are counted, of {sums(tuple(rows.values()))}"
    return ""


ALWAYS: Mapping[str, Promise] = {
    "what was answered 202 is in the log": stands_in_the_log,
    "tallies are the sums of the rows": tallies_are_sums,
    "what is stored is the log up to the position": is_the_log,
    "readers see one state of the log": readers_see_one_state,
    "states only rise": states_rise,
}
AT_REST: Mapping[str, Promise] = {"what was answered 202 counts once": counts_once}
GOES_ON = "it can always go on"


def _shown(w: World) -> tuple[tuple[int, ...], int, int]:
    return w.shown.positions, w.shown.generation, w.shown.version


def at_rest(setup: Setup, w: World) -> bool:
    """Whether all is counted and shown, and nothing is under way."""
    ends = tuple(map(len, w.log))
    return (
        tuple(found.next for found in w.stored[w.current]) == ends
        and not w.lost
        and all(s.transaction is None and s.applying is None for s in w.scorers)
        and w.version == setup.versions
        and all(found.weighed == w.version for found in w.stored[w.current])
        and (not setup.refreshers or _shown(w) == (ends, w.current, w.version))
    )
