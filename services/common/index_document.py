"""A unit's index as a document of the database, and back: every figure as an exact ratio "numerator/denominator"."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from services.common.unit_index import GroupIndex, LeafPoints, Moments, Points, Share, UnitIndex

Document = dict[str, Any]

# A thousand questions times groups make figures of more digits than Python converts by default, as a guard against
# hostile input. What is converted here was made of counts.
sys.set_int_max_str_digits(0)


Written = tuple[UnitIndex, Document]
"""A result and what `write` made of it."""


def write(result: UnitIndex, before: Written | None = None) -> Document:
    """The document of a result; codes are keys, so they must be campaign codes.

    What the result shares with one that was written before (the very objects) is taken from that one's document:
    documents must not be changed.
    """
    known, written = ({}, {}) if before is None else (before[0].leaves, before[1]["leaves"])
    return {
        "points": _pair(result.points),
        "pending": list(result.pending),
        "bonus": str(result.bonus),
        "penalty": str(result.penalty),
        "fields": {code: _pair(points) for code, points in result.fields.items()},
        "criteria": {code: _pair(points) for code, points in result.criteria.items()},
        "groups": {code: _group(group) for code, group in result.groups.items()},
        "leaves": {
            code: written[code] if known.get(code) is leaf else _leaf(leaf, known.get(code), written.get(code))
            for code, leaf in result.leaves.items()
        },
    }


def read(document: Mapping[str, Any]) -> UnitIndex:
    """The result of a document."""
    return UnitIndex(
        points=points(document["points"]),
        bonus=_ratio(document["bonus"]),
        penalty=_ratio(document["penalty"]),
        fields={code: points(pair) for code, pair in document["fields"].items()},
        criteria={code: points(pair) for code, pair in document["criteria"].items()},
        leaves={code: _leaf_points(leaf) for code, leaf in document["leaves"].items()},
        groups={code: group(found) for code, found in document["groups"].items()},
    )


def group(document: Mapping[str, Any]) -> GroupIndex:
    """A group's part of a document's `groups`."""
    n, s1, s2 = document["moments"]
    return GroupIndex(document["n"], points(document["points"]), Moments(n, int(s1), int(s2)))


def _group(group: GroupIndex) -> Document:
    of = group.moments
    # Sums as text: they may outgrow the 64 bits of the database's integers.
    return {"n": group.n, "points": _pair(group.points), "moments": [of.n, str(of.s1), str(of.s2)]}


def _pair(points: Points) -> list[str]:
    return [str(points.earned), str(points.attainable)]


def points(pair: Sequence[str]) -> Points:
    """The points of a pair, as every sum in a document is kept."""
    earned, attainable = pair
    return Points(_ratio(earned), _ratio(attainable))


def _ratio(text: str) -> Fraction:
    """A figure as `write` writes it: Fraction's own reading takes any notation, and longer."""
    numerator, _, denominator = text.partition("/")
    return Fraction(int(numerator), int(denominator or 1))


def _leaf(leaf: LeafPoints, known: LeafPoints | None, written: Document | None) -> Document:
    shares, cells = ({}, {}) if known is None or written is None else (known.groups, written["groups"])
    return {
        "state": leaf.state,
        "points": None if leaf.points is None else str(leaf.points),
        "groups": {
            code: cells[code] if shares.get(code) is share else _cell(share) for code, share in leaf.groups.items()
        },
    }


def _cell(share: Share) -> Document:
    return {
        "answers": share.answers,
        "no_opinion": share.no_opinion,
        "share": None if share.share is None else str(share.share),
    }


def _leaf_points(document: Mapping[str, Any]) -> LeafPoints:
    given = document["points"]
    return LeafPoints(
        state=document["state"],
        points=None if given is None else _ratio(given),
        groups={
            code: Share(
                share["answers"], share["no_opinion"], None if share["share"] is None else _ratio(share["share"])
            )
            for code, share in document["groups"].items()
        },
    )
