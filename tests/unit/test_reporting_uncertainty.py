"""Standard errors and intervals as rankings and drill-downs show them, and when they keep silent."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import hypot
from typing import Any

import bson
import pytest
from surveys import appraised, asked, survey

from services.common import index_document
from services.common.appraisals import AppraisalRow, LeafAppraisal
from services.common.campaign import Campaign, Rules
from services.common.index import Formula
from services.common.uncertainty import SamplingErrors
from services.common.unit_index import GroupTally, Moments
from services.reporting import rankings, units
from services.reporting.answers import JSON
from services.reporting.exports.files import Files
from services.reporting.exports.options import Options
from services.reporting.exports.rendering import Rendering
from services.reporting.figures import Figures
from services.reporting.rankings import View
from services.reporting.standing import AsOf, Body, Standing

Given = Mapping[str, Mapping[str, tuple[int, ...]]]
"""Unit → group → how many gave A, C and E to every leaf they are asked."""
CAMPAIGN = survey(
    (asked("q", "2", "g1", "g2"), asked("r", "2", "g1", "g2"), appraised("a", "4")),
    units={"u1": "b1", "u2": "b1", "u3": "b1"},
    rules=Rules(live="public", suppress_below=5),
)
BLOCK, BY_GROUP = View("b1"), View("b1", None, "g1")
POINTS = (20_000, 10_000, 0)
"""What a response brings that gives A, C or E to both leaves, in 1/10,000 point: half of 4."""
MANY: Given = {
    "u1": {"g1": (60, 20, 20), "g2": (50, 40, 10)},
    "u2": {"g1": (5, 5, 40), "g2": (10, 10, 80)},
    "u3": {"g1": (50, 30, 20), "g2": (50, 40, 10)},
}


def standing(given: Given, campaign: Campaign = CAMPAIGN) -> Standing:
    formula, errors = Formula(campaign), SamplingErrors(campaign)
    row = AppraisalRow(1, {"a": LeafAppraisal(points=Decimal(2))})
    found = {}
    for unit in campaign.unit:
        tallies = {group: counted(campaign, group, times) for group, times in given.get(unit, {}).items()}
        result = formula.compute(unit, tallies, row)
        document = index_document.write(result) | errors.of(unit, result).document()
        found[unit] = Figures(campaign, bson.encode({"unit": unit, "state": 1, **document}))
    return Standing(campaign, AsOf(1, 1, {"g1": 1}, {}), found)


def counted(campaign: Campaign, group: str, times: tuple[int, ...]) -> GroupTally:
    counts = [0] * len(campaign.layout[group])
    for option, n in zip("ACE", times, strict=True):
        for places in campaign.place[group].values():
            counts[places[option]] += n
    xs = [x for x, n in zip(POINTS, times, strict=True) for _ in range(n)]
    return GroupTally(len(xs), counts, Moments(len(xs), sum(xs), sum(x * x for x in xs)))


def rows(found: Standing, view: View = BLOCK) -> dict[str, dict[str, Any]]:
    return {row["unit"]: row for row in json.loads(rankings.document(found, view))["rows"]}


def page(found: Standing, unit: str) -> dict[str, Any]:
    return units.document(found, found.campaign.unit[unit])


def without(given: Given, unit: str, **groups: tuple[int, ...]) -> Given:
    return {**given, unit: {**given[unit], **groups}}


def test_a_ranking_has_errors_and_intervals():
    """g1 scatters by 0.806 of 2 points among 100, g2 by 0.667: hypot / 8 points attainable is 1.31 percent."""
    found = rows(standing(MANY))
    assert (found["u1"]["index"], found["u1"]["se"]) == ("60.00", "1.31")
    assert found["u1"]["interval"] == ["57.44", "62.56"]
    assert {unit: row["rank_interval"] for unit, row in found.items()} == {"u1": [1, 2], "u3": [1, 2], "u2": [3, 3]}


def test_the_page_of_a_unit_says_the_same_and_where_it_comes_from():
    found = standing(MANY)
    told, row = page(found, "u1"), rows(found)["u1"]
    assert {name: told[name] for name in ("se", "interval")} == {name: row[name] for name in ("se", "interval")}
    assert list(told["rank_interval"]) == row["rank_interval"]
    sources = told["uncertainty"]
    assert sources["reason"] is None
    assert [group["group"] for group in sources["groups"]] == ["g1", "g2"]
    assert hypot(*(float(group["se_points"]) for group in sources["groups"])) == pytest.approx(8 * 0.0131, abs=0.01)
    assert sum(float(group["part"]) for group in sources["groups"]) == pytest.approx(100, abs=0.01)


def test_a_groups_own_index_has_its_own_error():
    """0.806 · 50 percent a point, by the root of 100."""
    found = standing(MANY)
    assert rows(found, BY_GROUP)["u1"]["se"] == "4.02"
    assert page(found, "u1")["groups"][0]["se"] == "4.02"
    assert rows(found, BY_GROUP)["u2"]["rank_interval"] == [3, 3]


@pytest.mark.parametrize("view", [View("b1", "f1"), View("b1", "f1", "g1")])
def test_within_a_field_there_is_none(view: View):
    """The moments are of all fields together."""
    assert {(row["se"], row["interval"], row["rank_interval"]) for row in rows(standing(MANY), view).values()} == {
        (None, None, None)
    }


def test_csv_has_a_column_for_each_limit():
    state = standing(MANY)
    view = Body(rankings.document(state, BLOCK), JSON)
    file = Files(Rendering(), "", "").body(state, "ranking", [view], "csv", Options("codes"), name="b1")
    text = file.content.decode().removeprefix("\ufeff")
    read = {row["unit"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
    names = ("se", "interval_low", "interval_high", "rank_low", "rank_high")
    assert [read["u1"][name] for name in names] == ["1.31", "57.44", "62.56", "1", "2"]


def test_without_an_error_the_interval_has_the_digits_of_the_index():
    """79.575 is shown as 79.58, and as a float it is below."""
    assert rankings.uncertainty(Fraction("79.575"), 0.0, 2) == {"se": "0.00", "interval": ["79.58", "79.58"]}


def test_a_limit_just_below_zero_is_zero():
    assert rankings.uncertainty(Fraction("1.959"), 1.0, 2)["interval"] == ["0.00", "3.92"]


def test_dense_ranks_lie_in_their_intervals():
    campaign = replace(CAMPAIGN, rules=replace(CAMPAIGN.rules, ties="dense"))
    given = {**MANY, "u3": MANY["u1"]}
    found = rows(standing(given, campaign))
    assert found["u2"]["rank"] == 2
    assert found["u2"]["rank_interval"] == [2, 3]


class TestSilence:
    """What few have answered has no error of its own, and none from which it could be got."""

    FEW: Given = without(MANY, "u1", g2=(2, 1, 1))

    def test_with_a_group_of_four_a_unit_has_no_error(self):
        """Else its error, without that of the others, would be the four's: with their mean it tells who said what."""
        found = standing(self.FEW)
        told = page(found, "u1")
        assert [told[name] for name in ("se", "interval", "rank_interval")] == [None, None, None]
        assert told["uncertainty"]["reason"] == "few-answers"
        assert {group["se_points"] for group in told["uncertainty"]["groups"]} == {None}
        assert {group["part"] for group in told["uncertainty"]["groups"]} == {None}
        assert told["index"] is not None

    def test_the_ranks_of_the_others_leave_it_room(self):
        """And they do not depend on what is hidden."""
        found = rows(standing(self.FEW))
        assert (found["u3"]["rank_interval"], found["u2"]["rank_interval"]) == ([1, 2], [2, 3])

    def test_with_five_there_is_one(self):
        assert rows(standing(without(MANY, "u1", g2=(2, 1, 2))))["u1"]["se"] is not None

    def test_a_group_of_four_has_no_error_and_of_five_it_has(self):
        assert rows(standing(without(MANY, "u1", g1=(2, 1, 1))), BY_GROUP)["u1"]["se"] is None
        assert rows(standing(without(MANY, "u1", g1=(2, 1, 2))), BY_GROUP)["u1"]["se"] is not None

    def test_without_suppression_two_are_the_least(self):
        campaign = replace(CAMPAIGN, rules=replace(CAMPAIGN.rules, suppress_below=0))
        assert rows(standing(without(MANY, "u1", g2=(1, 1, 0)), campaign))["u1"]["se"] is not None
        found = standing(without(MANY, "u1", g2=(1, 0, 0)), campaign)
        assert rows(found)["u1"]["se"] is None
        assert page(found, "u1")["uncertainty"]["reason"] == "few-answers"

    def test_while_nobody_has_answered_the_points_given_are_no_certainty(self):
        found = standing({**MANY, "u1": {}})
        assert (rows(found)["u1"]["index"], rows(found)["u1"]["se"]) == ("50.00", None)
        assert page(found, "u1")["uncertainty"] == {"reason": "no-answers", "groups": []}

    def test_a_small_cell_silences_what_its_group_adds(self):
        """Of g2 four have an opinion of r: its cell is hidden, and g1's with it; how both scatter too."""
        found = standing(MANY)
        counts = list(counted(CAMPAIGN, "g2", MANY["u1"]["g2"]).counts)
        for option, n in zip("ACEN", (4, 0, 0, 96), strict=True):
            counts[CAMPAIGN.place["g2"]["r"][option]] = n
        whole = counted(CAMPAIGN, "g2", MANY["u1"]["g2"])
        tallies = {"g1": counted(CAMPAIGN, "g1", MANY["u1"]["g1"]), "g2": replace(whole, counts=counts)}
        result = Formula(CAMPAIGN).compute("u1", tallies, AppraisalRow())
        document = index_document.write(result) | SamplingErrors(CAMPAIGN).of("u1", result).document()
        unit = Figures(CAMPAIGN, bson.encode({"unit": "u1", "state": 1, **document}))
        told = page(Standing(CAMPAIGN, found.as_of, {**found.units, "u1": unit}), "u1")
        assert told["se"] is not None
        assert [group["se"] for group in told["groups"]] == [None, None]
        assert {group["se_points"] for group in told["uncertainty"]["groups"]} == {None}
