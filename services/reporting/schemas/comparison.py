"""Two campaigns side by side, as readers see them."""

from __future__ import annotations

from marshmallow import fields, validate

from services.reporting.schemas import parts
from services.reporting.schemas.parts import Answer, AsOf, Label
from services.reporting.schemas.rankings import Figures


class ComparedCampaign(Answer):
    """One of the two campaigns."""

    campaign = parts.code("Its code.")
    title = fields.Nested(Label, required=True)
    version = parts.number("The version of its definition.")
    opens = fields.DateTime(required=True)
    closes = fields.DateTime(required=True)
    as_of = fields.Nested(AsOf, required=True)


class Measured(Figures):
    """An index with its standard error."""

    se = parts.exact("Standard error in percentage points, rounded; null where it is not known or not shown.")
    rank = parts.rank()


class EarlierUnit(Measured):
    """A unit of the earlier campaign."""

    unit = parts.code("Its code there.")
    name = fields.Nested(Label, required=True)
    block = parts.code("The block in which it was ranked.")


class Then(Measured):
    """What a unit was; of several, all their points earned over all attainable, and no rank."""

    units = parts.many(EarlierUnit, "The units that it was.")


class Gained(Answer):
    """Now less then."""

    index = parts.exact("Percentage points, rounded.")
    index_exact = parts.exact("The same with 30 decimals.")
    ranks = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Ranks gained; below 0: lost. null for merged units."}
    )
    significant = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={
            "description": "Whether chance among those who answered does not explain the difference, at the 5 % level; "
            "null where a standard error is missing."
        },
    )


class ComparedRow(Answer):
    """A unit of the later campaign."""

    unit = parts.code("The unit's code.")
    name = fields.Nested(Label, required=True)
    then = fields.Nested(Then, required=True, allow_none=True)
    now = fields.Nested(Measured, required=True)
    difference = fields.Nested(Gained, required=True, allow_none=True)


class DefinitionDifference(Answer):
    """What the later definition says other than the earlier."""

    kind = parts.text("What it is about, e.g. leaf or rules.")
    code = parts.text("Which one; empty where there is only one.")
    aspect = fields.String(
        required=True, allow_none=True, metadata={"description": "Which property; null where it came or went."}
    )
    before = fields.String(required=True, allow_none=True, metadata={"description": "The value then."})
    after = fields.String(required=True, allow_none=True, metadata={"description": "The value now."})
    effect = parts.text("What changes by it.", validate=validate.OneOf(["form", "index", "rank"]))
    text = fields.Nested(Label, required=True)


class Comparison(Answer):
    """Two campaigns side by side."""

    earlier = fields.Nested(ComparedCampaign, required=True)
    later = fields.Nested(ComparedCampaign, required=True)
    block = parts.code("The block of the later campaign.")
    rows = parts.many(ComparedRow, "Its units, in the order of the later ranking.")
    gone = parts.many(EarlierUnit, "Units of the earlier campaign that none of the later was.")
    definition = parts.many(
        DefinitionDifference, "What may explain a difference: how the two campaigns measure otherwise."
    )
