"""Released figures are made of the present ones: who goes through those of a whole block leaves none of them behind."""

from __future__ import annotations

from dataclasses import replace

import bson
from surveys import asked, survey

from services.common import index_document, release
from services.common.appraisals import AppraisalRow
from services.common.campaign import Rules
from services.common.index import Formula
from services.common.release import Release
from services.common.unit_index import GroupTally
from services.reporting import by_field, lost, rankings, robustness
from services.reporting import units as units_
from services.reporting.figures import Figures
from services.reporting.queries import Draws
from services.reporting.rankings import View
from services.reporting.released import Released
from services.reporting.standing import AsOf, Standing

CAMPAIGN = survey(
    (asked("q", "1", "g1", "g2"), asked("r", "2", "g1", "g2")),
    units={"u1": "b1", "u2": "b1"},
    rules=Rules(live="public", suppress_below=3),
)


def test_no_view_keeps_a_units_breakdown() -> None:
    counts = [9, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0]
    found = {"g1": GroupTally(9, counts), "g2": GroupTally(9, counts)}
    written = index_document.write(Formula(CAMPAIGN).compute("u1", found, AppraisalRow()))
    shown = {group: Release(tuple(counts), tuple(counts)) for group in found}
    stored = {"state": 1, "se": None, "fewest": 9, "errors": {}, "released": release.write(shown), **written}
    units = {unit: Figures(CAMPAIGN, bson.encode({"unit": unit, **stored})) for unit in CAMPAIGN.unit}
    standing = Standing(replace(CAMPAIGN), AsOf(1, 1, {}, {}), units).released

    robust = robustness.document(standing, Draws("b1", 10, 1))
    page = lost.document(standing, CAMPAIGN.unit["u1"])

    assert (robust["released"], robust["rows"][0]["draws"]["unchanged"]) == (True, 10)
    assert [(row["rank"], row["base"]) for row in robust["rows"]] == [(1, 1), (1, 1)]
    assert [leaf["block_mean"] for leaf in page["leaves"]] == ["1.50", "1.00"]
    for view in (View("b1"), View("b1", group="g1"), View("b1", field="f1"), View("b1", "f1", "g2")):
        assert b'"rank":1,"tied":true' in rankings.document(standing, view)
        by_field.document(standing, view._replace(field=None))
    units_.document(standing, CAMPAIGN.unit["u1"])
    for unit in standing.units.values():
        assert isinstance(unit, Released)
        assert not {"_breakdown", "_document", "hidden"} & set(vars(unit))
