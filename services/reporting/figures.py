"""A unit's figures as scoring wrote them, each made when it is asked for: most requests need few of them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeVar, cast

import bson
from bson.raw_bson import RawBSONDocument

from services.common import index_document, problems, release
from services.common.campaign import Campaign, Text
from services.common.problems import Problem
from services.common.ranking import exact
from services.common.release import Release
from services.common.uncertainty import LEAST, GroupError, group_error
from services.common.unit_index import GroupIndex, Points, UnitIndex
from services.reporting.suppression import Cell, Hidden, hidden, hidden_groups

Derived = TypeVar("Derived")

Pair = Sequence[str]
"""Points as a document has them."""

BRIEF = {"leaves": 0, "criteria": 0, "released": 0}
"""The projection that leaves the details away: what remains is enough for the ranking by the whole index."""


class Figures:
    """The figures of one unit in one state. Unchanged units are handed on from state to state.

    The document is kept as its bytes, a tenth of what it takes when it is unfolded, and only its first level is
    unfolded at once: a state of a large campaign has ten thousand of them.
    """

    _unfolded: Mapping[str, Any] | None = None

    def __init__(self, campaign: Campaign, raw: bytes) -> None:
        """Takes the bytes of a document of `indices`, with details or without (`BRIEF`).

        Raises:
            KeyError: what every document has is not there: an earlier version of scoring wrote it.
        """
        document = RawBSONDocument(raw)
        self._campaign = campaign
        self._raw = raw
        groups = bson.decode(document["groups"].raw)
        if any("moments" not in group for group in groups.values()):
            raise KeyError("moments")
        self._pair: Pair = document["points"]
        self._derived: dict[Hashable, object] = {}
        self.unit: str = document["unit"]
        self.state: int = document["state"]
        self.pending: tuple[str, ...] = tuple(document["pending"])
        self.forms: Mapping[str, int] = {code: group["n"] for code, group in groups.items()}
        """By group the responses that rate the unit."""
        self.n: int = sum(self.forms.values())
        """All of them."""
        self._se: float | None = document["se"]
        self._fewest: int | None = document["fewest"]
        self._least = max(LEAST, campaign.rules.suppress_below)

    @property
    def result(self) -> UnitIndex:
        """All of them.

        Raises:
            Problem: 503, the details are still being read.
        """
        return index_document.read(self.document)

    @cached_property
    def points(self) -> Points:
        return index_document.points(self._pair)

    @cached_property
    def index(self) -> Fraction | None:
        return self.points.index

    @property
    def se(self) -> float | None:
        """The standard error of the index, in percentage points; None where it is not known, or not to be shown."""
        return None if self.too_few else self._se

    @property
    def too_few(self) -> bool:
        """Whether a group that counts has answered too little for a standard error, or for one that may be shown.

        With a group that may not be shown, what it adds to the unit's error must not be either.
        """
        return self._fewest is not None and self._fewest < self._least

    @property
    def counting(self) -> tuple[str, ...]:
        """The groups that count on some leaf."""
        return tuple(self._part("errors"))

    def error(self, group: str) -> GroupError | None:
        """What the sampling of a group does; None when it counts on no leaf, or that must not be shown."""
        written = self._part("errors").get(group)
        if written is None or self._groups[group]["moments"][0] < self._least or group in hidden_groups(self.hidden):
            return None
        return group_error(written)

    def derived(self, key: Hashable, make: Callable[[], Derived]) -> Derived:
        """What is made of these figures alone: kept under a key, else made now."""
        found = self._derived.get(key)
        if found is None:
            found = self._derived[key] = make()
        return cast("Derived", found)

    def apart(self) -> Figures:
        """The same figures, unfolded once, for who takes much of a unit: nothing of it is kept longer than they are.

        Raises:
            Problem: 503, the details are still being read.
        """
        unfolded = copy.copy(self)
        vars(unfolded).update(_unfolded=self.document, _derived={})
        return unfolded

    @property
    def pending_in_breakdown(self) -> tuple[str, ...]:
        """The leaves that have no points in the breakdown."""
        return self.pending

    def field(self, code: str) -> Points:
        return index_document.points(RawBSONDocument(self._raw)["fields"][code])

    def group(self, code: str) -> GroupIndex | None:
        """What a group alone makes of the unit; None when it does not rate the unit's block."""
        group = self._groups.get(code)
        return None if group is None else index_document.group(group)

    def unanswered(self, group: str) -> tuple[str, ...]:
        """The leaves a group is asked about on which it does not count yet."""
        leaves = self._leaves
        return tuple(
            leaf.code
            for field in self._campaign.fields
            for leaf in field.leaves
            if group in leaf.groups
            and leaf.code in leaves
            and leaves[leaf.code]["groups"].get(group, {}).get("share") is None
        )

    @cached_property
    def hidden(self) -> Hidden:
        """What must not be shown of this unit."""
        campaign, fresh = self._campaign, self._freshness()
        cells = [
            Cell(
                leaf,
                group,
                share["answers"],
                share["no_opinion"],
                counts=share["share"] is not None,
                fresh=fresh(leaf, group, share["answers"]),
            )
            for leaf, result in self._leaves.items()
            for group, share in result["groups"].items()
        ]
        block = campaign.unit[self.unit].block
        followed = campaign.rules.live == "public" and not release.attributable(campaign, block)
        return hidden(campaign, cells, {code: group["n"] for code, group in self._groups.items()}, followed=followed)

    def _freshness(self) -> Callable[[str, str, int], bool]:
        """Tells of leaf, group and answers whether the cell is but a few away from what everybody was shown of it."""
        campaign, released = self._campaign, self._released

        def fresh(leaf: str, group: str, answers: int) -> bool:
            return group in released and release.near(campaign, leaf, released[group], group, answers)

        return fresh

    @property
    def _released(self) -> Mapping[str, Release]:
        """By group what everybody has been shown of the unit's breakdown while responses came in."""
        return release.read(self._part("released"))

    @property
    def _groups(self) -> Mapping[str, Any]:
        return self._part("groups")

    def _part(self, name: str) -> Mapping[str, Any]:
        """A part of the document; an empty one where there is none."""
        if self._unfolded is not None:
            part: Mapping[str, Any] = self._unfolded.get(name, {})
            return part
        document = RawBSONDocument(self._raw)
        return bson.decode(document[name].raw) if name in document else {}

    @property
    def _leaves(self) -> Mapping[str, Any]:
        leaves: Mapping[str, Any] = self.document["leaves"]
        return leaves

    @property
    def document(self) -> Mapping[str, Any]:
        """The whole document, unfolded.

        Raises:
            Problem: 503, the details are still being read.
        """
        if self._unfolded is not None:
            return self._unfolded
        document = bson.decode(self._raw)
        if "leaves" not in document:
            raise Problem(problems.UNAVAILABLE, "the details of the units are still being read")
        return document


def plain(value: Fraction) -> str:
    """An exact figure in decimals: all of them where they end, else 30."""
    denominator = value.denominator
    twos = (denominator & -denominator).bit_length() - 1
    odd = denominator >> twos
    fives = 0
    while odd % 5 == 0:
        odd //= 5
        fives += 1
    if odd != 1:
        return exact(value)
    decimals = max(twos, fives)
    scaled = value.numerator * 10**decimals // denominator
    digits = str(abs(scaled)).rjust(decimals + 1, "0")
    sign = "-" if scaled < 0 else ""
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else f"{sign}{digits}"


def label(text: Text) -> dict[str, str]:
    """A label as it travels; `en` only where there is one."""
    return {"vi": text.vi} if text.en is None else {"vi": text.vi, "en": text.en}
