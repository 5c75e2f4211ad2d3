"""The compiled check takes exactly what the definition allows, and names the place of everything else."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.common import campaign_schema
from services.common.campaign import Campaign
from services.common.problems import Problem
from services.intake.ratings import ResponseDocument
from tests.intake import definition, response
from tests.unit.campaigns import campaigns

ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


def small() -> Campaign:
    import json

    return campaign_schema.parse(json.dumps(definition("small")))


def allowed(campaign: Campaign, group: str) -> dict[str, dict[str, list[str]]]:
    """Unit → leaf → options that the group may give, said plainly."""
    return {
        unit.code: {
            leaf.code: [option.code for option in campaign.scale[leaf.scale].options]
            for leaf in campaign.leaves
            if leaf.scale is not None and group in leaf.groups
        }
        for unit in campaign.units
        if unit.block in campaign.group[group].rates
    }


def faults(document: ResponseDocument, said: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(Problem) as caught:
        document.checked(said)
    assert caught.value.kind.status == 422
    return [(fault.pointer, fault.code) for fault in caught.value.faults]


@given(campaigns(), st.data())
def test_what_the_definition_allows_is_taken_and_nothing_else(campaign: Campaign, data: st.DataObject) -> None:
    assume(campaign.groups)
    group = data.draw(st.sampled_from([group.code for group in campaign.groups]))
    may = allowed(campaign, group)
    assume(any(may.values()))
    ratings = {
        unit: {leaf: data.draw(st.sampled_from(options)) for leaf, options in leaves.items()}
        for unit, leaves in may.items()
    }
    check = ResponseDocument(campaign)
    said = {"group": group, "ratings": ratings}
    assert check.checked(said) == {"group": group, "ratings": ratings, "revision": 1, "channel": "web"}

    unit = data.draw(st.sampled_from(list(may)))
    leaf = data.draw(st.sampled_from(list(may[unit])))
    elsewhere = data.draw(st.sampled_from([unit.code for unit in campaign.units] + ["-"]))
    other = data.draw(st.sampled_from([leaf.code for leaf in campaign.leaves] + ["-"]))
    option = data.draw(st.sampled_from([*{o.code for scale in campaign.scales for o in scale.options}, "-"]))
    changed = copy.deepcopy(said)
    changed["ratings"][elsewhere] = {leaf: ratings[unit][leaf]}  # type: ignore[index]
    if elsewhere not in may:
        assert faults(check, changed) == [(f"/ratings/{elsewhere}", "unknown-unit")]
    changed = copy.deepcopy(said)
    changed["ratings"][unit] = {other: option}  # type: ignore[index]
    if other not in may[unit]:
        assert faults(check, changed) == [(f"/ratings/{unit}/{other}", "unknown-leaf")]
    elif option not in may[unit][other]:
        assert faults(check, changed) == [(f"/ratings/{unit}/{other}", "unknown-option")]
    else:
        check.checked(changed)


def test_a_part_of_the_form_is_enough() -> None:
    assert ResponseDocument(small()).checked(response(ratings={"w2": {"l3": "N"}}))["ratings"] == {"w2": {"l3": "N"}}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"ratings": {}}, ("/ratings", "empty")),
        ({"ratings": []}, ("/ratings", "not-an-object")),
        ({"ratings": None}, ("/ratings", "null")),
        ({"ratings": {"w1": {}}}, ("/ratings/w1", "not-answers")),
        ({"ratings": {"w1": "A"}}, ("/ratings/w1", "not-answers")),
        ({"ratings": {"w1": {"l2": None}}}, ("/ratings/w1/l2", "unknown-option")),
        ({"ratings": {"w1": {"l2": {"A": 1}}}}, ("/ratings/w1/l2", "unknown-option")),
        ({"ratings": {"w1": {"l1": "A"}}}, ("/ratings/w1/l1", "unknown-leaf")),
        ({"group": "deputy", "ratings": {"w1": {"l3": "A"}}}, ("/ratings/w1/l3", "unknown-leaf")),
        ({"ratings": {"o1": {"l2": "A"}}}, ("/ratings/o1", "unknown-unit")),
        ({"group": "nobody"}, ("/group", "unknown-group")),
        ({"group": 7}, ("/group", "not-text")),
        ({"group": ["citizen"]}, ("/group", "not-text")),
        ({"response": "7"}, ("/response", "not-a-uuid")),
        ({"response": ID + "\n"}, ("/response", "not-a-uuid")),
        ({"response": ID.replace("-", "")}, ("/response", "not-a-uuid")),
        ({"response": None}, ("/response", "null")),
        ({"revision": True}, ("/revision", "not-a-whole-number")),
        ({"revision": 1_000_001}, ("/revision", "out-of-range")),
        ({"channel": "fax"}, ("/channel", "not-a-choice")),
        ({"comment": "x" * 2_001}, ("/comment", "too-long")),
        ({"comment": 1}, ("/comment", "not-text")),
        ({"name": "Nga"}, ("/name", "unknown-field")),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], expected: tuple[str, str]) -> None:
    assert faults(ResponseDocument(small()), response(**change)) == [expected]


def test_what_is_missing_is_named() -> None:
    assert faults(ResponseDocument(small()), {}) == [("/group", "missing"), ("/ratings", "missing")]


def test_what_is_left_out_has_its_default() -> None:
    content = ResponseDocument(small()).checked(response())
    assert (content["revision"], content["channel"]) == (1, "web")
    assert content.keys() == {"group", "ratings", "revision", "channel"}


def test_an_id_is_lowered_and_a_comment_is_kept_as_it_is() -> None:
    content = ResponseDocument(small()).checked(response(response=ID.upper(), comment="  ờ \U0001f44d\u2028"))
    assert (content["response"], content["comment"]) == (ID, "  ờ \U0001f44d\u2028")


def test_messages_name_what_would_fit() -> None:
    with pytest.raises(Problem) as caught:
        ResponseDocument(small()).checked(response(group="x" * 500))
    (fault,) = caught.value.faults
    assert "deputy, citizen" in fault.detail
    assert len(fault.detail) < 200
