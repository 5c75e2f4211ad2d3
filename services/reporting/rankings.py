"""The ranking of a block: by the whole index, by a field, by what one group says, or by a group within a field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

import orjson

from services.common.campaign import Band, Campaign, Unit
from services.common.rank_intervals import Estimate, rank_intervals
from services.common.ranking import Rank, band, exact, mean, ranks, shown
from services.common.release import attributable
from services.common.uncertainty import interval
from services.common.unit_index import Points
from services.reporting.figures import Figures, label, plain
from services.reporting.outline import Outline, group_in_field, outline
from services.reporting.standing import Standing
from services.reporting.turns import in_turns


class View(NamedTuple):
    """Which ranking: of a block, by a field's sub-index and by a group's answers where these are given."""

    block: str
    field: str | None = None
    group: str | None = None

    @property
    def whole(self) -> bool:
        """Whether it ranks by the whole index."""
        return self.field is None and self.group is None


Interval = tuple[int, int]
"""The best rank and the worst."""


@dataclass(frozen=True, slots=True)
class Row:
    """A unit in a ranking. `points` is None where they are suppressed; `n` are the responses they rest on.

    `se` is in percentage points of the index; None, and `rank_interval` with it, where it is not known or suppressed.
    """

    unit: Unit
    rank: Rank
    rank_interval: Interval | None
    points: Points | None
    index: Fraction | None
    se: float | None
    band: Band | None
    n: int
    pending: tuple[str, ...]

    @property
    def suppressed(self) -> bool:
        return self.points is None


@dataclass(frozen=True)
class Places:
    """Of the units of a view's block: their points (None where suppressed), indices and ranks, best first."""

    points: Mapping[str, Points | None]
    indices: Mapping[str, Fraction | None]
    ranks: Mapping[str, Rank]

    @cached_property
    def mean(self) -> Fraction | None:
        """The mean of the indices there are; None where there are none."""
        return mean(index for index in self.indices.values() if index is not None)

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """The units, best first."""
        return tuple(self.ranks)

    @cached_property
    def order(self) -> Mapping[str, int]:
        """Where in that list each stands, from 0."""
        return {unit: place for place, unit in enumerate(self.listed)}

    @property
    def best(self) -> Fraction | None:
        """The highest of them; None where there are none."""
        return self.indices[next(iter(self.ranks))] if self.ranks else None


def places(standing: Standing, view: View) -> Places:
    """Who stands where by a view; made once per state."""

    def make() -> Places:
        found = dict(_indexed(standing, view))
        points = {unit: points for unit, (points, _) in found.items()}
        indices = {unit: index for unit, (_, index) in found.items()}
        return Places(points, indices, ranks(indices, standing.campaign.rules.ties))

    return standing.derived(("places", view), make)


def intervals(standing: Standing, view: View) -> Mapping[str, Interval]:
    """Between which ranks units of a view's block truly are, those that have a standard error; made once per state."""

    def make() -> Mapping[str, Interval]:
        found = places(standing, view)
        ranked = {unit: index for unit, index in found.indices.items() if index is not None}
        estimates = [Estimate(float(index), _se(standing, unit, view)) for unit, index in in_turns(ranked.items())]
        return {
            # With dense ranks fewer stand before a unit than are better.
            unit: (min(best, found.ranks[unit].rank or best), worst)
            for unit, (best, worst) in known(zip(ranked, rank_intervals(estimates), strict=True))
        }

    def known(pairs: Iterable[tuple[str, Interval | None]]) -> Iterator[tuple[str, Interval]]:
        return ((unit, interval) for unit, interval in pairs if interval is not None)

    return standing.derived(("rank intervals", view), make)


def row(standing: Standing, view: View, unit: str) -> Row:
    """A unit's row in a ranking of its block."""
    campaign, found = standing.campaign, places(standing, view)
    figures_ = standing.units[unit]
    return Row(
        unit=campaign.unit[unit],
        rank=found.ranks[unit],
        rank_interval=intervals(standing, view).get(unit),
        points=found.points[unit],
        index=found.indices[unit],
        se=None if found.indices[unit] is None else _se(standing, unit, view),
        band=band(found.indices[unit], campaign.bands),
        n=_n(figures_, view),
        pending=_pending(standing, unit, view),
    )


def rows(standing: Standing, view: View) -> list[Row]:
    """The units of the view's block, best first; units without a figure last, equals in the definition's order."""
    return [row(standing, view, unit) for unit in in_turns(places(standing, view).ranks)]


def document(standing: Standing, view: View) -> bytes:
    """The ranking as it travels in JSON.

    A unit's row is written once for all the states in which nothing but its rank changes.
    """
    campaign = standing.campaign
    chosen = {"field": view.field, "group": view.group}
    head = {
        "campaign": campaign.code,
        "version": campaign.version,
        "block": view.block,
        **{name: code for name, code in chosen.items() if code is not None},
        "as_of": standing.as_of.document(),
        **({"released": True} if of_releases(standing, view) else {}),
    }
    lines = b",".join(_line(standing, view, unit) for unit in in_turns(places(standing, view).ranks))
    return b'%b,"rows":[%b]}' % (orjson.dumps(head)[:-1], lines)


def of_releases(standing: Standing, view: View) -> bool:
    """Whether a ranking's figures are those that were released last, and not of the state in force."""
    return standing.of_releases and (not view.whole or attributable(standing.campaign, view.block))


def _line(standing: Standing, view: View, unit: str) -> bytes:
    """A unit's row in JSON."""

    def write() -> tuple[bytes, bytes]:
        return _around_rank(row(standing, view, unit), standing.campaign.rules.decimals)

    unit_ = standing.units[unit]
    # Other views are seldom asked for, and there are many of them.
    before, after = unit_.derived(("row", standing.campaign.version), write) if view.whole else write()
    rank = places(standing, view).ranks[unit]
    number = b"null" if rank.rank is None else b"%d" % rank.rank
    between = intervals(standing, view).get(unit)
    limits = b"null" if between is None else b"[%d,%d]" % between
    tied = b"true" if rank.tied else b"false"
    return b'%b,"rank":%b,"tied":%b,"rank_interval":%b,%b' % (before, number, tied, limits, after)


def _around_rank(row: Row, decimals: int) -> tuple[bytes, bytes]:
    """What stands before and after a row's rank."""
    before = {"unit": row.unit.code, "name": label(row.unit.name)}
    after: dict[str, Any] = {
        **figures(row.points, row.index, decimals),
        **uncertainty(row.index, row.se, decimals),
        "band": None if row.band is None else label(row.band.name),
        "n": row.n,
        "provisional": bool(row.pending),
        "pending": list(row.pending),
    }
    if row.suppressed:
        after["suppressed"] = True
    return orjson.dumps(before)[:-1], orjson.dumps(after)[1:]


def figures(points: Points | None, index: Fraction | None, decimals: int) -> dict[str, str | None]:
    """An index rounded and exact, and the points it is made of; all null where there is no figure to show."""
    return {
        "index": None if index is None else shown(index, decimals),
        "index_exact": None if index is None else exact(index),
        "earned": None if points is None else plain(points.earned),
        "attainable": None if points is None else plain(points.attainable),
    }


def uncertainty(index: Fraction | None, se: float | None, decimals: int) -> dict[str, Any]:
    """A standard error and the 95 % interval made of it, rounded as the index is; null where there is none to show."""
    if index is None or se is None:
        return {"se": None, "interval": None}
    if not se:
        # The very digits of the index, also where a float would round them the other way.
        return {"se": shown(Fraction(0), decimals), "interval": [shown(index, decimals)] * 2}
    # Estimates: a quick way to their digits, of which none is a tie.
    return {"se": f"{se:.{decimals}f}", "interval": [f"{limit:z.{decimals}f}" for limit in interval(index, se)]}


def _se(standing: Standing, unit: str, view: View) -> float | None:
    """The standard error of the view's index; None where it is not known, or not to be shown."""
    if view.field is not None:
        return None  # the moments are of all fields together
    if view.group is None:
        return standing.units[unit].se
    return outline(standing, unit).groups[view.group].se


def _indexed(standing: Standing, view: View) -> Iterator[tuple[str, tuple[Points | None, Fraction | None]]]:
    """By unit of the block its points (None where they must not be shown) and the index, kept where it is kept."""
    campaign = standing.campaign
    units = in_turns(unit.code for unit in campaign.units if unit.block == view.block)
    if view.whole:
        yield from ((unit, (standing.units[unit].points, standing.units[unit].index)) for unit in units)
    elif view.group is None:
        place = _place(campaign, view.field)
        for unit in units:
            found = outline(standing, unit)
            yield unit, (found.fields[place], found.indices[place])
    else:
        for unit in units:
            points = _of_group(outline(standing, unit), campaign, view.group, view.field)
            yield unit, (points, None if points is None else points.index)


def _of_group(found: Outline, campaign: Campaign, group: str, field: str | None) -> Points | None:
    return found.groups[group].points if field is None else group_in_field(found, campaign, group, field)


def _n(unit: Figures, view: View) -> int:
    return unit.n if view.group is None else unit.forms.get(view.group, 0)


def _pending(standing: Standing, unit: str, view: View) -> tuple[str, ...]:
    """The leaves that the view's figure still waits for. Of a suppressed one they might say who had no opinion."""
    if view.whole:
        return standing.units[unit].pending
    if places(standing, view).points[unit] is None:
        return ()
    found = outline(standing, unit)
    pending = found.pending if view.group is None else found.groups[view.group].pending
    if view.field is None:
        return pending
    of_field = {leaf.code for leaf in standing.campaign.fields[_place(standing.campaign, view.field)].leaves}
    return tuple(leaf for leaf in pending if leaf in of_field)


def _place(campaign: Campaign, field: str | None) -> int:
    return next(place for place, found in enumerate(campaign.fields) if found.code == field)
