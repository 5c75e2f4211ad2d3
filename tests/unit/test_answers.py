"""What is read of a response by the tables of its definition is what is read of it at length, or nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from random import Random

import bson
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from test_exactly_once_property import FIRST, HOUR, IDS, SECOND, Known, forms

from services.common.events import CHANNELS, Response, canonical, content_of, digest
from services.common.records import SUBMITTED, Unreadable, decode, encode
from services.scoring.answered import Answered
from services.scoring.reading import Rules
from services.scoring.revisions import Rejected, after
from services.scoring.rows import Encoding, row_document
from services.scoring.tallies import Units

BY_SECOND = {"survey": 2, "other": 2}
HEADERS = [("ce_type", SUBMITTED.encode())]
RULES = Rules(Known())
for campaign in (FIRST, SECOND):
    for version in (1, 2):
        RULES.learn(campaign, version)


def text_of(event: Response) -> bytes:
    return encode(event, HOUR, source="/test").value


def at_length(value: bytes, weighed: int) -> tuple[Response, Units] | None:
    """The event, and where its answers count by a version; None for what is rejected."""
    try:
        event = decode(value, HEADERS)
        assert isinstance(event, Response)
        campaign = RULES.find(event.campaign, event.campaign_version)
        return event, RULES.units(campaign, event.group, event.ratings, weighed)
    except (Unreadable, Rejected):
        return None


def assert_same(value: bytes, answered: Answered, weighed: int = 2) -> None:
    expected = at_length(value, weighed)
    assert expected is not None
    event, units = expected
    assert answered.event == event
    assert answered.digest == digest(event)
    assert (answered.campaign.code, answered.campaign.version) == (event.campaign, event.campaign_version)
    assert {unit: (list(places), x) for unit, (places, x) in answered.units.items()} == units
    assert answered.filled == RULES.filled(answered.campaign, event.group, units)
    assert answered.row == after(None, event, answered.digest)
    # The very bytes that the driver would have made of them.
    assert answered.raw == bson.encode(event.ratings)
    for p in (0, 2**40):
        row = row_document(event.response, p, after(None, event, answered.digest))
        assert Encoding(p).raw(answered) == bson.encode(row)


COMMENTS = st.none() | st.text(max_size=20) | st.sampled_from(["", "Tốt", 'có "dấu"', "\\", "\x7f", "a\nb", "}},{"])


@st.composite
def responses(draw: st.DrawFn) -> Response:
    said = draw(forms(draw(st.sampled_from(IDS)), draw(st.integers(1, 3) | st.integers(1, 2**53 - 1))))
    return replace(said, comment=draw(COMMENTS), channel=draw(st.sampled_from(CHANNELS)))


@given(responses(), st.integers(1, 2))
def test_what_intake_writes_is_read_as_at_length(said: Response, weighed: int):
    """Whichever version weighs it."""
    value = text_of(said)
    answered = RULES.read(value, {"survey": weighed})
    if answered is not None:
        assert_same(value, answered, weighed)
    else:
        usual = said.ratings and all(said.ratings.values()) and said.revision < 10**15
        plain = said.comment is None or canonical({"": said.comment})[5:-2] == said.comment.encode()
        assert not (usual and plain), "it was not read by the tables"


def rewritten(value: bytes, ratings: str) -> bytes:
    """The text with other ratings."""
    start, end = value.index(b'"ratings":') + 10, value.index(b',"response"')
    return value[:start] + ratings.encode() + value[end:]


SAID = Response(IDS[0], 1, "survey", 1, "g2", "web", {"u1": {"q": "A", "r": "B"}, "u3": {"q": "C"}})


@pytest.mark.parametrize(
    "ratings",
    [
        '{"u3":{"q":"C"},"u1":{"q":"A","r":"B"}}',
        '{"u1":{"r":"B","q":"A"},"u3":{"q":"C"}}',
        '{"u1":{"q":"A","q":"B"}}',
        '{"u1":{"q":"A"},"u1":{"q":"A"}}',
        '{"u1":{"q": "A"}}',
        '{"u1":{"q":"A"} }',
        '{"u1":{"q":"A"},"u3":{}}',
        '{"u1":{}}',
        "{}",
        '{"u1":{"q":"\\u0041"}}',
        '{"u9":{"q":"A"}}',
        '{"u1":{"s":"A"}}',
        '{"u1":{"q":"Z"}}',
        '{"u1":{"q":"A"},"u3":{"q":"A"}',
        '{"u1":{"q":"A"}},"u3":{"q":"A"}}',
        '{"u1":{"q":"A"},}',
        '{"u1":{"q":"A",}}',
        '{"u1":"q"}',
        '{"u1":{"q":["A"]}}',
    ],
)  # fmt: skip
def test_what_is_written_in_another_form_is_left_to_be_read_at_length(ratings: str):
    assert RULES.read(rewritten(text_of(SAID), ratings), BY_SECOND) is None


def test_so_is_what_is_of_no_known_definition_group_or_channel():
    for change in ({"campaign": "other"}, {"campaign_version": 3}, {"group": "g3"}, {"channel": "fax"}):
        assert RULES.read(text_of(replace(SAID, **change)), BY_SECOND) is None
    assert Rules(Known()).read(text_of(SAID), BY_SECOND) is None


@given(
    responses(),
    st.integers(0, 400),
    st.sampled_from([b"", b'"', b"{", b"}", b",", b":", b"\\", b"A", b"1", b"\xff"]),
    st.integers(0, 2),
)
@example(SAID, 0, b"", 0)
def test_of_a_text_that_was_changed_nothing_else_is_read(said: Response, place: int, put: bytes, cut: int):
    value = text_of(said)
    value = value[:place] + put + value[place + cut :]
    answered = RULES.read(value, BY_SECOND)
    if answered is not None:
        assert_same(value, answered)


@given(responses(), st.randoms())
def test_of_a_text_in_another_order_nothing_else_is_read(said: Response, random: Random):
    def shuffled(part: object) -> object:
        if not isinstance(part, Mapping):
            return part
        names = list(part)
        random.shuffle(names)
        return {name: shuffled(part[name]) for name in names}

    value = orjson.dumps(shuffled(content_of(said)))
    answered = RULES.read(value, BY_SECOND)
    if answered is not None:
        assert value == canonical(json.loads(value))
        assert_same(value, answered)


@given(responses())
def test_ratings_can_be_looked_into(said: Response):
    answered = RULES.read(text_of(said), BY_SECOND)
    if answered is not None:
        ratings = answered.event.ratings
        assert ratings == said.ratings
        assert (list(ratings), len(ratings)) == (sorted(said.ratings), len(said.ratings))
