"""A body is read as strict JSON: what it says is taken exactly, and what it cannot say is refused with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.problems import Problem
from services.intake.body import decode

STORABLE = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | STORABLE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STORABLE, inner, max_size=3),
)
OBJECTS = st.dictionaries(STORABLE, VALUES, max_size=4)


def read(text: bytes) -> str | int:
    """What became of a text: the status of its refusal, if it is no object."""
    try:
        return "an object" if isinstance(decode(text), dict) else "something else"
    except Problem as problem:
        return problem.kind.status


def refused(text: bytes) -> Problem:
    with pytest.raises(Problem) as caught:
        decode(text)
    return caught.value


@given(OBJECTS, st.booleans())
def test_what_a_text_says_is_what_is_read(document: dict[str, Any], ascii_only: bool) -> None:  # noqa: FBT001
    assert decode(json.dumps(document, ensure_ascii=ascii_only).encode()) == document


@given(st.binary())
def test_any_bytes_are_an_object_or_a_problem(text: bytes) -> None:
    assert read(text) in {"an object", 400, 422}


@given(st.text(alphabet='{}[]":,\\u0d8123aé \n', max_size=60))
def test_anything_like_json_is_an_object_or_a_problem(text: str) -> None:
    assert read(text.encode()) in {"an object", 400, 422}


@pytest.mark.parametrize("written", ["1.5", "0.10", "1e3", "1e999", "-0.0", "123456789012345678901234567890.1"])
def test_a_number_with_a_point_or_exponent_stays_as_it_is_written(written: str) -> None:
    assert decode(f'{{"a": {written}}}'.encode()) == {"a": written}


def test_each_repeated_key_is_named_wherever_it_stands() -> None:
    problem = refused(b'{"a": [{"b": 1, "b": 2}], "c": {"d/e": {}, "d/e": 1, "f~": 1, "f~": 1}, "c": 0}')
    assert problem.kind.status == 400
    assert {(fault.pointer, fault.code) for fault in problem.faults} == {
        ("/c", "repeated-key"),
        ("/a/0/b", "repeated-key"),
    }


def test_what_cannot_be_stored_is_named_wherever_it_stands() -> None:
    problem = refused(b'{"a": ["ok", "\\ud800"], "b\\u0000": {"c": "\\udfff\\ud800"}, "d": "\\ud83d\\ude00"}')
    assert problem.kind.status == 422
    assert [fault.pointer for fault in problem.faults] == ["/a/1", "/b\ufffd", "/b\ufffd/c"]
    assert json.dumps(problem.document()).encode()


def test_a_document_of_nothing_but_faults_is_listed_in_part() -> None:
    many = ",".join(f'"k{number}": "\\u0000"' for number in range(1_000))
    assert len(refused(f"{{{many}}}".encode()).faults) == 200
    twice = ",".join(f'"k{number}": 1, "k{number}": 2' for number in range(1_000))
    assert len(refused(f"{{{twice}}}".encode()).faults) == 200


def test_a_problem_does_not_repeat_what_was_sent() -> None:
    for text in (b'{"a": "secret', b'{"a": secret}', b"secret", b'{"a": NaN, "secret": 1}'):
        assert "secret" not in refused(text).detail
