"""What one definition says other than another: nothing is left out, and it is told whom it concerns."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from campaigns import campaigns
from hypothesis import given
from surveys import appraised, asked, rater, scale, survey

from services.common.campaign import Band, Campaign, Quota, Text, Unit
from services.common.campaign_difference import PROPERTIES, Difference, Effect, differences

OLD = replace(
    survey(
        (asked("speed", "2.00", "deputy", "citizen", deputy="2"), appraised("plan", "4")),
        (asked("manners", "1", "citizen"),),
        units={"north": "district", "south": "district", "tax": "department"},
        groups=(rater("deputy", "district", "department"), rater("citizen", "district")),
        scales=(scale("five", {"A": "100", "B": "0", "N": None}),),
    ),
    bands=(Band(Decimal(90), Text("Tốt", "Good")),),
)
CONTAINERS = {"blocks", "units", "groups", "scales", "fields", "bands", "options", "criteria", "leaves"}
IDENTITY = {"code", "version", "layout", "adjustments", "rules", "fieldwork"}


def other(name: str, value: Any) -> Any:  # noqa: ANN401, C901, PLR0911, PLR0912 - whatever a definition holds
    """Another value of the same kind."""
    match value:
        case Text():
            return Text(f"{value.vi} khác", value.en)
        case Decimal() | int():
            return value + 1
        case tuple() if name == "rates":
            return value[1:] or ("department",)
        case tuple() if name == "groups":
            return value[1:] or ("deputy",)
        case dict():
            return {} if value else {"citizen": Decimal(3)}
        case None if name == "quota":
            return Quota("unit", 30)
        case None if name == "tile":
            return (1, 2)
        case None if name == "formerly":
            return ("west",)
        case None if name == "question":
            return Text("Có đúng hẹn không?")
        case None if name == "percent":
            return Decimal(50)
        case str():
            return f"{value}-2"
        case None:
            return "other"
        case _:
            return value + timedelta(days=1)


def changed(campaign: Campaign, part: object, new: object) -> Campaign:
    """The campaign with one of its parts in another form."""

    def walk(value: Any) -> Any:  # noqa: ANN401 - a tree of parts
        if value is part:
            return new
        if isinstance(value, tuple):
            return tuple(map(walk, value))
        if hasattr(value, "__dataclass_fields__") and not isinstance(value, Text):
            return replace(value, **{field.name: walk(getattr(value, field.name)) for field in fields(value)})
        return value

    found: Campaign = walk(campaign)
    return found


PARTS: list[Any] = [
    OLD,
    OLD.blocks[0],
    OLD.units[0],
    OLD.groups[0],
    OLD.scales[0].options[0],
    OLD.scales[0].options[2],
    OLD.fields[0],
    OLD.fields[0].criteria[0],
    OLD.leaf["speed"],
    OLD.leaf["plan"],
    OLD.adjustments,
    OLD.bands[0],
    OLD.rules,
    OLD.fieldwork,
]


@pytest.mark.parametrize(
    ("part", "name"),
    [
        pytest.param(part, field.name, id=f"{type(part).__name__}.{field.name}")
        for part in PARTS
        for field in fields(part)
        if field.name not in CONTAINERS - ({"groups"} if part == OLD.leaf["speed"] else set()) | IDENTITY
    ],
)
def test_another_value_of_any_field_is_a_difference(part: Any, name: str) -> None:  # noqa: ANN401
    new = changed(OLD, part, replace(part, **{name: other(name, getattr(part, name))}))

    found = differences(OLD, new)

    assert found
    assert all(difference.aspect in PROPERTIES or difference.kind == "band" for difference in found)


@given(campaigns())
def test_a_definition_differs_from_itself_in_nothing(campaign: Campaign) -> None:
    assert differences(campaign, campaign) == []


def test_numbers_that_are_the_same_are_no_difference() -> None:
    leaf = OLD.leaf["speed"]
    assert differences(OLD, changed(OLD, leaf, replace(leaf, max_points=Decimal(2)))) == []


@pytest.mark.parametrize(
    ("aspect", "value", "before", "after", "effect"),
    [
        ("max_points", Decimal(3), "2", "3", "index"),
        ("question", Text("Nhanh không?", "Fast?"), None, "Nhanh không? / Fast?", "form"),
    ],
)
def test_it_is_told_whom_a_difference_concerns(
    aspect: str, value: object, before: str | None, after: str, effect: Effect
) -> None:
    leaf = OLD.leaf["speed"]
    new = changed(OLD, leaf, replace(leaf, **{aspect: value}))  # type: ignore[arg-type]

    blocks, groups = ("district", "department"), ("deputy", "citizen")
    assert differences(OLD, new) == [Difference("leaf", "speed", aspect, before, after, effect, blocks, groups)]


def test_a_new_unit_concerns_its_block() -> None:
    new = replace(OLD, units=(*OLD.units, Unit("east", Text("Đông", "East"), "district")))

    (found,) = differences(OLD, new)

    assert (found.effect, found.blocks, found.groups) == ("rank", ("district",), ())
    assert found.text == Text("thêm đơn vị east: Đông / East", "unit east is new: Đông / East")


def test_a_unit_that_is_gone_is_named() -> None:
    (found,) = differences(OLD, replace(OLD, units=OLD.units[1:]))

    assert found.text == Text("bỏ đơn vị north: north", "unit north is gone: north")


def test_a_change_is_told_in_both_languages() -> None:
    group = OLD.group["deputy"]
    found = differences(OLD, changed(OLD, group, replace(group, weight=Decimal("1.50"), quota=Quota("block", 30))))

    assert [difference.text for difference in found] == [
        Text("nhóm trả lời deputy: trọng số 1 → 1.5", "group deputy: weight 1 → 1.5"),
        Text("nhóm trả lời deputy: chỉ tiêu phiếu không có → 30 / block", "group deputy: quota none → 30 / block"),
    ]


def test_whether_a_quota_is_the_whole_group_is_a_difference() -> None:
    (group, *_) = OLD.groups
    before = changed(OLD, group, replace(group, quota=Quota("unit", 30)))
    (found,) = differences(before, changed(OLD, group, replace(group, quota=Quota("unit", 30, "population"))))
    assert found.text.en == "group deputy: quota 30 / unit → 30 / unit, population"
