"""Who has answered so far: forms against what was asked for, and what came in day by day. No scores, so always public.

How the forms are filled in (`fieldwork.quality`) is added for those who may see it.

The forms are those of the state in force, like every other figure. The activity of days is read when it is first asked
for in a state, in one snapshot with the positions it belongs to, which its own `as_of` tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymongo.database import Database

from services.common.campaign import Campaign, Group
from services.common.events import CHANNELS
from services.reporting import fieldwork
from services.reporting.database import positions, snapshot
from services.reporting.figures import label
from services.reporting.standing import Standing
from services.reporting.turns import in_turns

Document = dict[str, Any]

EFFECTS = ("submitted", "edited", "withdrawn", "duplicate", "superseded", "conflict")
VIA = {f"via_{channel}": channel for channel in CHANNELS}
NOTED = (*EFFECTS, *VIA, "long", "straight")


def document(
    db: Database[Document], responses_topic: str, standing: Standing, now: datetime, *, quality: bool = False
) -> Document:
    """Participation as it travels in JSON.

    Args:
        db: where the activity is read.
        responses_topic: the full name of the topic of responses.
        standing: the state in force.
        now: until when an even course is reckoned.
        quality: whether to tell how the forms are filled in.

    Raises:
        Problem: 503, the activity cannot be read.
    """
    campaign, as_of = standing.campaign, standing.as_of
    groups = [_group(campaign, group, as_of.counted.get(group.code, 0)) for group in campaign.groups]
    activity, came_in = _activity(db, responses_topic, campaign.code)
    filled = fieldwork.quality(standing, came_in) if quality else None
    return {
        "campaign": campaign.code,
        "version": campaign.version,
        "as_of": as_of.document(),
        "groups": groups,
        "blocks": fieldwork.blocks(standing),
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
        "missing": fieldwork.missing(standing),
        "activity": activity,
        "quality": filled,
        "warnings": fieldwork.warnings(campaign, groups, came_in, filled or (), now),
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
        "required": (owed := required(campaign, group)),
        "share": fieldwork.percent(counted, owed),
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
    owed = group.quota.forms if group.quota is not None and group.quota.per == "unit" else None
    return {"group": group.code, "n": standing.units[unit].forms.get(group.code, 0), "required": owed}


def _activity(db: Database[Document], responses_topic: str, campaign: str) -> tuple[Document, fieldwork.Sums]:
    """What came in by day of the campaign's own time zone, in all, and what waits because it could not be applied.

    With it the sums by group.
    """
    buried = {
        "campaign": campaign,
        "_id.topic": responses_topic,
        "reason": {"$ne": "conflict"},
        "requeued": {"$exists": False},
    }
    with snapshot(db) as (derived, session):
        applied = positions(derived, responses_topic, session)
        by_day_and_group = derived.activity.aggregate(
            [
                {"$match": {"_id.campaign": campaign}},
                {
                    "$group": {
                        "_id": {"day": "$_id.day", "group": "$_id.group"},
                        **{name: {"$sum": f"${name}"} for name in NOTED},
                    }
                },
                {"$sort": {"_id.day": 1, "_id.group": 1}},
            ],
            session=session,
        )
        noted = [(found["_id"]["day"], found["_id"]["group"], found) for found in by_day_and_group]
        by_reason = derived.rejected.aggregate(
            [
                {"$match": buried},
                {"$group": {"_id": "$reason", "n": {"$sum": 1}}},
                {"$sort": {"_id": 1}},
            ],
            session=session,
        )
        rejected = {found["_id"]: found["n"] for found in by_reason}
    days, came_in, totals = _Sums(), _Sums(), _Sums()
    for day, group, found in noted:
        days.add(day, found)
        came_in.add(group, found)
        totals.add("", found)
    written = totals.of("")
    return {
        "as_of": {"positions": {"responses": applied}},
        "days": [{"day": day, **_effects(of)} for day, of in days.sums.items()],
        # A withdrawal of what never came in is of no known group.
        "by_group": [{"day": day, "group": group or None, **_effects(found)} for day, group, found in noted],
        "totals": _effects(written) | {"rejected": sum(rejected.values())},
        "channels": {channel: written.get(name, 0) for name, channel in VIA.items()},
        "rejected": rejected,
    }, came_in.sums


class _Sums:
    """Sums of what activity counts, by some key in the order of its first coming."""

    def __init__(self) -> None:
        self.sums: dict[str, dict[str, int]] = {}

    def add(self, key: str, found: Mapping[str, Any]) -> None:
        before = self.of(key)
        self.sums[key] = {name: before.get(name, 0) + found[name] for name in NOTED}

    def of(self, key: str) -> Mapping[str, int]:
        return self.sums.get(key, {})


def _effects(found: Mapping[str, Any]) -> dict[str, int]:
    return {effect: found.get(effect, 0) for effect in EFFECTS}
