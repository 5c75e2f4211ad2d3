"""Reads single cells of an appraisal workbook: numbers exactly, and never by a guess."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import date, time, timedelta
from decimal import Decimal

from services.cli.appraisal_sheet import X
from services.common.appraisals import Evidence

_NUMBER = re.compile(r"([0-9]{1,9})(?:[.,]([0-9]{1,9}))?")
_LINK = re.compile(r"(?:(.*\S)\s*\|\s*)?(\S+://\S+)")
_THOUSANDS = 3
YES = {X, "có", "yes", "true"}


class Unclear(ValueError):
    """The cell cannot be read; the message says why, and the remedy."""


def number(value: object) -> Decimal | None:
    """The number in a cell; None when it is empty. A formula's result is a value like any other.

    A spreadsheet computes in binary and shows 15 digits: what it shows is what is meant, so 0.1 + 0.2 is 0.3.

    Raises:
        Unclear: it is none, or can be read in two ways.
    """
    if isinstance(value, str):
        return _number_in(value.replace("\u00a0", " ").strip())
    if isinstance(value, date | time | timedelta):
        raise Unclear(
            f"the cell holds a date or time ({value}), which a spreadsheet makes of 1.5 or 1-5: "
            "format the cell as a number and type it again"
        )
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Unclear(f"{value!r} is not a number")
    return Decimal(format(value, ".15g")) if isinstance(value, float) else Decimal(value)


def _number_in(text: str) -> Decimal | None:
    if not text:
        return None
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise Unclear(f"{text!r} is not a number: type digits, with one comma or point for decimals")
    whole, decimals = found[1], found[2]
    if decimals is not None and len(decimals) == _THOUSANDS and len(whole) <= _THOUSANDS and whole.strip("0"):
        raise Unclear(
            f"the text {text!r} can mean {whole}.{decimals} or {whole}{decimals}: format the cell as a number and "
            "type it again"
        )
    return Decimal(whole if decimals is None else f"{whole}.{decimals}")


def flag(value: object) -> bool:
    """Whether a cell is ticked.

    Raises:
        Unclear: neither empty nor x.
    """
    if isinstance(value, bool):
        return value
    said = words(value)
    if said is None:
        return False
    if said.lower() in YES:
        return True
    raise Unclear(f"{said!r} is neither empty nor {X}")


def words(value: object) -> str | None:
    """The text in a cell, whatever it holds; None when it is blank."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).replace("\r\n", "\n").replace("\r", "\n").strip()
    return text or None


def links(value: object) -> tuple[Evidence, ...]:
    """The links in a cell, one a line: `title | address`, or the address alone. What is none is an address, too."""
    lines = (line.strip() for line in (words(value) or "").split("\n"))
    return tuple(_link(line) for line in lines if line)


def _link(line: str) -> Evidence:
    found = _LINK.fullmatch(line)
    return Evidence(line) if found is None else Evidence(found[2], found[1])


def written(evidence: Iterable[Evidence]) -> str:
    """The cell of some links, which `links` reads."""
    return "\n".join(" | ".join(" ".join(part.split()) for part in (link.title, link.url) if part) for link in evidence)
