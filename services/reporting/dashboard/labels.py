"""What the pages say, in Vietnamese and English: one list for the templates and for the scripts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

import orjson

from services.common.campaign import Text

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


@cache
def labels(lang: Language) -> Mapping[str, str]:
    """Every label in a language, by its key. `{name}` in a label is filled in where it is shown."""
    document: dict[str, dict[str, str]] = orjson.loads((files(__package__) / "labels.json").read_bytes())
    return {key: label[lang] for key, label in document.items()}


def labels_of(page: str, lang: Language, others: Collection[str]) -> Mapping[str, str]:
    """What a page's scripts say: every label but those that begin with the name of one of the other pages."""
    hidden = {f"{name}." for name in others if name != page}
    return {key: text for key, text in labels(lang).items() if not key.startswith(tuple(hidden))}


def language(asked: str | None) -> Language:
    """The language that is asked for; Vietnamese where none is, or one that is not spoken here."""
    return next((lang for lang in LANGUAGES if lang == asked), "vi")


def said(text: Text, lang: Language) -> str:
    """A definition's label in a language; in Vietnamese where it has no other."""
    return text.vi if lang == "vi" or text.en is None else text.en


def both(label: Mapping[str, Any], lang: Language) -> str:
    """The same of a label as it travels in JSON."""
    return str(label.get(lang) or label["vi"])
