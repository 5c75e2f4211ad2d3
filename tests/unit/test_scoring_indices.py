"""Documents made of the ones before are those made from nothing, whatever partition counts what in which order."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import replace
from decimal import Decimal

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_formula import PlainFormula
from surveys import appraised, asked, published, rater, survey

from services.common import index_document
from services.common.appraisals import AppraisalRow, LeafAppraisal
from services.common.campaign import Adjustments, Rules
from services.common.uncertainty import SamplingErrors
from services.scoring import indices as module
from services.scoring.indices import Indices
from services.scoring.standing_indices import FORM
from services.scoring.tallies import Tally, TallyKey, total

FIRST = survey(
    (asked("q", "2", "g1", "g2"), appraised("a", "1")),
    (asked("r", "0.7", "g2", g2="7"),),
    units={"u1": "b1", "u2": "b1", "o1": "b2"},
    groups=(rater("g1", "b1", weight="3"), rater("g2", "b1", "b2")),
)
MORE = survey((asked("q", "2", "g1", "g2"), appraised("a", "1")), (asked("r", "0.7", "g2"), asked("s", "1", "g1")))
SECOND = published(replace(FIRST, fields=MORE.fields), FIRST)
PARTITIONS = 4
NO_ROW = AppraisalRow()


@st.composite
def changes(draw: st.DrawFn) -> tuple[int, str, str, list[int], tuple[int, int, int], bool]:
    """Partition, unit and group of a tally, new counts, new moments, and whether there is a new definition before."""
    counts = draw(st.lists(st.integers(0, 9), max_size=12))
    unit, group = draw(st.sampled_from(list(FIRST.unit))), draw(st.sampled_from(list(FIRST.group)))
    moments = draw(st.integers(0, 9)), draw(st.integers(0, 10**6)), draw(st.integers(0, 10**25))
    return draw(st.integers(0, PARTITIONS - 1)), unit, group, counts, moments, draw(st.integers(0, 9)) == 0


@given(st.lists(changes(), max_size=25), st.lists(st.sampled_from(["0", "0.25", "1"]), min_size=1, max_size=3))
@settings(max_examples=100)
def test_a_document_made_of_the_one_before_is_the_one_made_from_nothing(
    steps: list[tuple[int, str, str, list[int], tuple[int, int, int], bool]], points: list[str]
):
    sources: list[dict[TallyKey, Tally]] = [{} for _ in range(PARTITIONS)]
    rows = [AppraisalRow(1, {"a": LeafAppraisal(Decimal(given_))}) for given_ in points]
    campaign, indices = FIRST, Indices(FIRST)
    for number, (p, unit, group, counts, moments, anew) in enumerate(steps, 1):
        if anew:
            campaign = SECOND
            indices = Indices(campaign)
        known = len(campaign.layout[group])
        sources[p][campaign.code, group, unit] = Tally(number, *moments, counts[:known])
        row = rows[number * len(rows) // (len(steps) + 1)]
        tallies = {each: total(sources, (campaign.code, each, unit)) for each in campaign.group}
        plain = PlainFormula(campaign).compute(unit, tallies, row)
        expected = {
            "_id": {"campaign": "survey", "unit": unit},
            "campaign": "survey",
            "unit": unit,
            "block": campaign.unit[unit].block,
            "version": campaign.version,
            "state": number,
            **index_document.write(plain),
            **SamplingErrors(campaign).of(unit, plain).document(),
        }
        assert bson.encode(indices.document(unit, number, sources, row)) == bson.encode(expected)


def test_partitions_may_come_and_go():
    """After a rebalance other partitions are in memory, and in another order."""
    key = ("survey", "g1", "u1")
    one, two, three = ({key: Tally(n=n, counts=[n, 0, 0, 0, 1])} for n in (1, 2, 4))
    indices = Indices(FIRST)
    for sources in ([one], [one, two], [two, one, three], [three, {}, one], [], [{}, {}]):
        document = indices.document("u1", 1, sources, NO_ROW)
        n = sum(source[key].n for source in sources if source)
        assert document["groups"]["g1"]["n"] == n
        found = document["leaves"]["q"]["groups"]["g1"]
        assert found["answers"] == n + sum(1 for source in sources if source)


def test_only_the_latest_units_are_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST_KEPT", 2)
    indices = Indices(FIRST)
    for unit in ("u1", "u2", "u1", "o1"):
        indices.document(unit, 1, [], NO_ROW)
    assert list(indices._kept) == ["u1", "o1"]


DIGESTS = {1: "5887bd8b32cd81e4c86bbe1f131ea4985fd999a8a6f31765358d0bf983a61bf4"}
"""By form, that of the documents below."""
RULES = (
    Rules(),
    Rules(not_applicable="field", min_answers=3),
    Rules(live="public", suppress_below=4),
)
ROWS = (
    NO_ROW,
    AppraisalRow(1, {"a": LeafAppraisal(Decimal("0.3"))}, Decimal(2), Decimal("0.5")),
    AppraisalRow(2, {"a": LeafAppraisal(not_applicable=True)}),
)


def test_documents_of_another_form_are_told_from_those_before():
    """Who takes the refresh over leaves indices of its own form as they are: is this another digest, FORM is raised."""
    made = hashlib.sha256()
    for rules, fields, row in itertools.product(RULES, (FIRST.fields, MORE.fields), ROWS):
        campaign = replace(FIRST, adjustments=Adjustments(Decimal(1), Decimal(1)), rules=rules, fields=fields)
        indices = Indices(published(campaign, FIRST if fields is MORE.fields else None))
        for answers in range(7):
            counts = [(place * 5 + answers) % (answers + 1) for place in range(18)]
            tally = Tally(answers, max(0, answers - 1), 7_001 * answers, 7_001**2 * answers + 5, counts)
            sources = [{("survey", group, unit): tally for group, unit in (("g1", "u1"), ("g2", "u1"), ("g2", "o1"))}]
            for unit in ("u1", "u2", "o1"):
                made.update(bson.encode(indices.document(unit, 1, sources, row)))
    assert made.hexdigest() == DIGESTS[FORM]
