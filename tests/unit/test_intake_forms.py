"""A form asks a group what the definition asks it, in Vietnamese first, as SurveyJS reads it."""

from __future__ import annotations

import json

from hypothesis import given

from services.common import campaign_schema
from services.common.campaign import Campaign, Text
from services.intake.forms import languages, localised, survey
from services.intake.ratings import forms
from tests.intake import definition
from tests.unit.campaigns import campaigns


@given(campaigns())
def test_a_form_asks_exactly_what_intake_takes(campaign: Campaign) -> None:
    for code, form in forms(campaign).items():
        pages = survey(campaign, campaign.group[code])["pages"][:-1]
        assert [page["name"] for page in pages] == [unit.code for unit in campaign.units if unit.code in form.units]
        for page in pages:
            asked = {
                question["name"]: [choice["value"] for choice in question["choices"]] for question in page["elements"]
            }
            assert {name: set(options) for name, options in asked.items()} == {
                f"{page['name']}:{leaf}": set(options) for leaf, options in form.leaves.items()
            }


@given(campaigns())
def test_no_two_questions_or_pages_share_a_name(campaign: Campaign) -> None:
    for group in campaign.groups:
        pages = survey(campaign, group)["pages"]
        names = [question["name"] for page in pages for question in page["elements"]]
        assert len(names) == len(set(names))
        assert len(pages) == len({page["name"] for page in pages})


def test_a_question_is_asked_in_its_own_words() -> None:
    document = definition("small")
    leaves = document["fields"][0]["criteria"][0]["leaves"]
    leaves[1]["question"] = {"vi": "Ông/Bà đánh giá thế nào?", "en": "How do you rate it?"}
    campaign = campaign_schema.parse(json.dumps(document))
    first, second = survey(campaign, campaign.group["citizen"])["pages"][0]["elements"]
    assert first["title"] == {"default": "How do you rate it?", "vi": "Ông/Bà đánh giá thế nào?"}
    assert second["title"] == "Hài lòng"
    assert [choice["text"] for choice in first["choices"]] == ["Mức A", "Mức B", "Mức C", "Mức N"]


def test_a_label_without_english_is_shown_in_vietnamese_to_all() -> None:
    assert (localised(Text("Tốt")), languages(Text("Tốt"))) == ("Tốt", {"vi": "Tốt"})
    assert languages(Text("Tốt", "Good")) == {"vi": "Tốt", "en": "Good"}
