"""Each response is counted exactly once, whatever is sent again and whatever fails on the way."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import AutoReconnect

from services.common.appraisals import Change, LeafAppraisal
from services.common.campaign import Campaign
from services.common.campaign_versions import extended_layout
from services.common.events import Appraisal
from services.common.requeued import HEADER
from services.common.settings import Settings
from services.scoring.appraising import Appraising
from services.scoring.ledger import Document, Fenced, Halted, Ledger, Unavailable
from tests.integration.conftest import (
    TOPIC_ID,
    Known,
    Log,
    Partition,
    appraisal,
    appraisals_of,
    id_of,
    response,
    withdrawal,
)

GOOD = {"w1": {"l2": "A", "l3": "B"}}
BAD = {"w1": {"l2": "C", "l3": "C"}, "002": {"l2": "N"}}
# The counts of the group citizen stand in the order l2 A B C N, l3 A B C N.


def test_a_response_is_counted_in_every_unit_it_rates(partition: Partition) -> None:
    applied = partition.say(response(1, BAD))
    assert applied.units == {("small", "w1"), ("small", "002")}
    assert partition.tally("w1")["counts"] == [0, 0, 1, 0, 0, 0, 1]
    assert partition.tally("002")["counts"] == [0, 0, 0, 1]
    assert (partition.tally("002")["n"], partition.tally("002")["opinions"]) == (1, 0)


def test_a_duplicate_changes_nothing_but_the_activity(partition: Partition) -> None:
    partition.say(response(1, GOOD))
    before = partition.tally("w1")
    applied = partition.say(response(1, GOOD), response(1, GOOD))
    assert partition.tally("w1") == before
    assert applied.effects == {"duplicate": 2}
    assert partition.db.activity.find_one()["duplicate"] == 2


def test_an_edit_takes_the_old_answers_out(partition: Partition) -> None:
    partition.say(response(1, GOOD), response(2, GOOD))
    partition.say(response(1, BAD, revision=2))
    assert partition.tally("w1")["counts"] == [1, 0, 1, 0, 0, 1, 1]
    assert partition.tally("w1")["n"] == 2
    assert partition.row(1)["revision"] == 2
    assert partition.db.positions.find_one()["counted"] == {"small": {"citizen": 2}}


def test_an_edit_may_change_the_group(partition: Partition) -> None:
    partition.say(response(1, {"w1": {"l2": "A"}}))
    partition.say(response(1, {"w1": {"l2": "A"}}, revision=2, group="deputy"))
    assert partition.tally("w1")["n"] == 0
    assert partition.tally("w1", "deputy")["n"] == 1
    assert partition.db.positions.find_one()["counted"] == {"small": {"citizen": 0, "deputy": 1}}


def test_an_older_revision_that_comes_late_has_no_effect(partition: Partition) -> None:
    partition.say(response(1, BAD, revision=3))
    applied = partition.say(response(1, GOOD, revision=2))
    assert applied.effects == {"superseded": 1}
    assert partition.row(1)["revision"] == 3


def test_the_first_of_two_contents_of_a_revision_stands_and_the_other_is_kept(partition: Partition) -> None:
    partition.say(response(1, GOOD))
    applied = partition.say(response(1, BAD))
    assert applied.effects == {"conflict": 1}
    assert partition.row(1)["ratings"] == GOOD
    kept = partition.db.rejected.find_one()
    assert (kept["reason"], kept["response"], kept["revision"]) == ("conflict", id_of(1), 1)
    assert kept["record"]["value"] == partition.log.records[1].value


def test_a_withdrawal_takes_the_answers_out_and_may_be_followed(partition: Partition) -> None:
    partition.say(response(1, GOOD))
    partition.say(withdrawal(1, revision=2))
    assert partition.tally("w1")["n"] == 0
    assert set(partition.tally("w1")["counts"]) == {0}
    assert partition.row(1)["ratings"] == {}
    partition.say(response(1, BAD, revision=3))
    assert partition.tally("w1")["n"] == 1


def test_a_withdrawal_that_overtakes_its_response_stands(partition: Partition) -> None:
    partition.say(withdrawal(1, revision=2))
    applied = partition.say(response(1, GOOD))
    assert applied.effects == {"superseded": 1}
    assert partition.tally("w1") is None


def test_all_revisions_of_an_id_in_one_chunk_leave_the_last(partition: Partition) -> None:
    partition.say(response(1, GOOD), response(1, GOOD), response(1, BAD, revision=2), withdrawal(1, revision=3))
    partition.say(response(1, GOOD, revision=4))
    assert partition.tally("w1")["counts"] == [1, 0, 0, 0, 0, 1, 0]
    assert partition.tally("002")["n"] == 0
    assert partition.db.responses.count_documents({}) == 1


def test_a_position_counts_its_records_and_not_its_offsets(partition: Partition) -> None:
    partition.say(response(1, GOOD), response(1, GOOD), response(2, GOOD, version=7))
    partition.log.records.append(partition.log.records[-1])
    partition.say(withdrawal(1, revision=2))
    assert [partition.db.positions.find_one()[name] for name in ("next", "records")] == [5, 4]
    partition.owned = partition.load()
    partition.say(response(3, GOOD))
    assert partition.db.positions.find_one()["records"] == 5


def test_a_position_that_never_counted_its_records_does_not_begin_in_the_middle(partition: Partition) -> None:
    partition.say(response(1, GOOD))
    partition.db.positions.update_one({}, {"$unset": {"records": ""}})
    partition.owned = partition.load()
    partition.say(response(2, GOOD))
    assert "records" not in partition.db.positions.find_one()


def test_sums_of_contributions_follow_the_answers(partition: Partition) -> None:
    # l2 gives 0.1 point of which 2/3.5 are the citizens', l3 1.5: A and B (33.333333 %) come to 0.5571… points.
    partition.say(response(1, GOOD))
    x = 5571
    assert (partition.tally("w1")["s1"], partition.tally("w1")["s2"]) == (str(x), str(x * x))
    partition.say(withdrawal(1, revision=2))
    assert (partition.tally("w1")["s1"], partition.tally("w1")["s2"]) == ("0", "0")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (response(9, GOOD, version=7), "unknown-campaign"),
        (response(9, GOOD, campaign="other"), "unknown-campaign"),
        (response(9, GOOD, group="nobody"), "unknown-group"),
        (response(9, {"nowhere": {"l2": "A"}}), "unknown-unit"),
        (response(9, {"o1": {"l2": "A"}}), "unknown-unit"),
        (response(9, {"w1": {"l1": "A"}}), "unknown-answer"),
        (response(9, {"w1": {"l2": "Z"}}), "unknown-answer"),
        (appraisal("w1", Change({}, {}, None)), "misplaced"),
    ],
)
def test_what_cannot_be_applied_is_kept_whole_and_the_rest_goes_on(
    partition: Partition, said: object, reason: str
) -> None:
    applied = partition.say(response(1, GOOD), said, response(2, GOOD))  # type: ignore[arg-type]
    assert partition.tally("w1")["n"] == 2
    assert applied.effects == {"submitted": 2, "rejected": 1}
    kept = partition.db.rejected.find_one()
    assert (kept["reason"], kept["_id"]["offset"]) == (reason, 1)
    assert kept["record"]["value"] == partition.log.records[1].value
    assert partition.db.positions.find_one()["next"] == 3


@pytest.mark.parametrize(
    "value", [b"", b"{", b"[]", b'{"response":1}', b'{"response":"x","revision":1e3}', b"\xff\xfe"]
)
def test_a_record_that_is_no_event_is_kept_whole(partition: Partition, value: bytes) -> None:
    headers = [("ce_type", b"parindex.response.submitted.v1")]
    partition.counting.apply(partition.owned, [partition.log.append(value, headers)])
    kept = partition.db.rejected.find_one()
    assert (kept["reason"], kept["record"]["value"]) == ("unreadable", value)


@pytest.mark.parametrize("timestamp", [-(2**62), -62_135_596_800_001])
def test_a_record_of_no_time_is_kept_whole(partition: Partition, timestamp: int) -> None:
    """Kafka takes any timestamp that lies back."""
    (record,) = partition.log.say(response(1, GOOD))
    partition.counting.apply(partition.owned, [record._replace(timestamp=timestamp)])
    kept = partition.db.rejected.find_one()
    assert (kept["reason"], kept["record"]["timestamp"]) == ("unreadable", timestamp)


def test_an_id_of_another_campaign_is_rejected(
    client: MongoClient[Document], settings: Settings, small: Campaign
) -> None:
    twin = dataclasses.replace(small, code="twin")
    partition = Partition(client, settings, (small, twin))
    partition.say(response(1, GOOD))
    applied = partition.say(response(1, GOOD, campaign="twin", revision=2))
    assert applied.effects == {"rejected": 1}
    assert partition.row(1)["campaign"] == "small"


def test_scoring_stops_before_it_buries_more_than_one_in_ten(partition: Partition) -> None:
    garbage = [partition.log.append(b"{", []) for _ in range(100)]
    partition.counting.apply(partition.owned, garbage)
    with pytest.raises(Halted, match="101 of the last 1000 records"):
        partition.counting.apply(partition.owned, [partition.log.append(b"{", [])])
    assert partition.db.positions.find_one()["next"] == 100
    # A restart does not forget what was buried.
    partition.owned = partition.load()
    with pytest.raises(Halted):
        partition.counting.apply(partition.owned, [partition.log.records[100]])


def test_rejected_records_far_apart_do_not_stop_scoring(partition: Partition) -> None:
    partition.counting.apply(partition.owned, [partition.log.append(b"{", []) for _ in range(100)])
    partition.say(*(response(number, GOOD) for number in range(1, 1_001)))
    partition.counting.apply(partition.owned, [partition.log.append(b"{", [])])
    assert partition.db.rejected.count_documents({}) == 101


def test_conflicts_are_no_reason_to_stop(partition: Partition) -> None:
    partition.say(response(1, GOOD))
    partition.say(*(response(1, {"w1": {"l2": "B"}}) for _ in range(150)))
    assert partition.db.rejected.count_documents({"reason": "conflict"}) == 150


def letters_of(partition: Partition) -> list[tuple[int, str, int | None, int | None]]:
    """Offset, reason, what it was requeued as and from."""
    return [
        (kept["_id"]["offset"], kept["reason"], kept.get("requeued"), kept.get("requeued_from"))
        for kept in partition.db.rejected.find().sort("_id")
    ]


class TestRequeued:
    """A record published again counts like any other, and marks the letter that it came from in the same step."""

    def test_what_can_be_applied_now_is_counted_once_and_its_letter_marked(
        self, client: MongoClient[Document], settings: Settings, small: Campaign
    ) -> None:
        partition = Partition(client, settings, (small,))
        partition.say(response(1, GOOD, version=2), response(2, GOOD))
        second = Partition(client, settings, (small, dataclasses.replace(small, version=2)))
        second.log = partition.log
        for _ in range(2):
            second.counting.apply(second.owned, [second.log.requeue(0)])
        assert (second.tally("w1")["n"], second.row(1)["version"]) == (2, 2)
        assert letters_of(second) == [(0, "unknown-campaign", 3, None)]
        assert second.load().counts == second.owned.counts

    def test_what_is_rejected_again_has_a_letter_of_its_own(self, partition: Partition) -> None:
        partition.say(response(1, GOOD, version=7))
        for place in (0, 1):
            partition.counting.apply(partition.owned, [partition.log.requeue(place)])
        reason = "unknown-campaign"
        assert letters_of(partition) == [(0, reason, 1, None), (1, reason, 2, 0), (2, reason, None, 1)]

    def test_a_letter_of_the_same_chunk_is_marked_too(self, partition: Partition) -> None:
        records = [*partition.log.say(response(1, GOOD, version=7), response(2, GOOD)), partition.log.requeue(0)]
        partition.counting.apply(partition.owned, records)
        assert letters_of(partition) == [(0, "unknown-campaign", 2, None), (2, "unknown-campaign", None, 0)]

    def test_what_had_its_effect_before_has_none_again(self, partition: Partition) -> None:
        partition.say(response(1, GOOD))
        before = partition.tally("w1")
        applied = partition.counting.apply(partition.owned, [partition.log.requeue(0)])
        assert (applied.effects, partition.tally("w1"), letters_of(partition)) == ({"duplicate": 1}, before, [])

    def test_a_place_of_another_partition_marks_nothing(self, partition: Partition) -> None:
        partition.say(response(1, GOOD, version=7))
        record = partition.log.records[0]
        partition.counting.apply(
            partition.owned, [partition.log.append(record.value, [*record.headers, (HEADER, b"responses/1/0")])]
        )
        assert letters_of(partition) == [(0, "unknown-campaign", None, None), (1, "unknown-campaign", None, None)]

    def test_requeueing_too_early_does_not_stop_a_partition(self, partition: Partition) -> None:
        """What is rejected again was buried before: it says nothing more about a deployment."""
        garbage = [partition.log.append(b"{", []) for _ in range(100)]
        partition.counting.apply(partition.owned, garbage)
        partition.counting.apply(partition.owned, [partition.log.requeue(offset) for offset in range(100)])
        partition.owned = partition.load()
        partition.counting.apply(partition.owned, [partition.log.requeue(0)])
        assert partition.db.rejected.count_documents({}) == 201
        with pytest.raises(Halted, match="101 of the last 1000 records"):
            partition.counting.apply(partition.owned, [partition.log.append(b"{", [])])


def test_a_zombie_is_refused_and_writes_nothing(
    client: MongoClient[Document], settings: Settings, small: Campaign, partition: Partition
) -> None:
    zombie = Partition(client, settings, (small,))
    partition.say(response(1, GOOD))
    with pytest.raises(Fenced):
        zombie.say(response(1, GOOD))
    assert partition.tally("w1")["n"] == 1
    zombie.owned = zombie.load()
    zombie.say(response(2, GOOD))
    assert partition.tally("w1")["n"] == 2


@pytest.mark.parametrize("step", ["update_one", "bulk_write", "commit"])
def test_an_error_at_any_step_is_gone_through_again_without_a_guess(
    partition: Partition, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Before the commit nothing stands, after it all does: the compare finds out which."""
    partition.say(response(1, GOOD))
    with monkeypatch.context() as patch:
        if step == "commit":
            session = partition.ledger._session
            commit = session.commit_transaction

            def committed_but_unknown() -> None:
                commit()
                raise AutoReconnect("cut after the commit")

            patch.setattr(session, "commit_transaction", committed_but_unknown)
        else:

            def cut(*_: object, **__: object) -> None:
                raise AutoReconnect("cut")

            patch.setattr(f"pymongo.synchronous.collection.Collection.{step}", cut)
        with pytest.raises(Unavailable):
            partition.say(response(1, BAD, revision=2))
    partition.owned = partition.load()
    assert partition.owned.position.next == (2 if step == "commit" else 1)
    rest = partition.log.records[partition.owned.position.next :]
    if rest:
        partition.counting.apply(partition.owned, rest)
    assert partition.tally("w1")["counts"] == [0, 0, 1, 0, 0, 0, 1]
    assert partition.tally("w1")["n"] == 1


def test_a_repeat_after_ten_thousand_others_changes_nothing(partition: Partition) -> None:
    """What was counted is looked up, however long ago it was, and not remembered."""
    partition.say(response(1, GOOD))
    for start in range(2, 10_002, 2_000):
        partition.say(*(response(number, GOOD) for number in range(start, start + 2_000)))
    applied = partition.say(response(1, GOOD), response(1, BAD))
    assert applied.effects == {"duplicate": 1, "conflict": 1}
    assert partition.tally("w1")["n"] == 10_001
    assert partition.db.responses.count_documents({}) == 10_001


def test_memory_after_a_load_is_what_it_was(partition: Partition) -> None:
    partition.say(response(1, GOOD), response(2, BAD), withdrawal(2, revision=2))
    loaded = partition.load()
    assert loaded.counts == partition.owned.counts
    assert loaded.position == partition.owned.position


def test_a_topic_made_anew_is_not_read(partition: Partition) -> None:
    partition.say(response(1, GOOD))
    with pytest.raises(Halted, match="made anew"):
        partition.ledger.position(partition.log.topic, 0, "another id")


def test_a_new_version_keeps_the_places_of_counts(
    client: MongoClient[Document], settings: Settings, small: Campaign
) -> None:
    scale = small.scales[0]
    more = dataclasses.replace(scale, options=(dataclasses.replace(scale.options[0], code="AA"), *scale.options))
    second = dataclasses.replace(small, scales=(more,), version=2)
    second = dataclasses.replace(second, layout=extended_layout(second, small.layout))
    partition = Partition(client, settings, (small, second))
    partition.say(response(1, {"w1": {"l2": "A"}}), response(2, {"w1": {"l2": "AA"}}, version=2))
    assert partition.tally("w1")["counts"] == [1, 0, 0, 0, 0, 0, 0, 0, 1]
    partition.say(response(1, {"w1": {"l2": "AA"}}, revision=2, version=2))
    assert partition.tally("w1")["counts"] == [0, 0, 0, 0, 0, 0, 0, 0, 2]


def test_appraisals_are_applied_in_the_order_of_the_log(
    client: MongoClient[Document], settings: Settings, small: Campaign
) -> None:
    ledger = Ledger(client)
    log = Log(settings.topic("appraisals"))
    appraising = Appraising(ledger, Known(small))
    owned = appraising.load(ledger.position(log.topic, 0, TOPIC_ID))
    applied = appraising.apply(
        owned,
        log.say(
            appraisal("w1", Change({"l1": LeafAppraisal(points=Decimal("1.5"))}, {"bonus": Decimal(1)}, 0)),
            appraisal("w1", Change({"l1": LeafAppraisal(points=Decimal("1.75"))}, {}, 0)),
            appraisal("w1", Change({"l1": LeafAppraisal(points=Decimal("2.01"))}, {}, None)),
            appraisal("w1", Change({"l2": LeafAppraisal(points=Decimal(0))}, {}, None)),
            appraisal("w1", Change({"l1": LeafAppraisal(not_applicable=True, note="none issued")}, {}, 1)),
        ),
    )
    assert applied.effects == {"appraised": 2, "stale": 1, "rejected": 2}
    row = ledger.db.appraisals.find_one()
    assert row == {
        "_id": {"campaign": "small", "unit": "w1"},
        "p": 0,
        "version": 2,
        "at": 4,
        "leaves": {"l1": {"not_applicable": True, "note": "none issued"}},
        "bonus": "1",
        "penalty": "0",
    }
    history = list(ledger.db.appraisal_changes.find().sort("version"))
    assert [(change["version"], change["by"]) for change in history] == [(1, "an.nguyen"), (2, "an.nguyen")]
    assert history[1]["before"]["leaves"] == {"l1": {"points": "1.5"}}
    assert [kept["reason"] for kept in ledger.db.rejected.find().sort("_id")] == [
        "stale",
        "impossible-points",
        "unknown-leaf",
    ]
    assert appraising.load(ledger.position(log.topic, 0, TOPIC_ID)) == owned
    ledger.close()


def test_appraisals_of_many_units_are_applied_whole_or_not_at_all(
    client: MongoClient[Document], settings: Settings, small: Campaign
) -> None:
    def points(given: str, base: int | None = None, **more: Any) -> Change:  # noqa: ANN401
        return Change({"l1": LeafAppraisal(points=Decimal(given))}, base=base, **more)

    ledger = Ledger(client)
    log = Log(settings.topic("appraisals"))
    appraising = Appraising(ledger, Known(small))
    owned = appraising.load(ledger.position(log.topic, 0, TOPIC_ID))
    bonus = points("1", 0, adjustments={"bonus": Decimal(1)}, notes={"bonus": "a prize"})
    applied = appraising.apply(
        owned,
        log.say(
            appraisals_of({"w1": bonus, "002": points("1", 0)}),
            appraisals_of({"w1": points("1.5", 1), "002": points("1.5", 0)}),
            appraisals_of({"w1": points("1.5", 1), "002": points("2.01", 1)}),
            appraisals_of({"w1": points("0.5", 1), "002": points("0.25", 1)}),
        ),
    )
    assert applied.effects == {"appraised": 2, "stale": 1, "rejected": 1}
    assert applied.units == {("small", "w1"), ("small", "002")}
    rows = {found["_id"]["unit"]: found for found in ledger.db.appraisals.find()}
    assert {unit: (row["version"], row["at"], row["leaves"]) for unit, row in rows.items()} == {
        "w1": (2, 3, {"l1": {"points": "0.5"}}),
        "002": (2, 3, {"l1": {"points": "0.25"}}),
    }
    assert (rows["w1"]["bonus"], rows["w1"]["notes"], "notes" in rows["002"]) == ("1", {"bonus": "a prize"}, False)
    history = list(ledger.db.appraisal_changes.find().sort([("unit", 1), ("version", 1)]))
    assert [(change["_id"]["offset"], change["unit"], change["version"], change["why"]) for change in history] == [
        (offset, unit, version, "meeting of 1 December")
        for unit in ("002", "w1")
        for offset, version in ((0, 1), (3, 2))
    ]
    letters = list(ledger.db.rejected.find().sort("_id"))
    assert [(kept["reason"], kept["campaign"], "unit" in kept) for kept in letters] == [
        ("stale", "small", False),
        ("impossible-points", "small", False),
    ]
    assert letters[0]["detail"].startswith("unit '002'")
    # Published again, a set is made only where no later change has come to any of its units.
    appraising.apply(owned, [log.requeue(1)])
    assert ledger.db.rejected.count_documents({"reason": "stale"}) == 2
    assert appraising.load(ledger.position(log.topic, 0, TOPIC_ID)) == owned
    ledger.close()


def test_a_requeued_appraisal_counts_once_in_its_old_place_among_the_changes_of_its_unit(
    client: MongoClient[Document], settings: Settings, small: Campaign
) -> None:
    def points(given: str, unit: str = "w1", version: int = 1, base: int | None = None) -> Appraisal:
        change = Change({"l1": LeafAppraisal(points=Decimal(given))}, {}, base)
        return dataclasses.replace(appraisal(unit, change), campaign_version=version)

    ledger = Ledger(client)
    log = Log(settings.topic("appraisals"))
    appraising = Appraising(ledger, Known(small))
    owned = appraising.load(ledger.position(log.topic, 0, TOPIC_ID))
    # Two units are appraised by a version that is not there yet; one of them is appraised anew meanwhile.
    log.say(points("1", version=2), points("1", "002", version=2), points("0.5", "002", version=2, base=1))
    appraising.apply(owned, [*log.records, *log.say(points("2"))])
    appraising = Appraising(ledger, Known(small, dataclasses.replace(small, version=2)))
    for place in (0, 1, 1, 2):
        appraising.apply(owned, [log.requeue(place)])
    rows = {found["_id"]["unit"]: found for found in ledger.db.appraisals.find()}
    assert {unit: (row["version"], row["at"], row["leaves"]["l1"]["points"]) for unit, row in rows.items()} == {
        "w1": (1, 3, "2"),
        "002": (2, 2, "0.5"),
    }
    letters = [
        (kept["_id"]["offset"], kept["reason"], kept["unit"], kept.get("requeued"))
        for kept in ledger.db.rejected.find({"campaign": "small"}).sort("_id")
    ]
    assert letters == [
        (0, "unknown-campaign", "w1", 4),
        (1, "unknown-campaign", "002", 6),
        (2, "unknown-campaign", "002", 7),
        (4, "stale", "w1", None),
        (6, "stale", "002", None),
    ]
    assert appraising.load(ledger.position(log.topic, 0, TOPIC_ID)) == owned
    ledger.close()
