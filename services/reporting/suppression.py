"""Which figures of a unit must not be shown, so that nobody's answer can be worked out from what is. Pure.

A cell (one group's opinion of one leaf) of fewer than `suppress_below` answers is hidden, and what would give it away
(docs/decisions/0028-nothing-to-be-worked-out.md has the proof):

- Leaf, criterion, field and unit are sums, each within the next. Where exactly one figure of such a sum is hidden,
  another is hidden too: the smallest, so that the sums above stay.
- What a group makes of a unit or field is shown when nothing of it is hidden, so it never says anything new.
- Who follows a public index response by response knows what each group adds to it. Every hidden cell is then a line
  between the smallest sum around it that is shown and its group, and can be worked out exactly if it is a bridge: the
  only link between two parts of that graph. Cells are hidden until no cell that needs it is one.

The index of the whole unit is what the campaign is for: it is always shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from services.common.campaign import Campaign
from services.reporting.bridges import bridges

Key = tuple[str, ...]
Hidden = frozenset[Key]
"""The keys of the hidden figures, as the functions below make them."""

GROUPED = ("cell", "group", "group in field")
"""Kinds of keys that belong to a group."""
NOTHING: Hidden = frozenset()
UNIT: Key = ("unit",)
ANY_GROUP: Key = ("groups",)
"""Stands for all groups where nobody knows what each of them adds."""


class Cell(NamedTuple):
    """One group's answers about one leaf; `counts` when they are part of the leaf's points.

    `fresh`: whether what was shown of it before is but a few answers away, so that the two would give these away.
    """

    leaf: str
    group: str
    answers: int
    no_opinion: int
    counts: bool
    fresh: bool = False


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


def hidden_groups(hidden: Hidden) -> frozenset[str]:
    """The groups of whose opinion something is hidden: how it scatters could give that away, and is not shown."""
    return frozenset(key[2] if key[0] == "cell" else key[1] for key in hidden if key[0] in GROUPED)


def hidden(campaign: Campaign, cells: Sequence[Cell], n: Mapping[str, int], *, followed: bool = False) -> Hidden:
    """What must be hidden of one unit.

    Args:
        campaign: for its structure and its rule suppress_below.
        cells: all cells of the unit.
        n: by group, the responses that rate the unit.
        followed: whether everybody could follow the unit's index from response to response.
    """
    least = campaign.rules.suppress_below
    small = {
        cell_key(cell.leaf, cell.group)
        for cell in cells
        # Of a cell that is empty everybody knows the answers already: there are none.
        if (cell.answers < least and cell.answers + cell.no_opinion) or cell.fresh
    }
    few = [group for group, forms in n.items() if 0 < forms < least]
    if not small and not few:
        return NOTHING
    found = _Hiding(campaign, {(cell.leaf, cell.group): cell.answers for cell in cells if cell.counts}, followed)
    found.hide(small)
    counting = ((cell.leaf, cell.group) for cell in cells if cell.counts)
    return frozenset(found.keys | _of_groups(campaign, counting, found.keys, few))


def _of_groups(campaign: Campaign, parts: Iterable[tuple[str, str]], found: set[Key], few: Iterable[str]) -> set[Key]:
    """What must not be said of a group: in the whole, and in each field, of which a part is hidden."""
    field_of = {leaf.code: field.code for field in campaign.fields for leaf in field.leaves}
    shut = {(group, field_of[leaf]) for leaf, group in parts if cell_key(leaf, group) in found}
    shut |= {(group, field.code) for group in few for field in campaign.fields}
    return {group_in_field_key(*pair) for pair in shut} | {group_key(group) for group, _ in shut}


class _Hiding:
    """What is hidden of a unit: more and more, until nothing gives away what must be."""

    def __init__(self, campaign: Campaign, counting: Mapping[tuple[str, str], int], followed: bool) -> None:  # noqa: FBT001
        self.keys: set[Key] = set()
        self._cells = {cell_key(leaf, group): answers for (leaf, group), answers in counting.items()}
        self._followed = followed
        self._sizes: dict[Key, int] = dict(self._cells)
        self._above: dict[Key, Key] = {}
        self._sums: list[_Sum] = []
        self._least = campaign.rules.suppress_below
        for field in campaign.fields:
            for criterion in field.criteria:
                for leaf in criterion.leaves:
                    self._add(leaf_key(leaf.code), (cell_key(leaf.code, group) for group in leaf.groups))
                self._add(criterion_key(criterion.code), (leaf_key(leaf.code) for leaf in criterion.leaves))
            self._add(field_key(field.code), (criterion_key(criterion.code) for criterion in field.criteria))
        self._add(None, (field_key(field.code) for field in campaign.fields))

    def _add(self, whole: Key | None, parts: Iterable[Key]) -> None:
        """A sum that is shown beside its parts. What rests on appraisals alone is no unknown and stands in no sum."""
        known = tuple(part for part in parts if part in self._sizes)
        if not known:
            return
        self._sums.append(_Sum(whole, known))
        self._above.update(dict.fromkeys(known, UNIT if whole is None else whole))
        if whole is not None:
            self._sizes[whole] = sum(self._sizes[part] for part in known)

    def hide(self, small: set[Key]) -> None:
        """Hides cells, and whatever would give them away."""
        self.keys |= small
        self.keys |= {key for key, size in self._sizes.items() if key[0] == "leaf" and size < self._least}
        while True:
            self._complete()
            given_away = sorted(self._bridges() & small)
            if not given_away or (more := self._another(given_away[0])) is None:
                return
            self.keys.add(more)

    def _complete(self) -> None:
        while more := {key for one in self._sums if (key := self._given_away(one)) is not None}:
            self.keys |= more

    def _given_away(self, one: _Sum) -> Key | None:
        """The figure to hide as well when all but one of a sum's figures are shown."""
        wholes = [] if one.whole is None else [one.whole]
        if sum(1 for key in (*one.parts, *wholes) if key in self.keys) != 1:
            return None
        groups = {key[2] for key in self.keys if key[0] == "cell"}

        def rank(part: Key) -> tuple[bool, int]:
            # Two groups of which the same leaves are hidden protect each other in all of them.
            return part[0] == "cell" and part[2] not in groups, self._sizes[part]

        parts = sorted((part for part in one.parts if part not in self.keys), key=rank)
        return next(iter((*parts, *(whole for whole in wholes if whole not in self.keys))), None)

    def _bridges(self) -> set[Key]:
        """The hidden cells that can be worked out from the sums that are shown."""
        lines = {
            key: (self._around(key), ("group", key[2]) if self._followed else ANY_GROUP)
            for key in self._cells
            if key in self.keys
        }
        return bridges(lines)

    def _around(self, key: Key) -> Key:
        """The smallest sum around a figure that is shown."""
        above = self._above[key]
        return self._around(above) if above in self.keys else above

    def _another(self, cell: Key) -> Key | None:
        """What to hide next, so that a cell is no bridge: more of its group, more of anybody's, or the sum around."""
        shown = sorted((key for key in self._cells if key not in self.keys), key=self._sizes.__getitem__)
        of_group = (key for key in shown if key[2] == cell[2])
        around = self._around(cell)
        return next(iter((*of_group, *shown, *([] if around == UNIT else [around]))), None)
