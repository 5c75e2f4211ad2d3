"""A log has one result: what a replay makes of it is what scoring stored, however the log is read and was cut."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from kafka.consumer.fetcher import ConsumerRecord
from surveys import appraised, published, survey
from test_exactly_once_property import (
    LOG,
    STEPS,
    UNITS,
    Known,
    Partition,
    Requeued,
    Step,
    late,
    moments_of,
    score,
    scored,
    shuffled,
)

from services.common.appraisals import Change, LeafAppraisal
from services.common.campaign import Campaign
from services.common.events import Appraisal, Event, Response, Withdrawal
from services.common.records import encode
from services.scoring.audit.difference import digest
from services.scoring.audit.replay import AppraisalsReplay, ResponsesReplay, bare, replay
from services.scoring.chunk import MOST_REJECTED
from services.scoring.reading import Rules
from services.scoring.rows import row_document

NOW = datetime(2022, 11, 18, 8, tzinfo=UTC)
CUTS = st.lists(st.integers(0, 40), max_size=6)


def batches(records: Sequence[ConsumerRecord], cuts: Sequence[int]) -> list[Sequence[ConsumerRecord]]:
    """Records as some polls may bring them."""
    edges = sorted({0, len(records), *(cut for cut in cuts if cut < len(records))})
    return [records[start:end] for start, end in pairwise(edges)]


def replayed(partition: Partition, cuts: Sequence[int]) -> ResponsesReplay:
    settled = {letter["_id"]["offset"]: bare(letter) for letter in partition.letters if "requeued" in letter}
    target = ResponsesReplay(partition.number, Rules(Known()), settled, partition.weighed)
    assert list(replay(target, batches(partition.records, cuts), [len(partition.records)])) == [len(partition.records)]
    return target


def without_at(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "at"}


@given(LOG, STEPS, CUTS)
def test_a_replay_is_what_was_stored(said: list[Event | bytes | Requeued], steps: list[Step], cuts: list[int]):
    check(scored(said, steps), cuts)


@given(shuffled(), STEPS, st.integers(1, 2))
def test_sums_by_another_version_follow_from_the_replayed_rows(
    said: list[Response | Withdrawal], steps: list[Step], version: int
):
    """What is shown may be of another version than that by which the partition is weighed now."""
    for partition in scored(said, steps):
        target = replayed(partition, [])
        for (_, group, unit), tally in target.tallies_by("survey", version).items():
            answers = [
                row.ratings[unit] for row in partition.rows.values() if row.group == group and unit in row.ratings
            ]
            block = {"u4": "b2", **UNITS}[unit]
            assert tally.moments == moments_of(answers, version, group, unit, block)
            assert tally.counts == partition.memory.tallies["survey", group, unit].counts


@given(shuffled(), STEPS, CUTS)
def test_what_was_rejected_in_its_time_and_requeued_is_replayed_so(
    said: list[Response | Withdrawal], steps: list[Step], cuts: list[int]
):
    check(late(said, steps), cuts)


def test_a_letter_that_was_forged_or_whose_mark_the_log_does_not_have_is_found():
    partition = Partition(0)
    partition.append(b"{")
    score(partition, [])
    record = partition.records[0]
    for forged in ({"requeued": 7}, {"requeued": 7, "requeued_from": 3}, {"requeued": 7, "record": "00"}):
        settled = {0: bare(partition.letters[0]) | forged}
        target = ResponsesReplay(0, Rules(Known()), settled)
        target.apply([record])
        assert target.letters == {0: bare(partition.letters[0])}


def check(partitions: Sequence[Partition], cuts: Sequence[int]) -> None:
    for partition in partitions:
        target = replayed(partition, cuts)
        rows = {id_: row_document(id_, partition.number, row) for id_, row in partition.rows.items()}
        assert target.rows() == {id_: digest(row) for id_, row in rows.items()}
        assert {id_: target.row(id_) for id_ in rows} == rows
        key = lambda document: str(document["_id"])  # noqa: E731
        stored = [tally.document(partition.number, key_) for key_, tally in partition.memory.tallies.items()]
        assert sorted(map(without_at, target.tallies()), key=key) == sorted(map(without_at, stored), key=key)
        assert sorted(target.activity(), key=key) == sorted(partition.activity.values(), key=key)
        assert target.counts.counted == partition.counted
        assert target.letters == {letter["_id"]["offset"]: bare(letter) for letter in partition.letters}
        assert target.records == len(partition.records)


@given(LOG, CUTS, st.lists(st.integers(0, 40), max_size=4))
def test_a_stop_is_reached_when_all_before_it_is_applied_and_nothing_else(
    said: list[Event | bytes | Requeued], cuts: list[int], stops: list[int]
):
    for partition in scored(said, []):
        # Offsets without a record, as someone's Kafka transaction leaves them.
        records = [record._replace(offset=3 * record.offset) for record in partition.records]
        target = ResponsesReplay(partition.number, Rules(Known()))
        reached = []
        for stop in replay(target, batches(records, cuts), stops):
            reached.append(stop)
            assert target.records == bisect_left(records, stop, key=lambda record: record.offset)
        assert reached == sorted(set(stops))
        assert target.records == len(records)


def test_a_log_that_was_applied_is_replayed_however_much_of_it_was_rejected():
    partition = Partition(0)
    for _ in range(2 * MOST_REJECTED):
        partition.append(b"{")
    assert len(replayed(partition, []).letters) == 2 * MOST_REJECTED


CAMPAIGN = published(survey((appraised("l", "2"), appraised("m", "1")), units={"u1": "b1", "u2": "b1"}, groups=()))


class Definitions:
    def newest(self, campaign: str) -> int:
        return CAMPAIGN.version if campaign == CAMPAIGN.code else 0

    def find(self, campaign: str, version: int) -> Campaign:
        assert (campaign, version) == (CAMPAIGN.code, CAMPAIGN.version)
        return CAMPAIGN


@st.composite
def changes(draw: st.DrawFn) -> Appraisal:
    leaf = st.none() | st.builds(LeafAppraisal, st.sampled_from([Decimal("0.5"), Decimal(2), Decimal(3)]))
    change = st.builds(
        Change,
        st.dictionaries(st.sampled_from("lm"), leaf),
        st.dictionaries(st.sampled_from(["bonus", "penalty"]), st.none() | st.just(Decimal("0.25"))),
        st.none() | st.integers(0, 3),
    )
    made = draw(st.dictionaries(st.sampled_from(["u1", "u2", "u3"]), change, min_size=1))
    return Appraisal(CAMPAIGN.code, CAMPAIGN.version, "an.nguyen", NOW, made)


def appraisals(said: Sequence[Appraisal]) -> list[ConsumerRecord]:
    encoded = [encode(event, NOW, source="/test") for event in said]
    return [
        ConsumerRecord("appraisals", 0, 0, offset, 0, 0, b"", record.value, record.headers, None, 0, 0, 0)
        for offset, record in enumerate(encoded)
    ]


@given(st.lists(changes(), max_size=12), CUTS)
def test_appraisals_come_to_the_same_however_they_are_cut(said: list[Appraisal], cuts: list[int]):
    records = appraisals(said)
    whole, parts = AppraisalsReplay(Definitions()), AppraisalsReplay(Definitions())
    for target, read in ((whole, [records] if records else []), (parts, batches(records, cuts))):
        assert list(replay(target, read, [len(records)])) == [len(records)]
    assert list(whole.documents()) == list(parts.documents())
    assert (whole.changes, whole.letters, whole.records) == (parts.changes, parts.letters, parts.records)
    made = {offset for offset, _ in whole.changes}
    assert made.isdisjoint(whole.letters)
    assert len(made) + len(whole.letters) == len(said)
    for offset in made:
        assert {unit for place, unit in whole.changes if place == offset} == set(said[offset].changes)
