"""What the council has said of each unit, leaf by leaf: the rows in force, read when they are asked for.

They are of one snapshot with the positions that it tells, and may be a moment ahead of the state that is shown.
"""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from services.common.campaign import Campaign, Leaf
from services.reporting.database import positions, snapshot
from services.reporting.figures import label
from services.reporting.standing import Standing
from services.reporting.turns import in_turns

Document = dict[str, Any]


def document(db: Database[Document], appraisals_topic: str, standing: Standing) -> Document:
    """The appraisals as they travel in JSON.

    Args:
        db: where they are read.
        appraisals_topic: the full name of the topic of appraisals.
        standing: the state in force.

    Raises:
        Problem: 503, they cannot be read.
    """
    campaign = standing.campaign
    with snapshot(db) as (derived, session):
        applied = positions(derived, appraisals_topic, session)
        found = derived.appraisals.find({"_id.campaign": campaign.code}, session=session)
        rows = {row["_id"]["unit"]: row for row in in_turns(found)}
    leaves = [leaf for leaf in campaign.leaves if leaf.method == "appraisal"]
    return {
        "campaign": campaign.code,
        "version": campaign.version,
        "as_of": {"state": standing.as_of.state, "positions": {"appraisals": applied}},
        "units": [_unit(campaign, unit, leaves, rows.get(unit, {})) for unit in in_turns(campaign.unit)],
    }


def _unit(campaign: Campaign, code: str, leaves: list[Leaf], row: Document) -> Document:
    unit = campaign.unit[code]
    given = row.get("leaves", {})
    return {
        "unit": code,
        "name": label(unit.name),
        "block": unit.block,
        "version": row.get("version", 0),
        "bonus": row.get("bonus", "0"),
        "penalty": row.get("penalty", "0"),
        "leaves": [_leaf(leaf, given.get(leaf.code, {})) for leaf in leaves],
    }


def _leaf(leaf: Leaf, given: Document) -> Document:
    """What is said of a leaf; all null where nothing is yet."""
    return {
        "leaf": leaf.code,
        "name": label(leaf.name),
        "max_points": f"{leaf.max_points:f}",
        "self_points": given.get("self_points"),
        "points": given.get("points"),
        "not_applicable": bool(given.get("not_applicable")),
        "note": given.get("note"),
        "evidence": _evidence(given.get("evidence")),
    }


def _evidence(stored: str | list[Document] | None) -> list[Document]:
    """Where the proof is: links with their titles. Of early events it is words alone."""
    if stored is None:
        return []
    return [{"title": stored}] if isinstance(stored, str) else stored
