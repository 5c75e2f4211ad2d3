"""Which figures of a unit must not be shown, so that nobody's answer can be read off them. Pure.

A cell (one group's opinion of one leaf) made of fewer than `suppress_below` answers is hidden. Every sum that is shown
beside its parts is an equation, and one unknown in an equation is no secret: where exactly one figure of an equation
is hidden, the next smallest is hidden too, up to the sum itself, until no equation gives one away. What several
equations together might give away is not looked for. The index of the whole unit is what the campaign is for: it is
always shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from services.common.campaign import Campaign

Key = tuple[str, ...]
Hidden = frozenset[Key]
"""The keys of the hidden figures, as the functions below make them."""

NOTHING: Hidden = frozenset()


class Cell(NamedTuple):
    """One group's answers about one leaf; `counts` when they are part of the leaf's points."""

    leaf: str
    group: str
    answers: int
    no_opinion: int
    counts: bool


class _Sum(NamedTuple):
    """Parts that come to a whole; a whole of None is shown in any case."""

    whole: Key | None
    parts: tuple[Key, ...]


def cell_key(leaf: str, group: str) -> Key:
    return "cell", leaf, group


def leaf_key(leaf: str) -> Key:
    return "leaf", leaf


def criterion_key(criterion: str) -> Key:
    return "criterion", criterion


def field_key(field: str) -> Key:
    return "field", field


def group_key(group: str) -> Key:
    return "group", group


def group_in_field_key(group: str, field: str) -> Key:
    return "group in field", group, field


def hidden(campaign: Campaign, cells: Sequence[Cell], n: Mapping[str, int]) -> Hidden:
    """What must be hidden of one unit.

    Args:
        campaign: for its structure and its rule suppress_below.
        cells: all cells of the unit.
        n: by group, the responses that rate the unit.
    """
    least = campaign.rules.suppress_below
    small = {
        cell_key(cell.leaf, cell.group)
        for cell in cells
        # Of a cell that is empty everybody knows the answers already: there are none.
        if cell.answers < least and cell.answers + cell.no_opinion
    }
    few = [group for group, forms in n.items() if 0 < forms < least]
    if not small and not few:
        return NOTHING
    for group in few:
        small.add(group_key(group))
        small.update(group_in_field_key(group, field.code) for field in campaign.fields)
    counting = {(cell.leaf, cell.group): cell.answers for cell in cells if cell.counts}
    sums, sizes = _equations(campaign, counting)
    small.update(key for key, size in sizes.items() if key[0] == "leaf" and size < least)
    return frozenset(_completed(small, sums, sizes))


def _equations(campaign: Campaign, counting: Mapping[tuple[str, str], int]) -> tuple[list[_Sum], dict[Key, int]]:
    """The sums that are shown, and of how many answers each figure in them is made.

    What rests on appraisals alone is no unknown and stands in no sum.
    """
    sizes: dict[Key, int] = {cell_key(leaf, group): answers for (leaf, group), answers in counting.items()}
    sums: list[_Sum] = []

    def add(whole: Key | None, parts: Iterable[Key]) -> None:
        known = tuple(part for part in parts if part in sizes)
        if known:
            sums.append(_Sum(whole, known))
            if whole is not None:
                sizes[whole] = sum(sizes[part] for part in known)

    for field in campaign.fields:
        for criterion in field.criteria:
            for leaf in criterion.leaves:
                add(leaf_key(leaf.code), (cell_key(leaf.code, group) for group in leaf.groups))
            add(criterion_key(criterion.code), (leaf_key(leaf.code) for leaf in criterion.leaves))
        add(field_key(field.code), (criterion_key(criterion.code) for criterion in field.criteria))
    add(None, (field_key(field.code) for field in campaign.fields))
    for group in campaign.group:
        for field in campaign.fields:
            add(group_in_field_key(group, field.code), (cell_key(leaf.code, group) for leaf in field.leaves))
        add(group_key(group), (group_in_field_key(group, field.code) for field in campaign.fields))
    return sums, sizes


def _completed(start: Iterable[Key], sums: Sequence[_Sum], sizes: Mapping[Key, int]) -> set[Key]:
    found = set(start)
    while more := {key for one in sums if (key := _given_away(one, found, sizes)) is not None}:
        found |= more
    return found


def _given_away(one: _Sum, found: set[Key], sizes: Mapping[Key, int]) -> Key | None:
    """The figure to hide as well when all but one of a sum's figures are shown."""
    unknown = sum(1 for key in _figures(one) if key in found)
    if unknown != 1:
        return None
    shown = [part for part in one.parts if part not in found]
    if shown:
        return min(shown, key=lambda part: sizes[part])
    return None if one.whole in found else one.whole


def _figures(one: _Sum) -> Iterator[Key]:
    yield from one.parts
    if one.whole is not None:
        yield one.whole
