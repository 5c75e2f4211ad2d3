"""What a workbook changes of the rows in force, and how that is sent. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError

from services.cli.appraisal_cells import links, words, written
from services.cli.appraisal_sheet import ADJUSTMENTS
from services.cli.appraisal_workbook import Fault, Place, Workbook
from services.common.appraisal_document import changes_of
from services.common.appraisals import NO_ROW, AppraisalRow, LeafAppraisal
from services.common.campaign import Campaign
from services.common.events import leaf_document
from services.common.problems import Fault as Told
from services.common.validation import faults_of

Rows = Mapping[str, AppraisalRow]
Value = LeafAppraisal | tuple[Decimal, str | None] | None
"""What is said of a leaf; or bonus or penalty with the reason."""

Places = Mapping[tuple[str, str], Place]
"""By unit and leaf (or bonus or penalty) the row where the workbook says something else than is in force."""


@dataclass(frozen=True, slots=True)
class Step:
    """A leaf of a unit (or, in brackets, its bonus or penalty) of which the workbook says other than is in force."""

    unit: str
    what: str
    place: Place
    before: Value
    after: Value


def steps(workbook: Workbook, rows: Rows) -> list[Step]:
    """All that the workbook changes, in its order."""
    return [step for step in _said(workbook, rows) if step.before != step.after]


def _said(workbook: Workbook, rows: Rows) -> Iterator[Step]:
    for code, unit in workbook.units.items():
        row = rows.get(code, NO_ROW)
        for leaf, (said, place) in unit.leaves.items():
            yield Step(code, leaf, place, _plain(row.leaves.get(leaf)), said)
        for name, (value, note, place) in unit.adjustments.items():
            now: Decimal = getattr(row, name)
            before = (now, words(row.notes.get(name, ""))) if now else None
            yield Step(code, f"({name})", place, before, None if value is None else (value, note))


def _plain(leaf: LeafAppraisal | None) -> LeafAppraisal | None:
    """What a workbook would hold of a leaf, and so what can be told apart in one."""
    if leaf is None:
        return None
    plain = replace(leaf, note=words(leaf.note or ""), evidence=links(written(leaf.evidence)))
    return None if plain == LeafAppraisal() else plain


def document(found: Sequence[Step], rows: Rows, why: str | None) -> dict[str, Any]:
    """The changes as intake takes them, each unit's for the version of its row that is in force."""
    units: dict[str, Any] = {}
    for step in found:
        unit = units.setdefault(step.unit, {"version": rows.get(step.unit, NO_ROW).version})
        match step.after:
            case LeafAppraisal() as leaf:
                unit.setdefault("leaves", {})[step.what] = leaf_document(leaf)
            case (value, note):
                unit[ADJUSTMENTS[step.what]] = format(value, "f")
                if note is not None:
                    unit[f"{ADJUSTMENTS[step.what]}_note"] = note
            case None if step.what in ADJUSTMENTS:
                unit[ADJUSTMENTS[step.what]] = None
            case None:
                unit.setdefault("leaves", {})[step.what] = None
    return {"units": units} if why is None else {"units": units, "why": why}


def stale(workbook: Workbook, found: Sequence[Step], rows: Rows) -> dict[str, tuple[int, int]]:
    """Units that someone changed since the file was made: the version it was made for, and that in force."""
    changed = dict.fromkeys(step.unit for step in found)
    versions = {unit: (workbook.units[unit].version, rows.get(unit, NO_ROW).version) for unit in changed}
    return {unit: pair for unit, pair in versions.items() if pair[0] != pair[1]}


def unfit(campaign: Campaign, workbook: Workbook, found: Sequence[Step]) -> list[Fault]:
    """All that does not fit the campaign, by cell. One fault hides no other: each part is looked at by itself."""
    faults = []
    for unit, place in first_places(workbook).items():
        if unit in campaign.unit and campaign.unit[unit].block != workbook.blocks[place.sheet]:
            faults.append(Fault(place.cell("unit"), f"unit {unit} is not of the block of this sheet"))
    if not _fits(campaign, found):
        for part in (part for step in found for part in _parts(step)):
            try:
                changes_of(campaign, document([part], {}, None))
            except ValidationError as error:
                cells = places([part])
                faults += [Fault(cell_of(cells, told), told.detail) for told in faults_of(error)]
    return faults


def _fits(campaign: Campaign, found: Sequence[Step]) -> bool:
    """Whether all of it does, which nearly always it does, and is found out at once."""
    try:
        changes_of(campaign, document(found, {}, None))
    except ValidationError:
        return False
    return True


def _parts(step: Step) -> Iterator[Step]:
    """The numbers and the words of what is said of a leaf, where there are both."""
    match step.after:
        case LeafAppraisal(note=note, evidence=evidence) as leaf if note or evidence:
            numbers = replace(leaf, note=None, evidence=())
            if numbers != LeafAppraisal():
                yield replace(step, after=numbers)
            yield replace(step, after=LeafAppraisal(note=note, evidence=evidence))
        case _:
            yield step


def first_places(workbook: Workbook) -> dict[str, Place]:
    """By unit the first of its rows."""
    first: dict[str, Place] = {}
    for step in _said(workbook, {}):
        first.setdefault(step.unit, step.place)
    return first


def places(found: Sequence[Step]) -> Places:
    return {(step.unit, step.what): step.place for step in reversed(found)}


def cell_of(found: Places, told: Told) -> str:
    """The cell that a JSON pointer into the sent changes (or the rows they make) means; the pointer where none does."""
    match told.pointer.split("/"):
        case ["", "units", unit, "leaves", leaf, *rest]:
            what, member = leaf, rest[0] if rest else _column_of(told.code)
        case ["", "units", unit, named]:
            what, member = f"({named.removesuffix('_note')})", "note" if named.endswith("_note") else "points"
        case _:
            return told.pointer
    place = found.get((unit, what))
    return told.pointer if place is None else place.cell(member)


def _column_of(code: str) -> str:
    """The column of a fault of a leaf as a whole."""
    return {"points-of-nothing": "not_applicable"}.get(code, "leaf")
