"""What is made of a state is made once, however many ask at once, and the memory for answers is bounded."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from surveys import asked, survey

from services.reporting import standing as module
from services.reporting.rankings import Places
from services.reporting.standing import AsOf, Body, Standing


@pytest.fixture
def standing() -> Standing:
    return Standing(survey((asked("q", "1", "g1"),)), AsOf(1, 1, {"g1": 3, "g2": 4}, {}), {})


def text(content: str) -> Body:
    return Body(content.encode(), "text/plain")


def test_the_counted_are_those_of_all_groups(standing: Standing):
    assert standing.as_of.document() == {"state": 1, "counted": 7, "positions": {}}


def test_many_who_ask_at_once_get_one_answer(standing: Standing):
    asked_by = 8
    together = threading.Barrier(asked_by)
    made = []

    def make() -> Body:
        made.append(threading.current_thread())
        return text("ranking")

    def ask(_: int) -> Body:
        together.wait()
        return standing.body("ranking", make)

    with ThreadPoolExecutor(asked_by) as pool:
        bodies = set(map(id, pool.map(ask, range(asked_by))))
    assert len(bodies) == len(made) == 1


def test_other_questions_have_other_answers(standing: Standing):
    assert standing.body("a", lambda: text("a")).content == b"a"
    assert standing.body("b", lambda: text("b")).content == b"b"


def test_an_answer_that_could_not_be_made_is_made_by_the_next(standing: Standing):
    def fail() -> Body:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        standing.body("a", fail)
    assert standing.body("a", lambda: text("a")).content == b"a"


def test_the_oldest_answers_make_room(standing: Standing, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "KEPT_BYTES", 10)
    made = []

    def ask(key: str) -> None:
        standing.body(key, lambda: made.append(key) or text("xxxx"))

    for key in ("a", "b", "b", "c", "b", "a"):
        ask(key)
    assert made == ["a", "b", "c", "a"]


@given(st.lists(st.none() | st.fractions(-1000, 1000), max_size=30))
def test_the_mean_is_of_the_figures_there_are_to_50_decimals(values: list[Fraction | None]):
    mean = Places({}, {f"u{number}": value for number, value in enumerate(values)}, {}).mean
    known = [value for value in values if value is not None]
    if not known:
        assert mean is None
    else:
        assert mean is not None
        assert abs(mean - sum(known, start=Fraction(0)) / len(known)) < Fraction(1, 10**50)


def test_a_mean_that_is_a_half_is_rounded_as_one():
    thirds = {"u1": Fraction(1, 3), "u2": Fraction(2, 3) + Fraction(1, 100)}
    assert Places({}, thirds, {}).mean == Fraction(505, 1000)


def test_positions_stand_in_the_order_of_the_partitions():
    positions = {"responses": {"10": 5, "9": 4, "0": 3}}
    as_of = AsOf.of({"state": 1, "version": 1, "counted": {}, "positions": positions})
    assert list(as_of.positions["responses"]) == ["0", "9", "10"]
