"""The council's row of a unit is changed by patches in the order of the log, each made for the version it names."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.appraisals import AppraisalRow, Change, LeafAppraisal, Stale

SOME, OTHER = LeafAppraisal(Decimal("1.5"), note="seen"), LeafAppraisal(not_applicable=True)
EMPTY = AppraisalRow()

leaves = st.dictionaries(
    st.sampled_from("abc"),
    st.none() | st.builds(LeafAppraisal, st.none() | st.integers(0, 9).map(Decimal), st.booleans()),
)
adjustments = st.dictionaries(st.sampled_from(["bonus", "penalty"]), st.none() | st.integers(0, 9).map(Decimal))
changes = st.builds(Change, leaves, adjustments)


def test_the_empty_row_is_version_0():
    assert AppraisalRow(0, {}, Decimal(0), Decimal(0)) == EMPTY


def test_a_change_makes_the_next_version():
    assert EMPTY.changed(Change({"a": SOME})) == AppraisalRow(1, {"a": SOME})


def test_what_is_not_named_stays():
    row = AppraisalRow(3, {"a": SOME, "b": OTHER}, Decimal(1), Decimal(2))
    assert row.changed(Change({"b": SOME}, {"penalty": Decimal(4)})) == AppraisalRow(
        4, {"a": SOME, "b": SOME}, Decimal(1), Decimal(4)
    )


def test_a_leaf_is_replaced_whole():
    """Points that follow a note do not keep the note."""
    row = AppraisalRow(1, {"a": SOME}).changed(Change({"a": LeafAppraisal(Decimal(1))}))
    assert row.leaves == {"a": LeafAppraisal(Decimal(1))}


def test_none_clears():
    row = AppraisalRow(1, {"a": SOME, "b": OTHER}, Decimal(1), Decimal(2))
    cleared = row.changed(Change({"a": None, "c": None}, {"bonus": None}))
    assert cleared == AppraisalRow(2, {"b": OTHER}, Decimal(0), Decimal(2))


def test_the_row_before_is_left_as_it_was():
    row = AppraisalRow(1, {"a": SOME})
    row.changed(Change({"a": None, "b": OTHER}))
    assert row == AppraisalRow(1, {"a": SOME})


@pytest.mark.parametrize("base", [0, 1, 3, 99])
def test_a_change_for_another_version_is_stale(base: int):
    with pytest.raises(Stale, match=f"version {base} .* version 2") as caught:
        AppraisalRow(2).changed(Change({"a": SOME}, base=base))
    assert caught.value.version == 2


@pytest.mark.parametrize("base", [None, 2])
def test_a_change_for_the_version_in_force_or_for_any_is_made(base: int | None):
    assert AppraisalRow(2).changed(Change({"a": SOME}, base=base)).version == 3


@given(st.lists(changes, max_size=8))
def test_a_row_is_what_was_last_said_of_each_part(said: list[Change]):
    row = EMPTY
    for change in said:
        row = row.changed(change)
    last_leaves = {code: leaf for change in said for code, leaf in change.leaves.items()}
    last = {name: value for change in said for name, value in change.adjustments.items()}
    assert row == AppraisalRow(
        len(said),
        {code: leaf for code, leaf in last_leaves.items() if leaf is not None},
        last.get("bonus") or Decimal(0),
        last.get("penalty") or Decimal(0),
    )


@given(st.lists(changes, min_size=1, max_size=8))
def test_of_two_changes_for_one_version_the_first_stands(said: list[Change]):
    row = EMPTY
    for number, change in enumerate(said):
        row = row.changed(Change(change.leaves, change.adjustments, number))
        with pytest.raises(Stale):
            row.changed(Change({"a": SOME}, {}, number))
    assert row.version == len(said)


def test_a_change_that_was_requeued_is_made_once_and_never_over_a_later_one():
    row = EMPTY.changed(Change({"a": SOME}), 4)
    for at in (3, 4):
        with pytest.raises(Stale, match=r"this change or a later one .* version 1"):
            row.changed(Change({"a": OTHER}), at)
    assert row.changed(Change({"a": OTHER}), 5).at == 5
