"""The campaigns there are, and a definition, as their readers see them."""

from __future__ import annotations

from marshmallow import fields, validate

from services.common.campaign_document import StoredDocument
from services.reporting.schemas import parts
from services.reporting.schemas.parts import Answer, AsOf, Label


class CampaignLine(Answer):
    """A campaign in the list."""

    campaign = parts.code("Its code.")
    title = fields.Nested(Label, required=True)
    version = parts.number("The version of the definition in force.")
    opens = fields.DateTime(required=True)
    closes = fields.DateTime(required=True)
    state = parts.text("Whether responses are taken.", validate=validate.OneOf(["upcoming", "open", "closed"]))
    live = parts.text("Who may see scores before they are published.", validate=validate.OneOf(["public", "private"]))
    counted = parts.number("Responses that count.")
    as_of = fields.Nested(AsOf, required=True)


class Campaigns(Answer):
    campaigns = parts.many(CampaignLine, "All campaigns, by code.")


class Definition(StoredDocument):
    """The public part of a definition."""

    as_of = fields.Nested(AsOf, required=True)
