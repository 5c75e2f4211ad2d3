"""The drill-down of a unit: field → criterion → leaf → group, what was lost where, and how its block stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import fsum
from typing import Any

from services.common.campaign import Campaign, Criterion, Field, Group, Leaf, Unit
from services.common.ranking import exact, shown
from services.common.uncertainty import GroupError
from services.common.unit_index import LeafPoints, Points, Share, UnitIndex
from services.reporting.figures import Figures, label, plain
from services.reporting.rankings import View, figures, places, row, uncertainty
from services.reporting.standing import Standing
from services.reporting.suppression import Hidden, Key, cell_key, criterion_key, field_key, group_key, leaf_key

Document = dict[str, Any]

SUPPRESSED: Document = {"suppressed": True}
"""Stands beside figures that are null because they rest on too few answers, or would give such away."""


def document(standing: Standing, unit: Unit) -> Document:
    """The drill-down as it travels in JSON."""
    campaign, figures_ = standing.campaign, standing.units[unit.code].apart()
    own = row(standing, View(unit.block), unit.code)
    result = figures_.result
    page = _Page(campaign, unit, result, figures_.hidden)
    return {
        "campaign": campaign.code,
        "version": campaign.version,
        "unit": unit.code,
        "name": label(unit.name),
        "block": unit.block,
        "as_of": standing.as_of.document(),
        **({"released": True} if standing.of_releases else {}),
        "rank": own.rank.rank,
        "tied": own.rank.tied,
        "rank_interval": own.rank_interval,
        **figures(own.points, own.index, campaign.rules.decimals),
        **uncertainty(own.index, own.se, campaign.rules.decimals),
        "lost": plain(result.points.attainable - result.points.earned),
        "bonus": plain(result.bonus),
        "penalty": plain(result.penalty),
        **_of_block(standing, View(unit.block)),
        **_neighbours(standing, unit),
        "band": None if own.band is None else label(own.band.name),
        "n": own.n,
        "provisional": bool(own.pending),
        "pending": list(own.pending),
        "groups": [
            page.group(group, figures_.error(group.code)) for group in campaign.groups if unit.block in group.rates
        ],
        "uncertainty": _sources(campaign, figures_, own.se),
        "fields": [page.field(field, _beside(standing, unit, field)) for field in campaign.fields],
    }


def _beside(standing: Standing, unit: Unit, field: Field) -> Document:
    """How the unit stands in its block by one field. Units whose figure is hidden are no part of it."""
    view = View(unit.block, field.code)
    rank = places(standing, view).ranks[unit.code]
    return {"rank": rank.rank, "tied": rank.tied, **_of_block(standing, view)}


def _of_block(standing: Standing, view: View) -> Document:
    """The mean and the best of the indices that the block's ranking shows: they say nothing that it does not."""
    decimals = standing.campaign.rules.decimals
    found = places(standing, view)
    compared = {"block_mean": found.mean, "block_best": found.best}
    return {
        written: None if index is None else write(index)
        for name, index in compared.items()
        for written, write in ((name, lambda index: shown(index, decimals)), (f"{name}_exact", exact))
    }


def _neighbours(standing: Standing, unit: Unit) -> Document:
    """The units before and after this one, as the ranking of the block lists them."""
    found = places(standing, View(unit.block))
    place = found.order[unit.code]

    def at(wanted: int) -> Document | None:
        if not 0 <= wanted < len(found.listed):
            return None
        code = found.listed[wanted]
        return {"unit": code, "name": label(standing.campaign.unit[code].name), "rank": found.ranks[code].rank}

    return {"previous": at(place - 1), "next": at(place + 1)}


def _sources(campaign: Campaign, unit: Figures, se: float | None) -> Document:
    """Where a unit's standard error comes from, group by group; or why there is none.

    The groups' parts come to the whole: none is shown where one must not be.
    """
    counting, decimals = unit.counting, campaign.rules.decimals
    errors = {code: unit.error(code) for code in counting}
    known = {code: error for code, error in errors.items() if error is not None and error.points is not None}
    shown_ = se is not None and len(known) == len(counting)
    total = fsum(error.points**2 for error in known.values() if error.points is not None)

    def part(code: str) -> Document:
        if not shown_:
            return {"group": code, "se_points": None, "part": None, "limit": False}
        error = known[code]
        points = Fraction(error.points or 0)
        return {
            "group": code,
            "se_points": shown(points, decimals),
            "part": shown(100 * points**2 / Fraction(total), decimals) if total else None,
            "limit": error.limit,
        }

    reason = None if se is not None else "few-answers" if unit.too_few else "no-answers"
    return {"reason": reason, "groups": [part(code) for code in counting]}


class _Page:
    """What is shown of one unit."""

    def __init__(self, campaign: Campaign, unit: Unit, result: UnitIndex, hidden: Hidden) -> None:
        self._campaign = campaign
        self._block = unit.block
        self._result = result
        self._hidden = hidden

    def group(self, group: Group, error: GroupError | None) -> Document:
        """What one group alone makes of the unit."""
        found = self._result.groups[group.code]
        se, decimals = None if error is None else error.index, self._campaign.rules.decimals
        return {
            "group": group.code,
            "name": label(group.name),
            "n": found.n,
            **self._sum(group_key(group.code), found.points),
            **uncertainty(found.points.index, se, decimals),
        }

    def field(self, field: Field, beside: Mapping[str, object]) -> Document:
        points = self._result.fields[field.code]
        return {
            "field": field.code,
            "name": label(field.name),
            **self._sum(field_key(field.code), points),
            **beside,
            "criteria": [self._criterion(criterion) for criterion in field.criteria],
        }

    def _criterion(self, criterion: Criterion) -> Document:
        points = self._result.criteria[criterion.code]
        return {
            "criterion": criterion.code,
            "name": label(criterion.name),
            **self._sum(criterion_key(criterion.code), points),
            "leaves": [
                self._leaf(leaf, self._result.leaves[leaf.code])
                for leaf in criterion.leaves
                if leaf.code in self._result.leaves
            ],
        }

    def _sum(self, key: Key, points: Points) -> Document:
        """A sum of points with what was lost, or nothing of it where it is hidden."""
        if key in self._hidden:
            return figures(None, None, 0) | {"lost": None} | SUPPRESSED
        lost = plain(points.attainable - points.earned)
        return figures(points, points.index, self._campaign.rules.decimals) | {"lost": lost}

    def _leaf(self, leaf: Leaf, found: LeafPoints) -> Document:
        hidden = leaf_key(leaf.code) in self._hidden
        points = None if hidden else found.points
        written: Document = {
            "leaf": leaf.code,
            "name": label(leaf.name),
            "method": leaf.method,
            "max_points": plain(Fraction(leaf.max_points)),
            "state": found.state,
            "points": None if points is None else plain(points),
            "lost": None if points is None else plain(Fraction(leaf.max_points) - points),
            **(SUPPRESSED if hidden else {}),
        }
        if leaf.method == "survey":
            written["question"] = label(leaf.question or leaf.name)
            written["groups"] = list(self._cells(leaf, found.groups))
        return written

    def _cells(self, leaf: Leaf, shares: Mapping[str, Share]) -> Iterable[Document]:
        """Each group that is asked: how many answered, and which share (0-1) of the points it gave."""
        for code in self._campaign.raters(leaf, self._block):
            if cell_key(leaf.code, code) in self._hidden:
                yield {"group": code, "answers": None, "no_opinion": None, "share": None} | SUPPRESSED
                continue
            found = shares.get(code, Share(0, 0, None))
            yield {
                "group": code,
                "answers": found.answers,
                "no_opinion": found.no_opinion,
                "share": None if found.share is None else plain(found.share),
            }
