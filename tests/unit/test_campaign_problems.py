"""Whatever is wrong with a definition is reported at its place: JSON pointer, line, stable code, all at once."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from campaign_faults import FIELDS, L1, L3, LEAVES, ROWS, SMALL, YAML, Case
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.campaign_problems import LISTED, pointer
from services.common.campaign_schema import DefinitionError, Problem, dump, load, parse

DOCS = (Path(__file__).parents[2] / "docs" / "campaign.md").read_text(encoding="utf-8")


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


def test_a_number_of_a_million_digits_is_refused_and_not_calculated_with():
    found = problems_of(SMALL.replace("max_points: 0.1", f"max_points: {'9' * 1_500_000}"))
    assert [(problem.line, problem.code) for problem in found] == [(48, "not-a-number")]
    assert len(found[0].detail) < 200


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
@settings(max_examples=120, deadline=None)
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
@settings(max_examples=120, deadline=None)
def test_any_text_is_read_or_reported(text: str | bytes):
    with pytest.raises(DefinitionError):
        parse(text)
