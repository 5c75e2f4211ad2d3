"""Which figures of a unit must not be shown, so that nobody's answer can be read off them. Pure.

A cell (one group's opinion of one leaf) made of fewer than `suppress_below` answers is hidden. Every sum that is shown
beside its parts is an equation, and one unknown in an equation is no secret: where exactly one figure of an equation
is hidden, another is hidden too, until no equation gives one away: of a unit's parts the next smallest, so that the
sums above stay; of a group's opinion the sum, so that the leaves stay. What several equations together might give away
is not looked for. The index of the whole unit is what the campaign is for: it is always shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from services.common.campaign import Campaign

Key = tuple[str, ...]
Hidden = frozenset[Key]
"""The keys of the hidden figures, as the functions below make them."""

GROUPED = ("cell", "group", "group in field")
"""Kinds of keys that belong to a group."""
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
    whole_first: bool
    """Which is hidden to protect a single hidden part: the whole, or another part."""


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


def hidden_groups(hidden: Hidden) -> frozenset[str]:
    """The groups of whose opinion something is hidden: how it scatters could give that away, and is not shown."""
    return frozenset(key[2] if key[0] == "cell" else key[1] for key in hidden if key[0] in GROUPED)


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

    def add(whole: Key | None, parts: Iterable[Key], *, whole_first: bool = False) -> None:
        known = tuple(part for part in parts if part in sizes)
        if known:
            sums.append(_Sum(whole, known, whole_first))
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
            cells = (cell_key(leaf.code, group) for leaf in field.leaves)
            add(group_in_field_key(group, field.code), cells, whole_first=True)
        in_fields = (group_in_field_key(group, field.code) for field in campaign.fields)
        add(group_key(group), in_fields, whole_first=True)
    return sums, sizes


def _completed(start: Iterable[Key], sums: Sequence[_Sum], sizes: Mapping[Key, int]) -> set[Key]:
    found = set(start)
    while more := {key for one in sums if (key := _given_away(one, found, sizes)) is not None}:
        found |= more
    return found


def _given_away(one: _Sum, found: set[Key], sizes: Mapping[Key, int]) -> Key | None:
    """The figure to hide as well when all but one of a sum's figures are shown."""
    wholes = [] if one.whole is None else [one.whole]
    if sum(1 for key in (*one.parts, *wholes) if key in found) != 1:
        return None
    parts = sorted((part for part in one.parts if part not in found), key=lambda part: sizes[part])
    wholes = [whole for whole in wholes if whole not in found]
    return next(iter((*wholes, *parts) if one.whole_first else (*parts, *wholes)), None)
