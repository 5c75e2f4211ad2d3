"""Appraisals of many units in one request: one record of the log, so all changes are made or none is."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from services.common import kafka
from services.common.events import Appraisal
from services.common.records import decode
from tests.intake import Intake, fresh_topics


def patch(intake: Intake, address: str, units: object, *, role: str = "appraiser", **query: str) -> httpx.Response:
    body = {"units": units, "why": "Họp ngày 01/12"}
    return intake.http.patch(address, json=body, headers=intake.bearer(role), params=query, timeout=30)


@pytest.fixture
def rows(intake: Intake) -> str:
    return f"{intake.campaign()}/appraisals"


def in_force(intake: Intake, rows: str, role: str = "appraiser") -> dict[str, Any]:
    answer = intake.http.get(rows, headers=intake.bearer(role))
    assert answer.status_code == 200, answer.text
    units: dict[str, Any] = answer.json()["units"]
    return units


def points(given: str, version: int | None = None) -> dict[str, Any]:
    change: dict[str, Any] = {"leaves": {"l1": {"points": given}}}
    return change if version is None else change | {"version": version}


def test_all_are_made_by_one_record(intake: Intake, rows: str) -> None:
    answer = patch(intake, rows, {"w1": points("1", 0), "o1": points("0.5") | {"penalty": "1", "penalty_note": "trễ"}})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "campaign": rows.split("/")[3],
        "campaign_version": 1,
        "dry_run": False,
        "units": {
            "w1": {"version": 1, "leaves": {"l1": {"points": "1"}}, "bonus": "0", "penalty": "0"},
            "o1": {
                "version": 1,
                "leaves": {"l1": {"points": "0.5"}},
                "bonus": "0",
                "penalty": "1",
                "penalty_note": "trễ",
            },
        },
        "warnings": [
            {
                "pointer": "/units/o1/penalty",
                "code": "above-cap",
                "detail": "of 1 only 0 count: that is the campaign's cap",
            }
        ],
    }
    untouched = {"version": 0, "leaves": {}, "bonus": "0", "penalty": "0"}
    assert in_force(intake, rows) == answer.json()["units"] | {"w2": untouched}
    (record,) = [record for record in intake.records("appraisals") if record.key == rows.split("/")[3].encode()]
    event = decode(record.value, record.headers)
    assert isinstance(event, Appraisal)
    assert (event.by, event.why, set(event.changes)) == ("the-appraiser", "Họp ngày 01/12", {"w1", "o1"})


def test_when_one_is_stale_none_is_made_and_each_that_is_stale_is_named(intake: Intake, rows: str) -> None:
    assert patch(intake, rows, {"w1": points("1"), "o1": points("1")}).status_code == 200
    before = in_force(intake, rows)
    stale = patch(intake, rows, {"w1": points("2", 0), "w2": points("2", 0), "o1": points("2", 7)})
    assert stale.status_code == 412
    assert [error["pointer"] for error in stale.json()["errors"]] == ["/units/w1/version", "/units/o1/version"]
    assert in_force(intake, rows) == before


BAD: dict[str, tuple[object, list[tuple[str, str]]]] = {
    "no unit": ({}, [("", "empty")]),
    "units in a list": ([], [("/units", "not-an-object")]),
    "a unit of nothing": ({"w1": {}}, [("/units/w1", "empty")]),
    "a unit that is null": ({"w1": None}, [("/units/w1", "null")]),
    "a why of its own": ({"w1": points("1") | {"why": "x"}}, [("/units/w1/why", "unknown-field")]),
    "a version in words": ({"w1": points("1") | {"version": "one"}}, [("/units/w1/version", "not-a-whole-number")]),
    "all at once": (
        {"w1": points("2.5"), "w9": points("1"), "w2": {"leaves": {"l2": None}}, "o1": points("1")},
        [
            ("/units/w1/leaves/l1/points", "out-of-range"),
            ("/units/w9", "unknown-unit"),
            ("/units/w2/leaves/l2", "not-appraised"),
        ],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_when_one_does_not_fit_none_is_made(intake: Intake, rows: str, name: str) -> None:
    units, expected = BAD[name]
    answer = patch(intake, rows, units)
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == expected
    assert all(row["version"] == 0 for row in in_force(intake, rows).values())


def test_a_dry_run_shows_what_would_be_and_records_nothing(intake: Intake, rows: str) -> None:
    change = {"w1": points("1"), "w2": points("2")}
    records = len(intake.records("appraisals"))
    dry = patch(intake, rows, change, dry_run="true")
    assert dry.json()["dry_run"] is True
    assert len(intake.records("appraisals")) == records
    assert all(row["version"] == 0 for row in in_force(intake, rows).values())
    assert patch(intake, rows, change).json() == dry.json() | {"dry_run": False}
    assert patch(intake, rows, {"w1": points("1", 0)}, dry_run="true").status_code == 412


@pytest.mark.parametrize("query", [{"dryrun": "true"}, {"dry_run": "yes"}, {"dry_run": "True"}, {"dry_run": ""}])
def test_a_misspelt_dry_run_records_nothing(intake: Intake, rows: str, query: dict[str, str]) -> None:
    assert patch(intake, rows, {"w1": points("1")}, **query).status_code == 422
    assert in_force(intake, rows)["w1"]["version"] == 0


def test_if_match_has_no_meaning_for_many_rows(intake: Intake, rows: str) -> None:
    headers = intake.bearer("appraiser") | {"If-Match": '"0"'}
    assert intake.http.patch(rows, json={"units": {"w1": points("1")}}, headers=headers).status_code == 422


def test_of_sets_that_race_exactly_one_stands_whole(intake: Intake) -> None:
    for _ in range(3):
        rows = f"{intake.campaign()}/appraisals"
        told: list[tuple[str, httpx.Response]] = []
        barrier = threading.Barrier(6)

        def change(given: str, rows: str = rows, told: list[tuple[str, httpx.Response]] = told) -> None:
            body = {"units": {unit: points(given, 0) for unit in ("w1", "w2", "o1")}}
            barrier.wait()  # noqa: B023 - it ends before the next round
            answer = httpx.patch(
                intake.url + rows, json=body, headers=intake.bearer("appraiser"), timeout=30, trust_env=False
            )
            told.append((given, answer))

        threads = [threading.Thread(target=change, args=(f"1.{number}",)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.status_code for _, answer in told) == [200] + [412] * 5
        (won,) = [given for given, answer in told if answer.status_code == 200]
        found = in_force(intake, rows)
        assert {row["leaves"]["l1"]["points"] for row in found.values()} == {won}
        assert {row["version"] for row in found.values()} == {1}


def test_a_token_limited_to_blocks_appraises_only_their_units(intake: Intake, rows: str) -> None:
    assert patch(intake, rows, {"w1": points("1"), "w2": points("1")}, role="of-wards").status_code == 200
    for units in ({"o1": points("1")}, {"w1": points("2"), "o1": points("1")}):
        refused = patch(intake, rows, units, role="of-wards")
        assert refused.status_code == 403
        assert refused.json()["detail"] == "this token is limited to the blocks ward: o1 is of the block office"
    assert set(in_force(intake, rows, "of-wards")) == {"w1", "w2"}
    assert in_force(intake, rows)["w1"]["leaves"]["l1"]["points"] == "1"
    headers = intake.bearer("of-wards")
    assert intake.http.patch(f"{rows}/w1", json=points("1.5"), headers=headers).status_code == 200
    assert intake.http.patch(f"{rows}/o1", json=points("1.5"), headers=headers).status_code == 403
    assert intake.http.get(f"{rows}/o1", headers=headers).status_code == 403


def test_a_set_of_a_large_campaign_is_one_record(intake: Intake) -> None:
    """1,500 rows with reasons: more than a broker takes by default, 1 MB."""
    units = [{"code": f"u{n}", "name": {"vi": f"Xã {n}"}, "block": "ward"} for n in range(1_500)]
    code = intake.campaign(units=[*units, {"code": "o1", "name": {"vi": "P"}, "block": "office"}])
    change = {f"u{n}": {"leaves": {"l1": {"points": "1", "note": "x" * 900}}} for n in range(1_500)}
    answer = patch(intake, f"{code}/appraisals", change)
    assert answer.status_code == 200, answer.text[:500]
    assert {row["version"] for row in answer.json()["units"].values()} == {1}


def test_a_topic_that_an_earlier_version_made_is_widened(kafka_server: str) -> None:
    with fresh_topics(kafka_server) as settings:
        topic = settings.topic("appraisals")
        admin = KafkaAdminClient(bootstrap_servers=settings.kafka, api_version=kafka.API_VERSION)
        try:
            for before, after in (("1048588", "16777216"), ("20000000", "20000000")):
                narrow = {"max.message.bytes": before}
                admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, narrow)])
                assert kafka.create_topics(settings) == []
                found = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])["topic"][topic]
                assert found["max.message.bytes"]["value"] == after
        finally:
            admin.close()
