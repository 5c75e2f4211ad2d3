"""Rankings, and a block at a glance, as their readers see them."""

from __future__ import annotations

from marshmallow import fields, validate

from services.reporting.schemas import parts
from services.reporting.schemas.parts import DECIMAL, Answer, AsOf, Label


class Figures(Answer):
    """An index and the points it is made of; null where there is no figure, or none to show."""

    index = parts.exact("Percent, rounded half up to the campaign's decimals: for display.")
    index_exact = parts.exact("Percent with 30 decimals: for comparison.")
    earned = parts.exact("Points earned: all decimals where they end, else 30.")
    attainable = parts.exact("Points attainable so far.")


class Uncertain(Figures):
    """An index with its sampling error; null where that is not known, or not to be shown."""

    se = parts.exact("Standard error of the index in percentage points, rounded.")
    interval = fields.List(
        fields.String(metadata={"pattern": DECIMAL}),
        required=True,
        allow_none=True,
        validate=validate.Length(equal=2),
        metadata={"description": "The 95 % interval of the index in percent, rounded; not cut at 0 and 100."},
    )


class Row(Uncertain):
    """A unit in a ranking."""

    unit = parts.code("The unit's code.")
    name = fields.Nested(Label, required=True)
    rank = parts.rank()
    tied = parts.flag("Whether other units have exactly the same figure.")
    rank_interval = parts.rank_interval()
    band = fields.Nested(
        Label, required=True, allow_none=True, metadata={"description": "The grade; null below all of them."}
    )
    n = parts.number("Responses that rate the unit; with a group, the group's.")
    provisional = parts.flag("Whether leaves are pending, so that the figure will change.")
    pending = parts.codes("The leaves that have no points yet.")
    suppressed = parts.suppressed()


class Ranking(Answer):
    """The units of a block, best first; those without a figure last."""

    campaign = parts.code("The campaign's code.")
    version = parts.number("The version of the definition.")
    block = parts.code("The block.")
    field = fields.String(metadata={"description": "The field whose sub-index ranks."})
    group = fields.String(metadata={"description": "The group whose answers rank."})
    as_of = fields.Nested(AsOf, required=True)
    released = parts.released()
    rows = parts.many(Row, "The units.")


class FieldCell(Answer):
    """A unit's figure in a field, or as a whole."""

    rank = parts.rank()
    index = parts.exact("The index in percent, rounded half up to the campaign's decimals.")
    index_exact = parts.exact("The same with 30 decimals.")
    suppressed = parts.suppressed()


class FieldMean(Answer):
    """A field, in the definition's order."""

    field = parts.code("The field's code.")
    name = fields.Nested(Label, required=True)
    mean = parts.exact("The mean over the units whose figure is shown, rounded likewise.")


class FieldRow(FieldCell):
    unit = parts.code("The unit's code.")
    name = fields.Nested(Label, required=True)
    cells = parts.many(FieldCell, "By field, in the order of `fields`.")


class ByField(Answer):
    """Every unit of a block in every field."""

    campaign = parts.code("The campaign's code.")
    version = parts.number("The version of the definition.")
    block = parts.code("The block.")
    group = fields.String(metadata={"description": "The group whose answers rank."})
    as_of = fields.Nested(AsOf, required=True)
    released = parts.released()
    fields_ = fields.List(
        fields.Nested(FieldMean), required=True, data_key="fields", metadata={"description": "The fields."}
    )
    rows = parts.many(FieldRow, "The units, in the order of the ranking.")
