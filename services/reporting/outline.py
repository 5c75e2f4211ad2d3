"""What the views of a whole block take of each unit's breakdown: what may be shown of it, small enough to be kept.

To read a unit's breakdown takes half a millisecond, and several as it is released: for ten thousand units that is done
once, and again only for those that have changed. What is seldom asked for is kept as texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from services.common import index_document
from services.common.campaign import Campaign, Field
from services.common.unit_index import Points
from services.reporting.figures import Figures
from services.reporting.standing import Standing
from services.reporting.suppression import (
    cell_key,
    field_key,
    group_in_field_key,
    group_key,
    leaf_key,
)

NOTHING, HIDDEN = "", "-"
"""Stand in the texts for a leaf without points to show, and for a hidden figure."""
Ratio = tuple[int, int]


class OfGroup(NamedTuple):
    """What a group makes of a unit.

    `points` are None where they are hidden; `pending` are the leaves on which it does not count yet; of the cells that
    may be shown, `answers` have an opinion and `silent` none.
    """

    points: Points | None
    se: float | None
    pending: tuple[str, ...]
    answers: int
    silent: int


class Outline(NamedTuple):
    """A unit's breakdown in brief, in the order of the definition.

    `leaves` has the points of those leaves that have some and show them, `within` those of each group in each field.
    """

    fields: tuple[Points | None, ...]
    indices: tuple[Fraction | None, ...]
    """By field, of these points."""
    pending: tuple[str, ...]
    groups: Mapping[str, OfGroup]
    leaves: str
    within: str


def outline(standing: Standing, unit: str) -> Outline:
    """That of a unit; made once and handed on with its figures from state to state.

    Raises:
        Problem: 503, the details are still being read.
    """
    campaign, figures = standing.campaign, standing.units[unit]
    return figures.derived(("outline", campaign.version), lambda: _outlined(campaign, figures.apart()))


def group_in_field(outline: Outline, campaign: Campaign, group: str, field: str) -> Points | None:
    """A group's points within a field; None where they are hidden."""
    place = list(outline.groups).index(group) * len(campaign.fields)
    place += next(number for number, found in enumerate(campaign.fields) if found.code == field)
    text = outline.within.split(" ")[place]
    return None if text == HIDDEN else index_document.points(text.split("|"))


def _outlined(campaign: Campaign, unit: Figures) -> Outline:
    hidden, leaves = unit.hidden, unit.document["leaves"]
    groups = [group.code for group in campaign.groups]
    fields = tuple(None if field_key(field.code) in hidden else unit.field(field.code) for field in campaign.fields)
    return Outline(
        fields,
        tuple(None if points is None else points.index for points in fields),
        unit.pending_in_breakdown,
        {group: _of_group(unit, leaves, group) for group in groups},
        " ".join(
            NOTHING if found is None or leaf_key(leaf.code) in hidden else found["points"] or NOTHING
            for leaf in campaign.leaves
            for found in (leaves.get(leaf.code),)
        ),
        " ".join(
            HIDDEN if group_in_field_key(group, field.code) in hidden else _within(leaves, group, field)
            for group in groups
            for field in campaign.fields
        ),
    )


def _of_group(unit: Figures, leaves: Mapping[str, Any], group: str) -> OfGroup:
    hidden, found, error = unit.hidden, unit.group(group), unit.error(group)
    shown = [
        cell
        for leaf, each in leaves.items()
        if (cell := each["groups"].get(group)) is not None and cell_key(leaf, group) not in hidden
    ]
    return OfGroup(
        None if group_key(group) in hidden else Points() if found is None else found.points,
        None if error is None else error.index,
        unit.unanswered(group),
        sum(cell["answers"] for cell in shown),
        sum(cell["no_opinion"] for cell in shown),
    )


def _within(leaves: Mapping[str, Any], group: str, field: Field) -> str:
    """A group's points over those leaves of a field on which it counts."""
    earned, attainable = (0, 1), (0, 1)
    for maximum, share in _shares(leaves, group, field):
        above, _, below = share.partition("/")
        earned = _added(earned, (maximum[0] * int(above), maximum[1] * int(below or 1)))
        attainable = _added(attainable, maximum)
    return f"{Fraction(*earned)}|{Fraction(*attainable)}"


def _shares(leaves: Mapping[str, Any], group: str, field: Field) -> Iterator[tuple[Ratio, str]]:
    for leaf in field.leaves:
        if group in leaf.groups and leaf.code in leaves:
            share = leaves[leaf.code]["groups"].get(group, {}).get("share")
            if share is not None:
                yield leaf.max_points.as_integer_ratio(), share


def _added(one: Ratio, other: Ratio) -> Ratio:
    return one[0] * other[1] + other[0] * one[1], one[1] * other[1]
