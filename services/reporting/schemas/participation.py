"""Participation and fieldwork, as their readers see them."""

from __future__ import annotations

from marshmallow import RAISE, Schema, fields, validate

from services.reporting.participation import EFFECTS
from services.reporting.schemas import parts
from services.reporting.schemas.parts import Answer, AsOf, Label


class QuotaDetail(Answer):
    per = parts.text("What the number is meant for.", validate=validate.OneOf(["unit", "block", "campaign"]))
    forms = parts.number("How many forms.")
    covers = parts.text(
        "Whether they are a sample of the group, or all there can be.",
        validate=validate.OneOf(["sample", "population"]),
    )


class GroupParticipation(Answer):
    """How many forms a group has given."""

    group = parts.code("The group's code.")
    name = fields.Nested(Label, required=True)
    counted = parts.number("Forms that count.")
    required = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Forms asked for in the whole campaign: the quota times its units or blocks."},
    )
    share = parts.exact("Forms that count, in percent of those asked for, rounded; null where none are.")
    quota = fields.Nested(QuotaDetail, required=True, allow_none=True)


class BlockGroupParticipation(Answer):
    group = parts.code("The group's code.")
    n = parts.number("How often the group rated units of the block.")
    required = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Forms asked for; null unless the quota is meant for each unit or block."},
    )
    share = parts.exact("n in percent of those asked for, rounded; null where none are.")
    cells = parts.number("Units of the block.")
    missing = parts.number("Those of them for which the group has too few forms.")


class BlockParticipation(Answer):
    block = parts.code("The block's code.")
    name = fields.Nested(Label, required=True)
    groups = parts.many(BlockGroupParticipation, "The groups that rate it.")


class MissingCell(Answer):
    unit = parts.code("The unit's code.")
    group = parts.code("The group's code.")
    n = parts.number("The group's forms that rate the unit.")


class Missing(Answer):
    """Cells (unit and group) with no or too few forms."""

    below = parts.number("With fewer forms than this a cell is missing.")
    cells = parts.number("How many cells are.")
    listed = parts.many(MissingCell, "Those with the fewest forms, 1,000 at most.")


class Filled(Answer):
    """How the forms of a group are filled in, of what may be shown."""

    group = parts.code("The group's code.")
    answers = parts.number("Answers, with an opinion or without.")
    no_opinion = parts.exact("Those without, in percent, rounded; null where there are no answers.")
    ratings = parts.number("Ratings of a unit of at least 5 answers, of the forms that count.")
    straight_lining = parts.exact(
        "Those of them that give one answer throughout, in percent, rounded; null without any."
    )
    suppressed = parts.suppressed()


class Warned(Answer):
    """What passes a threshold of the campaign."""

    code = parts.text(
        "What it is about.",
        validate=validate.OneOf(
            ["behind", "edited", "withdrawn", "conflict", "no_opinion", "straight_lining"],
        ),
    )
    where = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, metadata={"description": "By kind the code."}
    )
    percent = parts.exact("What was found, rounded.", nullable=False)
    limit = parts.number("The campaign's threshold, in percent.")
    detail = fields.Nested(Label, required=True)


class UnitGroupParticipation(Answer):
    group = parts.code("The group's code.")
    n = parts.number("The group's forms that rate the unit.")
    required = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Forms asked for; null unless the quota is meant for each unit."},
    )


class UnitParticipation(Answer):
    unit = parts.code("The unit's code.")
    name = fields.Nested(Label, required=True)
    block = parts.code("Its block.")
    n = parts.number("Forms that rate the unit.")
    groups = parts.many(UnitGroupParticipation, "The groups that rate its block.")


_MEANINGS = {
    "submitted": "Forms that came in, also again after a withdrawal.",
    "edited": "Forms that were changed.",
    "withdrawn": "Forms that were taken back.",
    "duplicate": "Repeats of what was there: no effect.",
    "superseded": "Revisions lower than the one that counts: no effect.",
    "conflict": "Other contents under a revision that was there: no effect, the first stands.",
}
Effects: type[Schema] = Schema.from_dict(
    {effect: parts.number(_MEANINGS[effect]) for effect in EFFECTS}, name="Effects"
)


class Day(Effects):  # type: ignore[misc, valid-type]
    """What came in on a day of the campaign's time zone."""

    class Meta:
        unknown = RAISE

    day = fields.Date(required=True)


class GroupDay(Day):
    """What came in from a group on a day."""

    group = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Its code; null for withdrawals of what never came in."},
    )


class Totals(Effects):  # type: ignore[misc, valid-type]
    """What came in in all."""

    class Meta:
        unknown = RAISE

    rejected = parts.number("Records that could not be applied and wait for an operator.")


class ActivityAsOf(Answer):
    positions = fields.Dict(
        keys=fields.String(), values=fields.Dict(keys=fields.String(), values=fields.Integer()), required=True
    )


class Activity(Answer):
    """What came in. It may be a moment ahead of the forms above, so it says itself how far the log is in it."""

    as_of = fields.Nested(ActivityAsOf, required=True)
    days = parts.many(Day, "By day.")
    by_group = parts.many(GroupDay, "By day and group.")
    totals = fields.Nested(Totals, required=True)
    channels = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "By channel the forms that came in, submitted or edited."},
    )
    rejected = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "Records that could not be applied and wait for an operator, by reason."},
    )


class Participation(Answer):
    """Forms against what was asked for. No scores."""

    campaign = parts.code("The campaign's code.")
    version = parts.number("The version of the definition.")
    as_of = fields.Nested(AsOf, required=True)
    groups = parts.many(GroupParticipation, "By group.")
    blocks = parts.many(BlockParticipation, "By block.")
    units = parts.many(UnitParticipation, "By unit.")
    missing = fields.Nested(Missing, required=True)
    activity = fields.Nested(Activity, required=True)
    quality = fields.List(
        fields.Nested(Filled),
        required=True,
        allow_none=True,
        metadata={"description": "By group; null without a viewer's token while responses come in."},
    )
    warnings = parts.many(Warned, "What passes a threshold of the campaign.")
