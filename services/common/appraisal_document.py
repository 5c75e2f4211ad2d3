"""What an appraiser sends: the changes of one unit's row or of many, read strictly and held against the campaign.

Intake reads it from a request, the command line from a workbook: both tell the same faults of the same places.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from services.common.appraisals import Change, Evidence, LeafAppraisal
from services.common.campaign import Campaign
from services.common.campaign_document import MAX_POINTS
from services.common.campaign_fields import OPTIONAL, REQUIRED, Data, Exact, Kind, Whole, settings
from services.common.campaign_values import fault, shown
from services.common.records import LARGEST_INTEGER

MAX_NOTE: Final = 2_000
MAX_LINKS: Final = 20
"""Of one leaf."""
MAX_TITLE: Final = 300
MAX_URL: Final = 2_000
URL_PATTERN: Final = r"^[Hh][Tt][Tt][Pp][Ss]?://"
_NULL: Final[dict[str, Any]] = {"null": "null|there is nothing here: leave it out, or say what it is"}
_LINK: Final = re.compile(URL_PATTERN + r"[!-~\u00a1-\U0010ffff]+")


class Words(Kind[str]):
    """A text for people, which may be empty."""

    def __init__(self, description: str, most: int = MAX_NOTE) -> None:
        self.most = most
        super().__init__(**settings(description, OPTIONAL, type="string", maxLength=most))

    def read(self, value: object) -> str:
        if not isinstance(value, str):
            raise fault("not-text", f"expected a text, not {shown(value)}")
        if len(value) > self.most:
            raise fault("too-long", f"the text has {len(value):,} characters: at most {self.most:,} are kept")
        return value


class Url(Kind[str]):
    """An address that a browser opens."""

    def __init__(self, description: str) -> None:
        super().__init__(
            **settings(description, REQUIRED, type="string", minLength=8, maxLength=MAX_URL, pattern=URL_PATTERN)
        )

    def read(self, value: object) -> str:
        if not isinstance(value, str):
            raise fault("not-text", f"expected an address, not {shown(value)}")
        if len(value) > MAX_URL:
            raise fault("too-long", f"the address has {len(value):,} characters: at most {MAX_URL:,} are kept")
        if not _is_link(value):
            raise fault(
                "not-a-link",
                f"{shown(value)} is no address that begins with http:// or https://, without blanks and passwords; "
                "words go into the title or the note",
            )
        return value


def _is_link(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return bool(_LINK.fullmatch(text) and parts.hostname and "@" not in parts.netloc and parts.port != 0)
    except ValueError:  # brackets that are no address, a port that is no number
        return False


class Flag(Kind[bool]):
    """true or false."""

    def __init__(self, description: str) -> None:
        super().__init__(**settings(description, OPTIONAL, type="boolean"))

    def read(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise fault("not-a-flag", f"{shown(value)} is neither true nor false")
        return value


class ByCode(fields.Dict):
    """An object by code; what is wrong with a value stands directly under its code."""

    def _deserialize(self, value: object, attr: str | None, data: Data, **kwargs: Any) -> Any:  # noqa: ANN401
        if not isinstance(value, dict):
            raise fault("not-an-object", f"{attr} is an object: {{code: {{…}}}}")
        try:
            return super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]
        except ValidationError as error:
            said: dict[str, dict[str, Any]] = error.normalized_messages()  # type: ignore[no-untyped-call]
            raise ValidationError({code: wrong["value"] for code, wrong in said.items()}) from error


class _Strict(Schema):
    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - marshmallow's own
        super().__init__(**options)
        self.error_messages["type"] = "not-an-object|expected an object"
        known = ", ".join(self.load_fields)
        self.error_messages["unknown"] = f"unknown-field|there is no such field; the fields are: {known}"


class EvidenceDocument(_Strict):
    """A link to a proof."""

    title = Words("What people read.", MAX_TITLE)
    url = Url("Where it is: http or https.")

    @post_load
    def _make(self, data: dict[str, Any], **_: object) -> Evidence:
        return Evidence(**data)


class Links(fields.List[Evidence]):
    """A few links."""

    def __init__(self, description: str) -> None:
        super().__init__(
            fields.Nested(EvidenceDocument, error_messages=_NULL), **settings(description, OPTIONAL, maxItems=MAX_LINKS)
        )

    def _deserialize(self, value: object, attr: str | None, data: Data, **kwargs: Any) -> Any:  # noqa: ANN401
        if not isinstance(value, list):
            raise fault("not-a-list", "evidence is a list of links: [{title: …, url: …}]; words go into the note")
        if len(value) > MAX_LINKS:
            raise fault("too-many", f"{len(value):,} links are given, at most {MAX_LINKS} are kept")
        return tuple(super()._deserialize(value, attr, data, **kwargs))


class LeafAppraisalDocument(_Strict):
    """What is said of one leaf: its points, or that it does not apply; beside it what the unit claimed, and why."""

    points = Exact("The points given: 0 to the leaf's maximum, exact.", OPTIONAL, most=MAX_POINTS)
    not_applicable = Flag("The leaf does not apply to the unit.")
    self_points = Exact("The points the unit claims for itself.", OPTIONAL, most=MAX_POINTS)
    note = Words("Why.")
    evidence = Links("Where the proof is.")

    @validates_schema
    def _one_or_the_other(self, data: Mapping[str, Any], **_: object) -> None:
        if data.get("not_applicable") and "points" in data:
            raise fault("points-of-nothing", "a leaf that does not apply has no points: keep one of the two")
        if not data:
            raise fault("empty", "nothing is said of the leaf: give points, or null to clear it")

    @post_load
    def _make(self, data: dict[str, Any], **_: object) -> LeafAppraisal:
        return LeafAppraisal(**data)


class ChangeDocument(_Strict):
    """A merge patch of a unit's row: leaves that are named replace the row's, null clears one."""

    leaves = ByCode(
        keys=fields.String(),
        values=fields.Nested(LeafAppraisalDocument, allow_none=True),
        load_default=dict,
        metadata={"description": "By leaf: what is said of it; null clears it."},
    )
    bonus = Exact(
        "Bonus points; they count up to the campaign's cap. null: none.", OPTIONAL, most=MAX_POINTS, nullable=True
    )
    bonus_note = Words("Why the bonus; goes with it. A bonus that is named without it has none.")
    penalty = Exact("Penalty points; likewise.", OPTIONAL, most=MAX_POINTS, nullable=True)
    penalty_note = Words("Why the penalty; likewise.")

    @validates_schema
    def _something(self, data: Mapping[str, Any], **_: object) -> None:
        for name in ("bonus", "penalty"):
            if f"{name}_note" in data and name not in data:
                message = f"alone|this goes with {name}, which it is the reason of: give both"
                raise ValidationError(message, f"{name}_note")
        if not data.get("leaves") and not data.keys() & {"bonus", "penalty"}:
            raise fault("empty", "nothing is to be changed: name leaves, bonus or penalty")


class AppraisalDocument(ChangeDocument):
    """A change of one unit's row."""

    why = Words("Why the change is made; it stands in the history.")


class UnitChangeDocument(ChangeDocument):
    """A change of one unit among several."""

    version = Whole(
        "The version of the row that the change was made for; without it, whatever is in force.",
        OPTIONAL,
        least=0,
        most=LARGEST_INTEGER,
    )


class AppraisalSetDocument(_Strict):
    """Changes of many units' rows that are made all together or not at all."""

    units = ByCode(
        keys=fields.String(),
        values=fields.Nested(UnitChangeDocument, error_messages=_NULL),
        required=True,
        error_messages={"required": "missing|this field is required: changes by unit", "null": "null|name units"},
        metadata={"description": "By unit: what is to be changed.", "minProperties": 1},
    )
    why = Words("Why the changes are made; it stands in the history of each unit.")

    @validates_schema
    def _something(self, data: Mapping[str, Any], **_: object) -> None:
        if not data.get("units"):
            raise fault("empty", "nothing is to be changed: name units")


_ONE: Final = AppraisalDocument()
_MANY: Final = AppraisalSetDocument()


@dataclass(frozen=True, slots=True)
class Said:
    """What is to be changed, by unit, and why."""

    changes: Mapping[str, Change]
    why: str | None


def change_of(campaign: Campaign, unit: str, document: Mapping[str, Any]) -> Said:
    """The change of one unit's row.

    Raises:
        ValidationError: all that is wrong with it, each message `code|detail`.
    """
    content = _ONE.load(document)
    if wrong := _unfit(campaign, content):
        raise ValidationError(wrong)
    return Said({unit: _change(content)}, content.get("why"))


def changes_of(campaign: Campaign, document: Mapping[str, Any]) -> Said:
    """The changes of many units' rows.

    Raises:
        ValidationError: likewise.
    """
    content = _MANY.load(document)
    wrong: dict[str, Any] = {}
    for unit, said in content["units"].items():
        if unit not in campaign.unit:
            wrong[unit] = [f"unknown-unit|the campaign has no unit {shown(unit)}"]
        elif unfit := _unfit(campaign, said):
            wrong[unit] = unfit
    if wrong:
        raise ValidationError({"units": wrong})
    return Said({unit: _change(said) for unit, said in content["units"].items()}, content.get("why"))


def _change(content: Mapping[str, Any]) -> Change:
    adjustments: dict[str, Decimal | None] = {name: content[name] for name in ("bonus", "penalty") if name in content}
    notes = {name: note for name in adjustments if (note := content.get(f"{name}_note"))}
    return Change(content["leaves"], adjustments, content.get("version"), notes)


def _unfit(campaign: Campaign, content: Mapping[str, Any]) -> dict[str, Any]:
    leaves = {code: said for code, leaf in content["leaves"].items() if (said := _unfit_leaf(campaign, code, leaf))}
    return {"leaves": leaves} if leaves else {}


def _unfit_leaf(campaign: Campaign, code: str, given: LeafAppraisal | None) -> Mapping[str, list[str]] | list[str]:
    leaf = campaign.leaf.get(code)
    if leaf is None:
        return [f"unknown-leaf|the campaign has no leaf {shown(code)}"]
    if leaf.method != "appraisal":
        return [f"not-appraised|the points of leaf {code} come from the survey"]
    if given is None:
        return {}
    return {
        name: [f"out-of-range|{value} is more than the maximum {leaf.max_points}"]
        for name, value in (("points", given.points), ("self_points", given.self_points))
        if value is not None and value > leaf.max_points
    }
