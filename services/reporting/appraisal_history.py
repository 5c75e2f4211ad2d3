"""What the council says of one unit, and every change of it: who, when, why, before and after.

Read when it is asked for, in one snapshot with the positions that it tells; it may be ahead of the state shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from flask import Request
from pymongo.client_session import ClientSession
from pymongo.database import Database

from services.common import problems
from services.common.appraisal_answer import row_answer, values_answer, warnings_answer
from services.common.appraisal_warnings import warnings
from services.common.appraisals import NO_ROW
from services.common.campaign import Unit
from services.common.generation import Generation
from services.common.problems import Fault, Problem
from services.common.records import appraisal_row
from services.reporting.database import positions, snapshot
from services.reporting.figures import label
from services.reporting.queries import query
from services.reporting.standing import Standing

Document = dict[str, Any]
Read = Callable[[Generation, ClientSession], Document]

MOST_CHANGES = 200
CHANGES = 50


class Page(NamedTuple):
    """Which changes are asked for: so many, older than the one that the cursor names."""

    limit: int
    before: int | None


def page(request: Request) -> Page:
    """The page that a query asks for.

    Raises:
        Problem: 422, it is none.
    """
    given = query(request, "limit", "cursor")
    limit, cursor = given.get("limit", str(CHANGES)), given.get("cursor")
    faults = []
    if not (_is_whole(limit) and 1 <= int(limit) <= MOST_CHANGES):
        faults.append(Fault("/limit", "out-of-range", f"a whole number from 1 to {MOST_CHANGES}"))
    if cursor is not None and not _is_whole(cursor):
        faults.append(Fault("/cursor", "not-a-cursor", "give `next` of the page before, as it is"))
    if faults:
        raise Problem(problems.INVALID, "the query cannot be answered as it is", faults)
    return Page(int(limit), None if cursor is None else int(cursor))


def row(db: Database[Document], appraisals_topic: str, standing: Standing, unit: Unit) -> Document:
    """A unit's row in force with its warnings; version 0 when nothing was said yet.

    Raises:
        Problem: 503, it cannot be read.
    """

    def read(derived: Generation, session: ClientSession) -> Document:
        stored = derived.appraisals.find_one({"_id": _of(standing, unit)}, session=session)
        found = NO_ROW if stored is None else appraisal_row(stored)
        warned = warnings(standing.campaign, found, ("row",))
        return {"row": row_answer(found), "warnings": warnings_answer(warned)}

    return _document(db, appraisals_topic, standing, unit, read)


def history(db: Database[Document], appraisals_topic: str, standing: Standing, unit: Unit, wanted: Page) -> Document:
    """A unit's changes, the newest first. What is older than the page is found by the cursor `next`.

    Raises:
        Problem: 503, they cannot be read.
    """

    def read(derived: Generation, session: ClientSession) -> Document:
        asked: Document = _of(standing, unit)
        if wanted.before is not None:
            asked["version"] = {"$lt": wanted.before}
        found = derived.appraisal_changes.find(asked, session=session).sort("version", -1).limit(wanted.limit)
        changes = [_change(change) for change in found]
        # Versions are counted from 1 without a gap: each is a change.
        more = bool(changes) and changes[-1]["version"] > 1
        return {"changes": changes, "next": str(changes[-1]["version"]) if more else None}

    return _document(db, appraisals_topic, standing, unit, read)


def _document(db: Database[Document], topic: str, standing: Standing, unit: Unit, read: Read) -> Document:
    with snapshot(db) as (derived, session):
        applied = positions(derived, topic, session)
        found = read(derived, session)
    return {
        "campaign": standing.campaign.code,
        "version": standing.campaign.version,
        "unit": unit.code,
        "name": label(unit.name),
        "block": unit.block,
        "as_of": {"state": standing.as_of.state, "positions": {"appraisals": applied}},
        **found,
    }


def _of(standing: Standing, unit: Unit) -> Document:
    return {"campaign": standing.campaign.code, "unit": unit.code}


def _change(stored: Mapping[str, Any]) -> Document:
    at: datetime = stored["time"]
    return {
        "version": stored["version"],
        "by": stored["by"],
        "time": at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "why": stored.get("why"),
        "before": values_answer(appraisal_row(stored["before"])),
        "after": values_answer(appraisal_row(stored["after"])),
    }


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= len("999999999999999")
