"""Appraisals: the council's points, changed by merge patches that may name the versions they are made for.

A change of one unit and a set of changes of many go the same way: checked as a whole, one record of the log, read back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from flask import Response as Answer
from flask import request
from marshmallow import ValidationError

from services.common import events, problems
from services.common.appraisal_answer import Document, row_answer, warnings_answer
from services.common.appraisal_document import Said, change_of, changes_of
from services.common.appraisal_warnings import NO_REASON, warnings
from services.common.appraisals import NO_ROW, Change, Stale, Unfit, appraised
from services.common.campaign import Campaign
from services.common.campaign_problems import Path, pointer
from services.common.http import json_response
from services.common.problems import Fault, Problem
from services.common.records import encode
from services.intake import body
from services.intake.access import holder
from services.intake.board import Board, Rows
from services.intake.campaigns import Campaigns
from services.intake.faults import LISTED, invalid
from services.intake.publisher import Publisher
from services.intake.responses import SOURCE

LOOK_S: Final = 2.5
"""For the rows in force, before anything is written."""
READ_BACK_S: Final = 5.0


class Appraisals:
    """The routes of the appraisers."""

    def __init__(self, campaigns: Campaigns, board: Board, publisher: Publisher, topic: str) -> None:
        self._campaigns = campaigns
        self._board = board
        self._publisher = publisher
        self._topic = topic

    def get(self, campaign: str, unit: str) -> Answer:
        found = self._unit(campaign, unit)
        self._catch_up()
        return _one(found, unit, self._board.rows(campaign))

    def patch(self, campaign: str, unit: str) -> Answer:
        """Records a change and reads it back, because the order of the log decides between two that race."""
        document = body.read_object(body.RESPONSE_BYTES)
        found = self._unit(campaign, unit)
        try:
            said = change_of(found, unit, document)
        except ValidationError as error:
            raise invalid("the appraisal cannot be recorded", error) from error
        _require_reasons(found, said.changes, lambda _: ())
        self._catch_up()
        base = _base(request.headers.get("If-Match"), self._board.row(campaign, unit).version)
        change = said.changes[unit]
        based = Change(change.leaves, change.adjustments, base, change.notes)
        return _one(found, unit, self._recorded(found, Said({unit: based}, said.why)))

    def get_all(self, campaign: str) -> Answer:
        """The rows of all units that the caller may appraise."""
        found = self._campaigns.current(campaign)
        units = [unit.code for unit in found.units if holder().may_appraise(unit.block)]
        self._catch_up()
        return _many(found, units, self._board.rows(campaign))

    def patch_all(self, campaign: str) -> Answer:
        """Records changes of many units by one record of the log: all are made, or none is."""
        dry = _dry_run()
        document = body.read_object(body.SET_BYTES)
        found = self._campaigns.current(campaign)
        try:
            said = changes_of(found, document)
        except ValidationError as error:
            raise invalid("the appraisals cannot be recorded, and none was", error) from error
        _permit(found, said.changes)
        _require_reasons(found, said.changes, lambda unit: ("units", unit))
        self._catch_up()
        rows = self._board.rows(campaign)
        _require_versions(said.changes, rows)
        if dry:
            made = appraised(found, lambda unit: rows.get(unit, NO_ROW), said.changes)
            return _many(found, said.changes, made, dry_run=True)
        return _many(found, said.changes, self._recorded(found, said), dry_run=False)

    def _unit(self, campaign: str, unit: str) -> Campaign:
        """The campaign of a unit that the caller may appraise."""
        found = self._campaigns.current(campaign)
        if unit not in found.unit:
            raise Problem(problems.NOT_FOUND, "the campaign has no such unit")
        _permit(found, [unit])
        return found

    def _catch_up(self) -> None:
        if not self._board.follower.catch_up(LOOK_S):
            raise Problem(problems.UNAVAILABLE, "the log does not answer, so the row in force is unknown")

    def _recorded(self, campaign: Campaign, said: Said) -> Rows:
        """The rows that the changes made.

        Raises:
            Problem: 412, others came first in the log; 503, it is unknown what became of them; 413, they are too large.
        """
        now = datetime.now(UTC)
        event = events.Appraisal(campaign.code, campaign.version, holder().name, now, said.changes, said.why)
        offset = self._publisher.publish(self._topic, encode(event, now, source=SOURCE)).offset
        if offset is None or not self._board.follower.await_offset(offset, READ_BACK_S):
            raise Problem(
                problems.UNAVAILABLE,
                "the change is stored, but its effect is not known yet: look at the row before a retry",
            )
        match self._board.outcome(offset):
            case Stale() | Unfit() | None as refusal:
                raise Problem(problems.STALE, f"{refusal}; look at the row, then send the change again")
            case rows:
                return rows


def _permit(campaign: Campaign, units: Iterable[str]) -> None:
    """Raises Problem: 403, the caller's token is limited to other blocks; each unit is named."""
    token = holder()
    beyond = [unit for unit in units if not token.may_appraise(campaign.unit[unit].block)]
    if beyond:
        raise Problem(
            problems.FORBIDDEN,
            f"this token is limited to the blocks {', '.join(token.blocks)}: "
            + ", ".join(f"{unit} is of the block {campaign.unit[unit].block}" for unit in beyond[:LISTED]),
        )


def _require_reasons(campaign: Campaign, changes: Mapping[str, Change], path: Callable[[str], Path]) -> None:
    """Raises Problem: 422, the campaign requires reasons and some are missing."""
    if campaign.rules.reasons != "required":
        return
    # What is named is replaced whole, so what it lacks does not depend on the row in force.
    missing = [
        warning
        for unit, change in changes.items()
        for warning in warnings(
            campaign, NO_ROW.changed(Change(change.leaves, change.adjustments, None, change.notes)), path(unit)
        )
        if warning.code == NO_REASON
    ]
    if missing:
        raise Problem(problems.INVALID, "the campaign requires a reason", missing[:LISTED])


def _base(if_match: str | None, version: int) -> int | None:
    """The version that the change was made for; None when its sender did not say.

    Raises:
        Problem: 412, it is not the version in force.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    if f'"{version}"' not in (tag.strip() for tag in if_match.split(",")):
        raise Problem(
            problems.STALE,
            "the row is at another version than If-Match names: look at it, then send the change again",
            [Fault("", "stale", f'the version in force is "{version}"')],
        )
    return version


def _require_versions(changes: Mapping[str, Change], rows: Rows) -> None:
    """Raises Problem: 412, with every unit whose row is at another version than its change was made for."""
    if "If-Match" in request.headers:
        raise Problem(problems.INVALID, "there are many rows: give each unit its `version` instead of If-Match")
    stale = [
        Fault(pointer(("units", unit, "version")), "stale", f"the version in force is {version}")
        for unit, change in changes.items()
        if change.base is not None and change.base != (version := rows.get(unit, NO_ROW).version)
    ]
    if stale:
        raise Problem(
            problems.STALE, "rows were changed by someone else meanwhile, and none is changed now", stale[:LISTED]
        )


def _dry_run() -> bool:
    """Whether the changes are only to be checked. A misspelt parameter must not make them.

    Raises:
        Problem: 422, the query says anything but dry_run=true or false.
    """
    match list(request.args.items(multi=True)):
        case []:
            return False
        case [("dry_run", ("true" | "false") as said)]:
            return said == "true"
    raise Problem(problems.INVALID, "the only parameter is dry_run, once, true or false")


def _one(campaign: Campaign, unit: str, rows: Rows) -> Answer:
    row = rows.get(unit, NO_ROW)
    answer = _private(
        {
            "campaign": campaign.code,
            "unit": unit,
            **row_answer(row),
            "warnings": warnings_answer(warnings(campaign, row)),
        }
    )
    answer.headers["ETag"] = f'"{row.version}"'
    return answer


def _many(campaign: Campaign, units: Iterable[str], rows: Rows, **more: bool) -> Answer:
    shown = {unit: rows.get(unit, NO_ROW) for unit in units}
    path: Path = ("units",)
    found = [warning for unit, row in shown.items() for warning in warnings(campaign, row, (*path, unit))]
    return _private(
        {
            "campaign": campaign.code,
            "campaign_version": campaign.version,
            **more,
            "units": {unit: row_answer(row) for unit, row in shown.items()},
            "warnings": warnings_answer(found),
        }
    )


def _private(document: Document) -> Answer:
    answer = json_response(document)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer
