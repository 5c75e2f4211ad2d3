"""Waits around faults: what clients waited for is put to the account of the faults with which it began."""

from __future__ import annotations

from tests.faults.evidence import Acknowledged, Evidence, Read
from tests.faults.gaps import Done, by_kind, longest, waits, worst


def body(**positions: int) -> dict[str, object]:
    return {"as_of": {"positions": {"responses": {number.removeprefix("p"): n for number, n in positions.items()}}}}


def test_each_service_is_waited_for_in_its_own_way() -> None:
    found = waits(
        Evidence(
            acknowledged=[Acknowledged(1.0, 0, 4), Acknowledged(1.5, 1, 0), Acknowledged(4.0, 0, None)],
            reads=[
                Read(1.2, "u", "b", 200, 1, "f", body(p0=4, p1=0)),
                Read(2.0, "u", "b", 503),
                Read(3.0, "u", "b", 200, 2, "f", body(p0=5, p1=1)),
            ],
        )
    )
    assert found["intake"] == [(1.0, 1.5), (1.5, 4.0)]
    assert found["reporting"] == [(1.2, 3.0)]
    assert found["counting"] == [(1.0, 3.0), (1.5, 3.0)]


def test_what_is_never_seen_counts_as_no_wait_because_the_check_reports_it() -> None:
    assert waits(Evidence(acknowledged=[Acknowledged(1.0, 0, 4)]))["counting"] == []


SPANS = [(1.0, 1.1), (9.8, 16.0), (16.0, 16.1), (30.0, 31.0)]


def test_a_wait_belongs_to_the_fault_it_began_with() -> None:
    assert longest(SPANS, [Done("kill", 10.0, 10.0, "")]) == 16.0 - 9.8
    assert longest(SPANS, [Done("cut", 14.0, 14.0, "")]) < 0.2
    assert longest(SPANS, [Done("hole", 25.0, 27.5, "")]) == 1.0
    assert longest(SPANS, [Done("late", 50.0, 50.0, "")]) == 0.0


def test_kinds_are_counted_and_have_their_longest_wait() -> None:
    faults = [Done("kill a", 10.0, 10.0, ""), Done("kill a", 29.9, 29.9, ""), Done("cut b", 50.0, 50.0, "")]
    assert by_kind(faults, {"intake": SPANS}) == {
        "cut b": (1, {"intake": 0.0}),
        "kill a": (2, {"intake": 16.0 - 9.8}),
    }


def test_the_worst_waits_are_told_once_with_what_was_going_on() -> None:
    overlapping = sorted([*SPANS, (10.0, 15.9), (11.0, 15.0)])
    found = worst(overlapping, [Done("kill a", 10.0, 10.0, ""), Done("hole b", 26.0, 28.0, "")], 2)
    assert found == [((9.8, 16.0), ["kill a"]), ((30.0, 31.0), ["hole b"])]
