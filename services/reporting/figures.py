"""A unit's figures as scoring wrote them, each read when it is first asked for: most requests need few of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any

from services.common import index_document
from services.common.campaign import Campaign, Text
from services.common.index import GroupIndex, Points, UnitIndex
from services.common.ranking import exact
from services.reporting.suppression import Cell, Hidden, hidden


class Figures:
    """The figures of one unit in one state. Unchanged units are handed on from state to state."""

    def __init__(self, campaign: Campaign, document: Mapping[str, Any]) -> None:
        self._campaign = campaign
        self._document = document
        self.n: int = sum(group["n"] for group in document["groups"].values())

    @cached_property
    def result(self) -> UnitIndex:
        """All of them."""
        return index_document.read(self._document)

    @cached_property
    def points(self) -> Points:
        return index_document.points(self._document["points"])

    @cached_property
    def pending(self) -> tuple[str, ...]:
        """Leaves without points yet."""
        return tuple(code for code, leaf in self._document["leaves"].items() if leaf["state"] == "pending")

    def field(self, code: str) -> Points:
        return index_document.points(self._document["fields"][code])

    def group(self, code: str) -> GroupIndex | None:
        """What a group alone makes of the unit; None when it does not rate the unit's block."""
        group = self._document["groups"].get(code)
        return None if group is None else GroupIndex(group["n"], index_document.points(group["points"]))

    def group_in_field(self, group: str, field: str) -> Points:
        """A group's points over those leaves of a field on which it counts."""
        points = Points()
        for leaf, share in self._shares(group, field):
            if share is not None:
                maximum = Fraction(self._campaign.leaf[leaf].max_points)
                points += Points(maximum * Fraction(share), maximum)
        return points

    def unanswered(self, group: str, field: str | None = None) -> tuple[str, ...]:
        """The leaves a group is asked about, of a field or all, on which it does not count yet."""
        return tuple(leaf for leaf, share in self._shares(group, field) if share is None)

    def _shares(self, group: str, field: str | None) -> Iterator[tuple[str, str | None]]:
        """Of a group: each leaf it is asked about, with its share of the points."""
        leaves = self._document["leaves"]
        for part in self._campaign.fields:
            for leaf in part.leaves if field in (None, part.code) else ():
                if group in leaf.groups and leaf.code in leaves:
                    yield leaf.code, leaves[leaf.code]["groups"].get(group, {}).get("share")

    @cached_property
    def hidden(self) -> Hidden:
        """What must not be shown of this unit."""
        cells = [
            Cell(leaf, group, share["answers"], share["no_opinion"], counts=share["share"] is not None)
            for leaf, result in self._document["leaves"].items()
            for group, share in result["groups"].items()
        ]
        groups = {code: group["n"] for code, group in self._document["groups"].items()}
        return hidden(self._campaign, cells, groups)


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
