"""The answers behind the figures, without whoever gave them: one row for each response and unit it rates.

No row has the response's id or anything made of it, a revision, a channel, a version or a time; rows of one response
about several units are not tied together, and their order is drawn anew for each file (decision 29). What is
hidden in the drill-down is empty here too, and of a unit that few of a group rate their rows are left out.

Everything is read in one snapshot, and the rows of each unit and group must be as many as the tallies say: otherwise
there is no file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database

from services.common import campaign_schema
from services.common.campaign import Campaign
from services.common.generation import Generation
from services.reporting.figures import Figures
from services.reporting.suppression import cell_key

Document = dict[str, Any]
RAW = CodecOptions(document_class=RawBSONDocument)
BATCH = 1_000
"""Rows that are held in memory."""


class Short(Exception):
    """The rows are not those that were counted."""


class Cell(NamedTuple):
    """What one group says of one leaf of one unit."""

    unit: str
    group: str
    leaf: str


class Row(NamedTuple):
    """What one response of a group says of one unit: leaf → option, None where that may not be shown."""

    unit: str
    group: str
    answers: Mapping[str, str | None]


@dataclass(frozen=True)
class Answers:
    """What there is to be read in a snapshot."""

    campaign: Campaign
    state: int
    """The newest state when the snapshot was taken; the rows may be a moment ahead of it."""
    positions: Mapping[str, int]
    """By partition of the topic of responses: the offset of the first record that is not in the rows."""
    counted: int
    """Responses that count."""
    n: Mapping[tuple[str, str], int]
    """By unit and group: the responses that rate it."""
    hidden: frozenset[Cell]
    _derived: Generation
    _session: ClientSession

    @property
    def left_out(self) -> dict[tuple[str, str], int]:
        """The units and groups with too few responses, and how many."""
        least = self.campaign.rules.suppress_below
        return {key: n for key, n in self.n.items() if 0 < n < least}

    @property
    def row_count(self) -> int:
        return sum(self.n.values()) - sum(self.left_out.values())

    def rows(self, group: str) -> Iterator[Row]:
        """A group's rows, in an order that is drawn anew.

        Raises:
            Short: they are not as many as the tallies say, of some unit.
            PyMongoError: MongoDB does not answer.
        """
        expected = {unit: n for (unit, of_group), n in self.n.items() if of_group == group and n}
        left_out = self.left_out
        found: Counter[str] = Counter()
        for unit, given in self._shuffled(group, sum(expected.values())):
            found[unit] += 1
            if (unit, group) not in left_out:
                answers = {
                    leaf: None if Cell(unit, group, leaf) in self.hidden else option for leaf, option in given.items()
                }
                yield Row(unit, group, answers)
        if found != expected:
            raise Short(f"group {group!r} has {found.total()} rows and {sum(expected.values())} are counted")

    def _shuffled(self, group: str, size: int) -> Iterator[tuple[str, Mapping[str, str]]]:
        """The ratings of a group, unit by unit, in random order: MongoDB sorts by a number drawn for each."""
        if not size:
            return
        pipeline: list[Document] = [
            {"$match": {"campaign": self.campaign.code, "group": group, "withdrawn": False}},
            {"$project": {"_id": 0, "rating": {"$objectToArray": "$ratings"}}},
            {"$unwind": "$rating"},
            # One more than there should be: a surplus must show.
            {"$sample": {"size": size + 1}},
        ]
        cursor = self._derived.responses.aggregate(
            pipeline, session=self._session, allowDiskUse=True, batchSize=BATCH, hint={"$natural": 1}
        )
        for document in cursor:
            yield document["rating"]["k"], document["rating"]["v"]


def answers(db: Database[Document], campaign: str, responses_topic: str, session: ClientSession) -> Answers:
    """What there is to be read of a campaign.

    Args:
        db: the database.
        campaign: its code.
        responses_topic: the full name of the topic of responses.
        session: of a snapshot, in which the rows are read too.

    Raises:
        Short: the campaign has no state.
        PyMongoError: MongoDB does not answer.
    """
    state = db.campaign_state.find_one({"_id": campaign}, session=session)
    if state is None:
        raise Short(f"campaign {campaign!r} has no state")
    key = {"campaign": campaign, "version": state["version"]}
    found = db.campaigns.find_one({"_id": key}, session=session)
    if found is None:
        raise Short(f"version {state['version']} of the definition is not there")
    defined = campaign_schema.load(found["definition"])
    derived = Generation.current(db, session)
    tallies = _tallies(derived, campaign, session)
    applied = derived.positions.find({"_id.topic": responses_topic}, {"next": 1, "counted": 1}, session=session)
    places = sorted(applied, key=lambda stored: int(stored["_id"]["partition"]))
    return Answers(
        defined,
        state["state"],
        {str(stored["_id"]["partition"]): stored["next"] for stored in places},
        sum(sum(stored.get("counted", {}).get(campaign, {}).values()) for stored in places),
        {key: n for key, (n, _) in tallies.items()},
        frozenset({*_hidden_in_detail(db, defined, session), *_small(defined, tallies)}),
        derived,
        session,
    )


Tallies = Mapping[tuple[str, str], tuple[int, Sequence[int]]]
"""By unit and group: responses, and counts by the group's layout."""


def _tallies(derived: Generation, campaign: str, session: ClientSession) -> Tallies:
    """The tallies, over all partitions."""
    found: dict[tuple[str, str], tuple[int, list[int]]] = {}
    wanted = {"n": 1, "counts": 1}
    for tally in derived.tallies.find({"_id.campaign": campaign}, wanted, session=session):
        key = tally["_id"]["unit"], tally["_id"]["group"]
        n, counts = found.get(key, (0, []))
        longer, shorter = sorted((counts, tally["counts"]), key=len, reverse=True)
        added = [count + (shorter[place] if place < len(shorter) else 0) for place, count in enumerate(longer)]
        found[key] = n + tally["n"], added
    return found


def _hidden_in_detail(db: Database[Document], campaign: Campaign, session: ClientSession) -> Iterator[Cell]:
    """The cells that the drill-down does not show."""
    indices = cast("Collection[RawBSONDocument]", db.get_collection("indices", codec_options=RAW))
    for document in indices.find({"campaign": campaign.code}, session=session):
        figures = Figures(campaign, bytes(document.raw))
        hidden = figures.hidden
        if hidden:
            for leaf in campaign.leaves:
                for group in leaf.groups:
                    if cell_key(leaf.code, group) in hidden:
                        yield Cell(figures.unit, group, leaf.code)


def _small(campaign: Campaign, tallies: Tallies) -> Iterator[Cell]:
    """The cells of too few answers by what is counted now, which may be a moment ahead of the indices."""
    for (unit, group), (_, counts) in tallies.items():
        for leaf, places in campaign.place.get(group, {}).items():
            options = {option.code: option for option in campaign.options(campaign.leaf[leaf])}
            opinions = sum(
                counts[place]
                for option, place in places.items()
                if place < len(counts) and option in options and options[option].percent is not None
            )
            if opinions < campaign.rules.suppress_below:
                yield Cell(unit, group, leaf)
