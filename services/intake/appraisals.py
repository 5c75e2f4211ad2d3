"""Appraisals: the council's points for a unit, changed by merge patches that may name the version they are made for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from flask import Response as Answer
from flask import request

from services.common import events, problems
from services.common.appraisals import AppraisalRow, Change
from services.common.campaign import Campaign
from services.common.http import json_response
from services.common.problems import Fault, Problem
from services.common.records import encode
from services.intake import body
from services.intake.access import holder
from services.intake.appraisal_document import checked
from services.intake.board import Board
from services.intake.campaigns import Campaigns
from services.intake.publisher import Publisher
from services.intake.responses import SOURCE

LOOK_S: Final = 2.5
"""For the row in force, before anything is written."""
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
        return _shown(found, unit, self._board.row(campaign, unit))

    def patch(self, campaign: str, unit: str) -> Answer:
        """Records a change and reads it back, because the order of the log decides between two that race."""
        document = body.read_object(body.RESPONSE_BYTES)
        found = self._unit(campaign, unit)
        leaves, adjustments = checked(found, document)
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
        position = self._publisher.publish(self._topic, encode(event, datetime.now(UTC), source=SOURCE))
        return self._outcome(found, unit, position.offset)

    def _unit(self, campaign: str, unit: str) -> Campaign:
        found = self._campaigns.current(campaign)
        if unit not in found.unit:
            raise Problem(problems.NOT_FOUND, "the campaign has no such unit")
        return found

    def _catch_up(self) -> None:
        if not self._board.follower.catch_up(LOOK_S):
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
