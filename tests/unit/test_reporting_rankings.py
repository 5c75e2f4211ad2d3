"""A ranking's JSON is put together from rows written in earlier states: it must be what writing it anew gives."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import bson
import pytest
from campaigns import campaigns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from surveys import appraised, asked, published, survey

from services.common import index_document
from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign
from services.common.index import Formula
from services.common.problems import Problem
from services.common.uncertainty import SamplingErrors
from services.common.unit_index import GroupTally, Moments
from services.reporting import rankings, units
from services.reporting.figures import BRIEF, Figures, label
from services.reporting.rankings import View
from services.reporting.standing import AsOf, Standing


def moments(chance: Random) -> Moments:
    xs = [chance.randrange(20_000) for _ in range(chance.randrange(12))]
    return Moments(len(xs), sum(xs), sum(x * x for x in xs))


def documents(campaign: Campaign, chance: Random, state: int) -> dict[str, dict[str, Any]]:
    """Index documents of some units, from counts drawn at random."""
    formula, errors = Formula(campaign), SamplingErrors(campaign)
    made = {}
    for unit in campaign.unit:
        tallies = {
            group: GroupTally(chance.randrange(40), [chance.randrange(10) for _ in places], moments(chance))
            for group, places in campaign.layout.items()
            if chance.random() < 0.7
        }
        found = formula.compute(unit, tallies, AppraisalRow())
        made[unit] = {"unit": unit, "state": state, **index_document.write(found), **errors.of(unit, found).document()}
    return made


def standing(campaign: Campaign, state: int, units_: dict[str, Figures], *, detailed: bool = True) -> Standing:
    return Standing(campaign, AsOf(state, campaign.version, {"g": state}, {}), units_, detailed=detailed)


def figures(campaign: Campaign, made: dict[str, dict[str, Any]]) -> dict[str, Figures]:
    return {unit: Figures(campaign, bson.encode(document)) for unit, document in made.items()}


def expected(found: Standing, view: View) -> dict[str, Any]:
    """The ranking, row by row from what the table of a spreadsheet is made of."""
    decimals = found.campaign.rules.decimals
    chosen = {"field": view.field, "group": view.group}
    return {
        "campaign": found.campaign.code,
        "version": found.campaign.version,
        "block": view.block,
        **{name: code for name, code in chosen.items() if code is not None},
        "as_of": found.as_of.document(),
        "rows": [
            {
                "unit": row.unit.code,
                "name": label(row.unit.name),
                "rank": row.rank.rank,
                "tied": row.rank.tied,
                "rank_interval": None if row.rank_interval is None else list(row.rank_interval),
                **rankings.figures(row.points, row.index, decimals),
                **rankings.uncertainty(row.index, row.se, decimals),
                "band": None if row.band is None else label(row.band.name),
                "n": row.n,
                "provisional": bool(row.pending),
                "pending": list(row.pending),
                **({"suppressed": True} if row.suppressed else {}),
            }
            for row in rankings.rows(found, view)
        ],
    }


def views(campaign: Campaign) -> list[View]:
    fields, groups = [None, campaign.fields[0].code], [None, *campaign.group]
    return [
        View(block, field, group)
        for block in campaign.block
        for field in fields
        for group in groups
        if group is None or block in campaign.group[group].rates
    ]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(campaigns(), st.integers(0, 2**32))
def test_rows_kept_from_earlier_states_are_those_written_anew(drawn: Campaign, seed: int):
    campaign = published(drawn)
    chance = Random(seed)  # noqa: S311 (figures, not secrets)
    kept = figures(campaign, documents(campaign, chance, 1))
    for state in (1, 2, 3):
        found = standing(campaign, state, kept)
        for view in views(campaign):
            text = rankings.document(found, view)
            assert list(json.loads(text)) == list(expected(found, view))
            assert json.loads(text) == expected(found, view)
        newer = figures(campaign, documents(campaign, chance, state + 1))
        kept = {unit: newer[unit] if chance.random() < 0.4 else kept[unit] for unit in kept}


LARGE = survey((asked("q", "2", "g1", "g2"), appraised("a", "1")), units={"u1": "b1", "u2": "b1"})


def briefly(campaign: Campaign, made: dict[str, dict[str, Any]]) -> Standing:
    """As it is read before the details are."""
    brief = {
        unit: {name: value for name, value in document.items() if name not in BRIEF} for unit, document in made.items()
    }
    return standing(campaign, 1, figures(campaign, brief), detailed=False)


def test_the_ranking_by_the_whole_index_needs_no_details():
    made = documents(LARGE, Random(7), 1)  # noqa: S311 (figures, not secrets)
    view = View("b1")
    found = briefly(LARGE, made)
    assert rankings.document(found, view) == rankings.document(standing(LARGE, 1, figures(LARGE, made)), view)
    assert {row.n for row in rankings.rows(found, view)} != {0}


@pytest.mark.parametrize("view", [View("b1", "f1"), View("b1", None, "g1"), View("b1", "f1", "g1")])
def test_what_needs_details_is_answered_when_they_are_there(view: View):
    """Without them it would not be known what must be hidden."""
    found = briefly(LARGE, documents(LARGE, Random(7), 1))  # noqa: S311 (figures, not secrets)
    with pytest.raises(Problem, match="still being read") as raised:
        rankings.document(found, view)
    assert raised.value.kind.status == 503
    with pytest.raises(Problem, match="still being read"):
        units.document(found, LARGE.units[0])
