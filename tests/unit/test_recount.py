"""A recount finds nothing where scoring counted, whatever was said, and names each thing that was changed by hand."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_exactly_once_property import IDS, LOG, STEPS, Known, Partition, Requeued, Step, scored
from test_replay import Definitions, appraisals, changes

from services.common.events import Appraisal, Event, Response, Withdrawal
from services.scoring.audit.recount import AppraisalsRecount, ResponsesRecount
from services.scoring.audit.replay import AppraisalsReplay
from services.scoring.reading import Rules
from services.scoring.rows import row_document

Document = dict[str, Any]
Stored = dict[str, Any]


def stored(partition: Partition) -> Stored:
    """A partition's documents as one snapshot has them."""
    return {
        "rows": [row_document(id_, partition.number, row) for id_, row in partition.rows.items()],
        "position": {
            "_id": {"topic": "responses", "partition": partition.number},
            "counted": {campaign: dict(groups) for campaign, groups in partition.counted.items()},
            "records": len(partition.records),
        },
        "tallies": [tally.document(partition.number, key) for key, tally in partition.memory.tallies.items()],
        "activity": list(partition.activity.values()),
        "letters": sum(letter["reason"] != "conflict" for letter in partition.letters),
    }


def recounted(found: Stored) -> list[str]:
    recount = ResponsesRecount(0, Rules(Known()), lambda _: 2)
    for row in found["rows"]:
        recount.add(row)
    differences = recount.differences(found["position"], found["tallies"], found["activity"], found["letters"])
    return [str(difference) for difference in differences]


@given(LOG, STEPS)
def test_what_scoring_counted_is_what_the_rows_say(said: list[Event | bytes | Requeued], steps: list[Step]):
    for partition in scored(said, steps):
        found = stored(partition)
        for row in found["rows"]:
            row["p"] = 0
        for tally in found["tallies"]:
            tally["_id"]["p"] = tally["p"] = 0
        assert recounted(found) == []


def some() -> Stored:
    """Two responses that count, one that was taken back, one edited, a conflict and two dead letters."""
    partition = Partition(0)
    a, b, c = IDS[:3]
    for event in (
        Response(a, 1, "survey", 1, "g1", "web", {"u1": {"q": "A"}, "u2": {"q": "C"}}),
        Response(b, 1, "survey", 1, "g1", "web", {"u1": {"q": "B"}}),
        Response(a, 2, "survey", 2, "g1", "web", {"u1": {"q": "A", "p": "X"}}),
        Response(a, 2, "survey", 2, "g1", "web", {"u1": {"q": "B", "p": "X"}}),
        Response(c, 1, "survey", 1, "g2", "web", {"u3": {"q": "D"}}),
        Withdrawal(c, 2, "survey", 1),
        b"{",
        b"",
    ):
        partition.append(event)
    partition.apply(5)
    partition.apply(5)
    return stored(partition)


def row(found: Stored, number: int) -> Document:
    return next(document for document in found["rows"] if document["_id"] == IDS[number])


def tally(found: Stored, unit: str, group: str = "g1") -> Document:
    return next(
        document
        for document in found["tallies"]
        if (document["_id"]["group"], document["_id"]["unit"]) == (group, unit)
    )


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda s: row(s, 1)["ratings"]["u1"].update(q="C"), "group g1, unit u1: counts[1] is 1, must be 0"),
        (lambda s: row(s, 1)["ratings"]["u1"].update(q="Z"), f"responses {IDS[1]}: ratings is unknown-answer"),
        (lambda s: row(s, 1).update(version=9), f"responses {IDS[1]}: ratings is unknown-campaign"),
        (lambda s: row(s, 1).pop("ratings"), f"responses {IDS[1]}: 'ratings' is nothing"),
        (lambda s: row(s, 2).update(withdrawn=False), "positions topic responses, partition 0: counted.survey.g2 is"),
        (lambda s: s["rows"].remove(row(s, 0)), "tallies p 0, campaign survey, group g1, unit u1: counts["),
        (lambda s: s["rows"].append({**row(s, 0), "_id": IDS[5]}), "group g1, unit u1: counts[0] is 1, must be 2"),
        (lambda s: tally(s, "u1")["counts"].__setitem__(0, 7), "unit u1: counts[0] is 7, must be 1"),
        (lambda s: tally(s, "u1").update(n=3), "unit u1: n is 3, must be 2"),
        (lambda s: tally(s, "u1").update(opinions=3), "unit u1: opinions is 3, must be 2"),
        (lambda s: tally(s, "u1").update(s1="1"), "unit u1: s1 is 1, must be "),
        (lambda s: tally(s, "u1").update(s2="1"), "unit u1: s2 is 1, must be "),
        (lambda s: s["tallies"].remove(tally(s, "u1")), "tallies p 0, campaign survey, group g1, unit u1 is missing"),
        (lambda s: tally(s, "u3", "g2").update(n=1), "group g2, unit u3: n is 1, must be 0"),
        (lambda s: s["position"]["counted"]["survey"].update(g1=3), "counted.survey.g1 is 3, must be 2"),
        (lambda s: s["position"]["counted"].clear(), "counted.survey is nothing, must be g1 2"),
        (lambda s: s.update(letters=1), "positions topic responses, partition 0: records is 8, must be 7"),
        (lambda s: s["activity"][0].update(edited=5), "records is 8, must be 12"),
    ],
)  # fmt: skip
def test_what_was_changed_by_hand_is_named(damage: Callable[[Stored], None], said: str):
    assert recounted(some()) == []
    found = copy.deepcopy(some())
    damage(found)
    assert said in recounted(found)[0]


def test_a_position_that_did_not_count_its_records_says_nothing_of_them():
    found = some()
    del found["position"]["records"]
    found["letters"] = 0
    assert recounted(found) == []


def test_what_a_rater_answered_is_never_told():
    found = some()
    row(found, 1)["ratings"]["u1"]["q"] = "secret"
    assert not any("secret" in line for line in recounted(found))


def appraised(said: list[Appraisal]) -> Stored:
    target = AppraisalsReplay(Definitions())
    if records := appraisals(said):
        target.apply(records)
    return {
        "changes": list(target.changes.values()),
        "rows": list(target.documents()),
        "letters": len(target.letters),
        "position": {"_id": {"topic": "appraisals", "partition": 0}, "records": len(said)},
    }


def recounted_appraisals(found: Stored) -> list[str]:
    recount = AppraisalsRecount()
    for change in found["changes"]:
        recount.add(change)
    return [str(difference) for difference in recount.differences(found["position"], found["rows"], found["letters"])]


@given(st.lists(changes(), max_size=12))
def test_appraisals_in_force_are_the_outcome_of_their_changes(said: list[Appraisal]):
    assert recounted_appraisals(appraised(said)) == []


@given(st.lists(changes(), min_size=6, max_size=12), st.data())
def test_a_change_of_appraisals_by_hand_is_found(said: list[Appraisal], data: st.DataObject):
    found = appraised(said)
    if not found["rows"]:
        return
    damaged = data.draw(st.sampled_from(found["rows"]))
    damaged[data.draw(st.sampled_from(["bonus", "penalty"]))] = "9"
    (told,) = recounted_appraisals(found)
    assert told.startswith(f"appraisals campaign survey, unit {damaged['_id']['unit']}")
    found = appraised(said)
    found["changes"].remove(data.draw(st.sampled_from(found["changes"])))
    assert recounted_appraisals(found)
