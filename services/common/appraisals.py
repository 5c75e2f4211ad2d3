"""The council's points for a unit: one row per unit, changed by events in the order of the log. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from services.common.campaign import Campaign


class Unfit(Exception):
    """The change does not fit the campaign; `reason` is a stable code."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Stale(Exception):
    """The change was made for another version of the row than the one in force, or comes too late after all."""

    def __init__(self, why: str, version: int) -> None:
        super().__init__(f"{why}, which is now at version {version}")
        self.version = version


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a proof is: a link (http or https) with its title. Events from before links have words alone, as title."""

    url: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class LeafAppraisal:
    """What the council says of one leaf: points (0 … the leaf's maximum), or that it does not apply to the unit.

    Beside it the points that the unit claims for itself (`self_points`), why (`note`) and where the proof is.
    """

    points: Decimal | None = None
    not_applicable: bool = False
    self_points: Decimal | None = None
    note: str | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A merge patch of a row: leaves given replace the row's, None clears; bonus and penalty likewise when named.

    `base` is the version of the row the change was made for; None means whatever is in force. `notes` has the reasons
    of the bonus and the penalty that are named: what is named without one has none afterwards.
    """

    leaves: Mapping[str, LeafAppraisal | None] = field(default_factory=dict)
    adjustments: Mapping[str, Decimal | None] = field(default_factory=dict)
    base: int | None = None
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AppraisalRow:
    """The appraisal in force of a unit; version 0 is the empty row before any change.

    `at` is where in the log its last change was first said; `notes` are the reasons of bonus and penalty.
    """

    version: int = 0
    leaves: Mapping[str, LeafAppraisal] = field(default_factory=dict)
    bonus: Decimal = Decimal(0)
    penalty: Decimal = Decimal(0)
    at: int = field(default=-1, compare=False)
    notes: Mapping[str, str] = field(default_factory=dict)

    def changed(self, change: Change, at: int | None = None) -> AppraisalRow:
        """The row after a change.

        Args:
            change: what is said.
            at: where in the log it was first said; None: after all before.

        Raises:
            Stale: the change was made for another version, or was requeued and must not be made again or over a later.
        """
        if change.base is not None and change.base != self.version:
            raise Stale(f"the change was made for version {change.base} of the row", self.version)
        if at is not None and at <= self.at:
            raise Stale("this change or a later one has come to the row", self.version)
        leaves = dict(self.leaves)
        for code, appraisal in change.leaves.items():
            if appraisal is None:
                leaves.pop(code, None)
            else:
                leaves[code] = appraisal
        adjustments = {name: value or Decimal(0) for name, value in change.adjustments.items()}
        kept = {name: note for name, note in self.notes.items() if name not in adjustments}
        at = self.at if at is None else at
        return replace(
            self, version=self.version + 1, leaves=leaves, at=at, notes={**kept, **change.notes}, **adjustments
        )


NO_ROW = AppraisalRow()


def appraised(
    campaign: Campaign, row: Callable[[str], AppraisalRow], changes: Mapping[str, Change], at: int | None = None
) -> dict[str, AppraisalRow]:
    """The rows after changes that are made all together: when one cannot be made, none is.

    Args:
        campaign: the version that the changes were made by.
        row: a unit's row in force.
        changes: by unit.
        at: as for `AppraisalRow.changed`.

    Raises:
        Stale, Unfit: of the first unit whose change cannot be made.
    """
    for unit, change in changes.items():
        check(campaign, unit, change)
    made = {}
    for unit, change in changes.items():
        try:
            made[unit] = row(unit).changed(change, at)
        except Stale as error:
            if len(changes) == 1:
                raise
            raise Stale(f"unit {unit!r}: {str(error).partition(', which')[0]}", error.version) from error
    return made


def check(campaign: Campaign, unit: str, change: Change) -> None:
    """Whoever keeps rows applies only changes that pass this, so that all count the same versions.

    Raises:
        Unfit: an unknown unit, a leaf that is not appraised, points beyond the leaf's, a negative adjustment.
    """
    if unit not in campaign.unit:
        raise Unfit("unknown-unit", f"unit {unit!r}")
    for code, given in change.leaves.items():
        leaf = campaign.leaf.get(code)
        if leaf is None or leaf.method != "appraisal":
            raise Unfit("unknown-leaf", f"leaf {code!r} is not appraised")
        if given is not None and given.points is not None and not 0 <= given.points <= leaf.max_points:
            raise Unfit("impossible-points", f"leaf {code!r}: {given.points} is not within 0 and {leaf.max_points}")
    for name, value in change.adjustments.items():
        if value is not None and value < 0:
            raise Unfit("impossible-points", f"{name}: {value} is below 0")
