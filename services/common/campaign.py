"""A campaign: who is rated, by whom, on what, and how answers become points."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Literal

CODE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$"
CODE = re.compile(CODE_PATTERN)

Method = Literal["appraisal", "survey"]
Access = Literal["invitation", "open"]
QuotaPer = Literal["unit", "block", "campaign"]
QuotaCovers = Literal["sample", "population"]
Ties = Literal["shared", "dense"]
NotApplicable = Literal["index", "field"]
Edits = Literal["until_close", "none"]
Live = Literal["public", "private"]
Reasons = Literal["advised", "required"]

Place = tuple[str, str]
"""What one count counts: (leaf code, option code)."""
Layout = Mapping[str, tuple[Place, ...]]
"""By group: the places of its counts, in the order in which they were first published. Only ever appended to."""


@dataclass(frozen=True, slots=True)
class Text:
    """A label in Vietnamese and, where there is one, in English."""

    vi: str
    en: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    code: str
    name: Text


@dataclass(frozen=True, slots=True)
class Unit:
    """Who is rated. `formerly` are its codes in earlier campaigns; None: its own, `()`: it is new."""

    code: str
    name: Text
    block: str
    tile: tuple[int, int] | None = None
    formerly: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """How many forms a group owes: per unit, per block or in the whole campaign; as a sample, or all there can be."""

    per: QuotaPer
    forms: int
    covers: QuotaCovers = "sample"


@dataclass(frozen=True, slots=True)
class Group:
    code: str
    name: Text
    rates: tuple[str, ...]
    weight: Decimal = Decimal(1)
    quota: Quota | None = None
    access: Access = "invitation"


@dataclass(frozen=True, slots=True)
class Option:
    """An answer; `percent` of the leaf's points it is worth (0-100), None for no opinion."""

    code: str
    label: Text
    percent: Decimal | None


@dataclass(frozen=True, slots=True)
class Scale:
    code: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A sub-criterion. `groups`, `weights`, `scale` and `question` belong to the method survey alone."""

    code: str
    name: Text
    max_points: Decimal
    method: Method
    scale: str | None = None
    groups: tuple[str, ...] = ()
    weights: Mapping[str, Decimal] = field(default_factory=dict)
    question: Text | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    code: str
    name: Text
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True)
class Field:
    code: str
    name: Text
    criteria: tuple[Criterion, ...]

    @property
    def leaves(self) -> Iterator[Leaf]:
        return (leaf for criterion in self.criteria for leaf in criterion.leaves)


@dataclass(frozen=True, slots=True)
class Adjustments:
    """The most that bonus and penalty points may come to."""

    bonus_cap: Decimal = Decimal(0)
    penalty_cap: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Band:
    """A grade; it holds from `floor` (percent, included) up to the next band's floor."""

    floor: Decimal
    name: Text


@dataclass(frozen=True, slots=True)
class Rules:
    decimals: int = 2
    ties: Ties = "shared"
    not_applicable: NotApplicable = "index"
    min_answers: int = 1
    suppress_below: int = 5
    edits: Edits = "until_close"
    live: Live = "private"
    reasons: Reasons = "advised"


@dataclass(frozen=True, slots=True)
class Fieldwork:
    """From which percentages on participation warns."""

    behind: int = 20
    """Forms behind an even course, of what the quota asks for."""
    no_opinion: int = 30
    """Answers without opinion, of a group's."""
    straight_lining: int = 20
    """Ratings of one answer throughout, of a group's that are long enough to tell."""
    edited: int = 20
    withdrawn: int = 5
    conflict: int = 1
    """Of the forms that came in."""


@dataclass(frozen=True)
class Campaign:
    """One version of a definition. `layout` is empty until the version is published."""

    code: str
    title: Text
    opens: datetime
    closes: datetime
    blocks: tuple[Block, ...]
    units: tuple[Unit, ...]
    groups: tuple[Group, ...]
    scales: tuple[Scale, ...]
    fields: tuple[Field, ...]
    adjustments: Adjustments = Adjustments()
    bands: tuple[Band, ...] = ()
    rules: Rules = Rules()
    fieldwork: Fieldwork = Fieldwork()
    version: int = 0
    layout: Layout = field(default_factory=dict)

    @cached_property
    def block(self) -> Mapping[str, Block]:
        return {block.code: block for block in self.blocks}

    @cached_property
    def unit(self) -> Mapping[str, Unit]:
        return {unit.code: unit for unit in self.units}

    @cached_property
    def group(self) -> Mapping[str, Group]:
        return {group.code: group for group in self.groups}

    @cached_property
    def scale(self) -> Mapping[str, Scale]:
        return {scale.code: scale for scale in self.scales}

    @cached_property
    def leaf(self) -> Mapping[str, Leaf]:
        return {leaf.code: leaf for leaf in self.leaves}

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        return tuple(leaf for field_ in self.fields for leaf in field_.leaves)

    @cached_property
    def place(self) -> Mapping[str, Mapping[str, Mapping[str, int]]]:
        """Where a count stands: group → leaf → option → its place among the group's counts."""
        places: dict[str, dict[str, dict[str, int]]] = {group: {} for group in self.layout}
        for group, layout in self.layout.items():
            for index, (leaf, option) in enumerate(layout):
                places[group].setdefault(leaf, {})[option] = index
        return places

    def weight(self, leaf: Leaf, group: str) -> Decimal:
        """The weight of a group's opinion of a leaf: the leaf's own, else the group's."""
        return leaf.weights.get(group, self.group[group].weight)

    def options(self, leaf: Leaf) -> tuple[Option, ...]:
        """The options of a survey leaf."""
        return self.scale[leaf.scale].options if leaf.scale else ()

    def raters(self, leaf: Leaf, block: str) -> tuple[str, ...]:
        """The groups that answer a leaf for the units of a block, in the leaf's order."""
        return tuple(code for code in leaf.groups if block in self.group[code].rates)

    def is_open(self, now: datetime) -> bool:
        return self.opens <= now < self.closes
