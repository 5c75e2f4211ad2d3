"""The content of a publication is one canonical text, whatever it is cut into, and the same text for ever."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson
import pytest

from services.common.appraisals import AppraisalRow, LeafAppraisal
from services.common.campaign import Campaign, Rules
from services.common.unit_index import GroupTally
from services.publishing import content as content_module
from services.publishing.content import content
from services.publishing.edition import Edition
from services.publishing.form import UNIT, formed
from tests.publications import counted, issue
from tests.unit.surveys import appraised, asked, plain_moments, survey

CAMPAIGN = survey(
    (asked("q", "2", "g1", "g2"), appraised("a", "1")),
    (asked("r", "3", "g1"),),
    units={"u-1": "b1", "u": "b1", "u1": "b1", "v1": "b-1"},
    rules=Rules(live="public", suppress_below=5),
)


def tally(campaign: Campaign, unit: str, group: str, said: list[dict[str, str]]) -> GroupTally:
    counts = [sum(answers.get(leaf) == option for answers in said) for leaf, option in campaign.layout[group]]
    return GroupTally(len(said), counts, plain_moments(campaign, group, campaign.unit[unit].block, said))


def example() -> Edition:
    g1 = tally(CAMPAIGN, "u1", "g1", [{"q": "A", "r": "B"}] * 6 + [{"q": "C", "r": "D"}] * 3)
    g2 = tally(CAMPAIGN, "u1", "g2", [{"q": "B"}] * 8)
    few = tally(CAMPAIGN, "u", "g2", [{"q": "B"}] * 2)
    row = AppraisalRow(1, {"a": LeafAppraisal(Decimal("0.25"))})
    receipts = [(f"00000000-0000-4000-8000-{number:012}", 1, f"{number:064x}") for number in range(20)]
    return Edition(
        [issue(counted(CAMPAIGN, {"u1": {"g1": g1, "g2": g2}, "u": {"g1": g1, "g2": few}}, receipts, {"u1": row}))]
    )


def whole(edition: Edition) -> bytes:
    return b"".join(piece.before + piece.text for piece in edition.content.pieces)


def test_the_digest_of_the_example_is_what_it_always_was():
    """Whoever must change this gives the form the next number, and keeps the old one."""
    assert (example().content.digest, example().tree.root) == (DIGEST, ROOT)


DIGEST = "f08334c54d594f1eb702887f68cd9d2c40009fac5f2dadaaa5196caf63e63658"
ROOT = "e43af258be90b98db6352c927e9b451fddf11bf860824a721e7f53a95c51e605"


def test_the_text_is_canonical_and_its_hash_the_digest():
    made = example()
    text = whole(made)
    assert orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS) == text
    assert hashlib.sha256(text).hexdigest() == made.content.digest
    assert _floats(orjson.loads(text)) == []


def _floats(value: Any) -> list[float]:  # noqa: ANN401 - JSON
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value] if isinstance(value, float) else [found for each in inner for found in _floats(each)]


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_into_how_many_pieces_it_is_cut_makes_no_difference(rows: int, monkeypatch: pytest.MonkeyPatch):
    expected = whole(example())
    monkeypatch.setattr(content_module, "ROWS", rows)
    made = example()
    assert whole(made) == expected
    ids = [f"{piece.kind}/{piece.name}" for piece in made.content.pieces]
    assert ids == sorted(ids), "the database gives them back in this order"


def test_nothing_that_is_hidden_is_in_it():
    (u,) = (piece for piece in example().content.pieces if (piece.kind, piece.name) == ("unit", "u"))
    (leaf, _) = orjson.loads(u.text)["fields"][0]["criteria"][0]["leaves"]
    assert [cell["answers"] for cell in leaf["groups"]] == [None, None]


def test_who_is_in_the_tree_does_not_change_what_is_shown_but_the_digest():
    made = example()
    other = content(made.counted, made.figures, "0" * 64)
    assert other.digest != made.content.digest
    assert [piece.text for piece in other.pieces[1:]] == [piece.text for piece in made.content.pieces[1:]]


def test_an_open_campaign_is_published_without_breakdown():
    of = example().counted
    figures = Edition([issue(of, is_open=True)]).figures
    # Of b1 the second group is asked one question.
    assert {figures[unit].level for unit in ("u1", "u")} == {"nothing"}
    asked_more = replace(CAMPAIGN, rules=replace(CAMPAIGN.rules, suppress_below=1))
    assert {one.level for one in Edition([issue(counted(asked_more, {}), is_open=True)]).figures.values()} == {"whole"}


def test_where_the_index_is_withheld_no_points_are_told():
    made = Edition([issue(example().counted, is_open=True)])
    told = orjson.loads(whole(made))
    unit = told["units"]["u1"]
    row = next(row for row in told["rankings"]["b1"] if row["unit"] == "u1")
    assert [unit[name] for name in ("index", "earned", "attainable", "lost", "se", "rank")] == [None] * 6
    assert [row[name] for name in ("index", "earned", "attainable", "se", "rank_interval")] == [None] * 5
    assert (unit["withheld"], row["withheld"], row["n"]) == ("index", "index", 17)
    cells = [leaf for field in unit["fields"] for criterion in field["criteria"] for leaf in criterion["leaves"]]
    assert [leaf["points"] for leaf in cells] == [None, "0.25", None]


def test_what_a_later_version_says_besides_is_left_out():
    assert formed({"unit": "u", "more": 1, "fields": [{"field": "f", "x": 2}]}, UNIT) == {
        "unit": "u",
        "fields": [{"field": "f"}],
    }
