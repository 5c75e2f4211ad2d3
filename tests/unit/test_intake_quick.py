"""What is taken at once, the long way takes too, with the same content; and most that is right is taken at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common import campaign_schema
from services.common.problems import Problem
from services.intake.body import decode
from services.intake.quick import Quick
from services.intake.ratings import ResponseDocument
from tests.intake import definition, response

ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
CHECK = ResponseDocument(campaign_schema.parse(json.dumps(definition("small"))))
QUICK = Quick(CHECK.forms)

# What stands in the campaign, so that most of what is drawn is nearly right.
UNITS, LEAVES, OPTIONS = ("w1", "w2", "o1", "x"), ("l1", "l2", "l3", "x"), ("A", "B", "C", "N", "x")
ODD: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers(-1, 2**70) | st.floats() | st.text(max_size=3) | st.just([]) | st.just({})
)
ANSWERS = st.dictionaries(st.sampled_from(LEAVES), st.sampled_from(OPTIONS), max_size=3)
RATINGS = st.dictionaries(st.sampled_from(UNITS), ANSWERS | ODD, max_size=3)
RIGHT = st.fixed_dictionaries(
    {
        "group": st.sampled_from(["deputy", "citizen"]),
        "ratings": st.dictionaries(
            st.sampled_from(["w1", "w2"]), st.just({"l2": "A"}) | st.just({"l2": "N"}), min_size=1, max_size=2
        ),
    },
    optional={
        "response": st.sampled_from([ID, ID.upper()]),
        "revision": st.integers(1, 1_000_000),
        "channel": st.sampled_from(["web", "tablet", "paper", "import"]),
        "comment": st.text(max_size=9),
    },
)
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "group": st.sampled_from(["deputy", "citizen", "x"]) | ODD,
        "ratings": RATINGS | ODD,
        "response": st.sampled_from([ID, ID.upper(), ID[1:], ID + "\n"]) | ODD,
        "revision": st.sampled_from([0, 1, 2, 1_000_000, 1_000_001, 1.0, True]) | ODD,
        "channel": st.sampled_from(["web", "fax"]) | ODD,
        "comment": st.sampled_from(["", "Tốt", "x" * 2_000, "x" * 2_001, "\ud800"]) | ODD,
        "name": ODD,
    },
)


def the_long_way(text: bytes) -> dict[str, Any] | None:
    try:
        return CHECK.checked(decode(text))
    except Problem:
        return None


def agrees(text: bytes) -> None:
    content = QUICK.content(text)
    assert content is None or content == the_long_way(text)


@given(RIGHT | NEARLY, st.booleans())
def test_nothing_is_taken_otherwise_than_the_long_way_takes_it(
    document: dict[str, Any],
    ascii_only: bool,  # noqa: FBT001
) -> None:
    agrees(json.dumps(document, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass"))


@given(RIGHT, st.data())
def test_a_text_that_was_tampered_with_is_not_taken_otherwise(document: dict[str, Any], data: st.DataObject) -> None:
    """Pieces of it twice, missing or elsewhere: repeated keys above all."""
    text = json.dumps(document, ensure_ascii=False).encode()
    start, end, to = sorted(data.draw(st.integers(0, len(text))) for _ in range(3))
    agrees(text[:to] + text[start:end] + text[to:])
    agrees(text[:start] + text[end:])


@pytest.mark.parametrize(
    "text",
    [
        b'{"group": "citizen", "group": "citizen", "ratings": {"w1": {"l2": "A"}}}',
        b'{"group": "citizen", "ratings": {"w1": {"l2": "A", "l2": "A"}}}',
        b'{"group": "citizen", "ratings": {"w1": {"l2": "A"}, "w1": {"l2": "A"}}}',
        b'{"group": "citizen", "ratings": {"w1": {"l2": "A"}}, "revision": 1, "revision": 2}',
        b'{"group": "citizen", "ratings": {}, "ratings": {"w1": {"l2": "A"}}}',
        b'{"group": "citizen", "ratings": {"w1": {"l2": "A"}}, "comment": "\\u0000"}',
        b'{"group": "citizen", "ratings": {"w1": {"l2": "A"}}, "comment": "\\ud800"}',
        b'{"group": "citizen", "ratings": {"w1": {"l2": "A"}}, "comment": "\xff"}',
        b'{"group": "citizen", "ratings": {"w1": {"l2": "A"}}, "revision": 1.0}',
        b'{"group": "citizen", "ratings": {"w1": {"l2": "A"}}, "revision": 1e0}',
        b'\xef\xbb\xbf{"group": "citizen", "ratings": {"w1": {"l2": "A"}}}',
        b'{"group": "citizen", "ratings": {"w1": {"l2": "A"}}}}',
        b"[]",
        b"null",
        b"",
    ],
)
def test_what_is_wrong_is_left_to_the_long_way(text: bytes) -> None:
    assert QUICK.content(text) is None
    assert the_long_way(text) is None


@given(RIGHT)
def test_what_is_right_and_has_no_escapes_is_taken_at_once(document: dict[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False).encode()
    assert (QUICK.content(text) is None) == (b"\\" in text)


def test_white_space_and_order_do_not_matter() -> None:
    said = response(response=ID, comment="Tốt: {[:,]}")
    text = json.dumps(dict(reversed(said.items())), indent=3, ensure_ascii=False).encode() + b"\r\n\t "
    assert QUICK.content(text) == {**said, "revision": 1, "channel": "web"}
