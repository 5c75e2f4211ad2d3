"""The document that defines a campaign, field by field: what may stand in it, what it means, what it becomes.

One source for reading and writing (campaign_schema), for editors (campaign_json_schema) and for docs/campaign.md.
Rules that hold between fields stand in campaign_rules.
"""

from __future__ import annotations

from typing import Any, ClassVar, get_args

from marshmallow import Schema, post_dump, post_load

from services.common.campaign import (
    Access,
    Adjustments,
    Band,
    Block,
    Campaign,
    Criterion,
    Edits,
    Field,
    Fieldwork,
    Group,
    Leaf,
    Live,
    Method,
    NotApplicable,
    Option,
    Quota,
    QuotaCovers,
    QuotaPer,
    Reasons,
    Rules,
    Scale,
    Text,
    Ties,
    Unit,
)
from services.common.campaign_fields import (
    OPTIONAL,
    Choice,
    Code,
    Exact,
    Listed,
    Moment,
    Part,
    Places,
    Table,
    Tile,
    Whole,
    Words,
)

MAX_UNITS = 20_000
MAX_FORMERLY = 100
MAX_GROUPS = 50
MAX_LEAVES = 1_000
MAX_OPTIONS = 50
MAX_POINTS = 1_000
"""Of a leaf and of a campaign: sums of squares of 1/10,000 points then stay below 2^63 for 90,000 forms of a unit."""

_GROUP = Group("any", Text("any"), rates=())
_RULES = Rules()
_ADJUSTMENTS = Adjustments()
_FIELDWORK = Fieldwork()


def _percent(description: str, default: int) -> Whole:
    return Whole(description, default, least=0, most=100)


class Document(Schema):
    """A mapping of the document; `made` is what it becomes."""

    made: ClassVar[type]

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 (marshmallow's own)
        super().__init__(**options)
        known = ", ".join(field.data_key or name for name, field in self.load_fields.items())
        self.error_messages["type"] = "not-a-mapping|expected a mapping: one `field: value` a line"
        self.error_messages["unknown"] = f"unknown-field|there is no such field here; the fields are: {known}"

    @post_load
    def _make(self, data: dict[str, Any], **_: object) -> Any:  # noqa: ANN401
        return self.made(**data)

    @post_dump
    def _omit_what_is_not_there(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        return {key: value for key, value in data.items() if value is not None}


class TextDocument(Document):
    made = Text
    vi = Words("The text in Vietnamese.")
    en = Words("The text in English.", OPTIONAL)


class BlockDocument(Document):
    made = Block
    code = Code("The block's code, its own among the blocks.")
    name = Part(TextDocument, "The block's name.")


class UnitDocument(Document):
    made = Unit
    code = Code("The unit's code, its own among the units; it stands in addresses and in every response.")
    name = Part(TextDocument, "The unit's name.")
    block = Code("The block in which the unit is ranked.")
    tile = Tile("The unit's place [row, column] on the tile map of its block, from 0; no two units share one.")
    formerly = Listed(
        Code("The code of a unit in an earlier campaign."),
        "For comparisons with earlier campaigns: the unit's codes there, several where units were merged; without it, "
        "its own; an empty list: the unit is new.",
        OPTIONAL,
        least=0,
        most=MAX_FORMERLY,
    )


class QuotaDocument(Document):
    made = Quota
    per = Choice(
        "What the number of forms is meant for: each unit, each block, or the whole campaign.", get_args(QuotaPer)
    )
    forms = Whole("How many forms the group shall give.", least=1, most=1_000_000_000)
    covers = Choice(
        "sample: the forms are a sample of the group; population: they are all in the group who can rate a unit, so "
        "that nothing is left to chance when all have answered (for standard errors).",
        get_args(QuotaCovers),
        "sample",
    )


class GroupDocument(Document):
    made = Group
    code = Code("The group's code, its own among the groups.")
    name = Part(TextDocument, "The group's name.")
    rates = Listed(Code("The code of a block."), "The blocks whose units the group rates.", most=1_000)
    weight = Exact(
        "The weight of the group's opinion beside the other groups that answer a leaf.",
        _GROUP.weight,
        most=1_000_000,
        above_zero=True,
    )
    quota = Part(QuotaDocument, "How many forms are expected of the group; without it none are.", OPTIONAL)
    access = Choice(
        "invitation: only with a code that was handed out; open: for everybody.", get_args(Access), _GROUP.access
    )


class OptionDocument(Document):
    made = Option
    code = Code("The option's code, its own within the scale; responses carry it.")
    label = Part(TextDocument, "What people read beside the option.")
    percent = Exact(
        "The share of a leaf's points, 0 to 100, that this answer is worth; null: no opinion, which leaves the mean.",
        most=100,
        nullable=True,
    )

    @post_dump
    def _omit_what_is_not_there(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        return data


class ScaleDocument(Document):
    made = Scale
    code = Code("The scale's code, its own among the scales.")
    options = Listed(OptionDocument, "The answers, in the order in which they are shown.", most=MAX_OPTIONS)


class LeafDocument(Document):
    made = Leaf
    code = Code("The leaf's code, its own among all leaves of the campaign; responses and appraisals carry it.")
    name = Part(TextDocument, "The sub-criterion's name.")
    max_points = Exact("The most points a unit can get for it.", most=MAX_POINTS, above_zero=True)
    method = Choice("appraisal: a council gives the points; survey: they come from answers.", get_args(Method))
    scale = Code("survey only, and required there: the scale of the answers.", OPTIONAL)
    groups = Listed(
        Code("The code of a group."),
        "survey only, and required there: the groups that answer the question.",
        OPTIONAL,
        most=MAX_GROUPS,
    )
    weights = Table(
        Exact("The weight of this group's opinion of this leaf.", most=1_000_000, above_zero=True),
        "survey only: weights of groups for this leaf alone, in place of their own.",
    )
    question = Part(TextDocument, "survey only: the question as it is asked; without it the name is.", OPTIONAL)

    @post_dump
    def _omit_what_is_not_there(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        surveyed = data["method"] == "survey"
        return {
            key: value for key, value in data.items() if value is not None and (surveyed or key not in SURVEY_FIELDS)
        }


SURVEY_FIELDS = ("scale", "groups", "weights", "question")
"""The fields of a leaf that belong to the method survey alone."""


class CriterionDocument(Document):
    made = Criterion
    code = Code("The criterion's code, its own among all criteria of the campaign.")
    name = Part(TextDocument, "The criterion's name.")
    leaves = Listed(LeafDocument, "The sub-criteria: what is given points.", most=MAX_LEAVES)


class FieldDocument(Document):
    made = Field
    code = Code("The field's code, its own among the fields.")
    name = Part(TextDocument, "The field's name.")
    criteria = Listed(CriterionDocument, "The criteria of the field.", most=MAX_LEAVES)


class AdjustmentsDocument(Document):
    made = Adjustments
    bonus_cap = Exact("The most bonus points that count for a unit.", _ADJUSTMENTS.bonus_cap, most=MAX_POINTS)
    penalty_cap = Exact("The most penalty points that count for a unit.", _ADJUSTMENTS.penalty_cap, most=MAX_POINTS)


class BandDocument(Document):
    made = Band
    floor = Exact("The lowest index, in percent, that earns the grade.", most=100, key="from")
    name = Part(TextDocument, "The grade's name.")


class RulesDocument(Document):
    made = Rules
    decimals = Whole(
        "Decimals of the index as it is shown (half up); ranks always use the exact one.",
        _RULES.decimals,
        least=0,
        most=6,
    )
    ties = Choice("Ranks after a tie: shared gives 1, 1, 3; dense gives 1, 1, 2.", get_args(Ties), _RULES.ties)
    not_applicable = Choice(
        "A leaf that does not apply to a unit: index takes its points out of the attainable ones; field keeps the "
        "field's maximum and scales its other leaves up to it.",
        get_args(NotApplicable),
        _RULES.not_applicable,
    )
    min_answers = Whole(
        "Answers with an opinion that a group needs before it counts for a leaf.",
        _RULES.min_answers,
        least=1,
        most=1_000_000,
    )
    suppress_below = Whole(
        "Breakdowns with fewer answers than this are not shown, so that nobody is recognised; while everybody may "
        "follow a campaign they are released in steps of so many.",
        _RULES.suppress_below,
        least=0,
        most=1_000_000,
    )
    edits = Choice(
        "until_close: an answered form may be changed until the end; none: never.", get_args(Edits), _RULES.edits
    )
    live = Choice(
        "public: everybody sees the ranking as it grows; private: only holders of a token, until it is published.",
        get_args(Live),
        _RULES.live,
    )
    reasons = Choice(
        "Reasons in appraisals (of a leaf that does not apply, of points below those the unit claims, of bonus and "
        "penalty): advised warns where one is missing, required refuses.",
        get_args(Reasons),
        _RULES.reasons,
    )


class FieldworkDocument(Document):
    made = Fieldwork
    behind = _percent(
        "Forms that are missing to an even course from opening to closing, of those the quota asks for.",
        _FIELDWORK.behind,
    )
    no_opinion = _percent("A group's answers without opinion, of all its answers.", _FIELDWORK.no_opinion)
    straight_lining = _percent(
        "A group's ratings of a unit in which all answers are one option, of those of at least 5 answers.",
        _FIELDWORK.straight_lining,
    )
    edited = _percent("Forms that were changed, of those that came in.", _FIELDWORK.edited)
    withdrawn = _percent("Forms that were taken back, of those that came in.", _FIELDWORK.withdrawn)
    conflict = _percent(
        "Other contents under a revision that was there, of the forms that came in.", _FIELDWORK.conflict
    )


class CampaignDocument(Document):
    """The document as its author writes it."""

    made = Campaign
    code = Code("The campaign's code; it stands in addresses and never changes.", key="campaign")
    title = Part(TextDocument, "The campaign's title.")
    opens = Moment("The first moment at which responses are taken.")
    closes = Moment("The moment from which responses are no longer taken.")
    blocks = Listed(BlockDocument, "The kinds of units; units are ranked within their block.", most=1_000)
    units = Listed(UnitDocument, "Who is rated.", most=MAX_UNITS)
    groups = Listed(GroupDocument, "Who rates: each group has a form of its own.", (), least=0, most=MAX_GROUPS)
    scales = Listed(ScaleDocument, "The kinds of answers.", (), least=0, most=MAX_LEAVES)
    fields_ = Listed(
        FieldDocument,
        "What is rated: fields, their criteria, and the leaves of these.",
        most=MAX_LEAVES,
        data_key="fields",
        attribute="fields",  # marshmallow keeps the name itself
    )
    adjustments = Part(AdjustmentsDocument, "Limits of bonus and penalty points; without it there are none.", OPTIONAL)
    bands = Listed(BandDocument, "The grades, from the highest to the lowest.", (), least=0, most=100)
    rules = Part(RulesDocument, "How the index is made and shown.", OPTIONAL)
    fieldwork = Part(
        FieldworkDocument, "From which percentages on, 0 to 100, whoever runs the survey is warned.", OPTIONAL
    )


class StoredDocument(CampaignDocument):
    """The document as the log and the database keep it: with what publication adds."""

    version = Whole("The version: 1 for the first that was published; 0 before.", 0, least=0, most=1_000_000)
    layout = Table(Places(), "By group: the places of its counts, as leaf:option.")
