"""A problem as its answer has it, described for /openapi.json (RFC 9457)."""

from __future__ import annotations

from marshmallow import RAISE, Schema, fields


class FaultDocument(Schema):
    """One thing wrong in what was sent."""

    class Meta:
        unknown = RAISE

    pointer = fields.String(
        required=True, metadata={"description": "JSON pointer into the body; into the query as if it were an object."}
    )
    code = fields.String(required=True, metadata={"description": "A stable name for programs."})
    detail = fields.String(required=True, metadata={"description": "What is wrong and what to do, for people."})
    line = fields.Integer(metadata={"description": "The line of the text, where it has lines."})


class ProblemDocument(Schema):
    """Why a request was refused, and whether the same again can help."""

    class Meta:
        unknown = RAISE

    type = fields.String(required=True, metadata={"description": "The kind of problem, a URN that never changes."})
    title = fields.String(required=True, metadata={"description": "The kind of problem, for people."})
    status = fields.Integer(required=True, metadata={"description": "The status of the answer."})
    detail = fields.String(required=True, metadata={"description": "What is wrong here and what to do, for people."})
    retryable = fields.Boolean(
        required=True, metadata={"description": "Whether sending the same again later can help; if not, it is final."}
    )
    errors = fields.List(
        fields.Nested(FaultDocument), metadata={"description": "Everything that is wrong, where there is more to say."}
    )
