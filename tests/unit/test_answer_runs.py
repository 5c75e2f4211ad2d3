"""Answers that are looked up a few at a time are what they are one by one, and nothing else is taken for them."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import bson
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from surveys import FIVE, asked, rater, scale, survey

from services.common.campaign import Campaign
from services.scoring import answer_tables
from services.scoring.reading import Rules

ID = "00000000-0000-4000-8000-000000000001"
LEAVES = [f"q{number}" for number in range(10)]
OPTIONS = list(FIVE)
EVEN = survey(tuple(asked(leaf, "1", "g1") for leaf in LEAVES), groups=(rater("g1", "b1"),))
"""Whole forms are as long as each other, and are cut after the fourth and the eighth answer."""
UNEVEN = survey(
    tuple(asked(leaf, "1", "g1", scale="uneven" if leaf == "q3" else "five") for leaf in LEAVES),
    groups=(rater("g1", "b1"),),
    scales=(scale("five", FIVE), scale("uneven", {"A": "100", "BB": "0"})),
)

Said = Sequence[tuple[str, str]]


def rules_of(campaign: Campaign) -> Rules:
    rules = Rules(SimpleNamespace(find=lambda *_: campaign, newest=lambda _: 1))
    rules.learn(campaign, 1)
    return rules


def text_of(said: Said) -> bytes:
    """A record's content with the answers as they stand, in any order and any number."""
    rated = ",".join(f'"{leaf}":"{option}"' for leaf, option in said)
    start = '{"campaign":"survey","campaign_version":1,"channel":"web","group":"g1","ratings":{"u1":{'
    return f'{start}{rated}}}}},"response":"{ID}","revision":1}}'.encode()


def assert_right(rules: Rules, said: Said) -> None:
    found = rules.read(text_of(said), {"survey": 1})
    in_order = list(dict.fromkeys(leaf for leaf, _ in said)) == sorted(leaf for leaf, _ in said)
    if not (said and in_order):
        assert found is None
        return
    assert found is not None
    ratings = {"u1": dict(said)}
    units = rules.units(found.campaign, "g1", ratings, 1)
    assert {unit: (list(places), x) for unit, (places, x) in found.units.items()} == units
    assert found.filled == rules.filled(found.campaign, "g1", units)
    assert found.raw == bson.encode(ratings)
    assert found.event.ratings == ratings


SHARED = rules_of(EVEN)
"""As a scorer has it, which knows what came before."""
FORMS = st.lists(st.sampled_from(OPTIONS[:3]), min_size=10, max_size=10).map(
    lambda options: list(zip(LEAVES, options, strict=True))
)


@given(FORMS, st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=2), st.integers(0, 10))
@example(list(zip(LEAVES, "ABCDEABCDE", strict=True)), [], 10)
@example([(LEAVES[(n + 4) % 8], "A") for n in range(8)] + [(leaf, "A") for leaf in LEAVES[8:]], [], 10)
def test_whole_forms_parts_of_forms_and_forms_out_of_order(form: Said, swaps: Said, length: int):
    said = list(form)
    for one, other in swaps:
        said[one], said[other] = said[other], said[one]
    for text in (said[:length], said, [*said[:1], *said]):
        assert_right(SHARED, text)
        assert_right(rules_of(EVEN), text)


@given(FORMS)
def test_where_options_differ_in_length_answers_are_looked_up_one_by_one(form: Said):
    said = [(leaf, ("BB" if option == "B" else "A") if leaf == "q3" else option) for leaf, option in form]
    assert_right(rules_of(UNEVEN), said)


@pytest.mark.parametrize("most", [0, 1])
def test_what_is_not_kept_is_read_all_the_same(monkeypatch: pytest.MonkeyPatch, most: int):
    monkeypatch.setattr(answer_tables, "MOST_RUNS", most)
    rules = rules_of(EVEN)
    for options in ("ABCDEABCDE", "AAAAAAAAAA", "ABCDEABCDE"):
        assert_right(rules, list(zip(LEAVES, options, strict=True)))


@pytest.mark.parametrize("wrong", [b'"q3":"A"}', b'"q3":"A",}', b',"q3":"A"', b'"q3":"A" ', b'"q3":"Z"', b'"q3";"A"'])
def test_a_text_that_is_as_long_and_wrong_is_left_to_be_read_at_length(wrong: bytes):
    value = text_of([(leaf, "A") for leaf in LEAVES])
    assert orjson.loads(value)
    assert SHARED.read(value.replace(b'"q3":"A"', wrong), {"survey": 1}) is None
