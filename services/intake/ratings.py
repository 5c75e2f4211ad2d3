"""The check of a response, compiled from a definition: a marshmallow schema whose look-ups are plain dictionaries.

One schema is made per version of a campaign and used for all its responses: no schema, nested or other, is made or
walked per answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from marshmallow import Schema, ValidationError

from services.common.campaign import Campaign
from services.common.campaign_fields import OPTIONAL, Data, Kind, settings
from services.common.campaign_values import fault, shown
from services.common.events import CHANNELS
from services.intake.faults import LISTED, invalid

MAX_REVISION = 1_000_000
MAX_COMMENT = 2_000
UUID_PATTERN = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"

_UUID = re.compile(UUID_PATTERN.replace("$", r"\Z"))

Answers = dict[str, dict[str, str]]
Messages = dict[str, Any]
"""What is wrong, nested like the document: name → messages `code|detail`."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a group may say: of which units, on which leaves, with which options of each."""

    units: frozenset[str]
    leaves: Mapping[str, frozenset[str]]


def forms(campaign: Campaign) -> dict[str, Form]:
    """The form of each group: units of the blocks it rates; leaves that ask it, with the options of their scale."""
    return {
        group.code: Form(
            frozenset(unit.code for unit in campaign.units if unit.block in group.rates),
            {
                leaf.code: frozenset(option.code for option in campaign.options(leaf))
                for leaf in campaign.leaves
                if leaf.method == "survey" and group.code in leaf.groups
            },
        )
        for group in campaign.groups
    }


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise fault("not-text", f"expected a text, not {shown(value)}")
    return value


class ResponseId(Kind[str]):
    """A UUID in its canonical form; upper case is taken and lowered."""

    def read(self, value: object) -> str:
        text = _text(value)
        if not _UUID.match(text):
            raise fault("not-a-uuid", f"{shown(text)} is not a UUID like 3fa85f64-5717-4562-b3fc-2c963f66afa6")
        return text.lower()


class GroupCode(Kind[str]):
    def read(self, value: object) -> str:
        text, known = _text(value), cast("ResponseDocument", self.parent).forms
        if text not in known:
            raise fault("unknown-group", f"there is no group {shown(text)}; the groups are {', '.join(known)}")
        return text


class ChannelName(Kind[str]):
    def read(self, value: object) -> str:
        text = _text(value)
        if text not in CHANNELS:
            raise fault("not-a-choice", f"{shown(text)} is not one of: {', '.join(CHANNELS)}")
        return text


class Comment(Kind[str]):
    def read(self, value: object) -> str:
        text = _text(value)
        if len(text) > MAX_COMMENT:
            raise fault("too-long", f"the comment has {len(text):,} characters: at most {MAX_COMMENT:,} are kept")
        return text


class Revision(Kind[int]):
    """A whole number from 1; texts, floats and booleans are none."""

    def read(self, value: object) -> int:
        if type(value) is not int:
            raise fault("not-a-whole-number", f"{shown(value)} is not a whole number")
        if not 1 <= value <= MAX_REVISION:
            raise fault("out-of-range", f"a revision is at least 1 and at most {MAX_REVISION:,}")
        return value


class Ratings(Kind[Answers]):
    """Unit → leaf → option, checked against the form of the response's group."""

    def _deserialize(self, value: object, attr: str | None, data: Data, **_: object) -> Answers:  # noqa: ARG002
        if not isinstance(value, dict):
            raise fault("not-an-object", "ratings are an object: {unit: {leaf: option}}")
        if not value:
            raise fault("empty", "nothing is rated: give at least one answer")
        group = (data or {}).get("group")
        form = cast("ResponseDocument", self.parent).forms.get(group) if isinstance(group, str) else None
        # Without a group nothing can be said of the answers; the group's own fault is reported.
        if form is not None and (wrong := _wrong(value, form, str(group))):
            raise ValidationError(wrong)
        return value


class ResponseDocument(Schema):
    """The body of a response. Made for a campaign, it checks against that; without one it only describes."""

    response = ResponseId(
        **settings("The id, chosen by the front-end; made here if absent.", OPTIONAL, type="string", format="uuid")
    )
    revision = Revision(
        **settings(
            "The highest revision of a response counts; an edit carries one more.",
            1,
            type="integer",
            minimum=1,
            maximum=MAX_REVISION,
        )
    )
    group = GroupCode(**settings("Who rates: a group of the campaign.", type="string"))
    channel = ChannelName(**settings("How the answers came in.", "web", type="string", enum=list(CHANNELS)))
    ratings = Ratings(
        **settings(
            "Unit → leaf → option.",
            type="object",
            minProperties=1,
            additionalProperties={
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"type": "string"},
            },
        )
    )
    comment = Comment(**settings("Free words, never shown in public.", OPTIONAL, type="string", maxLength=MAX_COMMENT))

    def __init__(self, campaign: Campaign | None = None) -> None:
        super().__init__()
        self.forms = forms(campaign) if campaign else {}
        known = ", ".join(self.load_fields)
        self.error_messages["unknown"] = f"unknown-field|there is no such field; the fields are: {known}"

    def checked(self, document: Mapping[str, object]) -> dict[str, Any]:
        """The content of a response.

        Raises:
            Problem: 422 with all that does not fit.
        """
        try:
            content: dict[str, Any] = self.load(document)
        except ValidationError as error:
            raise invalid("the response does not fit the campaign", error) from error
        return content


def _wrong(ratings: Mapping[str, object], form: Form, group: str) -> Messages:
    """What is wrong with ratings, up to a little more than is listed; empty when they fit."""
    wrong: Messages = {}
    count = 0
    for unit, answers in ratings.items():
        if count > LISTED:
            break
        if unit not in form.units:
            wrong[unit] = [f"unknown-unit|group {group} rates no unit {shown(unit)}"]
            count += 1
        elif not isinstance(answers, dict) or not answers:
            wrong[unit] = ["not-answers|expected at least one answer: {leaf: option}"]
            count += 1
        elif answered := _wrong_answers(answers, form, group):
            wrong[unit] = answered
            count += len(answered)
    return wrong


def _wrong_answers(answers: Mapping[str, object], form: Form, group: str) -> Messages:
    wrong: Messages = {}
    for leaf, option in answers.items():
        options = form.leaves.get(leaf)
        if options is None:
            wrong[leaf] = [f"unknown-leaf|group {group} is asked no leaf {shown(leaf)}"]
        elif not isinstance(option, str) or option not in options:
            wrong[leaf] = [f"unknown-option|{shown(option)} is not one of: {', '.join(sorted(options))}"]
    return wrong
