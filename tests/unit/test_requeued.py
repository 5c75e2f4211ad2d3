"""The header of a requeued record: only a place of its own partition, before its own, says where it came from."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.consumer.fetcher import ConsumerRecord

from services.common.requeued import HEADER, Place, first_place, origin


def record(
    *values: bytes | None, topic: str = "here.responses", partition: int = 3, offset: int = 50
) -> ConsumerRecord:
    headers = [("ce_type", b"x"), *((HEADER, value) for value in values), ("content-type", None)]
    return ConsumerRecord(topic, partition, 0, offset, 0, 0, None, None, headers, None, 0, 0, 0)


@given(st.sampled_from(["responses", "appraisals"]), st.integers(0, 10**9 - 1), st.integers(0, 10**18 - 1))
def test_a_place_is_read_as_it_is_written(topic: str, partition: int, offset: int) -> None:
    place = Place(topic, partition, offset)
    assert Place.parse(str(place)) == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "responses/3",
        "responses/3/",
        "campaigns/0/1",
        "responses/03/1",
        "responses/3/-1",
        "responses/3/1\n",
        "here.responses/3/1",
        "responses/3/1/2",
        "responses/٣/1",
        f"responses/3/{10**18}",
        "Responses/3/1",
    ],
)
def test_what_is_no_place_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        Place.parse(text)


def test_a_record_without_the_header_stands_where_it_stood_first() -> None:
    assert (origin(record()), first_place(record())) == (None, 50)


def test_each_requeueing_adds_the_place_before() -> None:
    again = record(b"responses/3/7", b"responses/3/20")
    assert (origin(again), first_place(again)) == (20, 7)


@pytest.mark.parametrize(
    "value",
    [b"appraisals/3/7", b"responses/2/7", b"responses/3/50", b"responses/3/51", b"7", b"", None, b"\xff/3/7"],
)
def test_what_names_no_earlier_place_of_the_partition_says_nothing(value: bytes | None) -> None:
    assert (origin(record(value)), first_place(record(value))) == (None, 50)
    mixed = record(b"responses/3/7", value)
    assert (origin(mixed), first_place(mixed)) == (7, 7)
