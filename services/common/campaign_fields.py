"""The kinds of values a definition is made of: each is read, written, and described for editors (JSON Schema) here.

Values arrive as the text in which they are written (campaign_yaml) or as the JSON types of a stored definition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

from marshmallow import Schema, ValidationError, fields

from services.common.campaign import CODE, CODE_PATTERN, Place
from services.common.campaign_values import MOMENT_PATTERN, YEARS, fault, moment_of, number_of, shown, whole

MAX_TEXT = 2_000
DECIMALS = 6

REQUIRED: Final = "required"
"""In place of a default: the field must be there."""
OPTIONAL: Final = "optional"
"""In place of a default: the field may be left out, and Campaign says what that means."""

T = TypeVar("T")
Data = Mapping[str, object] | None

_MESSAGES: dict[str, Any] = {
    "required": "missing|this field is required: add it",
    "null": "null|this field has no value: write one",
}


def settings(description: str, default: object = REQUIRED, **shape: object) -> dict[str, Any]:
    """What marshmallow is told of a field; `shape` is its JSON Schema where marshmallow's own does not say it."""
    said: dict[str, Any] = {
        "metadata": {**shape, "description": description},
        "allow_none": False,
        "error_messages": _MESSAGES,
    }
    if default is REQUIRED:
        return {**said, "required": True}
    return said if default is OPTIONAL else {**said, "load_default": default}


class Kind(fields.Field[T]):
    """A value that `read` takes from the document (or raises ValidationError) and `written` puts into it."""

    def read(self, value: object) -> T:
        raise NotImplementedError

    def written(self, value: T) -> object:
        return value

    def _deserialize(self, value: object, attr: str | None, data: Data, **kwargs: object) -> T:  # noqa: ARG002
        return self.read(value)

    def _serialize(self, value: T | None, attr: str | None, obj: object, **kwargs: object) -> object:  # noqa: ARG002
        return None if value is None else self.written(value)


class Code(Kind[str]):
    """A short name for programs: it becomes part of addresses and of database paths."""

    def __init__(self, description: str, default: object = REQUIRED, *, key: str | None = None) -> None:
        shape = [{"type": "string", "pattern": CODE_PATTERN}, {"type": "integer", "minimum": 0}]
        super().__init__(data_key=key, **settings(description, default, anyOf=shape))

    def read(self, value: object) -> str:
        if not isinstance(value, str):
            raise fault("not-text", f"a code is text: write {shown(value)} in quotes")
        if not CODE.fullmatch(value):
            raise fault(
                "bad-code",
                f"{shown(value)} is not a code: 1 to 32 letters A-Z a-z, digits, _ and -, the first a letter or digit",
            )
        return value


class Words(Kind[str]):
    """A text for people."""

    def __init__(self, description: str, default: object = REQUIRED) -> None:
        super().__init__(
            **settings(description, default, type=["string", "number"], minLength=1, maxLength=MAX_TEXT, pattern=r"\S")
        )

    def read(self, value: object) -> str:
        if not isinstance(value, str):
            raise fault("not-text", f"expected a text: write {shown(value)} in quotes")
        if not value.strip():
            raise fault("blank", "the text is blank: write what people shall read")
        if len(value) > MAX_TEXT:
            raise fault("too-long", f"the text has {len(value):,} characters: shorten it to {MAX_TEXT:,}")
        return value


class Choice(Kind[str]):
    """One of a few words."""

    def __init__(self, description: str, choices: Sequence[str], default: object = REQUIRED) -> None:
        self.choices = tuple(choices)
        super().__init__(**settings(description, default, type="string", enum=list(choices)))

    def read(self, value: object) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise fault("not-a-choice", f"{shown(value)} is not one of: {', '.join(self.choices)}")
        return value


class Exact(Kind[Decimal]):
    """A decimal, kept digit by digit as it is written; at most 6 decimals."""

    def __init__(
        self,
        description: str,
        default: object = REQUIRED,
        *,
        most: int,
        above_zero: bool = False,
        nullable: bool = False,
        key: str | None = None,
    ) -> None:
        self.most, self.above_zero = most, above_zero
        digits = rf"^\+?([0-9]+(\.[0-9]{{0,{DECIMALS}}})?|\.[0-9]{{1,{DECIMALS}}})$"
        shape: list[dict[str, object]] = [
            {"type": "number", "exclusiveMinimum" if above_zero else "minimum": 0, "maximum": most},
            {"type": "string", "pattern": digits},
        ]
        if nullable:
            shape.append({"type": "null"})
        super().__init__(data_key=key, **{**settings(description, default, anyOf=shape), "allow_none": nullable})

    def read(self, value: object) -> Decimal:
        number = number_of(value)
        if number is None:
            if isinstance(value, str) and number_of(pointed := value.replace(",", ".", 1)) is not None:
                raise fault("not-a-number", f"{shown(value)} has a comma: write {pointed} with a point")
            raise fault("not-a-number", f"{shown(value)} is not a number: write digits, with a point for decimals")
        if len(str(value).partition(".")[2]) > DECIMALS:
            raise fault("too-many-decimals", f"{shown(value)} has more than {DECIMALS} decimals: round it")
        if not 0 <= number <= self.most or (self.above_zero and not number):
            least = "greater than 0" if self.above_zero else "at least 0"
            raise fault("out-of-range", f"{shown(value)} must be {least} and at most {self.most:,}")
        return abs(number)

    def written(self, value: Decimal) -> str:
        return format(value, "f")


class Whole(Kind[int]):
    """A whole number."""

    def __init__(self, description: str, default: object = REQUIRED, *, least: int, most: int) -> None:
        self.least, self.most = least, most
        number = {"type": "integer", "minimum": least, "maximum": most}
        shape = [number, {"type": "string", "pattern": r"^\+?[0-9]{1,18}$"}]
        super().__init__(**settings(description, default, anyOf=shape))

    def read(self, value: object) -> int:
        return whole(value, self.least, self.most)


class Moment(Kind[datetime]):
    """A date and time with its offset from UTC (RFC 3339; seconds may be left out)."""

    def __init__(self, description: str) -> None:
        super().__init__(**settings(description, type="string", format="date-time", pattern=MOMENT_PATTERN))

    def read(self, value: object) -> datetime:
        moment = moment_of(value)
        if moment is None:
            raise fault(
                "not-a-moment",
                f"{shown(value)} is not a date and time with an offset: write it like 2022-11-01T00:00:00+07:00",
            )
        if moment.year not in YEARS:
            raise fault("out-of-range", f"the year must be between {YEARS.start} and {YEARS.stop - 1}")
        return moment

    def written(self, value: datetime) -> str:
        return value.isoformat()


class Tile(Kind[tuple[int, int]]):
    """A place on a tile map."""

    MOST = 999

    def __init__(self, description: str) -> None:
        cell = {"type": "integer", "minimum": 0, "maximum": self.MOST}
        super().__init__(**settings(description, OPTIONAL, type="array", items=cell, minItems=2, maxItems=2))

    def read(self, value: object) -> tuple[int, int]:
        if not isinstance(value, list) or len(value) != len(("row", "column")):
            raise fault("not-a-tile", "a tile is [row, column]: two whole numbers from 0")
        row, column = (whole(part, 0, self.MOST) for part in value)
        return row, column

    def written(self, value: tuple[int, int]) -> list[int]:
        return list(value)


class Places(Kind[tuple[Place, ...]]):
    """The places of a group's counts, as `leaf:option`; only in stored definitions."""

    def read(self, value: object) -> tuple[Place, ...]:
        if not isinstance(value, list):
            raise fault("not-a-list", "expected a list of `leaf:option`")
        return tuple(self._place(text) for text in value)

    def _place(self, text: object) -> Place:
        leaf, _, option = text.partition(":") if isinstance(text, str) else ("", "", "")
        if not (CODE.fullmatch(leaf) and CODE.fullmatch(option)):
            raise fault("bad-place", f"{shown(text)} is not `leaf:option`")
        return leaf, option

    def written(self, value: tuple[Place, ...]) -> list[str]:
        return [f"{leaf}:{option}" for leaf, option in value]


class Part(fields.Nested):
    """A mapping with fields of its own."""

    def __init__(self, schema: type[Schema], description: str, default: object = REQUIRED) -> None:
        super().__init__(schema, **settings(description, default))


class Listed(fields.List[Any]):
    """A list, `least` to `most` long, read into a tuple; `inner` is the schema or the kind of its items."""

    def __init__(
        self,
        inner: type[Schema] | fields.Field[Any],
        description: str,
        default: object = REQUIRED,
        *,
        least: int = 1,
        most: int,
        **names: str,
    ) -> None:
        self.least, self.most = least, most
        item = inner if isinstance(inner, fields.Field) else fields.Nested(inner, error_messages=_MESSAGES)
        super().__init__(item, **{**settings(description, default, minItems=least, maxItems=most), **names})

    def _deserialize(self, value: object, attr: str | None, data: Data, **kwargs: Any) -> Any:  # noqa: ANN401
        if not isinstance(value, list):
            raise fault("not-a-list", "expected a list: put each item on a line of its own that starts with `- `")
        if len(value) < self.least:
            raise fault("too-few", f"at least {self.least} is needed: add it")
        if len(value) > self.most:
            raise fault("too-many", f"{len(value):,} are given, at most {self.most:,} are allowed")
        return tuple(super()._deserialize(value, attr, data, **kwargs))


class Table(fields.Dict):
    """A mapping from codes to values of one kind."""

    def __init__(self, values: fields.Field[Any], description: str, default: object = OPTIONAL) -> None:
        super().__init__(keys=Code(""), values=values, **settings(description, default))

    def _deserialize(self, value: object, attr: str | None, data: Data, **kwargs: Any) -> Any:  # noqa: ANN401
        if not isinstance(value, Mapping):
            raise fault("not-a-mapping", "expected a mapping: one `code: value` a line")
        try:
            return super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]
        except ValidationError as error:
            said: dict[str, dict[str, list[str]]] = error.normalized_messages()  # type: ignore[no-untyped-call]
            raise ValidationError(
                {key: [*of.get("key", ()), *of.get("value", ())] for key, of in said.items()}
            ) from error
