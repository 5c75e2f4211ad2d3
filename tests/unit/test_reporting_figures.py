"""Figures travel exactly, and those read one by one are those of the whole result."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import bson
import pytest
from campaigns import campaigns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from surveys import asked, published, survey

from services.common import index_document
from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign, Text
from services.common.index import Formula
from services.common.uncertainty import SamplingErrors
from services.common.unit_index import GroupTally, Moments
from services.reporting.figures import Figures, label, plain

TERMINATING = st.builds(
    lambda numerator, twos, fives: Fraction(numerator, 2**twos * 5**fives),
    st.integers(-(10**12), 10**12),
    st.integers(0, 40),
    st.integers(0, 20),
)


@given(TERMINATING)
def test_a_decimal_that_ends_is_written_to_its_end(value: Fraction):
    assert Fraction(plain(value)) == value
    assert "." not in plain(value) or not plain(value).endswith("0")


@given(st.fractions())
def test_any_other_is_written_with_30_decimals(value: Fraction):
    written = plain(value)
    if Fraction(written) != value:
        assert len(written.partition(".")[2]) == 30
        assert abs(Fraction(written) - value) <= Fraction(1, 2 * 10**30)


def test_how_exact_figures_look():
    assert [plain(Fraction(text)) for text in ("329/40", "-1/8", "7", "0", "1/3")] == [
        "8.225",
        "-0.125",
        "7",
        "0",
        "0.333333333333333333333333333333",
    ]


def test_a_label_has_english_only_where_it_was_given():
    assert label(Text("Sở")) == {"vi": "Sở"}
    assert label(Text("Sở", "Department")) == {"vi": "Sở", "en": "Department"}


@st.composite
def results(draw: st.DrawFn) -> tuple[Campaign, str, Figures]:
    """A campaign, one of its units, and the unit's figures from counts drawn at random."""
    campaign = published(draw(campaigns()))
    unit = draw(st.sampled_from(sorted(campaign.unit)))
    chance = Random(draw(st.integers(0, 2**32)))  # noqa: S311 (figures, not secrets)
    tallies = {
        group: GroupTally(
            chance.randrange(40), [chance.randrange(10) for _ in places], Moments(3, 4, chance.randrange(2**70))
        )
        for group, places in campaign.layout.items()
        if chance.random() < 0.7
    }
    found = Formula(campaign).compute(unit, tallies, AppraisalRow())
    result = index_document.write(found) | SamplingErrors(campaign).of(unit, found).document()
    return campaign, unit, Figures(campaign, bson.encode({"unit": unit, "state": 1, **result}))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(results())
def test_what_is_read_alone_is_what_the_whole_result_has(made: tuple[Campaign, str, Figures]):
    campaign, _, figures = made
    result = figures.result
    assert figures.points == result.points
    assert figures.pending == result.pending
    assert figures.n == sum(group.n for group in result.groups.values())
    for field in campaign.fields:
        assert figures.field(field.code) == result.fields[field.code]
    for group in campaign.group:
        assert figures.group(group) == result.groups.get(group)


def test_a_document_without_moments_is_an_earlier_scorers():
    campaign = survey((asked("q", "1", "g1"),))
    document = index_document.write(Formula(campaign).compute("u1", {}, AppraisalRow()))
    del document["groups"]["g1"]["moments"]
    with pytest.raises(KeyError, match="moments"):
        Figures(campaign, bson.encode({"unit": "u1", "state": 1, **document}))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(results())
def test_a_group_is_waited_for_on_the_leaves_it_is_asked_about_and_has_no_share_of(
    made: tuple[Campaign, str, Figures],
):
    campaign, unit, figures = made
    block = campaign.unit[unit].block
    for group in campaign.groups:
        if block not in group.rates:
            continue
        expected = {
            leaf.code
            for leaf in campaign.leaves
            if group.code in campaign.raters(leaf, block)
            and (
                group.code not in figures.result.leaves[leaf.code].groups
                or figures.result.leaves[leaf.code].groups[group.code].share is None
            )
        }
        assert set(figures.unanswered(group.code)) == expected
