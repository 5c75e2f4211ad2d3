"""Reads one committed state of a campaign from MongoDB, or says that there is none to be read just now."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, cast

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database

from services.common import campaign_schema, rank_intervals
from services.common.campaign import Campaign
from services.reporting.figures import BRIEF, Figures
from services.reporting.standing import AsOf, Standing
from services.reporting.turns import in_turns

log = logging.getLogger(__name__)

Document = dict[str, Any]
RAW = CodecOptions(document_class=RawBSONDocument)

LARGE = 1_000
"""Units from which on the details are worth being read apart: they are nine tenths of the bytes."""


class Between(Exception):
    """The indices are between two states: a refresh is half-way. Read again; the message says what was seen."""


def campaign_codes(db: Database[Document]) -> list[str]:
    """The campaigns that have a state."""
    return [found["_id"] for found in db.campaign_state.find({}, {"_id": 1})]


def load(
    db: Database[Document],
    code: str,
    before: Standing | None,
    alive: Callable[[], None] = lambda: None,
    *,
    briefly: bool = False,
) -> Standing | None:
    """The campaign's state in force, read in one snapshot; None when it has none.

    Args:
        db: the database.
        code: of the campaign.
        before: an earlier state, of which the unchanged units are kept and only the others read; None reads all, and
            so does one without details.
        alive: called for each document, as the sign that MongoDB answers.
        briefly: whether the details of a large campaign's units can wait.

    Raises:
        Between: the documents do not make one state.
        PyMongoError: MongoDB does not answer.
    """
    with db.client.start_session(snapshot=True) as session:
        state = db.campaign_state.find_one({"_id": code}, session=session)
        alive()
        if state is None:
            return None
        as_of = AsOf.of(state)
        if before is not None and before.as_of.state > as_of.state:
            before = None  # the database was made anew
        campaign = _definition(db, session, code, as_of.version, before)
        rank_intervals.prepare(len(campaign.units))
        if before is not None and not before.detailed:
            before = None
        detailed = not briefly or len(campaign.units) < LARGE
        units: dict[str, Figures] = {}
        since = 0 if before is None else before.as_of.state
        indices = cast("Collection[RawBSONDocument]", db.get_collection("indices", codec_options=RAW))
        newer = {"campaign": code, "state": {"$gt": since}}
        for document in in_turns(indices.find(newer, None if detailed else BRIEF, session=session)):
            alive()
            try:
                figures = Figures(campaign, bytes(document.raw))
            except KeyError as missing:
                raise Between(
                    f"an earlier version of scoring wrote an index without {missing}: start the new"
                ) from missing
            if figures.state > as_of.state:
                raise Between(f"unit {figures.unit!r} is of state {figures.state}, not {as_of.state}")
            units[figures.unit] = figures
    kept = {} if before is None else before.units
    carried = before.carried_on if before is not None and before.campaign is campaign else None
    return Standing(campaign, as_of, _all_units(campaign, units, kept), detailed=detailed, carried=carried)


def _definition(
    db: Database[Document], session: ClientSession, code: str, version: int, before: Standing | None
) -> Campaign:
    if before is not None and before.campaign.version == version:
        return before.campaign
    found = db.campaigns.find_one({"_id": {"campaign": code, "version": version}}, session=session)
    if found is None:
        raise Between(f"version {version} of the definition is not there")
    return campaign_schema.load(found["definition"])


def _all_units(campaign: Campaign, read: Mapping[str, Figures], kept: Mapping[str, Figures]) -> dict[str, Figures]:
    """The figures of every unit, in the order of the definition."""
    try:
        return {code: read[code] if code in read else kept[code] for code in campaign.unit}
    except KeyError as missing:
        raise Between(f"unit {missing} has no index") from missing
