"""A unit's index as a document of the database, and back: every figure as an exact ratio "numerator/denominator"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from services.common.index import GroupIndex, LeafPoints, Points, Share, UnitIndex

Document = dict[str, Any]


def write(result: UnitIndex) -> Document:
    """The document of a result; codes are keys, so they must be campaign codes."""
    return {
        "points": _pair(result.points),
        "bonus": str(result.bonus),
        "penalty": str(result.penalty),
        "fields": {code: _pair(points) for code, points in result.fields.items()},
        "criteria": {code: _pair(points) for code, points in result.criteria.items()},
        "groups": {code: {"n": group.n, "points": _pair(group.points)} for code, group in result.groups.items()},
        "leaves": {code: _leaf(leaf) for code, leaf in result.leaves.items()},
    }


def read(document: Mapping[str, Any]) -> UnitIndex:
    """The result of a document."""
    return UnitIndex(
        points=points(document["points"]),
        bonus=Fraction(document["bonus"]),
        penalty=Fraction(document["penalty"]),
        fields={code: points(pair) for code, pair in document["fields"].items()},
        criteria={code: points(pair) for code, pair in document["criteria"].items()},
        leaves={code: _leaf_points(leaf) for code, leaf in document["leaves"].items()},
        groups={code: GroupIndex(group["n"], points(group["points"])) for code, group in document["groups"].items()},
    )


def _pair(points: Points) -> list[str]:
    return [str(points.earned), str(points.attainable)]


def points(pair: Sequence[str]) -> Points:
    """The points of a pair, as every sum in a document is kept."""
    earned, attainable = pair
    return Points(Fraction(earned), Fraction(attainable))


def _leaf(leaf: LeafPoints) -> Document:
    return {
        "state": leaf.state,
        "points": None if leaf.points is None else str(leaf.points),
        "groups": {
            code: {
                "answers": share.answers,
                "no_opinion": share.no_opinion,
                "share": None if share.share is None else str(share.share),
            }
            for code, share in leaf.groups.items()
        },
    }


def _leaf_points(document: Mapping[str, Any]) -> LeafPoints:
    given = document["points"]
    return LeafPoints(
        state=document["state"],
        points=None if given is None else Fraction(given),
        groups={
            code: Share(
                share["answers"], share["no_opinion"], None if share["share"] is None else Fraction(share["share"])
            )
            for code, share in document["groups"].items()
        },
    )
