"""The body of an appraisal, and its check against the campaign."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from services.common.appraisals import LeafAppraisal
from services.common.campaign import Campaign
from services.common.campaign_document import MAX_POINTS
from services.common.campaign_fields import OPTIONAL, Data, Exact, Kind, settings
from services.common.campaign_values import fault, shown
from services.intake.faults import invalid

MAX_NOTE: Final = 2_000

Leaves = dict[str, LeafAppraisal | None]
Adjustments = dict[str, Decimal | None]


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


class ByLeaf(fields.Dict):
    """An object by leaf; what is wrong with a leaf stands directly under its code."""

    def _deserialize(self, value: object, attr: str | None, data: Data, **kwargs: Any) -> Any:  # noqa: ANN401
        if not isinstance(value, dict):
            raise fault("not-an-object", "leaves are an object: {leaf: {points: …}}")
        try:
            return super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]
        except ValidationError as error:
            said: dict[str, dict[str, Any]] = error.normalized_messages()  # type: ignore[no-untyped-call]
            raise ValidationError({leaf: wrong["value"] for leaf, wrong in said.items()}) from error


class _Strict(Schema):
    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - marshmallow's own
        super().__init__(**options)
        self.error_messages["type"] = "not-an-object|expected an object"
        known = ", ".join(self.load_fields)
        self.error_messages["unknown"] = f"unknown-field|there is no such field; the fields are: {known}"


class LeafAppraisalDocument(_Strict):
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

    leaves = ByLeaf(
        keys=fields.String(),
        values=fields.Nested(LeafAppraisalDocument, allow_none=True),
        load_default=dict,
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


_DOCUMENT = AppraisalDocument()


def checked(campaign: Campaign, document: Mapping[str, Any]) -> tuple[Leaves, Adjustments]:
    """What is to be changed: leaves, and bonus and penalty where they are named.

    Raises:
        Problem: 422 with all that does not fit.
    """
    try:
        content = _DOCUMENT.load(document)
    except ValidationError as error:
        raise invalid("the appraisal cannot be recorded", error) from error
    leaves: Leaves = content.pop("leaves")
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
