"""The answers of the API as their readers see them: the source of /openapi.json. They only describe.

Every exact number is a text of decimal digits, so that no reader's floating point takes a part of it away.
"""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from services.common.campaign import CODE_PATTERN
from services.common.campaign_document import StoredDocument
from services.reporting.participation import EFFECTS

DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$"


class Answer(Schema):
    """A part of an answer that holds what is described here and nothing else."""

    class Meta:
        unknown = RAISE


def _text(description: str, **options: Any) -> fields.String:  # noqa: ANN401 (marshmallow's own)
    return fields.String(required=True, metadata={"description": description}, **options)


def _code(description: str) -> fields.String:
    return _text(description, validate=validate.Regexp(CODE_PATTERN))


def _number(description: str) -> fields.Integer:
    return fields.Integer(required=True, metadata={"description": description}, validate=validate.Range(min=0))


def _exact(description: str, *, nullable: bool = True) -> fields.String:
    metadata = {"description": description, "pattern": DECIMAL}
    return fields.String(required=True, allow_none=nullable, metadata=metadata)


def _flag(description: str) -> fields.Boolean:
    return fields.Boolean(required=True, metadata={"description": description})


def _list(of: type[Schema], description: str) -> fields.List[Any]:
    return fields.List(fields.Nested(of), required=True, metadata={"description": description})


def _codes(description: str) -> fields.List[Any]:
    return fields.List(fields.String(), required=True, metadata={"description": description})


def _suppressed() -> fields.Boolean:
    said = "There, and true, where figures are null because they rest on too few answers or would give such away."
    return fields.Boolean(metadata={"description": said})


def _released() -> fields.Boolean:
    said = "There, and true, where figures are those that were released last, and older than as_of."
    return fields.Boolean(metadata={"description": said})


def _rank() -> fields.Integer:
    return fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "By the unrounded figure, 1 is best."},
    )


def _rank_interval() -> fields.List[Any]:
    said = (
        "The best and the worst rank that the answers leave open: with 95 % all units of the block are in theirs. Null "
        "without a standard error."
    )
    return fields.List(
        fields.Integer(validate=validate.Range(min=1)),
        required=True,
        allow_none=True,
        validate=validate.Length(equal=2),
        metadata={"description": said},
    )


class Label(Answer):
    """A label."""

    vi = _text("In Vietnamese.")
    en = fields.String(metadata={"description": "In English, where there is one."})


class AsOf(Answer):
    """How far the log is in the figures."""

    state = _number("The number of the state, which rises; the id of its event.")
    counted = _number("Responses that count.")
    positions = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Integer()),
        required=True,
        metadata={"description": "By topic and partition: the offset of the first record that is not in the figures."},
    )


class CampaignLine(Answer):
    """A campaign in the list."""

    campaign = _code("Its code.")
    title = fields.Nested(Label, required=True)
    version = _number("The version of the definition in force.")
    opens = fields.DateTime(required=True)
    closes = fields.DateTime(required=True)
    state = _text("Whether responses are taken.", validate=validate.OneOf(["upcoming", "open", "closed"]))
    live = _text("Who may see scores before they are published.", validate=validate.OneOf(["public", "private"]))
    counted = _number("Responses that count.")
    as_of = fields.Nested(AsOf, required=True)


class Campaigns(Answer):
    campaigns = _list(CampaignLine, "All campaigns, by code.")


class Definition(StoredDocument):
    """The public part of a definition."""

    as_of = fields.Nested(AsOf, required=True)


class Figures(Answer):
    """An index and the points it is made of; null where there is no figure, or none to show."""

    index = _exact("Percent, rounded half up to the campaign's decimals: for display.")
    index_exact = _exact("Percent with 30 decimals: for comparison.")
    earned = _exact("Points earned: all decimals where they end, else 30.")
    attainable = _exact("Points attainable so far.")


class Uncertain(Figures):
    """An index with its sampling error; null where that is not known, or not to be shown."""

    se = _exact("Standard error of the index in percentage points, rounded.")
    interval = fields.List(
        fields.String(metadata={"pattern": DECIMAL}),
        required=True,
        allow_none=True,
        validate=validate.Length(equal=2),
        metadata={"description": "The 95 % interval of the index in percent, rounded; not cut at 0 and 100."},
    )


class Row(Uncertain):
    """A unit in a ranking."""

    unit = _code("The unit's code.")
    name = fields.Nested(Label, required=True)
    rank = _rank()
    tied = _flag("Whether other units have exactly the same figure.")
    rank_interval = _rank_interval()
    band = fields.Nested(
        Label, required=True, allow_none=True, metadata={"description": "The grade; null below all of them."}
    )
    n = _number("Responses that rate the unit; with a group, the group's.")
    provisional = _flag("Whether leaves are pending, so that the figure will change.")
    pending = _codes("The leaves that have no points yet.")
    suppressed = _suppressed()


class Ranking(Answer):
    """The units of a block, best first; those without a figure last."""

    campaign = _code("The campaign's code.")
    version = _number("The version of the definition.")
    block = _code("The block.")
    field = fields.String(metadata={"description": "The field whose sub-index ranks."})
    group = fields.String(metadata={"description": "The group whose answers rank."})
    as_of = fields.Nested(AsOf, required=True)
    released = _released()
    rows = _list(Row, "The units.")


class FieldCell(Answer):
    """A unit's figure in a field, or as a whole."""

    rank = _rank()
    index = _exact("The index in percent, rounded half up to the campaign's decimals.")
    index_exact = _exact("The same with 30 decimals.")
    suppressed = _suppressed()


class FieldMean(Answer):
    """A field, in the definition's order."""

    field = _code("The field's code.")
    name = fields.Nested(Label, required=True)
    mean = _exact("The mean over the units whose figure is shown, rounded likewise.")


class FieldRow(FieldCell):
    unit = _code("The unit's code.")
    name = fields.Nested(Label, required=True)
    cells = _list(FieldCell, "By field, in the order of `fields`.")


class ByField(Answer):
    """Every unit of a block in every field."""

    campaign = _code("The campaign's code.")
    version = _number("The version of the definition.")
    block = _code("The block.")
    group = fields.String(metadata={"description": "The group whose answers rank."})
    as_of = fields.Nested(AsOf, required=True)
    released = _released()
    fields_ = fields.List(
        fields.Nested(FieldMean), required=True, data_key="fields", metadata={"description": "The fields."}
    )
    rows = _list(FieldRow, "The units, in the order of the ranking.")


class Sum(Figures):
    lost = _exact("Points attainable but not earned.")
    suppressed = _suppressed()


class GroupSum(Sum, Uncertain):
    """What one group alone makes of a unit."""

    group = _code("The group's code.")
    name = fields.Nested(Label, required=True)
    n = _number("The group's responses that rate the unit.")


class GroupCell(Answer):
    """One group's opinion of one leaf."""

    group = _code("The group's code.")
    answers = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Answers with an opinion; null where suppressed."}
    )
    no_opinion = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Answers without an opinion; null where suppressed."}
    )
    share = _exact("Share (0-1) of the points that the group gives; null below the campaign's min_answers.")
    suppressed = _suppressed()


class LeafDetail(Answer):
    """A sub-criterion."""

    leaf = _code("The leaf's code.")
    name = fields.Nested(Label, required=True)
    method = _text("Where its points come from.", validate=validate.OneOf(["appraisal", "survey"]))
    max_points = _exact("The most points that it can bring.", nullable=False)
    state = _text("Whether it has points.", validate=validate.OneOf(["scored", "pending", "not_applicable"]))
    points = _exact("Points earned; null unless scored.")
    lost = _exact("Points lost; null unless scored.")
    question = fields.Nested(Label, metadata={"description": "survey only: what was asked."})
    groups = fields.List(
        fields.Nested(GroupCell), metadata={"description": "survey only: the groups that are asked about this block."}
    )
    suppressed = _suppressed()


class CriterionDetail(Sum):
    criterion = _code("The criterion's code.")
    name = fields.Nested(Label, required=True)
    leaves = _list(LeafDetail, "Its leaves, without those that nobody is asked about this block.")


class FieldDetail(Sum):
    field = _code("The field's code.")
    name = fields.Nested(Label, required=True)
    rank = _rank()
    tied = _flag("Whether other units have exactly the same figure.")
    block_mean = _exact("The mean of the block's shown sub-indices of this field, rounded.")
    block_mean_exact = _exact("The same with 30 decimals.")
    criteria = _list(CriterionDetail, "Its criteria.")


class GroupErrorDetail(Answer):
    """What the sampling of one group adds to the standard error of a unit."""

    group = _code("The group's code.")
    se_points = _exact("Standard error of the points that the group brings to the unit, rounded.")
    part = _exact("Its part of the variance, in percent.")
    limit = _flag("Whether se_points is an upper limit.")


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
    groups = _list(GroupErrorDetail, "The groups that count; figures are null where one of them must not be shown.")


class UnitDetail(Uncertain):
    """A unit in detail: field → criterion → leaf → group."""

    campaign = _code("The campaign's code.")
    version = _number("The version of the definition.")
    unit = _code("The unit's code.")
    name = fields.Nested(Label, required=True)
    block = _code("The block in which it is ranked.")
    as_of = fields.Nested(AsOf, required=True)
    released = _released()
    rank = _rank()
    tied = _flag("Whether other units have exactly the same index.")
    rank_interval = _rank_interval()
    lost = _exact("Points attainable but not earned.", nullable=False)
    bonus = _exact("Bonus points within the cap, part of what was earned.", nullable=False)
    penalty = _exact("Penalty points within the cap, taken off what was earned.", nullable=False)
    band = fields.Nested(Label, required=True, allow_none=True)
    n = _number("Responses that rate the unit.")
    provisional = _flag("Whether leaves are pending.")
    pending = _codes("The leaves that have no points yet.")
    groups = _list(GroupSum, "The groups that rate the block.")
    uncertainty = fields.Nested(UncertaintyDetail, required=True)
    fields_ = fields.List(
        fields.Nested(FieldDetail),
        required=True,
        data_key="fields",
        metadata={"description": "The fields of the campaign."},
    )


class GroupPart(Answer):
    """A group's part of what a leaf lost."""

    group = _code("The group's code.")
    lost = _exact("max_points times its part of the weights times 1 less its share.", nullable=False)


class GroupLoss(Answer):
    """What a group's opinions took in all."""

    group = _code("The group's code.")
    name = fields.Nested(Label, required=True)
    lost = _exact("Its parts of the leaves, in points.")
    suppressed = _suppressed()


class Step(Answer):
    """What one more step on a leaf would change, all else as it is: arithmetic, no forecast."""

    to = _text(
        "option: the mean answer of every group that counts is one option of the scale higher, at most the highest; "
        "maximum: the council gives all points.",
        validate=validate.OneOf(["option", "maximum"]),
    )
    points = _exact("The leaf's points then.", nullable=False)
    index = _exact("The unit's index then, rounded.", nullable=False)
    index_exact = _exact("The same with 30 decimals.", nullable=False)
    rank = _number("The unit's rank then.")


class LeafLoss(Answer):
    """What a unit lost on a leaf."""

    leaf = _code("The leaf's code.")
    name = fields.Nested(Label, required=True)
    field = _code("Its field.")
    method = _text("Where its points come from.", validate=validate.OneOf(["appraisal", "survey"]))
    max_points = _exact("The most points that it can bring.", nullable=False)
    points = _exact("Points earned.")
    lost = _exact("Points lost.")
    of_index = _exact("The percentage points of the index that were lost with them, rounded.")
    of_index_exact = _exact("The same with 30 decimals.")
    groups = _list(GroupPart, "survey only: the part of each group that counts; they come to what was lost.")
    step = fields.Nested(Step, required=True, allow_none=True)
    block_mean = _exact("The mean points of the block's units that show theirs, rounded.")
    block_mean_exact = _exact("The same with 30 decimals.")
    block_best = _exact("The most points among them.")
    suppressed = _suppressed()


class PointsLost(Figures):
    """Where a unit lost its points."""

    campaign = _code("The campaign's code.")
    version = _number("The version of the definition.")
    unit = _code("The unit's code.")
    name = fields.Nested(Label, required=True)
    block = _code("The block in which it is ranked.")
    as_of = fields.Nested(AsOf, required=True)
    released = _released()
    rank = _rank()
    tied = _flag("Whether other units have exactly the same index.")
    provisional = _flag("Whether leaves are pending.")
    pending = _codes("The leaves that have no points yet.")
    groups = _list(GroupLoss, "The groups that rate the block.")
    leaves = _list(LeafLoss, "The leaves that have points: those that cost most of the index first, hidden ones last.")


class Variation(Answer):
    """A way to rank in which one thing differs from the definition in force."""

    variation = _text(
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

    best = _number("The best.")
    low = _number("One draw in twenty gives a better one.")
    median = _number("The median, the better one of two.")
    high = _number("One draw in twenty gives a worse one.")
    worst = _number("The worst.")
    unchanged = _number("Draws in which it is the unit's rank in the ranking.")


class RobustnessRow(Answer):
    """How firm a unit's rank is."""

    unit = _code("The unit's code.")
    name = fields.Nested(Label, required=True)
    rank = _rank()
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


class Robustness(Answer):
    """How firm the ranks of a block are when weights and rules are varied."""

    campaign = _code("The campaign's code.")
    version = _number("The version of the definition.")
    block = _code("The block.")
    as_of = fields.Nested(AsOf, required=True)
    released = _released()
    draws = _number("How many draws of field weights.")
    seed = _number("What they were drawn from: the same seed gives the same draws everywhere.")
    variations = _list(Variation, "What was varied.")
    rows = _list(RobustnessRow, "The units, in the order of the ranking.")


class ComparedCampaign(Answer):
    """One of the two campaigns."""

    campaign = _code("Its code.")
    title = fields.Nested(Label, required=True)
    version = _number("The version of its definition.")
    opens = fields.DateTime(required=True)
    closes = fields.DateTime(required=True)
    as_of = fields.Nested(AsOf, required=True)


class Measured(Figures):
    """An index with its standard error."""

    se = _exact("Standard error in percentage points, rounded; null where it is not known or not shown.")
    rank = _rank()


class EarlierUnit(Measured):
    """A unit of the earlier campaign."""

    unit = _code("Its code there.")
    name = fields.Nested(Label, required=True)
    block = _code("The block in which it was ranked.")


class Then(Measured):
    """What a unit was; of several, all their points earned over all attainable, and no rank."""

    units = _list(EarlierUnit, "The units that it was.")


class Gained(Answer):
    """Now less then."""

    index = _exact("Percentage points, rounded.")
    index_exact = _exact("The same with 30 decimals.")
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

    unit = _code("The unit's code.")
    name = fields.Nested(Label, required=True)
    then = fields.Nested(Then, required=True, allow_none=True)
    now = fields.Nested(Measured, required=True)
    difference = fields.Nested(Gained, required=True, allow_none=True)


class DefinitionDifference(Answer):
    """What the later definition says other than the earlier."""

    kind = _text("What it is about, e.g. leaf or rules.")
    code = _text("Which one; empty where there is only one.")
    aspect = fields.String(
        required=True, allow_none=True, metadata={"description": "Which property; null where it came or went."}
    )
    before = fields.String(required=True, allow_none=True, metadata={"description": "The value then."})
    after = fields.String(required=True, allow_none=True, metadata={"description": "The value now."})
    effect = _text("What changes by it.", validate=validate.OneOf(["form", "index", "rank"]))
    text = fields.Nested(Label, required=True)


class Comparison(Answer):
    """Two campaigns side by side."""

    earlier = fields.Nested(ComparedCampaign, required=True)
    later = fields.Nested(ComparedCampaign, required=True)
    block = _code("The block of the later campaign.")
    rows = _list(ComparedRow, "Its units, in the order of the later ranking.")
    gone = _list(EarlierUnit, "Units of the earlier campaign that none of the later was.")
    definition = _list(DefinitionDifference, "What may explain a difference: how the two campaigns measure otherwise.")


class QuotaDetail(Answer):
    per = _text("What the number is meant for.", validate=validate.OneOf(["unit", "block", "campaign"]))
    forms = _number("How many forms.")
    covers = _text(
        "Whether they are a sample of the group, or all there can be.",
        validate=validate.OneOf(["sample", "population"]),
    )


class GroupParticipation(Answer):
    """How many forms a group has given."""

    group = _code("The group's code.")
    name = fields.Nested(Label, required=True)
    counted = _number("Forms that count.")
    required = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Forms asked for in the whole campaign: the quota times its units or blocks."},
    )
    share = _exact("Forms that count, in percent of those asked for, rounded; null where none are.")
    quota = fields.Nested(QuotaDetail, required=True, allow_none=True)


class BlockGroupParticipation(Answer):
    group = _code("The group's code.")
    n = _number("How often the group rated units of the block.")
    required = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Forms asked for; null unless the quota is meant for each unit or block."},
    )
    share = _exact("n in percent of those asked for, rounded; null where none are.")
    cells = _number("Units of the block.")
    missing = _number("Those of them for which the group has too few forms.")


class BlockParticipation(Answer):
    block = _code("The block's code.")
    name = fields.Nested(Label, required=True)
    groups = _list(BlockGroupParticipation, "The groups that rate it.")


class MissingCell(Answer):
    unit = _code("The unit's code.")
    group = _code("The group's code.")
    n = _number("The group's forms that rate the unit.")


class Missing(Answer):
    """Cells (unit and group) with no or too few forms."""

    below = _number("With fewer forms than this a cell is missing.")
    cells = _number("How many cells are.")
    listed = _list(MissingCell, "Those with the fewest forms, 1,000 at most.")


class Filled(Answer):
    """How the forms of a group are filled in, of what may be shown."""

    group = _code("The group's code.")
    answers = _number("Answers, with an opinion or without.")
    no_opinion = _exact("Those without, in percent, rounded; null where there are no answers.")
    ratings = _number("Ratings of a unit of at least 5 answers, of the forms that count.")
    straight_lining = _exact("Those of them that give one answer throughout, in percent, rounded; null without any.")
    suppressed = _suppressed()


class Warned(Answer):
    """What passes a threshold of the campaign."""

    code = _text(
        "What it is about.",
        validate=validate.OneOf(
            ["behind", "edited", "withdrawn", "conflict", "no_opinion", "straight_lining"],
        ),
    )
    where = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, metadata={"description": "By kind the code."}
    )
    percent = _exact("What was found, rounded.", nullable=False)
    limit = _number("The campaign's threshold, in percent.")
    detail = fields.Nested(Label, required=True)


class UnitGroupParticipation(Answer):
    group = _code("The group's code.")
    n = _number("The group's forms that rate the unit.")
    required = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Forms asked for; null unless the quota is meant for each unit."},
    )


class UnitParticipation(Answer):
    unit = _code("The unit's code.")
    name = fields.Nested(Label, required=True)
    block = _code("Its block.")
    n = _number("Forms that rate the unit.")
    groups = _list(UnitGroupParticipation, "The groups that rate its block.")


_MEANINGS = {
    "submitted": "Forms that came in, also again after a withdrawal.",
    "edited": "Forms that were changed.",
    "withdrawn": "Forms that were taken back.",
    "duplicate": "Repeats of what was there: no effect.",
    "superseded": "Revisions lower than the one that counts: no effect.",
    "conflict": "Other contents under a revision that was there: no effect, the first stands.",
}
Effects: type[Schema] = Schema.from_dict({effect: _number(_MEANINGS[effect]) for effect in EFFECTS}, name="Effects")


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

    rejected = _number("Records that could not be applied and wait for an operator.")


class ActivityAsOf(Answer):
    positions = fields.Dict(
        keys=fields.String(), values=fields.Dict(keys=fields.String(), values=fields.Integer()), required=True
    )


class Activity(Answer):
    """What came in. It may be a moment ahead of the forms above, so it says itself how far the log is in it."""

    as_of = fields.Nested(ActivityAsOf, required=True)
    days = _list(Day, "By day.")
    by_group = _list(GroupDay, "By day and group.")
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

    campaign = _code("The campaign's code.")
    version = _number("The version of the definition.")
    as_of = fields.Nested(AsOf, required=True)
    groups = _list(GroupParticipation, "By group.")
    blocks = _list(BlockParticipation, "By block.")
    units = _list(UnitParticipation, "By unit.")
    missing = fields.Nested(Missing, required=True)
    activity = fields.Nested(Activity, required=True)
    quality = fields.List(
        fields.Nested(Filled),
        required=True,
        allow_none=True,
        metadata={"description": "By group; null without a viewer's token while responses come in."},
    )
    warnings = _list(Warned, "What passes a threshold of the campaign.")


class EvidenceLink(Answer):
    title = fields.String(metadata={"description": "What it is."})
    url = fields.String(metadata={"description": "Where it is."})


class LeafAppraised(Answer):
    """What is said of a leaf; all null where nothing is yet."""

    leaf = _code("The leaf's code.")
    name = fields.Nested(Label, required=True)
    max_points = _exact("The most points that it can bring.", nullable=False)
    self_points = _exact("The points that the unit claims for itself.")
    points = _exact("The points given.")
    not_applicable = _flag("Whether it does not apply to the unit.")
    note = fields.String(required=True, allow_none=True, metadata={"description": "Why."})
    evidence = _list(EvidenceLink, "Where the proof is.")


class UnitAppraised(Answer):
    unit = _code("The unit's code.")
    name = fields.Nested(Label, required=True)
    block = _code("Its block.")
    version = _number("Of its row: how often it was changed.")
    bonus = _exact("Bonus points as given, before the cap.", nullable=False)
    penalty = _exact("Penalty points as given, before the cap.", nullable=False)
    leaves = _list(LeafAppraised, "The appraised leaves.")


class AppraisalsAsOf(ActivityAsOf):
    state = _number("The state in force; the rows may be a moment ahead of it.")


class Appraisals(Answer):
    """The council's points in force."""

    campaign = _code("The campaign's code.")
    version = _number("The version of the definition.")
    as_of = fields.Nested(AppraisalsAsOf, required=True)
    units = _list(UnitAppraised, "The units.")


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
    bonus = _exact("Bonus points as given, before the cap.", nullable=False)
    bonus_note = fields.String(metadata={"description": "Why the bonus."})
    penalty = _exact("Penalty points as given, before the cap.", nullable=False)
    penalty_note = fields.String(metadata={"description": "Why the penalty."})


class RowInForce(RowValues):
    version = _number("How often the row was changed.")


class AppraisalWarning(Answer):
    """What is allowed and yet worth a second look."""

    pointer = _text("Where: a JSON pointer into this answer.")
    code = _text("What, for programs: above-self, no-reason or above-cap.")
    detail = _text("What, for people.")


class UnitAppraisalHead(Answer):
    campaign = _code("The campaign's code.")
    version = _number("The version of the definition.")
    unit = _code("The unit's code.")
    name = fields.Nested(Label, required=True)
    block = _code("Its block.")
    as_of = fields.Nested(AppraisalsAsOf, required=True)


class UnitAppraisals(UnitAppraisalHead):
    """The council's row of a unit."""

    row = fields.Nested(RowInForce, required=True)
    warnings = _list(AppraisalWarning, "What is worth a second look.")


class AppraisalChange(Answer):
    """A change of a unit's row."""

    version = _number("The version of the row that it made.")
    by = _text("The name of the token by which it was said.")
    time = fields.DateTime(required=True, metadata={"description": "When it was said, in UTC."})
    why = fields.String(required=True, allow_none=True, metadata={"description": "Why, where that was said."})
    before = fields.Nested(RowValues, required=True)
    after = fields.Nested(RowValues, required=True)


class AppraisalHistory(UnitAppraisalHead):
    """The changes of a unit's row, the newest first."""

    changes = _list(AppraisalChange, "The changes of this page.")
    next = fields.String(
        required=True, allow_none=True, metadata={"description": "The cursor of what is older; null: there is nothing."}
    )


class LeftOut(Answer):
    """A unit that few of a group rate."""

    block = _code("The unit's block.")
    unit = _code("The unit's code.")
    group = _code("The group's code.")
    n = _number("How many responses are left out.")


class ResponseRow(Answer):
    """What one response says of one unit."""

    block = _code("The unit's block.")
    unit = _code("The unit's code.")
    group = _code("The group that the response is of.")
    answers = fields.Dict(
        keys=fields.String(),
        values=fields.String(allow_none=True),
        required=True,
        metadata={"description": "By leaf: the option; null where few of the group answered it for the unit."},
    )


class Responses(Answer):
    """The answers without whoever gave them, in an order that is drawn anew each time."""

    campaign = _code("The campaign's code.")
    version = _number("The version of the definition.")
    as_of = fields.Nested(AsOf, required=True)
    row_count = _number("How many rows there are.")
    left_out = _list(LeftOut, "Units with fewer responses of a group than suppress_below.")
    rows = _list(ResponseRow, "The rows.")


class ResponseStatus(Answer):
    """What became of one response."""

    response = fields.UUID(required=True)
    status = _text(
        "counted: it counts, as its revision is the highest; superseded: a higher revision counts; withdrawn: it was "
        "taken back; conflict: another content came first under this revision; rejected: it could not be applied; "
        "pending: it is in the log and not applied yet.",
        validate=validate.OneOf(["counted", "superseded", "withdrawn", "conflict", "rejected", "pending"]),
    )
    revision = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The revision that counts now; null while none does."}
    )
    digest = fields.String(
        required=True, allow_none=True, metadata={"description": "The digest of that revision's content."}
    )
    reason = fields.String(metadata={"description": "rejected only: why it could not be applied."})


class Health(Answer):
    status = _text("ok or unavailable.")
    checks = fields.Dict(keys=fields.String(), values=fields.String())
