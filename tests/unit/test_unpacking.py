"""Records are taken out of what a broker sent as kafka-python takes them out, whatever they hold."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import pytest
from crc32c import crc32c
from hypothesis import example, given
from hypothesis import strategies as st
from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord, Fetcher
from kafka.errors import CorruptRecordError
from kafka.record import MemoryRecords
from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from services.common import unpacking
from services.common.unpacking import speed_up

PLACE = TopicPartition("responses", 3)
ONE, OTHER = (str(uuid.UUID(int=number)).encode() for number in (1, 2))
CODECS = [DefaultRecordBatch.CODEC_NONE, DefaultRecordBatch.CODEC_GZIP, DefaultRecordBatch.CODEC_ZSTD]

Said = tuple[int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]
"""Timestamp, key, value, headers."""

KEYS = st.sampled_from([ONE, OTHER])
AROUND_A_KEY = st.sampled_from([b"%b", b"%b/1", b"%b/2", b"/1%b", b"\x48%b", b"%%b%b" % ONE, b"%%b%b" % OTHER])
VALUES = (
    st.none()
    | st.binary(max_size=5)
    | st.binary(min_size=70, max_size=90)
    | st.builds(bytes.__mod__, AROUND_A_KEY, KEYS)
)
RECORD = st.tuples(
    st.integers(0, 2**41),
    KEYS | st.none() | st.binary(max_size=3),
    st.none() | st.binary(max_size=70) | st.just(b"x" * 9_000),
    st.lists(st.tuples(st.sampled_from(["ce_id", "ce_type", "", "ngày"]), VALUES), max_size=4),
)
USUAL: Said = (0, ONE, b"{}", [("ce_type", b"t"), ("ce_id", ONE + b"/1"), ("ce_time", b"8")])


def batch(said: Sequence[Said], first: int = 7, codec: int = DefaultRecordBatch.CODEC_NONE) -> bytes:
    """A batch as the broker stores it; the first record has the offset `first`."""
    builder = DefaultRecordBatchBuilder(
        2, codec, is_transactional=False, producer_id=-1, producer_epoch=-1, base_sequence=-1, batch_size=10**9
    )
    for number, (timestamp, key, value, headers) in enumerate(said):
        assert builder.append(number, timestamp, key, value, headers) is not None
    built = builder.build()
    return first.to_bytes(8, "big") + bytes(built[8:])


def checksum(built: bytearray) -> bytes:
    return crc32c(bytes(built[21:])).to_bytes(4, "big")


class Reader:
    """A consumer's way from the bytes of a fetch to its records, theirs or ours."""

    def __init__(self, *, ours: bool) -> None:
        consumer = KafkaConsumer.__new__(KafkaConsumer)
        consumer._fetcher = Fetcher.__new__(Fetcher)
        self._records = (speed_up(consumer) if ours else consumer)._fetcher.PartitionRecords

    def read(self, fetched: bytes, start: int = 0) -> tuple[list[ConsumerRecord], int]:
        """The records from an offset on, and the offset to go on with."""
        part = self._records(start, PLACE, MemoryRecords(fetched))
        return part.take(None), part.next_fetch_offset


@given(st.lists(st.lists(RECORD, min_size=1, max_size=6), max_size=3), st.sampled_from(CODECS), st.integers(0, 12))
@example([[USUAL, USUAL]], CODECS[0], 0)
@example([[(0, ONE, b"", [("ce_id", ONE + b"/1")]), (0, ONE, b"", [("ce_id", b"/1" + ONE)])]], CODECS[0], 0)
@example([[(0, b"k", b"", [("ce_id", b"k/1")]), (0, b"", b"", [("ce_id", b"/1")])]], CODECS[0], 0)
def test_they_are_the_same(said: list[list[Said]], codec: int, start: int):
    """Of several batches, from any offset on, whatever was read before."""
    fetched = b"".join(batch(records, 10 * number, codec) for number, records in enumerate(said))
    assert Reader(ours=True).read(fetched, start) == Reader(ours=False).read(fetched, start)


def test_headers_that_differ_in_the_key_only_are_taken_apart_once(monkeypatch: pytest.MonkeyPatch):
    said = [(0, key, b"{}", [("ce_type", b"once"), ("ce_id", key + b"/1")]) for key in (ONE, OTHER)]
    Reader(ours=True).read(batch(said[:1]))
    monkeypatch.delattr(unpacking, "_take_apart")
    (record,), _ = Reader(ours=True).read(batch(said[1:]))
    assert record.headers == [("ce_type", b"once"), ("ce_id", OTHER + b"/1")]


def test_no_more_headers_are_known_than_fit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(unpacking, "MOST_KNOWN", 2)
    monkeypatch.setattr(unpacking, "_headers", unpacking._Headers())
    said = [(0, ONE, b"", [("ce_id", ONE + b"/%d" % number)]) for number in range(9)]
    records, _ = Reader(ours=True).read(batch(said))
    assert [record.headers[0][1] for record in records] == [ONE + b"/%d" % number for number in range(9)]
    assert len(unpacking._headers._known) <= 2


def test_marks_of_transactions_are_passed_over():
    marked = bytearray(batch([(0, b"\x00\x00\x00\x01", b"", [])]))
    # The bit that makes it a control batch; the checksum follows from it.
    marked[22] |= DefaultRecordBatch.CONTROL_MASK
    marked[17:21] = checksum(marked)
    fetched = bytes(marked) + batch([USUAL], 8)
    found = Reader(ours=True).read(fetched)
    assert found == Reader(ours=False).read(fetched)
    assert [record.offset for record in found[0]] == [8]


@given(st.integers(61, 160), st.integers(1, 255))
def test_a_damaged_batch_is_refused(place: int, change: int):
    damaged = bytearray(batch([USUAL, USUAL]))
    damaged[min(place, len(damaged) - 1)] ^= change
    with pytest.raises(CorruptRecordError, match="checksum"):
        Reader(ours=True).read(bytes(damaged))


@given(st.integers(61, 250), st.integers(1, 255))
def test_what_was_written_wrongly_is_taken_as_before_or_refused(place: int, change: int):
    """With a checksum that was made of the damage: no record gets a part of another."""
    wrong = bytearray(batch([USUAL, USUAL]))
    wrong[min(place, len(wrong) - 1)] ^= change
    wrong[17:21] = checksum(wrong)
    try:
        found = Reader(ours=True).read(bytes(wrong))
    except CorruptRecordError:
        return
    assert found == Reader(ours=False).read(bytes(wrong))
