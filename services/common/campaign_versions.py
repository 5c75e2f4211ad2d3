"""What a new version of a campaign keeps of the one before, and what it may not change. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from services.common.campaign import Campaign, Layout, Leaf, Place


def extended_layout(campaign: Campaign, before: Layout) -> dict[str, tuple[Place, ...]]:
    """The layout of a new version: every place of `before` where it was, new (leaf, option) pairs after them."""
    layout: dict[str, tuple[Place, ...]] = {}
    for group in campaign.groups:
        kept = before.get(group.code, ())
        known = set(kept)
        new = [
            (leaf.code, option.code)
            for leaf in campaign.leaves
            if group.code in leaf.groups
            for option in campaign.options(leaf)
            if (leaf.code, option.code) not in known
        ]
        layout[group.code] = (*kept, *new)
    return layout


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A change that a new version may not make: where (JSON pointer into the new definition) and why."""

    pointer: str
    detail: str


def forbidden_changes(old: Campaign, new: Campaign) -> list[Forbidden]:
    """What `new` removes or re-maps of the published `old`; an empty list means that it may follow.

    Labels, weights, points and rules may change, units and questions may be added. What responses already refer to
    (units, groups, leaves, options and the percent an option is worth) may neither go nor mean another thing.
    """
    return [
        *_gone("/blocks", "block", (block.code for block in old.blocks), new.block),
        *_gone("/units", "unit", (unit.code for unit in old.units), new.unit),
        *_gone("/groups", "group", (group.code for group in old.groups), new.group),
        *_gone("/fields", "leaf", (leaf.code for leaf in old.leaves), new.leaf),
        *(
            Forbidden("/units", f"unit {unit.code!r} moved from block {unit.block!r} to another")
            for unit in old.units
            if unit.code in new.unit and new.unit[unit.code].block != unit.block
        ),
        *(
            Forbidden("/groups", f"group {group.code!r} no longer rates block {block!r}")
            for group in old.groups
            if group.code in new.group
            for block in group.rates
            if block not in new.group[group.code].rates
        ),
        *(
            change
            for leaf in old.leaves
            if leaf.code in new.leaf
            for change in _leaf_changes(old, new, leaf, new.leaf[leaf.code])
        ),
    ]


def _gone(pointer: str, kind: str, before: Iterable[str], after: Mapping[str, object]) -> Iterator[Forbidden]:
    return (Forbidden(pointer, f"{kind} {code!r} was published and is missing") for code in before if code not in after)


def _leaf_changes(old: Campaign, new: Campaign, leaf: Leaf, after: Leaf) -> Iterator[Forbidden]:
    if leaf.method != after.method:
        yield Forbidden("/fields", f"leaf {leaf.code!r} changed its method from {leaf.method} to {after.method}")
        return
    for group in leaf.groups:
        if group not in after.groups:
            yield Forbidden("/fields", f"leaf {leaf.code!r} is no longer answered by group {group!r}")
    options = {option.code: option for option in new.options(after)}
    for option in old.options(leaf):
        if option.code not in options:
            yield Forbidden("/scales", f"option {option.code!r} of leaf {leaf.code!r} was published and is missing")
        elif options[option.code].percent != option.percent:
            yield Forbidden(
                "/scales", f"option {option.code!r} of leaf {leaf.code!r} is no longer worth the same percent"
            )
