"""What a client has already is not sent again, what it does not take is refused, and CSV is data, never a formula."""

from __future__ import annotations

import re

import pytest
from flask import Flask, request
from hypothesis import given
from hypothesis import strategies as st

from services.common.problems import Problem
from services.reporting.answers import answer, form, json_body, matches
from services.reporting.exports.neutral import FORMULA, neutral, original
from services.reporting.standing import Body

TAGS = st.text("abcdef0123456789", min_size=1, max_size=32)


@given(TAGS, st.lists(TAGS, max_size=5), st.sampled_from(["", "W/"]), st.data())
def test_a_tag_is_found_anywhere_in_a_list_weak_or_strong(tag: str, others: list[str], weak: str, data: st.DataObject):
    tags = [*others, tag]
    order = data.draw(st.permutations(tags))
    written = ", ".join(f'{weak}"{one}"' for one in order)
    assert matches(written, tag)


@given(TAGS, st.lists(TAGS, max_size=5), st.sampled_from(["", "W/"]))
def test_a_tag_that_is_not_in_the_list_is_not_found(tag: str, others: list[str], weak: str):
    written = ", ".join(f'{weak}"{one}"' for one in others if one != tag)
    assert not matches(written, tag)


def test_a_star_matches_whatever_there_is():
    assert matches("*", "abc")


@pytest.mark.parametrize("header", [None, ""])
def test_without_the_header_everything_is_sent(header: str | None):
    assert not matches(header, "abc")


@given(st.text(st.characters(min_codepoint=32, max_codepoint=255)))
def test_an_odd_header_is_no_error(header: str):
    matches(header, "abc")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "json"),
        ("*/*", "json"),
        ("application/json", "json"),
        ("text/csv", "csv"),
        ("text/*", "csv"),
        ("application/pdf", "pdf"),
        ("application/*", "json"),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
        ("text/csv;q=0.5, application/json;q=0.4", "csv"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "json"),
        ("text/csv, */*;q=0.1", "csv"),
    ],
)
def test_the_form_is_the_one_that_is_liked_best(accept: str | None, expected: str):
    assert form(accept) == expected


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0, text/csv;q=0", "image/png"])
def test_a_form_that_is_not_to_be_had_is_refused(accept: str):
    with pytest.raises(Problem) as caught:
        form(accept)
    assert caught.value.kind.status == 406


def test_equal_contents_have_equal_tags_and_others_do_not():
    assert json_body({"a": 1}).etag == json_body({"a": 1}).etag != json_body({"a": 2}).etag


def test_the_answer_carries_its_tag_also_when_nothing_is_sent():
    body = Body(b"{}", "application/json", (("X-Row-Count", "3"),))
    app = Flask("test")
    with app.test_request_context(headers={"If-None-Match": f'"{body.etag}"'}):
        unchanged = answer(request, body, vary="Accept", private=True)
    with app.test_request_context(headers={"If-None-Match": '"other"'}):
        whole = answer(request, body, vary="Accept")
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert unchanged.headers["ETag"] == whole.headers["ETag"] == f'"{body.etag}"'
    assert unchanged.headers["Vary"] == "Accept"
    assert unchanged.headers["Cache-Control"] == "private, no-store"
    assert (whole.status_code, whole.data, whole.headers["X-Row-Count"]) == (200, b"{}", "3")
    assert whole.headers["Cache-Control"] == "no-cache"


@given(st.sampled_from(FORMULA), st.text())
def test_a_cell_that_looks_like_a_formula_gets_an_apostrophe(start: str, rest: str):
    written = neutral(start + rest)
    assert written.startswith("'" + start)
    assert original(written) == start + rest


HOSTILE = st.text(st.sampled_from([*FORMULA, *"',;|ab "])) | st.text()


@given(HOSTILE)
def test_no_cell_begins_like_a_formula_whatever_is_taken_for_the_separator(text: str):
    for cell in re.split(r"[,;|\t\r\n]", neutral(text)):
        assert not cell.startswith(FORMULA)
    assert not neutral(text).startswith(FORMULA)


@given(HOSTILE)
def test_what_was_put_before_a_formula_can_be_taken_off_again(text: str):
    assert original(neutral(text)) == text


@given(st.text(st.characters(exclude_characters="".join([*FORMULA, "'"]))))
def test_what_is_no_formula_is_left_as_it_is(text: str):
    assert neutral(text) == text
