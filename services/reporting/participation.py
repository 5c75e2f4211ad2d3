"""Who has answered so far: forms against what was asked for, and what came in day by day. No scores, so always public.

The forms are those of the state in force, like every other figure. The activity of days is read when it is first asked
for in a state, in one snapshot with the positions it belongs to, which its own `as_of` tells.
"""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from services.common.campaign import Campaign, Group
from services.reporting.database import positions, snapshot
from services.reporting.figures import label
from services.reporting.standing import Standing
from services.reporting.turns import in_turns

Document = dict[str, Any]

EFFECTS = ("submitted", "edited", "withdrawn", "duplicate", "superseded", "conflict")


def document(db: Database[Document], responses_topic: str, standing: Standing) -> Document:
    """Participation as it travels in JSON.

    Args:
        db: where the activity is read.
        responses_topic: the full name of the topic of responses.
        standing: the state in force.

    Raises:
        Problem: 503, the activity cannot be read.
    """
    campaign, as_of = standing.campaign, standing.as_of
    return {
        "campaign": campaign.code,
        "version": campaign.version,
        "as_of": as_of.document(),
        "groups": [_group(campaign, group, as_of.counted.get(group.code, 0)) for group in campaign.groups],
        "units": [
            {
                "unit": unit.code,
                "name": label(unit.name),
                "block": unit.block,
                "n": standing.units[unit.code].n,
                "groups": [
                    _of_unit(standing, unit.code, group) for group in campaign.groups if unit.block in group.rates
                ],
            }
            for unit in in_turns(campaign.units)
        ],
        "activity": _activity(db, responses_topic, campaign.code),
    }


def _group(campaign: Campaign, group: Group, counted: int) -> Document:
    quota = (
        None
        if group.quota is None
        else {"per": group.quota.per, "forms": group.quota.forms, "covers": group.quota.covers}
    )
    return {
        "group": group.code,
        "name": label(group.name),
        "counted": counted,
        "required": required(campaign, group),
        "quota": quota,
    }


def required(campaign: Campaign, group: Group) -> int | None:
    """The forms that a group owes in the whole campaign; None where none are asked for."""
    if group.quota is None:
        return None
    times = {
        "campaign": 1,
        "block": len(group.rates),
        "unit": sum(1 for unit in campaign.units if unit.block in group.rates),
    }
    return group.quota.forms * times[group.quota.per]


def _of_unit(standing: Standing, unit: str, group: Group) -> Document:
    """How many of a group's forms rate a unit, and how many were asked for where the quota is the unit's."""
    found = standing.units[unit].group(group.code)
    owed = group.quota.forms if group.quota is not None and group.quota.per == "unit" else None
    return {"group": group.code, "n": 0 if found is None else found.n, "required": owed}


def _activity(db: Database[Document], responses_topic: str, campaign: str) -> Document:
    """What came in by day of the campaign's own time zone, in all, and what waits because it could not be applied."""
    sums = {effect: {"$sum": f"${effect}"} for effect in EFFECTS}
    buried = {
        "campaign": campaign,
        "_id.topic": responses_topic,
        "reason": {"$ne": "conflict"},
        "requeued": {"$exists": False},
    }
    with snapshot(db) as (derived, session):
        applied = positions(derived, responses_topic, session)
        by_day = derived.activity.aggregate(
            [
                {"$match": {"_id.campaign": campaign}},
                {"$group": {"_id": "$_id.day", **sums}},
                {"$sort": {"_id": 1}},
            ],
            session=session,
        )
        days = [{"day": day["_id"], **{effect: day[effect] for effect in EFFECTS}} for day in by_day]
        by_reason = derived.rejected.aggregate(
            [
                {"$match": buried},
                {"$group": {"_id": "$reason", "n": {"$sum": 1}}},
                {"$sort": {"_id": 1}},
            ],
            session=session,
        )
        rejected = {found["_id"]: found["n"] for found in by_reason}
    return {
        "as_of": {"positions": {"responses": applied}},
        "days": days,
        "totals": {effect: sum(day[effect] for day in days) for effect in EFFECTS}
        | {"rejected": sum(rejected.values())},
        "rejected": rejected,
    }
