"""A difference names the document, the first field in which it differs, and what stands there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scoring.audit.difference import Difference, canonical, compare, digest

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from([0.0, 1.0]) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)
TALLY = {"_id": {"p": 3, "unit": "w1"}, "n": 7, "counts": [1, 2, 4]}


@given(DOCUMENTS, DOCUMENTS)
def test_two_documents_differ_exactly_when_their_texts_do(one: dict[str, object], other: dict[str, object]):
    assert (compare("c", 1, one, other) is None) == (canonical(one) == canonical(other))
    assert compare("c", 1, one, one) is None


@pytest.mark.parametrize(
    ("found", "place"),
    [
        ({**TALLY, "counts": [1, 2, 5]}, ("counts[2]", 5, 4)),
        ({**TALLY, "counts": [1, 2]}, ("counts[2]", None, 4)),
        ({**TALLY, "counts": [1, 2, 4, 0]}, ("counts[3]", 0, None)),
        ({**TALLY, "counts": 7}, ("counts", 7, [1, 2, 4])),
        ({**TALLY, "_id": {"p": 4, "unit": "w1"}}, ("_id.p", 4, 3)),
        ({"_id": TALLY["_id"], "n": 7}, ("counts", None, [1, 2, 4])),
        ({**TALLY, "more": 1}, ("more", 1, None)),
        ({**TALLY, "n": 7.0}, ("n", 7.0, 7)),
    ],
)
def test_the_first_field_that_differs_is_named(found: dict[str, object], place: tuple[str, object, object]):
    assert compare("tallies", TALLY["_id"], found, TALLY) == Difference("tallies", TALLY["_id"], *place)


def test_it_reads_as_a_sentence():
    id_ = {"p": 3, "unit": "w1"}
    assert str(Difference("tallies", id_, "counts[2]", 5, 4)) == "tallies p 3, unit w1: counts[2] is 5, must be 4"
    assert str(compare("tallies", id_, None, TALLY)) == "tallies p 3, unit w1 is missing"
    assert str(compare("tallies", id_, TALLY, None)) == "tallies p 3, unit w1 must not be there"
    assert str(Difference("responses", "a", "", {}, {})) == "responses a has other content"
    assert compare("tallies", id_, None, None) is None


def test_whatever_the_database_holds_has_a_text():
    assert canonical({"b": b"\x00\xff", "a": datetime(2022, 11, 18, tzinfo=UTC)}) == (
        b'{"a":"2022-11-18T00:00:00+00:00","b":"00ff"}'
    )
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
