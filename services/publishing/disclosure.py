"""How much of a unit a publication shows, so that the difference of two publications is never a few answers. Pure.

docs/decisions/0034-publications.md has the reasons. What is shown within one publication is decided by
`reporting.suppression`, as for a campaign after its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from services.common import release
from services.common.campaign import Campaign
from services.common.uncertainty import GroupError
from services.common.unit_index import LeafPoints, Points, UnitIndex
from services.reporting.figures import Figures
from services.reporting.suppression import (
    Hidden,
    Key,
    cell_key,
    criterion_key,
    field_key,
    group_in_field_key,
    group_key,
    leaf_key,
)

Level = Literal["whole", "index", "nothing"]
"""Everything; no breakdown of what was answered; not the index either."""
Counts = Mapping[str, Sequence[int]]
"""By group, by its layout."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a publication showed of a unit, for those that come later."""

    level: Level
    counts: Counts
    leaves: Mapping[str, LeafPoints]
    """Of survey leaves, by code, as they are before anything is hidden."""
    hid: bool
    """Whether something that was answered is hidden."""


def level(
    campaign: Campaign,
    unit: str,
    counts: Counts,
    leaves: Mapping[str, LeafPoints],
    earlier: Sequence[Shown],
    *,
    is_open: bool,
) -> Level:
    """How much of a unit is shown.

    Args:
        campaign: the definition of this publication.
        unit: the unit's code.
        counts: what was answered up to its cut.
        leaves: the survey leaves that follow, by this definition.
        earlier: what the publications before it showed of the unit.
        is_open: whether it is made while the campaign goes on.
    """
    if campaign.rules.suppress_below <= 1:
        return "whole"
    bare: Level = "nothing" if release.attributable(campaign, campaign.unit[unit].block) else "index"
    if is_open:
        return bare
    found: Level = "whole"
    for before in earlier:
        if before.level != "whole":
            continue
        if _same(before.counts, counts):
            # The same answers in another sum, beside what was hidden in the first.
            if before.hid and before.leaves != leaves:
                found = "index"
        elif before.hid or not _far(campaign, before.counts, counts):
            return bare
    return found


def _same(then: Counts, now: Counts) -> bool:
    return all(_trimmed(then.get(group, ())) == _trimmed(now.get(group, ())) for group in {*then, *now})


def _trimmed(counts: Sequence[int]) -> list[int]:
    """Counts without zeros at the end, which another length of the layout would add."""
    found = list(counts)
    while found and not found[-1]:
        found.pop()
    return found


def _far(campaign: Campaign, then: Counts, now: Counts) -> bool:
    """Whether every cell that has changed has so many answers more that they are not few."""
    for group, places in campaign.place.items():
        size = len(campaign.layout[group])
        before, after = (_padded(counts.get(group, ()), size) for counts in (then, now))
        for leaf, options in places.items():
            if all(before[place] == after[place] for place in options.values()):
                continue
            opinions = release.opinions(campaign, leaf, options)
            if sum(after[place] - before[place] for place in opinions) < campaign.rules.suppress_below:
                return False
    return True


def _padded(counts: Sequence[int], size: int) -> list[int]:
    return [*counts, *[0] * (size - len(counts))]


class Published(Figures):
    """A unit's figures as a publication shows them."""

    def __init__(self, campaign: Campaign, raw: bytes, level: Level, near: Sequence[tuple[str, str]] = ()) -> None:
        """Takes the bytes of a document of `indices`; `near` are cells, leaf and group, that are not shown."""
        super().__init__(campaign, raw)
        self.level = level
        self._near = frozenset(near)
        if level == "nothing":
            # That a survey leaf has points would say that somebody had an opinion.
            self.pending = tuple(leaf for leaf in self.pending if campaign.leaf[leaf].method == "appraisal")

    @cached_property
    def points(self) -> Points:
        return Points() if self.level == "nothing" else super().points

    @property
    def result(self) -> UnitIndex:
        return replace(super().result, points=self.points)

    @property
    def too_few(self) -> bool:
        return self.level == "nothing" or super().too_few

    def error(self, group: str) -> GroupError | None:
        return super().error(group) if self.level == "whole" else None

    @cached_property
    def hidden(self) -> Hidden:
        return super().hidden if self.level == "whole" else _answered(self._campaign, self.forms)

    def _freshness(self) -> Callable[[str, str, int], bool]:
        return lambda leaf, group, _: (leaf, group) in self._near


def _answered(campaign: Campaign, groups: Mapping[str, int]) -> Hidden:
    """Everything in a breakdown that rests on answers."""
    found: set[Key] = set()
    for field in campaign.fields:
        for criterion in field.criteria:
            for leaf in criterion.leaves:
                if leaf.method == "survey":
                    found |= {leaf_key(leaf.code), criterion_key(criterion.code), field_key(field.code)}
                    found |= {cell_key(leaf.code, group) for group in leaf.groups}
        found |= {group_in_field_key(group, field.code) for group in groups}
    return frozenset(found | {group_key(group) for group in groups})
