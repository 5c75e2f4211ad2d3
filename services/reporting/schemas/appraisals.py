"""What the council says and has said, as readers see it."""

from __future__ import annotations

from marshmallow import fields

from services.reporting.schemas import parts
from services.reporting.schemas.participation import ActivityAsOf
from services.reporting.schemas.parts import DECIMAL, Answer, Label


class EvidenceLink(Answer):
    title = fields.String(metadata={"description": "What it is."})
    url = fields.String(metadata={"description": "Where it is."})


class LeafAppraised(Answer):
    """What is said of a leaf; all null where nothing is yet."""

    leaf = parts.code("The leaf's code.")
    name = fields.Nested(Label, required=True)
    max_points = parts.exact("The most points that it can bring.", nullable=False)
    self_points = parts.exact("The points that the unit claims for itself.")
    points = parts.exact("The points given.")
    not_applicable = parts.flag("Whether it does not apply to the unit.")
    note = fields.String(required=True, allow_none=True, metadata={"description": "Why."})
    evidence = parts.many(EvidenceLink, "Where the proof is.")


class UnitAppraised(Answer):
    unit = parts.code("The unit's code.")
    name = fields.Nested(Label, required=True)
    block = parts.code("Its block.")
    version = parts.number("Of its row: how often it was changed.")
    bonus = parts.exact("Bonus points as given, before the cap.", nullable=False)
    penalty = parts.exact("Penalty points as given, before the cap.", nullable=False)
    leaves = parts.many(LeafAppraised, "The appraised leaves.")


class AppraisalsAsOf(ActivityAsOf):
    state = parts.number("The state in force; the rows may be a moment ahead of it.")


class Appraisals(Answer):
    """The council's points in force."""

    campaign = parts.code("The campaign's code.")
    version = parts.number("The version of the definition.")
    as_of = fields.Nested(AppraisalsAsOf, required=True)
    units = parts.many(UnitAppraised, "The units.")


class LeafSaid(Answer):
    """What is said of a leaf, and nothing that is not."""

    points = fields.String(metadata={"description": "The points given.", "pattern": DECIMAL})
    not_applicable = fields.Boolean(metadata={"description": "There, and true, where it does not apply."})
    self_points = fields.String(metadata={"description": "What the unit claims for itself.", "pattern": DECIMAL})
    note = fields.String(metadata={"description": "Why."})
    evidence = fields.List(fields.Nested(EvidenceLink), metadata={"description": "Where the proof is."})


class RowValues(Answer):
    """What a row says of leaves, and its bonus and penalty."""

    leaves = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(LeafSaid),
        required=True,
        metadata={"description": "By leaf; of a change, the leaves that it names."},
    )
    bonus = parts.exact("Bonus points as given, before the cap.", nullable=False)
    bonus_note = fields.String(metadata={"description": "Why the bonus."})
    penalty = parts.exact("Penalty points as given, before the cap.", nullable=False)
    penalty_note = fields.String(metadata={"description": "Why the penalty."})


class RowInForce(RowValues):
    version = parts.number("How often the row was changed.")


class AppraisalWarning(Answer):
    """What is allowed and yet worth a second look."""

    pointer = parts.text("Where: a JSON pointer into this answer.")
    code = parts.text("What, for programs: above-self, no-reason or above-cap.")
    detail = parts.text("What, for people.")


class UnitAppraisalHead(Answer):
    campaign = parts.code("The campaign's code.")
    version = parts.number("The version of the definition.")
    unit = parts.code("The unit's code.")
    name = fields.Nested(Label, required=True)
    block = parts.code("Its block.")
    as_of = fields.Nested(AppraisalsAsOf, required=True)


class UnitAppraisals(UnitAppraisalHead):
    """The council's row of a unit."""

    row = fields.Nested(RowInForce, required=True)
    warnings = parts.many(AppraisalWarning, "What is worth a second look.")


class AppraisalChange(Answer):
    """A change of a unit's row."""

    version = parts.number("The version of the row that it made.")
    by = parts.text("The name of the token by which it was said.")
    time = fields.DateTime(required=True, metadata={"description": "When it was said, in UTC."})
    why = fields.String(required=True, allow_none=True, metadata={"description": "Why, where that was said."})
    before = fields.Nested(RowValues, required=True)
    after = fields.Nested(RowValues, required=True)


class AppraisalHistory(UnitAppraisalHead):
    """The changes of a unit's row, the newest first."""

    changes = parts.many(AppraisalChange, "The changes of this page.")
    next = fields.String(
        required=True, allow_none=True, metadata={"description": "The cursor of what is older; null: there is nothing."}
    )
