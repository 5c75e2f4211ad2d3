"""What the answers of the API are described with, and the parts that several of them have.

Every exact number is a text of decimal digits, so that no reader's floating point takes a part of it away.
"""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from services.common.campaign import CODE_PATTERN

DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$"


class Answer(Schema):
    """A part of an answer that holds what is described here and nothing else."""

    class Meta:
        unknown = RAISE


def text(description: str, **options: Any) -> fields.String:  # noqa: ANN401 (marshmallow's own)
    return fields.String(required=True, metadata={"description": description}, **options)


def code(description: str) -> fields.String:
    return text(description, validate=validate.Regexp(CODE_PATTERN))


def number(description: str) -> fields.Integer:
    return fields.Integer(required=True, metadata={"description": description}, validate=validate.Range(min=0))


def exact(description: str, *, nullable: bool = True) -> fields.String:
    metadata = {"description": description, "pattern": DECIMAL}
    return fields.String(required=True, allow_none=nullable, metadata=metadata)


def flag(description: str) -> fields.Boolean:
    return fields.Boolean(required=True, metadata={"description": description})


def many(of: type[Schema], description: str) -> fields.List[Any]:
    return fields.List(fields.Nested(of), required=True, metadata={"description": description})


def codes(description: str) -> fields.List[Any]:
    return fields.List(fields.String(), required=True, metadata={"description": description})


def suppressed() -> fields.Boolean:
    said = "There, and true, where figures are null because they rest on too few answers or would give such away."
    return fields.Boolean(metadata={"description": said})


def released() -> fields.Boolean:
    said = "There, and true, where figures are those that were released last, and older than as_of."
    return fields.Boolean(metadata={"description": said})


def rank() -> fields.Integer:
    return fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "By the unrounded figure, 1 is best."},
    )


def rank_interval() -> fields.List[Any]:
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

    vi = text("In Vietnamese.")
    en = fields.String(metadata={"description": "In English, where there is one."})


class AsOf(Answer):
    """How far the log is in the figures."""

    state = number("The number of the state, which rises; the id of its event.")
    counted = number("Responses that count.")
    positions = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Integer()),
        required=True,
        metadata={"description": "By topic and partition: the offset of the first record that is not in the figures."},
    )


class Health(Answer):
    status = text("ok or unavailable.")
    checks = fields.Dict(keys=fields.String(), values=fields.String())
