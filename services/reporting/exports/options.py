"""What a query may say of a file beside its contents: the tongue, the separator, the part."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Request

from services.reporting.answers import Form
from services.reporting.exports.csv_file import SEPARATORS
from services.reporting.exports.table import Tongue
from services.reporting.queries import choice

UNASKED: dict[Form, Tongue] = {"json": "codes", "csv": "codes", "xlsx": "both", "parquet": "codes", "pdf": "vi"}


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is to be made; `part` is None where it has only one."""

    tongue: Tongue
    separator: str = ","
    part: str | None = None


def parameters(parts: tuple[str, ...]) -> tuple[str, ...]:
    """The parameters that say how files of something are made; a form passes over what is not for it."""
    return ("lang", "separator", "part") if len(parts) > 1 else ("lang", "separator")


def options(request: Request, form: Form, parts: tuple[str, ...]) -> Options:
    """What a query, whose names have been checked, says that decides about a file of this form.

    Raises:
        Problem: 422, with what there is to choose from.
    """
    given = request.args
    lang = choice(given, "lang", ("vi", "en"))
    separator = choice(given, "separator", SEPARATORS) or ","
    part = choice(given, "part", parts) or parts[0]
    tongue: Tongue = UNASKED[form] if lang is None or form == "parquet" else "vi" if lang == "vi" else "en"
    apart = form in ("csv", "parquet") and len(parts) > 1
    return Options(tongue, separator if form == "csv" else ",", part if apart else None)
