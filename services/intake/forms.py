"""The form of a group as SurveyJS JSON: a page per unit that the group rates, a question per leaf that it is asked.

The answer to the question `unit:leaf` is the option's code; a front-end splits the names into the `ratings` it posts.
"""

from __future__ import annotations

from typing import Any, Final

from services.common.campaign import Campaign, Group, Leaf, Text, Unit
from services.intake.ratings import MAX_COMMENT

SEPARATOR: Final = ":"
"""Between unit and leaf in a question's name; no code contains it."""
COMMENT: Final = Text("Ý kiến khác", "Other remarks")


def survey(campaign: Campaign, group: Group) -> dict[str, Any]:
    """The form of a group, in Vietnamese first; SurveyJS' own default language is English."""
    asked = [leaf for leaf in campaign.leaves if leaf.method == "survey" and group.code in leaf.groups]
    pages = [_page(campaign, unit, asked) for unit in campaign.units if unit.block in group.rates]
    comment = {"type": "comment", "name": "comment", "title": localised(COMMENT), "maxLength": MAX_COMMENT}
    return {
        "title": localised(campaign.title),
        "description": localised(group.name),
        "locale": "vi",
        "showProgressBar": True,
        "pages": [*pages, {"name": SEPARATOR + "comment", "elements": [comment]}],
    }


def languages(text: Text) -> dict[str, str]:
    """A label as the API shows it."""
    return {"vi": text.vi} if text.en is None else {"vi": text.vi, "en": text.en}


def localised(text: Text) -> str | dict[str, str]:
    """A label as SurveyJS reads it; what it calls the default is English."""
    return text.vi if text.en is None else {"default": text.en, "vi": text.vi}


def _page(campaign: Campaign, unit: Unit, asked: list[Leaf]) -> dict[str, Any]:
    return {
        "name": unit.code,
        "title": localised(unit.name),
        "elements": [_question(campaign, unit, leaf) for leaf in asked],
    }


def _question(campaign: Campaign, unit: Unit, leaf: Leaf) -> dict[str, Any]:
    return {
        "type": "radiogroup",
        "name": f"{unit.code}{SEPARATOR}{leaf.code}",
        "title": localised(leaf.question or leaf.name),
        "choices": [{"value": option.code, "text": localised(option.label)} for option in campaign.options(leaf)],
    }
