"""Straight lines and channels are counted once, whatever is edited, withdrawn, repeated or lost on the way."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from surveys import asked, rater, survey
from test_exactly_once_property import VERSIONS, Partition
from test_exactly_once_property import Known as Both

from services.common.campaign import Campaign
from services.common.events import CHANNELS, Channel, Response, Withdrawal
from services.scoring.quality import LONG, NOTED, Filled, Quality

LEAVES = [f"l{number}" for number in range(LONG + 1)]
FORM = survey(
    tuple(asked(leaf, "1", "g1", "g2") for leaf in LEAVES),
    units={"u1": "b1", "u2": "b1"},
    groups=(rater("g1", "b1"), rater("g2", "b1")),
    code="form",
)


class Known(Both):
    def newest(self, campaign: str) -> int:
        return 1 if campaign == "form" else super().newest(campaign)

    def find(self, campaign: str, version: int) -> Campaign:
        return {("form", 1): FORM, **VERSIONS}[campaign, version]


def places(options: str) -> list[int]:
    return [FORM.place["g1"][leaf][option] for leaf, option in zip(LEAVES, options, strict=False)]


def test_a_rating_is_a_straight_line_when_all_of_enough_answers_are_one_option():
    quality = Quality(FORM)
    assert [
        quality.of("g1", [(places(options), None)]) for options in ("AAAAA", "AAAAB", "BAAAA", "AAAA", "NNNNNN")
    ] == [
        Filled(1, 1),
        Filled(1, 0),
        Filled(1, 0),
        Filled(0, 0),
        Filled(1, 1),
    ]
    assert quality.of("g1", [(places("AAAAA"), 1), (places("ABCDE"), 2), ([], None)]) == Filled(2, 1)


Said = tuple[int, int, str, Channel, list[str] | None]
"""Which response, its revision, its group, its channel, options by unit; None withdraws it."""
SAID = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.integers(1, 4),
        st.sampled_from(["g1", "g2"]),
        st.sampled_from(CHANNELS),
        st.none() | st.lists(st.sampled_from(["AAAAA", "AAAABA", "AAA", "NNNNNN", "ABCDE"]), min_size=1, max_size=2),
    ),
    max_size=25,
)


def ratings(options: list[str]) -> Mapping[str, Mapping[str, str]]:
    return {unit: dict(zip(LEAVES, said, strict=False)) for unit, said in zip(("u1", "u2"), options, strict=False)}


def counting(partition: Partition) -> dict[str, Counter[str]]:
    """By group the sums, made anew from the rows that count."""
    expected: dict[str, Counter[str]] = {"g1": Counter(), "g2": Counter()}
    for row in partition.rows.values():
        for answers in row.ratings.values():
            if len(answers) >= LONG:
                expected[row.group].update(long=1, straight=int(len(set(answers.values())) == 1))
    return {group: +sums for group, sums in expected.items()}


@given(SAID, st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=1, max_size=8))
def test_the_sums_are_those_of_the_forms_that_count(said: list[Said], steps: list[tuple[int, bool]]):
    partition = Partition(0, Known())
    for number, revision, group, channel, options in said:
        id_ = str(uuid.UUID(int=number))
        if options is None:
            partition.append(Withdrawal(id_, revision, "form", 1))
        else:
            partition.append(Response(id_, revision, "form", 1, group, channel, ratings(options)))
    for turn in range(2 * len(said) + 1):
        size, committed = steps[turn % len(steps)]
        if partition.next < len(partition.records):
            partition.apply(size, committed=committed or turn > len(said))
            if not committed:
                partition.load()
    found: dict[str, Counter[str]] = {"g1": Counter(), "g2": Counter()}
    came_in = Counter[str]()
    for day in partition.activity.values():
        if (group := day["_id"]["group"]) in found:
            found[group].update({name: day[name] for name in ("long", "straight")})
        came_in.update({name: day[name] for name in NOTED if name.startswith("via_")})
    assert partition.next == len(partition.records)
    assert {group: +sums for group, sums in found.items()} == counting(partition)
    submitted = sum(day["submitted"] + day["edited"] for day in partition.activity.values())
    assert sum(came_in.values()) == submitted


def test_what_an_earlier_version_wrote_goes_on_from_zero():
    partition = Partition(0, Known())
    partition.append(Response(str(uuid.UUID(int=1)), 1, "form", 1, "g1", "paper", ratings(["AAAAA"])))
    partition.apply(1)
    for day in partition.activity.values():
        for name in NOTED:
            del day[name]
    partition.load()
    partition.append(Response(str(uuid.UUID(int=2)), 1, "form", 1, "g1", "tablet", ratings(["AAAAA"])))
    partition.apply(1)
    (day,) = partition.activity.values()
    assert (day["submitted"], day["via_tablet"], day["via_paper"], day["straight"]) == (2, 1, 0, 1)
