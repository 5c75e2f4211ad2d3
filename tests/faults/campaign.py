"""The campaign of a run, and what its raters and appraisers say: everything the formula knows occurs."""

from __future__ import annotations

from random import Random
from typing import Any, Final

CODE: Final = "faults"
PATH: Final = f"/v1/campaigns/{CODE}"
BLOCKS: Final = {"district": ["d1", "d2", "d3", "d4", "d5", "d6"], "office": ["o1", "o2", "o3", "o4"]}
RATES: Final = {"deputy": ["district", "office"], "official": ["office"], "citizen": ["district"]}
OPTIONS: Final = {"A": 100, "B": 66.666667, "C": 33.3, "D": 0, "N": None}
APPRAISED: Final = {"plan": "2", "budget": "1.5", "portal": "0.75"}
"""Leaf → the most points."""
ASKED: Final = {
    "quality": ("1.5", ["deputy", "official", "citizen"]),
    "speed": ("0.1", ["deputy", "citizen"]),
    "manners": ("1", ["citizen"]),
    "papers": ("0.35", ["official", "deputy"]),
    "trust": ("2", ["deputy", "official", "citizen"]),
}
"""Leaf → the most points, and who is asked."""


def definition() -> dict[str, Any]:
    """The document that is published."""
    appraised = [_leaf(code, points, method="appraisal") for code, points in APPRAISED.items()]
    asked = [
        _leaf(code, points, method="survey", scale="five", groups=groups) for code, (points, groups) in ASKED.items()
    ]
    asked[0]["weights"] = {"deputy": 2, "citizen": "0.7"}
    return {
        "campaign": CODE,
        "title": _text("Đợt thử lỗi"),
        "opens": "2022-11-01T00:00:00+07:00",
        "closes": "2099-12-01T00:00:00+07:00",
        "blocks": [{"code": block, "name": _text(block)} for block in BLOCKS],
        "units": [
            {"code": unit, "name": _text(unit), "block": block} for block, units in BLOCKS.items() for unit in units
        ],
        "groups": [
            {"code": group, "name": _text(group), "rates": rates, "access": "open", "weight": weight}
            for (group, rates), weight in zip(RATES.items(), ("1", "1.5", "3"), strict=True)
        ],
        "scales": [
            {
                "code": "five",
                "options": [{"code": code, "label": _text(code), "percent": worth} for code, worth in OPTIONS.items()],
            }
        ],
        "fields": [
            _field("organisation", [*appraised[:2], *asked[:2]]),
            _field("service", [*appraised[2:], *asked[2:]]),
        ],
        "adjustments": {"bonus_cap": 2, "penalty_cap": 3},
        "bands": [{"from": 60, "name": _text("Khá")}],
        "rules": {"live": "public", "not_applicable": "field"},
    }


def ratings(rng: Random, group: str) -> dict[str, dict[str, str]]:
    """What a rater of a group says of some units: sometimes not everything that is asked."""
    units = [unit for block in RATES[group] for unit in BLOCKS[block]]
    leaves = [code for code, (_, groups) in ASKED.items() if group in groups]
    return {
        unit: {leaf: rng.choice(list(OPTIONS)) for leaf in rng.sample(leaves, rng.randint(1, len(leaves)))}
        for unit in rng.sample(units, rng.randint(1, 3))
    }


def impossible(rng: Random) -> tuple[str, dict[str, dict[str, str]]]:
    """A group and ratings that no rater of it can give."""
    return rng.choice(
        [
            ("citizen", {"d1": {"papers": "A"}}),
            ("citizen", {"o1": {"quality": "A"}}),
            ("deputy", {"d1": {"quality": "A"}, "d7": {"quality": "A"}}),
            ("official", {"o2": {"quality": "Z"}}),
            ("official", {"o2": {"plan": "A"}}),
            ("deputy", {}),
            ("nobody", {"d1": {"quality": "A"}}),
        ]
    )


def appraisal(rng: Random) -> dict[str, Any]:
    """A change of a unit's appraisal row."""
    change: dict[str, Any] = {}
    if rng.random() < 0.8:
        leaf = rng.choice(list(APPRAISED))
        draw = rng.random()
        said: dict[str, Any] | None = {"points": f"{float(APPRAISED[leaf]) * rng.randint(0, 20) / 20:.4f}"}
        if draw < 0.15:
            said = {"not_applicable": True, "note": "không áp dụng"}
        elif draw < 0.25:
            said = None
        change["leaves"] = {leaf: said}
    if not change or rng.random() < 0.2:
        change[rng.choice(["bonus", "penalty"])] = rng.choice(["0.5", "1.25", "4", None])
    return change


def _leaf(code: str, points: str, **more: object) -> dict[str, Any]:
    return {"code": code, "name": _text(code), "max_points": points, **more}


def _field(code: str, leaves: list[dict[str, Any]]) -> dict[str, Any]:
    criterion = {"code": f"{code}-1", "name": _text(code), "leaves": leaves}
    return {"code": code, "name": _text(code), "criteria": [criterion]}


def _text(text: str) -> dict[str, str]:
    return {"vi": text}
