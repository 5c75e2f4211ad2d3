"""How firm ranks are, as readers see it."""

from __future__ import annotations

from marshmallow import fields, validate

from services.reporting.schemas import parts
from services.reporting.schemas.parts import Answer, AsOf, Label


class Variation(Answer):
    """A way to rank in which one thing differs from the definition in force."""

    variation = parts.text(
        "equal_weights: all groups weigh the same on every leaf; without: a group is left out; not_applicable: the "
        "other rule for leaves that do not apply.",
        validate=validate.OneOf(["equal_weights", "without", "not_applicable"]),
    )
    group = fields.String(metadata={"description": "without only: the group that is left out."})
    rule = fields.String(
        metadata={"description": "not_applicable only: the rule that holds."},
        validate=validate.OneOf(["index", "field"]),
    )


class DrawnRanks(Answer):
    """A unit's ranks over the draws of field weights."""

    best = parts.number("The best.")
    low = parts.number("One draw in twenty gives a better one.")
    median = parts.number("The median, the better one of two.")
    high = parts.number("One draw in twenty gives a worse one.")
    worst = parts.number("The worst.")
    unchanged = parts.number("Draws in which it is the unit's `base`.")


class RobustnessRow(Answer):
    """How firm a unit's rank is."""

    unit = parts.code("The unit's code.")
    name = fields.Nested(Label, required=True)
    rank = parts.rank()
    base = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "The rank from which variations and draws depart: `rank`; with `released` that of what was."
        },
    )
    best = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The best over rank, variations and draws."}
    )
    worst = fields.Integer(required=True, allow_none=True, metadata={"description": "The worst of them."})
    variations = fields.List(
        fields.Integer(allow_none=True),
        required=True,
        metadata={"description": "The rank by each of the variations, in their order; null where there is no figure."},
    )
    draws = fields.Nested(DrawnRanks, required=True, allow_none=True)
    suppressed = fields.Boolean(
        metadata={
            "description": "There, and true, where something is hidden of the unit: it has no rank by a variation, and "
            "in draws its hidden fields share what it has beside those that are shown."
        }
    )


class Robustness(Answer):
    """How firm the ranks of a block are when weights and rules are varied."""

    campaign = parts.code("The campaign's code.")
    version = parts.number("The version of the definition.")
    block = parts.code("The block.")
    as_of = fields.Nested(AsOf, required=True)
    released = parts.released()
    draws = parts.number("How many draws of field weights.")
    seed = parts.number("What they were drawn from: the same seed gives the same draws everywhere.")
    variations = parts.many(Variation, "What was varied.")
    rows = parts.many(RobustnessRow, "The units, in the order of the ranking.")
