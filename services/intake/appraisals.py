"""Appraisals: the council's points for a unit, changed by merge patches that may name the version they are made for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from flask import Response as Answer
from flask import request
from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from services.common import events, problems
from services.common.appraisals import AppraisalRow, Change, LeafAppraisal
from services.common.campaign import Campaign
from services.common.campaign_document import MAX_POINTS
from services.common.campaign_fields import OPTIONAL, Exact, Kind, settings
from services.common.campaign_values import fault, shown
from services.common.http import json_response
from services.common.problems import Fault, Problem
from services.intake import body
from services.intake.access import holder
from services.intake.board import Board
from services.intake.campaigns import Campaigns
from services.intake.publisher import Publisher
from services.intake.ratings import invalid
from services.intake.responses import SOURCE

READ_BACK_S: Final = 5.0
MAX_NOTE: Final = 2_000
_NOT_AN_OBJECT = "not-an-object|expected an object"


class Words(Kind[str]):
    """A text for people, which may be empty."""

    def __init__(self, description: str) -> None:
        super().__init__(**settings(description, OPTIONAL, type="string", maxLength=MAX_NOTE))

    def read(self, value: object) -> str:
        if not isinstance(value, str):
            raise fault("not-text", f"expected a text, not {shown(value)}")
        if len(value) > MAX_NOTE:
            raise fault("too-long", f"the text has {len(value):,} characters: at most {MAX_NOTE:,} are kept")
        return value


class Flag(Kind[bool]):
    """true or false."""

    def __init__(self, description: str) -> None:
        super().__init__(**settings(description, OPTIONAL, type="boolean"))

    def read(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise fault("not-a-flag", f"{shown(value)} is neither true nor false")
        return value


class _Strict(Schema):
    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - marshmallow's own
        super().__init__(**options)
        self.error_messages["type"] = _NOT_AN_OBJECT
        known = ", ".join(self.load_fields)
        self.error_messages["unknown"] = f"unknown-field|there is no such field; the fields are: {known}"


class LeafDocument(_Strict):
    """What is said of one leaf: its points, or that it does not apply; beside it what the unit claimed, and why."""

    points = Exact("The points given: 0 to the leaf's maximum, exact.", OPTIONAL, most=MAX_POINTS)
    not_applicable = Flag("The leaf does not apply to the unit.")
    self_points = Exact("The points the unit claims for itself.", OPTIONAL, most=MAX_POINTS)
    note = Words("Why.")
    evidence = Words("Where the proof is.")

    @validates_schema
    def _one_or_the_other(self, data: Mapping[str, Any], **_: object) -> None:
        if data.get("not_applicable") and "points" in data:
            raise fault("points-of-nothing", "a leaf that does not apply has no points: keep one of the two")
        if not data:
            raise fault("empty", "nothing is said of the leaf: give points, or null to clear it")

    @post_load
    def _make(self, data: dict[str, Any], **_: object) -> LeafAppraisal:
        return LeafAppraisal(**data)


class AppraisalDocument(_Strict):
    """A merge patch of a unit's row: leaves that are named replace the row's, null clears one."""

    leaves = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(LeafDocument, allow_none=True),
        load_default=dict,
        error_messages={"invalid": "not-an-object|leaves are an object: {leaf: {points: …}}"},
        metadata={"description": "By leaf: what is said of it; null clears it."},
    )
    bonus = Exact(
        "Bonus points; they count up to the campaign's cap. null: none.", OPTIONAL, most=MAX_POINTS, nullable=True
    )
    penalty = Exact("Penalty points; likewise.", OPTIONAL, most=MAX_POINTS, nullable=True)

    @validates_schema
    def _something(self, data: Mapping[str, Any], **_: object) -> None:
        if not data.get("leaves") and not data.keys() & {"bonus", "penalty"}:
            raise fault("empty", "nothing is to be changed: name leaves, bonus or penalty")


class Appraisals:
    """The routes of the appraisers."""

    def __init__(self, campaigns: Campaigns, board: Board, publisher: Publisher, topic: str) -> None:
        self._campaigns = campaigns
        self._board = board
        self._publisher = publisher
        self._topic = topic
        self._schema = AppraisalDocument()

    def get(self, campaign: str, unit: str) -> Answer:
        found = self._unit(campaign, unit)
        self._catch_up()
        return _shown(found, unit, self._board.row(campaign, unit))

    def patch(self, campaign: str, unit: str) -> Answer:
        """Records a change and reads it back, because the order of the log decides between two that race."""
        document = body.read_object(body.RESPONSE_BYTES)
        found = self._unit(campaign, unit)
        leaves, adjustments = _checked(found, self._schema, document)
        self._catch_up()
        base = _base(request.headers.get("If-Match"), self._board.row(campaign, unit))
        event = events.Appraisal(
            campaign=campaign,
            campaign_version=found.version,
            unit=unit,
            by=holder().name,
            at=datetime.now(UTC),
            change=Change(leaves, adjustments, base),
        )
        position = self._publisher.publish(self._topic, events.encode(event, datetime.now(UTC), source=SOURCE))
        return self._outcome(found, unit, position.offset)

    def _unit(self, campaign: str, unit: str) -> Campaign:
        found = self._campaigns.current(campaign)
        if unit not in found.unit:
            raise Problem(problems.NOT_FOUND, "the campaign has no such unit")
        return found

    def _catch_up(self) -> None:
        if not self._board.follower.catch_up(READ_BACK_S):
            raise Problem(problems.UNAVAILABLE, "the log does not answer, so the row in force is unknown")

    def _outcome(self, campaign: Campaign, unit: str, offset: int | None) -> Answer:
        if offset is None or not self._board.follower.await_offset(offset, READ_BACK_S):
            raise Problem(
                problems.UNAVAILABLE,
                "the change is stored, but its effect is not known yet: look at the row before a retry",
            )
        match self._board.outcome(offset):
            case AppraisalRow() as row:
                return _shown(campaign, unit, row)
            case refusal:
                raise Problem(problems.STALE, f"{refusal}; look at the row, then send the change again")


def _checked(
    campaign: Campaign, schema: AppraisalDocument, document: Mapping[str, Any]
) -> tuple[dict[str, LeafAppraisal | None], dict[str, Decimal | None]]:
    try:
        content = schema.load(document)
    except ValidationError as error:
        raise invalid("the appraisal cannot be recorded", error) from error
    leaves: dict[str, LeafAppraisal | None] = content.pop("leaves")
    if wrong := {code: said for code, leaf in leaves.items() if (said := _wrong(campaign, code, leaf))}:
        raise invalid("the appraisal does not fit the campaign", ValidationError({"leaves": wrong}))
    return leaves, content


def _wrong(campaign: Campaign, code: str, given: LeafAppraisal | None) -> Mapping[str, list[str]] | list[str]:
    leaf = campaign.leaf.get(code)
    if leaf is None:
        return [f"unknown-leaf|the campaign has no leaf {shown(code)}"]
    if leaf.method != "appraisal":
        return [f"not-appraised|the points of leaf {code} come from the survey"]
    if given is None:
        return []
    return {
        name: [f"out-of-range|{value} is more than the leaf's maximum of {leaf.max_points}"]
        for name, value in (("points", given.points), ("self_points", given.self_points))
        if value is not None and value > leaf.max_points
    }


def _base(if_match: str | None, row: AppraisalRow) -> int | None:
    """The version that the change was made for; None when its sender did not say.

    Raises:
        Problem: 412, it is not the version in force.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    if f'"{row.version}"' not in (tag.strip() for tag in if_match.split(",")):
        raise Problem(
            problems.STALE,
            "the row is at another version than If-Match names: look at it, then send the change again",
            [Fault("", "stale", f'the version in force is "{row.version}"')],
        )
    return row.version


def _shown(campaign: Campaign, unit: str, row: AppraisalRow) -> Answer:
    answer = json_response(
        {
            "campaign": campaign.code,
            "unit": unit,
            "version": row.version,
            "leaves": {code: events.leaf_document(leaf) for code, leaf in row.leaves.items()},
            "bonus": format(row.bonus, "f"),
            "penalty": format(row.penalty, "f"),
        }
    )
    answer.headers["ETag"] = f'"{row.version}"'
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer
