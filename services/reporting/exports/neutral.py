"""Text that no spreadsheet takes for a formula, and back. Pure.

An apostrophe is put before a character that begins a formula (OWASP: = + - @ tab CR; also LF and the full-width
= + - @), and before an apostrophe, where a cell begins: at the start of the text, and after each comma, semicolon,
tab, bar or line end in it, for a program that is told another separator begins a cell there. To take off one apostrophe
in all these places gives the text back.
"""

from __future__ import annotations

import re

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_STARTS = r"(^|[,;|\t\r\n])"
_PUT = re.compile(rf"{_STARTS}(?=['{re.escape(''.join(FORMULA))}])")
_TAKEN = re.compile(rf"{_STARTS}'")


def neutral(text: str) -> str:
    """The text as it may stand in a cell of CSV."""
    return _PUT.sub(r"\1'", text)


def original(written: str) -> str:
    """The text that `neutral` was given."""
    return _TAKEN.sub(r"\1", written)
