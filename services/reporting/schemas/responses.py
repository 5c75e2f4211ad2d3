"""Answers without persons, and what became of a response, as their readers see them."""

from __future__ import annotations

from marshmallow import fields, validate

from services.reporting.schemas import parts
from services.reporting.schemas.parts import Answer, AsOf


class LeftOut(Answer):
    """A unit that few of a group rate."""

    block = parts.code("The unit's block.")
    unit = parts.code("The unit's code.")
    group = parts.code("The group's code.")
    n = parts.number("How many responses are left out.")


class ResponseRow(Answer):
    """What one response says of one unit."""

    block = parts.code("The unit's block.")
    unit = parts.code("The unit's code.")
    group = parts.code("The group that the response is of.")
    answers = fields.Dict(
        keys=fields.String(),
        values=fields.String(allow_none=True),
        required=True,
        metadata={"description": "By leaf: the option; null where few of the group answered it for the unit."},
    )


class Responses(Answer):
    """The answers without whoever gave them, in an order that is drawn anew each time."""

    campaign = parts.code("The campaign's code.")
    version = parts.number("The version of the definition.")
    as_of = fields.Nested(AsOf, required=True)
    row_count = parts.number("How many rows there are.")
    left_out = parts.many(LeftOut, "Units with fewer responses of a group than suppress_below.")
    rows = parts.many(ResponseRow, "The rows.")


class ResponseStatus(Answer):
    """What became of one response."""

    response = fields.UUID(required=True)
    status = parts.text(
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
