"""Counts change on a stage only, which becomes theirs after the commit; what is written is what is loaded."""

from __future__ import annotations

import copy
from array import array

import bson
from hypothesis import given
from hypothesis import strategies as st
from surveys import asked, rater, survey

from services.common.contribution import Contribution
from services.common.events import CHANNELS
from services.common.unit_index import GroupTally, Moments
from services.scoring.tallies import PLACES, Counts, Tally, Units, packed, tally_key, total

CAMPAIGN = survey(
    (asked("q", "1", "g1", "g2"),), units={"u1": "b1", "u2": "b1"}, groups=(rater("g1", "b1"), rater("g2", "b1"))
)
CONTRIBUTION = Contribution(CAMPAIGN)
G1_U1 = ("survey", "g1", "u1")
DAY = ("survey", "g1", "2022-11-18")
PLACES_SAID = st.lists(st.integers(0, 9), max_size=4)
WORTH = st.none() | st.integers(0, 10**6)


def said(**options: str) -> Units:
    """A response: unit → its one answer, or none."""
    places = CAMPAIGN.place["g1"]["q"]
    return {
        unit: ([places[option]], CONTRIBUTION.of("g1", unit, {"q": option})) if option else ([], None)
        for unit, option in options.items()
    }


def counted(*responses: Units, counts: Counts | None = None) -> Counts:
    counts = Counts(3) if counts is None else counts
    stage = counts.stage()
    for units in responses:
        stage.count(1, "survey", "g1", units)
    stage.adopt()
    return counts


class TestTally:
    def test_an_answer_is_counted_at_its_place(self):
        counts = counted(said(u1="C"), said(u1="A"), said(u1="C"))
        assert list(counts.tallies[G1_U1].counts) == [1, 0, 2]
        assert counts.tallies[G1_U1].n == 3

    def test_sums_are_of_the_responses_with_an_opinion(self):
        """g1's half of one point: A gives 5,000, D 1,250; N and a unit without answers hold no opinion."""
        tally = counted(said(u1="A"), said(u1="D"), said(u1="N"), said(u1="")).tallies[G1_U1]
        assert (tally.n, tally.opinions, tally.s1, tally.s2) == (4, 2, 6_250, 5_000**2 + 1_250**2)

    def test_what_is_counted_in_and_out_again_leaves_zeros(self):
        counts = counted(said(u1="B", u2="N"))
        stage = counts.stage()
        stage.count(-1, "survey", "g1", said(u1="B", u2="N"))
        stage.adopt()
        assert {(tally.n, tally.opinions, tally.s1, tally.s2) for tally in counts.tallies.values()} == {(0, 0, 0, 0)}
        assert not any(sum(map(abs, tally.counts)) for tally in counts.tallies.values())
        assert counts.counted == {"survey": {"g1": 0}}

    @given(
        st.builds(
            Tally,
            st.integers(0, 2**31),
            st.integers(0, 2**31),
            st.integers(0, 2**80),
            st.integers(0, 2**120),
            st.lists(st.integers(0, 2**40), max_size=9),
            st.integers(0, 2**62),
        ),
        st.integers(0, 99),
    )
    def test_a_tally_comes_back_from_the_database_as_it_was(self, tally: Tally, partition: int):
        """Sums of squares beyond 64 bits included."""
        stored = bson.decode(bson.encode(tally.document(partition, G1_U1)))
        tally.pack()
        assert bson.decode(bson.encode(tally.document(partition, G1_U1))) == stored
        assert (Tally.of(stored), tally_key(stored)) == (tally, G1_U1)
        assert stored["p"] == stored["_id"]["p"] == partition

    @given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 300), max_size=9))
    def test_counts_are_packed_as_they_are(self, counts: list[int]):
        assert list(packed(counts)) == list(packed(packed(counts))) == counts


class TestStage:
    def test_a_tally_is_replaced_and_never_changed(self):
        """What was made of it, as the refresher keeps it, stays true of it."""
        counts = counted(said(u1="A"))
        before = counts.tallies[G1_U1]
        copied = copy.deepcopy(before)
        counted(said(u1="C"), counts=counts)
        assert counts.tallies[G1_U1] is not before
        assert before == copied

    @given(
        st.lists(st.tuples(st.sampled_from(["new", "in", "out"]), st.sampled_from(["u1", "u2"]), PLACES_SAID, WORTH)),
        st.lists(st.integers(0, 2**62), max_size=5),
    )
    def test_answers_that_are_counted_together_are_counted_as_one_by_one(
        self, said: list[tuple[str, str, list[int], int | None]], before: list[int]
    ):
        """In any mixture with others that are counted in or out."""
        together, each = (Counts(3, {G1_U1: Tally(counts=list(before))}).stage() for _ in range(2))
        for how, unit, places, contribution in said:
            if how == "new":
                together.count_new("survey", "g1", {unit: (array(PLACES, places).tobytes(), contribution)})
            else:
                together.count_answers(1 if how == "in" else -1, "survey", "g1", {unit: (places, contribution)})
            each.count_answers(-1 if how == "out" else 1, "survey", "g1", {unit: (places, contribution)})
        together.seal(17)
        each.seal(17)
        assert together.tallies == each.tallies
        assert list(map(bson.encode, together.tally_documents())) == list(map(bson.encode, each.tally_documents()))

    def test_nothing_counts_before_the_commit(self):
        counts = counted(said(u1="A"))
        counts.activity[DAY] = {"submitted": 1, "duplicate": 0}
        before = copy.deepcopy(counts)
        stage = counts.stage()
        stage.count(1, "survey", "g1", said(u1="A", u2="B"))
        stage.count(1, "survey", "g2", said(u1="A"))
        stage.note(DAY, "duplicate")
        stage.seal(17)
        assert counts == before
        assert stage.tallies[G1_U1].counts == [2]

    def test_a_dropped_stage_leaves_nothing_for_the_next(self):
        counts = counted(said(u1="A"))
        counts.stage().count(1, "survey", "g1", said(u1="B"))
        counted(said(u1="C"), counts=counts)
        assert list(counts.tallies[G1_U1].counts) == [1, 0, 1]
        assert counts.counted == {"survey": {"g1": 2}}

    def test_only_what_was_touched_is_written_with_the_position_after_the_chunk(self):
        counts = counted(said(u1="A", u2="A"))
        stage = counts.stage()
        stage.count(1, "survey", "g1", said(u2="A"))
        stage.seal(8)
        (document,) = stage.tally_documents()
        assert document["_id"] == {"p": 3, "campaign": "survey", "group": "g1", "unit": "u2"}
        assert (document["p"], document["at"], document["counts"]) == (3, 8, [2])
        stage.adopt()
        assert (counts.tallies[G1_U1].at, counts.tallies["survey", "g1", "u2"].at) == (0, 8)

    def test_the_activity_of_a_day_goes_on_from_what_it_was(self):
        counts = Counts(3)
        for _ in range(2):
            stage = counts.stage()
            stage.note(DAY, "submitted")
            stage.note(DAY, "duplicate")
            stage.adopt()
        (document,) = stage.activity_documents()
        assert document == {
            "_id": {"p": 3, "campaign": "survey", "group": "g1", "day": "2022-11-18"},
            "p": 3,
            "submitted": 2,
            "edited": 0,
            "withdrawn": 0,
            "duplicate": 2,
            "superseded": 0,
            "conflict": 0,
            "long": 0,
            "straight": 0,
            **{f"via_{channel}": 0 for channel in CHANNELS},
        }


class TestTotal:
    def test_it_is_the_sum_over_partitions_of_counts_of_any_length(self):
        sources = [
            {G1_U1: Tally(2, 1, 7, 49, [1, 1])},
            {},
            {G1_U1: Tally(1, 1, 2, 4, [0, 0, 1])},
            {G1_U1: Tally()},
        ]
        assert total(sources, G1_U1) == GroupTally(3, [1, 1, 1], Moments(2, 9, 53))
        assert total(sources, ("survey", "g2", "u1")) == GroupTally(0, [], Moments())

    def test_it_leaves_the_partitions_as_they_were(self):
        one, other = {G1_U1: Tally(1, counts=[1])}, {G1_U1: Tally(1, counts=[0, 1])}
        total([one, other], G1_U1)
        assert (one[G1_U1].counts, other[G1_U1].counts) == ([1], [0, 1])
