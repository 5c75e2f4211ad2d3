"""What a unit lost, as its readers see it."""

from __future__ import annotations

from marshmallow import fields, validate

from services.reporting.schemas import parts
from services.reporting.schemas.parts import Answer, AsOf, Label
from services.reporting.schemas.rankings import Figures


class GroupPart(Answer):
    """A group's part of what a leaf lost."""

    group = parts.code("The group's code.")
    lost = parts.exact("max_points times its part of the weights times 1 less its share.", nullable=False)


class GroupLoss(Answer):
    """What a group's opinions took in all."""

    group = parts.code("The group's code.")
    name = fields.Nested(Label, required=True)
    lost = parts.exact("Its parts of the leaves, in points.")
    suppressed = parts.suppressed()


class Step(Answer):
    """What one more step on a leaf would change, all else as it is: arithmetic, no forecast."""

    to = parts.text(
        "option: the mean answer of every group that counts is one option of the scale higher, at most the highest; "
        "maximum: the council gives all points.",
        validate=validate.OneOf(["option", "maximum"]),
    )
    points = parts.exact("The leaf's points then.", nullable=False)
    index = parts.exact("The unit's index then, rounded.", nullable=False)
    index_exact = parts.exact("The same with 30 decimals.", nullable=False)
    rank = parts.number("The unit's rank then.")


class LeafLoss(Answer):
    """What a unit lost on a leaf."""

    leaf = parts.code("The leaf's code.")
    name = fields.Nested(Label, required=True)
    field = parts.code("Its field.")
    method = parts.text("Where its points come from.", validate=validate.OneOf(["appraisal", "survey"]))
    max_points = parts.exact("The most points that it can bring.", nullable=False)
    points = parts.exact("Points earned.")
    lost = parts.exact("Points lost.")
    of_index = parts.exact("The percentage points of the index that were lost with them, rounded.")
    of_index_exact = parts.exact("The same with 30 decimals.")
    groups = parts.many(GroupPart, "survey only: the part of each group that counts; they come to what was lost.")
    step = fields.Nested(Step, required=True, allow_none=True)
    block_mean = parts.exact("The mean points of the block's units that show theirs, rounded.")
    block_mean_exact = parts.exact("The same with 30 decimals.")
    block_best = parts.exact("The most points among them.")
    suppressed = parts.suppressed()


class PointsLost(Figures):
    """Where a unit lost its points."""

    campaign = parts.code("The campaign's code.")
    version = parts.number("The version of the definition.")
    unit = parts.code("The unit's code.")
    name = fields.Nested(Label, required=True)
    block = parts.code("The block in which it is ranked.")
    as_of = fields.Nested(AsOf, required=True)
    released = parts.released()
    rank = parts.rank()
    tied = parts.flag("Whether other units have exactly the same index.")
    provisional = parts.flag("Whether leaves are pending.")
    pending = parts.codes("The leaves that have no points yet.")
    groups = parts.many(GroupLoss, "The groups that rate the block.")
    leaves = parts.many(
        LeafLoss, "The leaves that have points: those that cost most of the index first, hidden ones last."
    )
