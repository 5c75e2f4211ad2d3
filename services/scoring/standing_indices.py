"""Which stored indices still are those of the log: what has changed since the state that holds them.

Whoever takes the refresh over finds a state with its positions, and every index as of it. Only what has changed since
has to be computed, if the rest would come out the same here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import metadata

from services.common.campaign import Campaign
from services.common.generation import Generation
from services.scoring.appraisal_chunk import RowKey
from services.scoring.ledger import Document, Fenced, Position
from services.scoring.mirrors import View
from services.scoring.tallies import Tally, TallyKey

FORM = 1
"""Of the documents that `indices.Indices` makes. Raised whenever one would come out otherwise than before."""

States = Mapping[str, Document]
"""By campaign."""


def made(view: View) -> Document:
    """What the indices of a state rest on beside its version, its generation and its positions."""
    return {"by": f"{_software()}/{FORM}", "weighings": dict(view.weighings)}


@cache
def _software() -> str:
    """The version of this package, which is read from a file: a refresh has no time for that."""
    return metadata.version("parindex")


def stands(state: Document, campaign: Campaign, view: View) -> bool:
    """Whether indices of a state differ from those of a view only where counts or appraisals have changed since.

    Not if another version of the software or of the definition made them, if the partitions are those of another
    generation, or if sums were made anew: that changes tallies without a record.
    """
    return (
        state["version"] == campaign.version
        and state.get("generation", 0) == view.generation
        and state.get("made") == made(view)
    )


def changed_tallies(states: States, partitions: Mapping[int, Mapping[TallyKey, Tally]]) -> set[RowKey]:
    """The units of which some tally has changed since their campaign's state.

    Args:
        states: the campaigns that matter.
        partitions: by number, the tallies of all partitions of responses.
    """
    changed = set()
    for p, tallies in partitions.items():
        since = {code: state["positions"]["responses"].get(str(p), 0) for code, state in states.items()}
        for (code, _, unit), tally in tallies.items():
            if code in since and tally.at > since[code]:
                changed.add((code, unit))
    return changed


def changed_rows(generation: Generation, position: Position, states: States) -> set[RowKey]:
    """The units whose appraisal has changed since their campaign's state.

    Args:
        generation: where the history of appraisals is.
        position: of the partition of appraisals, as it is known to this process.
        states: the campaigns that matter.

    Raises:
        Fenced: the position has moved.
        PyMongoError: MongoDB does not answer.
    """
    p = str(position.partition)
    since = {code: state["positions"]["appraisals"].get(p, 0) for code, state in states.items()}
    first = min(since.values(), default=position.next)
    if first >= position.next:
        return set()
    with generation.db.client.start_session(snapshot=True) as session:
        stored = generation.positions.find_one({"_id": position.key}, session=session)
        if stored is None or not position.is_that_of(stored):
            raise Fenced(f"position of {position.key} has moved")
        later = {"$gte": {**position.key, "offset": first}, "$lt": {**position.key, "offset": position.next}}
        return {
            (found["campaign"], found["unit"])
            for found in generation.appraisal_changes.find({"_id": later}, {"campaign": 1, "unit": 1}, session=session)
            if found["_id"]["offset"] >= since.get(found["campaign"], position.next)
        }
