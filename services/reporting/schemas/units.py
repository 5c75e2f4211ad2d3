"""A unit in detail, as its readers see it."""

from __future__ import annotations

from marshmallow import fields, validate

from services.reporting.schemas import parts
from services.reporting.schemas.parts import Answer, AsOf, Label
from services.reporting.schemas.rankings import Figures, Uncertain


class Sum(Figures):
    lost = parts.exact("Points attainable but not earned.")
    suppressed = parts.suppressed()


class GroupSum(Sum, Uncertain):
    """What one group alone makes of a unit."""

    group = parts.code("The group's code.")
    name = fields.Nested(Label, required=True)
    n = parts.number("The group's responses that rate the unit.")


class GroupCell(Answer):
    """One group's opinion of one leaf."""

    group = parts.code("The group's code.")
    answers = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Answers with an opinion; null where suppressed."}
    )
    no_opinion = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Answers without an opinion; null where suppressed."}
    )
    share = parts.exact("Share (0-1) of the points that the group gives; null below the campaign's min_answers.")
    suppressed = parts.suppressed()


class LeafDetail(Answer):
    """A sub-criterion."""

    leaf = parts.code("The leaf's code.")
    name = fields.Nested(Label, required=True)
    method = parts.text("Where its points come from.", validate=validate.OneOf(["appraisal", "survey"]))
    max_points = parts.exact("The most points that it can bring.", nullable=False)
    state = parts.text("Whether it has points.", validate=validate.OneOf(["scored", "pending", "not_applicable"]))
    points = parts.exact("Points earned; null unless scored.")
    lost = parts.exact("Points lost; null unless scored.")
    question = fields.Nested(Label, metadata={"description": "survey only: what was asked."})
    groups = fields.List(
        fields.Nested(GroupCell), metadata={"description": "survey only: the groups that are asked about this block."}
    )
    suppressed = parts.suppressed()


class CriterionDetail(Sum):
    criterion = parts.code("The criterion's code.")
    name = fields.Nested(Label, required=True)
    leaves = parts.many(LeafDetail, "Its leaves, without those that nobody is asked about this block.")


class FieldDetail(Sum):
    field = parts.code("The field's code.")
    name = fields.Nested(Label, required=True)
    rank = parts.rank()
    tied = parts.flag("Whether other units have exactly the same figure.")
    block_mean = parts.exact("The mean of the block's shown sub-indices of this field, rounded.")
    block_mean_exact = parts.exact("The same with 30 decimals.")
    block_best = parts.exact("The highest of them, rounded.")
    block_best_exact = parts.exact("The same with 30 decimals.")
    criteria = parts.many(CriterionDetail, "Its criteria.")


class GroupErrorDetail(Answer):
    """What the sampling of one group adds to the standard error of a unit."""

    group = parts.code("The group's code.")
    se_points = parts.exact("Standard error of the points that the group brings to the unit, rounded.")
    part = parts.exact("Its part of the variance, in percent.")
    limit = parts.flag("Whether se_points is an upper limit.")


class UncertaintyDetail(Answer):
    """Where a unit's standard error comes from."""

    reason = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(["few-answers", "no-answers"]),
        metadata={
            "description": "Why there is no standard error. few-answers: a group that counts has too few; no-answers: "
            "nobody whose answers count."
        },
    )
    groups = parts.many(
        GroupErrorDetail, "The groups that count; figures are null where one of them must not be shown."
    )


class Neighbour(Answer):
    """A unit beside another in the ranking of their block."""

    unit = parts.code("The unit's code.")
    name = fields.Nested(Label, required=True)
    rank = parts.rank()


class PublishedPlace(Answer):
    """A unit in a publication."""

    number = parts.number("The publication's number.")
    version = parts.number("The version of the definition.")
    at = parts.text("The hour in which it was made.")
    title = fields.Nested(Label, required=True)
    rank = parts.rank()
    tied = parts.flag("Whether other units had exactly the same index.")
    index = parts.exact("Percent, rounded half up to the campaign's decimals.")
    index_exact = parts.exact("Percent with 30 decimals.")


class Detail(Uncertain):
    """A unit in detail: field → criterion → leaf → group."""

    unit = parts.code("The unit's code.")
    name = fields.Nested(Label, required=True)
    block = parts.code("The block in which it is ranked.")
    rank = parts.rank()
    tied = parts.flag("Whether other units have exactly the same index.")
    rank_interval = parts.rank_interval()
    lost = parts.exact("Points attainable but not earned.", nullable=False)
    bonus = parts.exact("Bonus points within the cap, part of what was earned.", nullable=False)
    penalty = parts.exact("Penalty points within the cap, taken off what was earned.", nullable=False)
    block_mean = parts.exact("The mean of the block's indices, rounded.")
    block_mean_exact = parts.exact("The same with 30 decimals.")
    block_best = parts.exact("The highest of them, rounded.")
    block_best_exact = parts.exact("The same with 30 decimals.")
    previous = fields.Nested(
        Neighbour,
        required=True,
        allow_none=True,
        metadata={"description": "The unit before this one in the ranking of the block; null of the first."},
    )
    next = fields.Nested(
        Neighbour,
        required=True,
        allow_none=True,
        metadata={"description": "The unit after it; null of the last."},
    )
    band = fields.Nested(Label, required=True, allow_none=True)
    n = parts.number("Responses that rate the unit.")
    provisional = parts.flag("Whether leaves are pending.")
    pending = parts.codes("The leaves that have no points yet.")
    groups = parts.many(GroupSum, "The groups that rate the block.")
    uncertainty = fields.Nested(UncertaintyDetail, required=True)
    fields_ = fields.List(
        fields.Nested(FieldDetail),
        required=True,
        data_key="fields",
        metadata={"description": "The fields of the campaign."},
    )


class UnitDetail(Detail):
    """A unit as it stands now."""

    campaign = parts.code("The campaign's code.")
    version = parts.number("The version of the definition.")
    as_of = fields.Nested(AsOf, required=True)
    released = parts.released()
    publications = parts.many(PublishedPlace, "How the unit stood in each publication, in order.")
