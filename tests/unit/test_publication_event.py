"""That results were published is said in one form, and read strictly."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from campaigns import CODES
from hypothesis import given
from hypothesis import strategies as st

from services.common.publications import Publication
from services.common.records import Unreadable, decode, encode

HASHES = st.text("0123456789abcdef", min_size=64, max_size=64)
OFFSETS = st.dictionaries(st.sampled_from("012"), st.lists(st.integers(0, 2**40), max_size=3).map(tuple), max_size=3)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
PUBLICATIONS = st.builds(
    Publication,
    campaign=CODES,
    number=st.integers(1, 1_000),
    version=st.integers(1, 1_000),
    by=CODES,
    at=MOMENTS.map(lambda at: at.replace(minute=0, second=0, microsecond=0)),
    positions=st.dictionaries(CODES, st.dictionaries(st.sampled_from("012"), st.integers(0, 2**40))),
    digest=HASHES,
    root=HASHES,
    size=st.integers(0, 2**40),
    form=st.integers(1, 9),
    software=CODES,
    forced=st.sampled_from([(), ("open",), ("open", "pending"), ("withheld",)]),
    rejected=st.dictionaries(CODES, OFFSETS, max_size=2),
    withheld=st.dictionaries(CODES, st.lists(st.tuples(CODES, CODES), min_size=1, max_size=3).map(tuple), max_size=2),
    title=st.dictionaries(st.sampled_from(["vi", "en"]), CODES),
    note=st.none() | st.text(min_size=1),
)


@given(PUBLICATIONS, MOMENTS)
def test_what_is_said_is_read_back_and_its_time_is_the_hour(event: Publication, now: datetime):
    record = encode(event, now, source="/test")
    assert decode(record.value, record.headers) == event
    assert record.key == f"{event.campaign}/{event.number}".encode()
    assert record.timestamp_ms % 3_600_000 == 0


@given(PUBLICATIONS, st.data())
def test_a_part_that_is_missing_or_of_another_kind_is_unreadable(event: Publication, data: st.DataObject):
    record = encode(event, datetime(2022, 11, 18, tzinfo=UTC), source="/test")
    content = orjson.loads(record.value)
    name = data.draw(st.sampled_from(sorted(content.keys() - {"note"})))
    wrong = data.draw(st.sampled_from([None, 1.5, [1], True, -1, {"x": "y"}]))
    if name in {"positions", "rejected", "withheld", "title"} and wrong == {"x": "y"}:
        wrong = 0
    for damaged in ({**content, name: wrong}, {key: value for key, value in content.items() if key != name}):
        with pytest.raises(Unreadable):
            decode(orjson.dumps(damaged), record.headers)
