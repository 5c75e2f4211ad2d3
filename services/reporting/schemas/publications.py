"""Publications, as their readers see them."""

from __future__ import annotations

from marshmallow import fields, validate

from services.reporting.schemas import parts
from services.reporting.schemas.parts import Answer, Label
from services.reporting.schemas.rankings import Row
from services.reporting.schemas.units import Detail

SHA256 = r"^[0-9a-f]{64}$"


def sha256(description: str) -> fields.String:
    return parts.text(description, validate=validate.Regexp(SHA256))


def withheld() -> fields.String:
    said = "There where something is not published, as beside an earlier publication it would tell what few answered."
    return fields.String(validate=validate.OneOf(["breakdown", "index"]), metadata={"description": said})


class PublicationHead(Answer):
    """What is said of a publication."""

    campaign = parts.code("The campaign's code.")
    number = parts.number("1, 2, 3… in the campaign.")
    version = parts.number("The version of the definition.")
    title = fields.Nested(Label, required=True)
    note = fields.String(metadata={"description": "A remark, where there is one."})
    at = parts.text("The hour in which it was made.")
    forced = fields.List(
        fields.String(validate=validate.OneOf(["open", "pending", "withheld"])),
        required=True,
        metadata={
            "description": "Why it had to be forced: the campaign was open, leaves were pending, indices are withheld."
        },
    )
    counted = parts.number("Responses that count: the leaves of the tree.")
    digest = sha256("SHA-256 of the canonical JSON (RFC 8785) of the content.")
    root = sha256("The root of the Merkle tree (RFC 6962) of the responses that count.")
    form = parts.number("The number of the content's form.")
    software = parts.text("The version of the software that made it.")


class PublicationList(Answer):
    """The publications of a campaign, in order."""

    campaign = parts.code("The campaign's code.")
    publications = parts.many(PublicationHead, "The publications.")


class PublishedAsOf(Answer):
    """How far the log is in the figures."""

    counted = parts.number("Responses that count.")
    root = sha256("The root of their tree.")
    groups = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "Responses by group."},
    )
    positions = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Integer()),
        required=True,
        metadata={"description": "By topic and partition: the offset of the first record that is not in the figures."},
    )


class PublishedBlock(Answer):
    block = parts.code("The block's code.")
    name = fields.Nested(Label, required=True)


class PublishedBand(Answer):
    from_ = fields.String(required=True, data_key="from", metadata={"description": "From this index on, in percent."})
    name = fields.Nested(Label, required=True)


class PublishedRules(Answer):
    """The rules that decided about figures and about what is shown of them; docs/campaign.md explains each."""

    decimals = parts.number("Of indices, when they are shown.")
    ties = parts.text("Of ranks.")
    not_applicable = parts.text("What becomes of a leaf that does not apply.")
    min_answers = parts.number("Below which a group does not count on a leaf.")
    suppress_below = parts.number("Answers below which a cell is hidden.")
    edits = parts.text("Until when answers may be changed.")
    live = parts.text("Who may see the running figures.")


class PublishedAbout(Answer):
    """What the figures are of, and how they are made."""

    form = parts.number("The number of the content's form.")
    campaign = parts.code("The campaign's code.")
    version = parts.number("The version of the definition.")
    title = fields.Nested(Label, required=True)
    opens = parts.text("When the campaign opened.")
    closes = parts.text("When it closed.")
    as_of = fields.Nested(PublishedAsOf, required=True)
    blocks = parts.many(PublishedBlock, "The blocks, in the definition's order.")
    bands = parts.many(PublishedBand, "The grades.")
    rules = fields.Nested(PublishedRules, required=True)


class PublishedRow(Row):
    withheld = withheld()


class PublishedDetail(Detail):
    lost = parts.exact("Points attainable but not earned.")
    withheld = withheld()


class PublicationContent(Answer):
    """What the digest is of."""

    about = fields.Nested(PublishedAbout, required=True)
    rankings = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.Nested(PublishedRow)),
        required=True,
        metadata={"description": "By block: its units, best first."},
    )
    units = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(PublishedDetail),
        required=True,
        metadata={"description": "By unit: its details."},
    )


class WholePublication(Answer):
    """A publication."""

    publication = fields.Nested(PublicationHead, required=True)
    content = fields.Nested(PublicationContent, required=True)


class PublishedRanking(Answer):
    """The units of a block in a publication, best first."""

    publication = fields.Nested(PublicationHead, required=True)
    about = fields.Nested(PublishedAbout, required=True)
    block = parts.code("The block.")
    rows = parts.many(PublishedRow, "The units.")


class PublishedUnit(Answer):
    """A unit in a publication."""

    publication = fields.Nested(PublicationHead, required=True)
    unit = fields.Nested(PublishedDetail, required=True)


class InclusionProof(Answer):
    """That a response is among those that are counted."""

    publication = fields.Nested(PublicationHead, required=True)
    response = parts.text("The response's id.")
    place = parts.number("The leaf's place in the order of ids, from 0.")
    leaf = sha256('SHA-256 of a zero byte and the canonical JSON of {"digest", "response", "revision"}.')
    path = fields.List(
        sha256("A node."),
        required=True,
        metadata={"description": "The nodes beside the way to the root, lowest first."},
    )
