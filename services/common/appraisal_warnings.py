"""What is allowed in an appraisal and yet worth a second look. Pure.

A campaign may say that reasons are required (`rules.reasons`): what lacks one is then refused instead of warned about.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from services.common.appraisals import AppraisalRow, LeafAppraisal
from services.common.campaign import Campaign
from services.common.campaign_problems import Path, pointer
from services.common.problems import Fault

NO_REASON = "no-reason"
ABOVE_SELF = "above-self"
ABOVE_CAP = "above-cap"


def warnings(campaign: Campaign, row: AppraisalRow, path: Path = ()) -> list[Fault]:
    """The warnings about a row, each with its JSON pointer below `path`."""
    return [
        Fault(pointer((*path, *place)), code, detail)
        for place, code, detail in (*_of_leaves(row), *_of_adjustments(campaign, row))
    ]


_Warning = tuple[Path, str, str]


def _of_leaves(row: AppraisalRow) -> Iterator[_Warning]:
    for code, leaf in row.leaves.items():
        for place, kind, detail in _of_leaf(leaf):
            yield ("leaves", code, *place), kind, detail


def _of_leaf(leaf: LeafAppraisal) -> Iterator[_Warning]:
    reasoned = bool((leaf.note or "").strip())
    if leaf.not_applicable and not reasoned:
        yield ("not_applicable",), NO_REASON, "say in the note why the leaf does not apply"
    if leaf.points is None or leaf.self_points is None:
        return
    if leaf.points > leaf.self_points:
        detail = f"{leaf.points:f} is more than the {leaf.self_points:f} that the unit claims for itself"
        yield ("points",), ABOVE_SELF, detail
    elif leaf.points < leaf.self_points and not reasoned:
        detail = f"{leaf.points:f} is less than the {leaf.self_points:f} that the unit claims: say in the note why"
        yield ("points",), NO_REASON, detail


def _of_adjustments(campaign: Campaign, row: AppraisalRow) -> Iterator[_Warning]:
    caps = campaign.adjustments
    for name, value, cap in (("bonus", row.bonus, caps.bonus_cap), ("penalty", row.penalty, caps.penalty_cap)):
        if value > Decimal(0) and not row.notes.get(name, "").strip():
            yield (name,), NO_REASON, f"say in {name}_note why"
        if value > cap:
            yield (name,), ABOVE_CAP, f"of {value:f} only {cap:f} count: that is the campaign's cap"
