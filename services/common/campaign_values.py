"""Reads single values of a definition: from the text in which they are written, or from those of a stored one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from marshmallow import ValidationError

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})")
"""So short that no arithmetic of such numbers can overflow, whatever a file holds."""
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
MOMENT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})$"
_MOMENT = re.compile(MOMENT_PATTERN)
YEARS = range(1970, 3000)
_QUOTED = 60


def fault(code: str, detail: str) -> ValidationError:
    """What is wrong with a value, as `code|detail`: marshmallow carries texts; campaign_schema takes them apart."""
    return ValidationError(f"{code}|{detail}")


def whole(value: object, least: int, most: int) -> int:
    """A whole number from its text or itself.

    Raises:
        ValidationError: it is none, or out of range.
    """
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise fault("not-a-whole-number", f"{shown(value)} is not a whole number: write digits only")
    if not least <= value <= most:
        raise fault("out-of-range", f"{value} must be at least {least:,} and at most {most:,}")
    return value


def moment_of(value: object) -> datetime | None:
    """The moment that a text with an offset names, else None."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:  # a 13th month, a 25th hour
        return None


def number_of(value: object) -> Decimal | None:
    """The number that a value of a document names, else None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return Decimal(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None


def shown(value: object) -> str:
    """A value as a message quotes it: short, and in the author's words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | list):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    text = str(value)
    return repr(text if len(text) <= _QUOTED else text[: _QUOTED - 1] + "…")
