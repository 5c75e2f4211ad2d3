"""How the survey goes: blocks and cells against the quota, how forms are filled in, and what to look after. Pure.

How forms are filled in is of answers, so it follows the rules of suppression: it is made of cells that may be shown and
of groups of enough forms, and everybody sees it only when no more responses come in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from services.common.campaign import Campaign, Group
from services.common.ranking import shown
from services.reporting.figures import label
from services.reporting.outline import outline
from services.reporting.standing import Standing
from services.reporting.turns import in_turns

Document = dict[str, Any]
Sums = Mapping[str, Mapping[str, int]]
"""By group what came in, over all days, by the names of activity."""

MOST_LISTED = 1_000
"""Cells: all others are counted, and stand among the units."""
DECIMALS = 2

_SAID = {
    "behind": (
        "chậm tiến độ: thiếu {percent} % so với tiến độ đều",
        "behind: {percent} % of the quota is missing to an even course",
    ),
    "edited": ("{percent} % số phiếu đã bị sửa", "{percent} % of the forms were changed"),
    "withdrawn": ("{percent} % số phiếu đã bị rút", "{percent} % of the forms were taken back"),
    "conflict": ("{percent} % số phiếu mâu thuẫn", "{percent} % of the forms met another content"),
    "no_opinion": ("{percent} % trả lời không có ý kiến", "{percent} % of the answers are without opinion"),
    "straight_lining": (
        "{percent} % số lượt đánh giá chọn một phương án cho mọi câu hỏi",
        "{percent} % of the ratings give one answer throughout",
    ),
}


def percent(part: int, whole: int | None) -> str | None:
    """A share in percent with two decimals; None of nothing."""
    return None if not whole else shown(Fraction(100 * part, whole), DECIMALS)


def enough(campaign: Campaign) -> int:
    """The forms from which on a cell is not missing: so many that what they say may be shown."""
    return max(1, campaign.rules.suppress_below, campaign.rules.min_answers)


def blocks(standing: Standing) -> list[Document]:
    """By block and group: how often its units were rated, against the quota, and how many cells have too few forms."""
    campaign = standing.campaign
    sums: dict[tuple[str, str], list[int]] = {}
    for _, block, group, n in _cells(standing):
        of = sums.setdefault((block, group), [0, 0, 0])
        of[0] += n
        of[1] += 1
        of[2] += n < enough(campaign)
    return [
        {
            "block": block.code,
            "name": label(block.name),
            "groups": [
                _of_block(group, *sums.get((block.code, group.code), (0, 0, 0)))
                for group in campaign.groups
                if block.code in group.rates
            ],
        }
        for block in campaign.blocks
    ]


def _of_block(group: Group, n: int, cells: int, missing: int) -> Document:
    quota = group.quota
    times = {"unit": cells, "block": 1, "campaign": 0}
    owed = None if quota is None or quota.per == "campaign" else quota.forms * times[quota.per]
    return {
        "group": group.code,
        "n": n,
        "required": owed,
        "share": percent(n, owed),
        "cells": cells,
        "missing": missing,
    }


def missing(standing: Standing) -> Document:
    """The cells (unit and group) that have no or too few forms, those with the fewest first."""
    least = enough(standing.campaign)
    found = sorted(((n, unit, group) for unit, _, group, n in _cells(standing) if n < least), key=lambda cell: cell[0])
    listed = [{"unit": unit, "group": group, "n": n} for n, unit, group in found[:MOST_LISTED]]
    return {"below": least, "cells": len(found), "listed": listed}


def _cells(standing: Standing) -> Iterator[tuple[str, str, str, int]]:
    """Unit, its block, a group that rates it, and the group's forms."""
    groups = standing.campaign.groups
    for unit in in_turns(standing.campaign.units):
        forms = standing.units[unit.code].forms
        for group in groups:
            if unit.block in group.rates:
                yield unit.code, unit.block, group.code, forms.get(group.code, 0)


def quality(standing: Standing, came_in: Sums) -> list[Document]:
    """By group how its forms are filled in, of what may be shown; null where that is nothing."""
    campaign = standing.campaign
    opinions: dict[str, list[int]] = {group.code: [0, 0] for group in campaign.groups}
    for unit in in_turns(campaign.unit):
        for group, found in outline(standing, unit).groups.items():
            opinions[group][0] += found.answers
            opinions[group][1] += found.silent
    return [
        _filled(
            group,
            opinions[group.code],
            came_in.get(group.code, {}),
            standing.as_of.counted.get(group.code, 0),
            campaign,
        )
        for group in campaign.groups
    ]


def _filled(
    group: Group, opinions: Sequence[int], came_in: Mapping[str, int], forms: int, campaign: Campaign
) -> Document:
    answers, silent = opinions
    told = forms >= campaign.rules.suppress_below
    # Where an earlier version of scoring counted the first of the forms, less than nothing may be left of them.
    long, straight = (max(0, came_in.get(name, 0)) for name in ("long", "straight")) if told else (0, 0)
    return {
        "group": group.code,
        "answers": answers + silent,
        "no_opinion": percent(silent, answers + silent),
        "ratings": long,
        "straight_lining": percent(straight, long),
        **({} if told else {"suppressed": True}),
    }


def warnings(
    campaign: Campaign, groups: Iterable[Document], came_in: Sums, filled: Iterable[Document], now: datetime
) -> list[Document]:
    """What passes a threshold of the campaign, group by group.

    Args:
        campaign: with its thresholds.
        groups: by group the forms `counted` and `required`.
        came_in: by group what came in.
        filled: of `quality`, where it may be shown.
        now: how far an even course has come.
    """
    limits = campaign.fieldwork
    course = min(Fraction(1), max(Fraction(0), Fraction((now - campaign.opens) / (campaign.closes - campaign.opens))))
    found = []

    def warn(code: str, group: str, part: Fraction | int, whole: int | None, limit: int) -> None:
        if whole and limit < 100 and part > 0 and 100 * part >= limit * whole:  # noqa: PLR2004 - percent
            found.append(_warning(code, group, shown(Fraction(100 * part) / whole, DECIMALS), limit))

    for group in groups:
        code, owed = group["group"], group["required"]
        if owed:
            warn("behind", code, course * owed - group["counted"], owed, limits.behind)
        noted = came_in.get(code, {})
        forms = noted.get("submitted", 0)
        for effect in ("edited", "withdrawn", "conflict"):
            warn(effect, code, noted.get(effect, 0), forms, getattr(limits, effect))
    for group in filled:
        for code, limit in (("no_opinion", limits.no_opinion), ("straight_lining", limits.straight_lining)):
            if (share := group[code]) is not None:
                warn(code, group["group"], Fraction(share), 100, limit)
    return found


def _warning(code: str, group: str, said: str, limit: int) -> Document:
    vi, en = (text.format(percent=said) for text in _SAID[code])
    return {
        "code": code,
        "where": {"group": group},
        "percent": said,
        "limit": limit,
        "detail": {"vi": vi[0].upper() + vi[1:], "en": en[0].upper() + en[1:]},
    }
