"""Appraisals: a change is told with the row it made; of two made for one version, the log decides which stands."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from services.common.events import Appraisal
from services.common.records import decode
from tests.intake import Intake


def patch(intake: Intake, address: str, change: object, **headers: str) -> httpx.Response:
    return intake.http.patch(address, json=change, headers=intake.bearer("appraiser") | headers)


@pytest.fixture
def row(intake: Intake) -> str:
    return f"{intake.campaign()}/appraisals/w1"


def test_a_row_that_nobody_touched_is_version_0(intake: Intake, row: str) -> None:
    answer = intake.http.get(row, headers=intake.bearer("appraiser"))
    assert answer.headers["ETag"] == '"0"'
    assert answer.json() == {
        "campaign": row.split("/")[3],
        "unit": "w1",
        "version": 0,
        "leaves": {},
        "bonus": "0",
        "penalty": "0",
        "warnings": [],
    }


def test_a_change_is_merged_and_read_back(intake: Intake, row: str) -> None:
    first = patch(
        intake, row, {"leaves": {"l1": {"points": "1.50", "note": "Quý II chậm"}}, "bonus": "1", "bonus_note": "Giải"}
    )
    assert (first.status_code, first.headers["ETag"]) == (200, '"1"')
    assert first.json()["leaves"] == {"l1": {"points": "1.50", "note": "Quý II chậm"}}
    second = patch(intake, row, {"penalty": 0.5})
    assert second.json() | {"campaign": "", "warnings": []} == {
        "campaign": "",
        "unit": "w1",
        "version": 2,
        "leaves": {"l1": {"points": "1.50", "note": "Quý II chậm"}},
        "bonus": "1",
        "bonus_note": "Giải",
        "penalty": "0.5",
        "warnings": [],
    }
    third = patch(intake, row, {"leaves": {"l1": None}, "bonus": None})
    assert (third.json()["leaves"], third.json()["bonus"]) == ({}, "0")
    assert intake.http.get(row, headers=intake.bearer("appraiser")).json() == third.json()


def test_the_log_says_who_changed_what_and_when(intake: Intake, row: str) -> None:
    patch(intake, row, {"leaves": {"l1": {"not_applicable": True}}}, **{"If-Match": '"0"'})
    key = f"{row.split('/')[3]}/w1".encode()
    (record,) = [record for record in intake.records("appraisals") if record.key == key]
    event = decode(record.value, record.headers)
    assert isinstance(event, Appraisal)
    ((unit, change),) = event.changes.items()
    assert (event.by, unit, change.base) == ("the-appraiser", "w1", 0)
    assert change.leaves["l1"].not_applicable  # type: ignore[union-attr]


def test_a_change_made_for_an_older_version_is_stale(intake: Intake, row: str) -> None:
    patch(intake, row, {"bonus": "1"})
    stale = patch(intake, row, {"bonus": "2"}, **{"If-Match": '"0"'})
    assert stale.status_code == 412
    assert '"1"' in stale.text.replace('\\"', '"')
    assert patch(intake, row, {"bonus": "2"}, **{"If-Match": '"0", "1"'}).status_code == 200
    assert patch(intake, row, {"bonus": "3"}, **{"If-Match": "*"}).status_code == 200
    assert patch(intake, row, {"bonus": "4"}, **{"If-Match": 'W/"3"'}).status_code == 412


def test_of_changes_that_race_for_one_version_exactly_one_stands(intake: Intake) -> None:
    for _ in range(4):
        address = f"{intake.campaign()}/appraisals/w1"
        told: list[httpx.Response] = []
        barrier = threading.Barrier(8)

        def change(number: int, address: str = address, told: list[httpx.Response] = told) -> None:
            barrier.wait()  # noqa: B023 - it ends before the next round
            told.append(
                httpx.patch(
                    intake.url + address,
                    json={"bonus": number},
                    headers=intake.bearer("appraiser") | {"If-Match": '"0"'},
                    timeout=30,
                    trust_env=False,
                )
            )

        threads = [threading.Thread(target=change, args=(number,)) for number in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.status_code for answer in told) == [200] + [412] * 7
        (won,) = [answer for answer in told if answer.status_code == 200]
        assert intake.http.get(address, headers=intake.bearer("appraiser")).json() == won.json()


BAD = {
    "nothing": ({}, "", "empty"),
    "empty leaves": ({"leaves": {}}, "", "empty"),
    "an unknown field": ({"l1": {"points": 1}}, "/l1", "unknown-field"),
    "an unknown leaf": ({"leaves": {"lx": {"points": 1}}}, "/leaves/lx", "unknown-leaf"),
    "a leaf of the survey": ({"leaves": {"l2": {"points": 0}}}, "/leaves/l2", "not-appraised"),
    "clearing a leaf of the survey": ({"leaves": {"l2": None}}, "/leaves/l2", "not-appraised"),
    "more than the maximum": ({"leaves": {"l1": {"points": "2.000001"}}}, "/leaves/l1/points", "out-of-range"),
    "more self-given points": ({"leaves": {"l1": {"self_points": 3}}}, "/leaves/l1/self_points", "out-of-range"),
    "negative points": ({"leaves": {"l1": {"points": "-0.1"}}}, "/leaves/l1/points", "out-of-range"),
    "seven decimals": ({"leaves": {"l1": {"points": "0.0000001"}}}, "/leaves/l1/points", "too-many-decimals"),
    "an exponent": ({"leaves": {"l1": {"points": "1e0"}}}, "/leaves/l1/points", "not-a-number"),
    "NaN in quotes": ({"leaves": {"l1": {"points": "NaN"}}}, "/leaves/l1/points", "not-a-number"),
    "a comma": ({"leaves": {"l1": {"points": "1,5"}}}, "/leaves/l1/points", "not-a-number"),
    "true": ({"leaves": {"l1": {"points": True}}}, "/leaves/l1/points", "not-a-number"),
    "points of what does not apply": (
        {"leaves": {"l1": {"points": 1, "not_applicable": True}}},
        "/leaves/l1",
        "points-of-nothing",
    ),
    "a leaf of nothing": ({"leaves": {"l1": {}}}, "/leaves/l1", "empty"),
    "a leaf that is a number": ({"leaves": {"l1": 1.5}}, "/leaves/l1", "not-an-object"),
    "a flag in words": ({"leaves": {"l1": {"not_applicable": "yes"}}}, "/leaves/l1/not_applicable", "not-a-flag"),
    "a negative penalty": ({"penalty": "-1"}, "/penalty", "out-of-range"),
    "a long note": ({"leaves": {"l1": {"note": "x" * 2_001}}}, "/leaves/l1/note", "too-long"),
    "leaves in a list": ({"leaves": []}, "/leaves", "not-an-object"),
    "evidence in words": ({"leaves": {"l1": {"evidence": "Báo cáo 12"}}}, "/leaves/l1/evidence", "not-a-list"),
    "many links": ({"leaves": {"l1": {"evidence": [{"url": "https://a.vn"}] * 21}}}, "/leaves/l1/evidence", "too-many"),
    "no link": ({"leaves": {"l1": {"evidence": [{"title": "a"}]}}}, "/leaves/l1/evidence/0/url", "missing"),
    "a long title": (
        {"leaves": {"l1": {"evidence": [{"title": "x" * 301, "url": "https://a.vn"}]}}},
        "/leaves/l1/evidence/0/title",
        "too-long",
    ),
    "a long link": (
        {"leaves": {"l1": {"evidence": [{"url": "https://a.vn/" + "x" * 1_988}]}}},
        "/leaves/l1/evidence/0/url",
        "too-long",
    ),
    "a reason of no bonus": ({"bonus_note": "x", "penalty": 1}, "/bonus_note", "alone"),
} | {
    f"the link {url!r}": (
        {"leaves": {"l1": {"evidence": [{"url": "https://a.vn/b?c=d#e"}, {"url": url}]}}},
        "/leaves/l1/evidence/1/url",
        "not-a-link",
    )
    for url in (
        *("", "a.vn", "ftp://a.vn", "javascript:alert(1)", "data:text/html,x", "https://", "https:///x", "//a.vn"),
        *(
            "https://a.vn/b c",
            "https://a.vn/\n",
            "https://u:p@a.vn",
            "https://a.vn:port",
            "https://[::1",
            " https://a.vn",
        ),
    )
}


@pytest.mark.parametrize("name", BAD)
def test_a_change_that_does_not_fit_is_refused_with_its_place(intake: Intake, row: str, name: str) -> None:
    change, pointer, code = BAD[name]
    answer = patch(intake, row, change)
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]


@pytest.mark.parametrize("text", ['{"bonus": NaN}', '{"bonus": Infinity}', '{"bonus": 1, "bonus": 2}'])
def test_a_change_is_strict_json(intake: Intake, row: str, text: str) -> None:
    headers = intake.bearer("appraiser") | {"Content-Type": "application/json"}
    assert intake.http.patch(row, content=text, headers=headers).status_code == 400


def test_points_are_exact_however_they_are_written(intake: Intake, row: str) -> None:
    for written in ("0.1", '"0.100000"'):
        headers = intake.bearer("appraiser") | {"Content-Type": "application/json"}
        answer = intake.http.patch(row, content=f'{{"leaves": {{"l1": {{"points": {written}}}}}}}', headers=headers)
        assert answer.json()["leaves"]["l1"]["points"] == written.strip('"')


def test_an_unknown_unit_has_no_row(intake: Intake, row: str) -> None:
    elsewhere = row.replace("/w1", "/w9")
    assert patch(intake, elsewhere, {"bonus": 1}).status_code == 404
    assert intake.http.get(elsewhere, headers=intake.bearer("appraiser")).status_code == 404


def test_self_given_points_alone_wait_for_the_council(intake: Intake, row: str) -> None:
    said = {"self_points": "2", "evidence": [{"title": "Báo cáo", "url": "https://example.vn/bc"}]}
    answer: Any = patch(intake, row, {"leaves": {"l1": said}})
    assert answer.json()["leaves"] == {"l1": said}


def warned(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 200, answer.text
    return [(warning["pointer"], warning["code"]) for warning in answer.json()["warnings"]]


def test_what_is_odd_is_recorded_with_a_warning(intake: Intake) -> None:
    row = f"{intake.campaign(adjustments={'bonus_cap': 2})}/appraisals/w1"
    above = patch(intake, row, {"leaves": {"l1": {"points": "2", "self_points": "1.5"}}})
    assert warned(above) == [("/leaves/l1/points", "above-self")]
    below: dict[str, Any] = {"points": "1", "self_points": "1.5"}
    assert warned(patch(intake, row, {"leaves": {"l1": below}})) == [("/leaves/l1/points", "no-reason")]
    assert warned(patch(intake, row, {"leaves": {"l1": below | {"note": "chậm"}}})) == []
    nothing = patch(
        intake, row, {"leaves": {"l1": {"not_applicable": True, "note": " "}}, "bonus": 3, "bonus_note": "x"}
    )
    assert warned(nothing) == [("/leaves/l1/not_applicable", "no-reason"), ("/bonus", "above-cap")]
    assert warned(intake.http.get(row, headers=intake.bearer("appraiser"))) == warned(nothing)
    assert warned(patch(intake, row, {"leaves": {"l1": None}, "bonus": 1})) == [("/bonus", "no-reason")]


def test_a_campaign_may_require_reasons(intake: Intake) -> None:
    row = f"{intake.campaign(rules={'reasons': 'required'})}/appraisals/w1"
    refused = patch(intake, row, {"leaves": {"l1": {"not_applicable": True}}, "penalty": 1})
    assert refused.status_code == 422
    assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [
        ("/leaves/l1/not_applicable", "no-reason"),
        ("/penalty", "no-reason"),
    ]
    said = {"leaves": {"l1": {"not_applicable": True, "note": "x"}}, "penalty": 1, "penalty_note": "y"}
    assert patch(intake, row, said).status_code == 200
