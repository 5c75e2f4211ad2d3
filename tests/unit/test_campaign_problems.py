"""Whatever is wrong with a definition is reported at its place: JSON pointer, line, stable code, all at once."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.campaign_problems import LISTED, pointer
from services.common.campaign_schema import DefinitionError, Problem, dump, load, parse

SMALL = (Path(__file__).parents[1] / "data" / "small_campaign.yaml").read_text(encoding="utf-8")
DOCS = (Path(__file__).parents[2] / "docs" / "campaign.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Case:
    """A part of the small campaign, what it is replaced by, and the one problem that this makes."""

    old: str
    new: str
    pointer: str
    line: int | None
    code: str

    @property
    def text(self) -> str:
        assert SMALL.count(self.old) == 1, f"{self.old!r} must be there once"
        return SMALL.replace(self.old, self.new)


L1, L2, L3 = (f"/fields/0/criteria/0/leaves/{row}" for row in range(3))
W1 = 'code: w1\n    name: {vi: "Phường Một", en: "Ward One"}\n    block: ward'

FIELDS = [
    Case("campaign: small", "campaign: small\nmotto: x", "/motto", 2, "unknown-field"),
    Case("campaign: small", "campaign: small\nversion: 3", "/version", 2, "unknown-field"),
    Case("campaign: small", "campaign: small town", "/campaign", 1, "bad-code"),
    Case("campaign: small", f"campaign: {'x' * 33}", "/campaign", 1, "bad-code"),
    Case("campaign: small", 'campaign: "small\\n"', "/campaign", 1, "bad-code"),
    Case("campaign: small", "campaign: _small", "/campaign", 1, "bad-code"),
    Case("campaign: small", "campaign: true", "/campaign", 1, "not-text"),
    Case("campaign: small", "campaign:", "/campaign", 1, "null"),
    Case("campaign: small", "campaign: [small]", "/campaign", 1, "not-text"),
    Case("campaign: small\n", "", "/campaign", 1, "missing"),
    Case('title: {vi: "Đợt thử", en: "Trial"}', "title: Đợt thử", "/title", 2, "not-a-mapping"),
    Case('title: {vi: "Đợt thử", en: "Trial"}', "title: {en: Trial}", "/title/vi", 2, "missing"),
    Case('title: {vi: "Đợt thử", en: "Trial"}', "title: {vi: yes, en: false}", "/title/en", 2, "not-text"),
    Case('vi: "Đợt thử"', 'vi: " "', "/title/vi", 2, "blank"),
    Case('vi: "Đợt thử"', f"vi: {'x' * 2001}", "/title/vi", 2, "too-long"),
    Case('vi: "Đợt thử"', 'vi: "a\\0b"', "/title/vi", 2, "unprintable"),
    Case("opens: 2022-11-01T00:00:00+07:00", "opens: 2022-11-01T00:00:00", "/opens", 3, "not-a-moment"),
    Case("opens: 2022-11-01T00:00:00+07:00", "opens: 2022-11-01", "/opens", 3, "not-a-moment"),
    Case("opens: 2022-11-01T00:00:00+07:00", "opens: 2022-13-01T00:00:00+07:00", "/opens", 3, "not-a-moment"),
    Case("opens: 2022-11-01T00:00:00+07:00", "opens: 1901-01-01T00:00:00+07:00", "/opens", 3, "out-of-range"),
    Case("closes: 2022-12-01", "closes: 2022-11-01", "/closes", 4, "closes-too-early"),
    Case("closes: 2022-12-01T00:00:00+07:00", "closes: 2022-10-31T17:00:00Z", "/closes", 4, "closes-too-early"),
    Case("decimals: 3", "decimals: 7", "/rules/decimals", 65, "out-of-range"),
    Case("decimals: 3", "decimals: 2.5", "/rules/decimals", 65, "not-a-whole-number"),
    Case("decimals: 3", "decimals: 3\n  min_answers: 0", "/rules/min_answers", 66, "out-of-range"),
    Case("decimals: 3", "decimals: 3\n  suppress_below: -1", "/rules/suppress_below", 66, "out-of-range"),
    Case("decimals: 3", "decimals: 3\n  live: secret", "/rules/live", 66, "not-a-choice"),
    Case("ties: dense", "ties: [dense]", "/rules/ties", 66, "not-a-choice"),
    Case("bonus_cap: 2", "bonus_cap: -2", "/adjustments/bonus_cap", 60, "out-of-range"),
    Case("penalty_cap: 5", "penalty_cap: 1001", "/adjustments/penalty_cap", 60, "out-of-range"),
]


ROWS = [
    Case(
        '  - {code: office, name: {vi: "Phòng"}}',
        '  - {code: office, name: {vi: "Phòng"}}\n  - {code: ward, name: {vi: "X"}}',
        "/blocks/2/code",
        8,
        "repeated-code",
    ),
    Case('code: "002"', "code: w1", "/units/1/code", 13, "repeated-code"),
    Case(W1, W1.replace("block: ward", "block: street"), "/units/0/block", 11, "unknown-block"),
    Case(f"{W1}\n", W1.replace("    block: ward", ""), "/units/0/block", 9, "missing"),
    Case("tile: [0, 2]", "tile: [0, 1]", "/units/1/tile", 16, "repeated-tile"),
    Case("tile: [0, 2]", "tile: [0]", "/units/1/tile", 16, "not-a-tile"),
    Case("tile: [0, 2]", "tile: {row: 0}", "/units/1/tile", 16, "not-a-tile"),
    Case("tile: [0, 2]", "tile: [0, 2.5]", "/units/1/tile", 16, "not-a-whole-number"),
    Case("tile: [0, 2]", "tile: [0, -2]", "/units/1/tile", 16, "out-of-range"),
    Case("rates: [ward, office]", "rates: [ward, street]", "/groups/0/rates/1", 24, "unknown-block"),
    Case("rates: [ward, office]", "rates: [ward, office, ward]", "/groups/0/rates/2", 24, "repeated-item"),
    Case("rates: [ward, office]", "rates: ward", "/groups/0/rates", 24, "not-a-list"),
    Case("rates: [ward, office]", "rates: []", "/groups/0/rates", 24, "too-few"),
    Case("weight: 1.50", "weight: 0", "/groups/0/weight", 25, "out-of-range"),
    Case("weight: 1.50", "weight: heavy", "/groups/0/weight", 25, "not-a-number"),
    Case("weight: 1.50", "weight: 1.1234567", "/groups/0/weight", 25, "too-many-decimals"),
    Case("forms: 30", "forms: 0", "/groups/0/quota/forms", 26, "out-of-range"),
    Case("per: unit", "per: street", "/groups/0/quota/per", 26, "not-a-choice"),
    Case("access: open", "access: closed", "/groups/1/access", 30, "not-a-choice"),
    Case("percent: 100}", "percent: 100.5}", "/scales/0/options/0/percent", 34, "out-of-range"),
    Case(", percent: 100}", "}", "/scales/0/options/0/percent", 34, "missing"),
    Case("percent: 0}", "percent: .nan}", "/scales/0/options/2/percent", 36, "not-a-number"),
    Case("{code: B, label", "{code: A, label", "/scales/0/options/1/code", 35, "repeated-code"),
    Case("fields:\n", 'fields:\n  - {code: f0, name: {vi: "X"}, criteria: []}\n', "/fields/0/criteria", 39, "too-few"),
    Case("from: 50", "from: 90", "/bands/1/from", 63, "band-order"),
    Case("from: 50", "from: -1", "/bands/1/from", 63, "out-of-range"),
]

LEAVES = [
    Case("code: l2", "code: l1", f"{L2}/code", 46, "repeated-code"),
    Case("code: l2", "code: 1.2", f"{L2}/code", 46, "bad-code"),
    Case("max_points: 2.00", "max_points: 0", f"{L1}/max_points", 45, "out-of-range"),
    Case("max_points: 0.1", "max_points: 0,1", f"{L2}/max_points", 48, "not-a-number"),
    Case("max_points: 0.1", "max_points: 1e1", f"{L2}/max_points", 48, "not-a-number"),
    Case("max_points: 0.1", "max_points: true", f"{L2}/max_points", 48, "not-a-number"),
    Case("max_points: 0.1", "max_points: 998", "/fields", 38, "too-many-points"),
    Case("method: appraisal", "method: guess", f"{L1}/method", 45, "not-a-choice"),
    Case("method: appraisal", "method: appraisal, scale: five", f"{L1}/scale", 45, "survey-only"),
    Case("method: appraisal", "method: appraisal, question: {vi: x}", f"{L1}/question", 45, "survey-only"),
    Case(
        "            scale: five\n            groups: [deputy",
        "            groups: [deputy",
        f"{L2}/scale",
        46,
        "missing",
    ),
    Case("            groups: [citizen]\n", "", f"{L3}/groups", 54, "missing"),
    Case("groups: [citizen]", "groups: []", f"{L3}/groups", 59, "too-few"),
    Case("groups: [citizen]", "groups: [citizens]", f"{L3}/groups/0", 59, "unknown-group"),
    Case("groups: [citizen]", "groups: [citizen, citizen]", f"{L3}/groups/1", 59, "repeated-item"),
    Case(
        "scale: five\n            groups: [citizen]",
        "scale: six\n            groups: [citizen]",
        f"{L3}/scale",
        58,
        "unknown-scale",
    ),
    Case("weights: {citizen: 2}", "weights: {mayor: 2}", f"{L2}/weights/mayor", 52, "unknown-group"),
    Case("weights: {citizen: 2}", "weights: {citizen: 0}", f"{L2}/weights/citizen", 52, "out-of-range"),
    Case("weights: {citizen: 2}", "weights: [2]", f"{L2}/weights", 52, "not-a-mapping"),
    Case("question: {vi", "question: {de: x, vi", f"{L2}/question/de", 53, "unknown-field"),
]

YAML = [
    Case("campaign: small", "campaign: small\ncampaign: other", "/campaign", 2, "repeated-key"),
    Case("ties: dense", "ties: dense\n  ties: shared", "/rules/ties", 67, "repeated-key"),
    Case("rates: [ward, office]", "rates: &both [ward, office]", "/groups/0/rates", 24, "anchor"),
    Case("rates: [ward, office]", "rates: *both", "/groups/0/rates", 24, "alias"),
    Case("decimals: 3", "decimals: !!int 3", "/rules/decimals", 65, "tag"),
    Case("campaign: small", "campaign: !!python/object/apply:os.getcwd []", "/campaign", 1, "tag"),
    Case("ties: dense", "ties: dense\n---\ncampaign: other", "", 67, "many-documents"),
    Case("title: {vi", "title: {{vi", "", 2, "key"),
    Case("title: {vi", "title: [[[[[[[[[[[[[[[[[[[[[[[[[[[[{vi", "", 2, "too-deep"),
    Case("opens: 2022", "\topens: 2022", "", 3, "syntax"),
    Case('vi: "Đợt thử"', "vi: a\0b", "", 2, "unprintable"),
    Case('vi: "Đợt thử"', "vi: \ud800", "", 2, "unprintable"),
]


@pytest.mark.parametrize("case", [*FIELDS, *ROWS, *LEAVES, *YAML], ids=lambda case: f"{case.new[:40]!r}")
def test_a_fault_is_reported_at_its_place_and_nothing_else_is(case: Case):
    with pytest.raises(DefinitionError) as caught:
        parse(case.text)
    assert [(problem.pointer, problem.line, problem.code) for problem in caught.value.problems] == [
        (case.pointer, case.line, case.code)
    ]


def problems_of(text: str | bytes) -> list[Problem]:
    with pytest.raises(DefinitionError) as caught:
        parse(text)
    return caught.value.problems


def codes_of(text: str | bytes) -> list[str]:
    return [problem.code for problem in problems_of(text)]


def test_all_problems_are_reported_at_once_sorted_by_line():
    text = SMALL
    for old, new in [
        ("campaign: small", "name: small"),
        ("block: office", "block: attic"),
        ("rates: [ward]", "rates: [cellar]"),
        ("percent: 33.333333", "percent: 333"),
        ("method: appraisal", "method: appraisal, groups: [deputy]"),
        ("from: 50", "from: 95"),
        ("ties: dense", "ties: dense\n  ties: loose"),
    ]:
        assert text.count(old) == 1
        text = text.replace(old, new)
    found = problems_of(text)
    assert [(problem.line, problem.pointer, problem.code) for problem in found] == [
        (1, "/campaign", "missing"),
        (1, "/name", "unknown-field"),
        (19, "/units/2/block", "unknown-block"),
        (29, "/groups/1/rates/0", "unknown-block"),
        (35, "/scales/0/options/1/percent", "out-of-range"),
        (45, f"{L1}/groups", "survey-only"),
        (63, "/bands/1/from", "band-order"),
        (67, "/rules/ties", "repeated-key"),
    ]


def test_the_error_reads_one_problem_a_line():
    text = SMALL.replace("block: office", "block: attic").replace("campaign: small\n", "")
    with pytest.raises(DefinitionError) as caught:
        parse(text)
    assert str(caught.value).splitlines() == [
        "line 1, /campaign: this field is required: add it",
        "line 18, /units/2/block: there is no block 'attic': define it, or correct the code",
    ]


def test_an_unknown_field_is_answered_with_those_that_there_are():
    (problem,) = problems_of(SMALL.replace("access: open", "acces: open"))
    assert problem.detail == ("there is no such field here; the fields are: code, name, rates, weight, quota, access")


def test_a_version_is_refused_because_the_system_gives_it():
    (problem,) = problems_of(f"version: 2\n{SMALL}")
    assert "numbers versions when a definition is published" in problem.detail


def test_a_reference_to_a_repeated_code_names_the_first():
    (problem,) = problems_of(SMALL.replace('code: "002"', "code: w1"))
    assert "already used at /units/0" in problem.detail


def test_a_leaf_whose_groups_rate_no_block_with_units_is_refused():
    offices_gone = SMALL.replace("    block: office\n    tile: [0, 1]", "    block: ward\n    tile: [0, 3]")
    only_offices = offices_gone.replace("rates: [ward]", "rates: [office]")
    assert [(problem.pointer, problem.code) for problem in problems_of(only_offices)] == [
        (f"{L3}/groups", "nobody-answers")
    ]


def test_a_scale_of_no_opinions_alone_is_refused():
    text = re.sub(r"percent: (100|33.333333|0)\}", "percent: null}", SMALL)
    assert [(problem.pointer, problem.line, problem.code) for problem in problems_of(text)] == [
        ("/scales/0/options", 33, "no-percent")
    ]


def document(**changed: object) -> dict[str, Any]:
    """The small campaign as JSON data, as its author would write it."""
    whole = {key: value for key, value in dump(parse(SMALL), public=True).items() if key != "version"}
    return {**whole, **changed}


def leaf(number: int, **more: object) -> dict[str, object]:
    return {"code": f"n{number}", "name": {"vi": "x"}, "max_points": "0.5", "method": "appraisal", **more}


def field(code: str, leaves: list[dict[str, object]]) -> dict[str, object]:
    criterion = {"code": f"c-{code}", "name": {"vi": "x"}, "leaves": leaves}
    return {"code": code, "name": {"vi": "x"}, "criteria": [criterion]}


def group(number: int) -> dict[str, object]:
    return {"code": f"g{number}", "name": {"vi": "x"}, "rates": ["ward"]}


def unit(number: int) -> dict[str, object]:
    return {"code": f"u{number}", "name": {"vi": "x"}, "block": "ward"}


def option(number: int) -> dict[str, object]:
    return {"code": f"o{number}", "label": {"vi": "x"}, "percent": "1"}


def halves(leaves: int) -> list[dict[str, object]]:
    """That many leaves in two fields."""
    return [field("x", [leaf(n) for n in range(500)]), field("y", [leaf(n) for n in range(500, leaves)])]


def counted(leaves: int) -> dict[str, Any]:
    """That many leaves, each asked of 40 groups on a scale of 5 options: 200 counts each."""
    groups = [group(number) for number in range(40)]
    surveyed = {"method": "survey", "scale": "s", "groups": [each["code"] for each in groups]}
    scales = [{"code": "s", "options": [option(number) for number in range(5)]}]
    return document(groups=groups, scales=scales, fields=[field("f", [leaf(n, **surveyed) for n in range(leaves)])])


@pytest.mark.parametrize(
    ("largest", "larger", "place", "code"),
    [
        (
            document(units=[unit(n) for n in range(20_000)]),
            document(units=[unit(n) for n in range(20_001)]),
            "/units",
            "too-many",
        ),
        (
            document(groups=[group(n) for n in range(50)], fields=halves(501)),
            document(groups=[group(n) for n in range(51)], fields=halves(501)),
            "/groups",
            "too-many",
        ),
        (document(fields=halves(1_000)), document(fields=halves(1_001)), "/fields", "too-many"),
        (
            document(fields=[field("f", [leaf(1, max_points="999.5"), leaf(2)])]),
            document(fields=[field("f", [leaf(1, max_points="999.500001"), leaf(2)])]),
            "/fields",
            "too-many-points",
        ),
        (counted(250), counted(251), "/fields", "too-many-counts"),
    ],
    ids=["units", "groups", "leaves", "points", "counts"],
)
def test_a_campaign_may_be_as_large_as_the_limit_and_no_larger(
    largest: dict[str, Any], larger: dict[str, Any], place: str, code: str
):
    parse(json.dumps(largest))
    assert [(problem.pointer, problem.code) for problem in problems_of(json.dumps(larger))] == [(place, code)]


def test_a_scale_has_at_most_50_options():
    scales = [{"code": "five", "options": [option(n) for n in range(51)]}]
    assert [(problem.pointer, problem.code) for problem in problems_of(json.dumps(document(scales=scales)))] == [
        ("/scales/0/options", "too-many")
    ]


NO_DOCUMENT: list[tuple[str | bytes, int | None, str]] = [
    ("", 1, "empty"),
    ("# nothing but a comment\n", 1, "empty"),
    ("---\n", 1, "not-a-mapping"),
    ("[]", 1, "not-a-mapping"),
    ("just words", 1, "not-a-mapping"),
    ("campaign: 'open", 1, "syntax"),
    ("a: 1\nb: {c: 1\n", 2, "syntax"),
    ("[" * 200_000, 1, "syntax"),
    (b"campaign: a\ntitle: \xff", 2, "not-utf-8"),
    ("campaign: a".encode("utf-16"), 1, "not-utf-8"),
    (b"#" * (4 * 1024 * 1024 + 1), None, "too-large"),
    ("[1]: 2", 1, "key"),
]


@pytest.mark.parametrize(("text", "line", "code"), NO_DOCUMENT)
def test_what_is_no_document_is_refused_whole(text: str | bytes, line: int | None, code: str):
    (problem,) = problems_of(text)
    assert (problem.pointer, problem.line, problem.code) == ("", line, code)


def test_aliases_cannot_unfold_into_a_large_document():
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
    )
    assert {"anchor", "alias"} <= set(codes_of(bomb))


def test_a_thousand_problems_are_listed_and_the_rest_counted():
    rows = "".join(f"  - {{code: b-{number}, name: {{vi: x}}, block: nowhere}}\n" for number in range(1_500))
    found = problems_of(SMALL.replace("units:\n", f"units:\n{rows}"))
    assert len(found) == LISTED + 1
    assert (found[-1].code, found[-1].line) == ("more-problems", None)
    assert found[-1].detail.startswith("500 more problems")


def test_a_stored_definition_that_is_none_is_refused_without_lines():
    with pytest.raises(DefinitionError) as caught:
        load({"campaign": "x", "layout": {"g": ["l1"]}, "title": {"vi": 5.0}})
    found = {(problem.pointer, problem.line, problem.code) for problem in caught.value.problems}
    assert {("/layout/g", None, "bad-place"), ("/title/vi", None, "not-text"), ("/units", None, "missing")} <= found


def test_a_pointer_escapes_what_rfc_6901_escapes():
    assert pointer(("a/b", "c~d", 3)) == "/a~1b/c~0d/3"
    assert pointer(()) == ""


def test_the_page_lists_the_codes_that_these_tests_have_seen_and_no_other():
    section = DOCS.split("## Problems")[1]
    cells = re.findall(r"(?m)^\| (`.*?) \|", section)
    written = {code for cell in cells for code in re.findall(r"`([a-z0-9-]+)`", cell)}
    cases = {case.code for case in [*FIELDS, *ROWS, *LEAVES, *YAML]}
    whole = {code for _, _, code in NO_DOCUMENT}
    limits = {"too-many", "too-many-counts", "more-problems", "no-percent", "nobody-answers"}
    assert written == cases | whole | limits


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["ward", "five", "survey", "citizen"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["code", "name", "rates", "x"]), inner),
    max_leaves=6,
)


def spoiled(document: object, path: list[int], value: object) -> object:
    """The document with another value at the place that the numbers of `path` lead to."""
    if not path or not isinstance(document, dict | list) or not document:
        return value
    if isinstance(document, list):
        at = path[0] % len(document)
        return [spoiled(item, path[1:], value) if index == at else item for index, item in enumerate(document)]
    name = sorted(document)[path[0] % len(document)]
    return {key: spoiled(item, path[1:], value) if key == name else item for key, item in document.items()}


@given(st.lists(st.integers(0, 20), min_size=1, max_size=9), JUNK)
@settings(max_examples=300, deadline=None)
def test_whatever_stands_anywhere_is_read_or_reported(path: list[int], value: object):
    text = json.dumps(spoiled(document(), path, value))
    try:
        campaign = parse(text)
    except DefinitionError as error:
        said = str(error)
    else:
        said = ": "
        assert load(dump(campaign)) == campaign
    assert ": " in said


@given(st.text() | st.binary())
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_reported(text: str | bytes):
    with pytest.raises(DefinitionError):
        parse(text)
