"""Definitions: each version is written once, the first in the log stands, and everybody can read what is asked."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import httpx
import pytest

from services.common import campaign_schema
from tests.intake import Intake, definition


def new() -> dict[str, Any]:
    return definition(f"c{uuid.uuid4().hex[:12]}")


def versions(intake: Intake, code: str) -> list[dict[str, Any]]:
    return [content for content in intake.contents("campaigns") if content["campaign"] == code]


def test_a_definition_becomes_version_1_with_a_layout(intake: Intake) -> None:
    document = new()
    answer = intake.define(document)
    assert answer.status_code == 201
    assert answer.json() == {"campaign": document["campaign"], "version": 1}
    assert answer.headers["Location"] == f"/v1/campaigns/{document['campaign']}"
    (written,) = versions(intake, document["campaign"])
    campaign = campaign_schema.load(written["definition"])
    assert campaign.version == 1
    assert campaign.layout["deputy"] == (("l2", "A"), ("l2", "B"), ("l2", "C"), ("l2", "N"))


def test_yaml_and_json_say_the_same(intake: Intake) -> None:
    document = new()
    assert intake.define(document).status_code == 201
    import yaml

    headers = intake.bearer("admin") | {"Content-Type": "application/yaml"}
    text = yaml.safe_dump(document, allow_unicode=True)
    again = intake.http.put(f"/v1/campaigns/{document['campaign']}", content=text.encode(), headers=headers)
    assert (again.status_code, again.json()["version"]) == (200, 1)


def test_the_same_definition_again_writes_nothing(intake: Intake) -> None:
    document = new()
    assert [intake.define(document).status_code for _ in range(3)] == [201, 200, 200]
    assert len(versions(intake, document["campaign"])) == 1


def test_a_new_version_keeps_the_places_of_the_counts(intake: Intake) -> None:
    document = new()
    intake.define(document)
    leaves = document["fields"][0]["criteria"][0]["leaves"]
    leaves.insert(0, leaves[1] | {"code": "l0"})
    assert intake.define(document).json()["version"] == 2
    layout = campaign_schema.load(versions(intake, document["campaign"])[1]["definition"]).layout
    assert [place[0] for place in layout["deputy"]] == ["l2"] * 4 + ["l0"] * 4


def test_what_was_published_may_not_go(intake: Intake) -> None:
    document = new()
    intake.define(document)
    document["units"].pop()
    document["scales"][0]["options"][1]["percent"] = 50
    answer = intake.define(document)
    assert answer.status_code == 409
    errors = {(error["pointer"], error["code"]) for error in answer.json()["errors"]}
    assert errors == {("/units", "forbidden-change"), ("/scales", "forbidden-change")}
    assert len(versions(intake, document["campaign"])) == 1


def test_faults_are_listed_with_place_and_line(intake: Intake) -> None:
    headers = intake.bearer("admin") | {"Content-Type": "application/yaml"}
    text = "campaign: small\ntitle: {vi: Thử}\nopens: yesterday\nunknown: 1\n"
    answer = intake.http.put("/v1/campaigns/small", content=text.encode(), headers=headers)
    assert answer.status_code == 422
    errors = {error["pointer"]: error for error in answer.json()["errors"]}
    assert errors["/opens"]["line"] == 3
    assert errors["/unknown"]["code"] == "unknown-field"
    assert errors["/units"]["code"] == "missing"


def test_of_versions_that_race_each_stands_or_is_refused(intake: Intake) -> None:
    """Whoever is told 201 finds their own content under that number; nobody's is lost without being told."""
    for _ in range(5):
        document = new()
        intake.define(document)
        titles = [f"Bản {number}" for number in range(6)]
        told: dict[str, httpx.Response] = {}
        barrier = threading.Barrier(len(titles))

        def publish(title: str, base: dict[str, Any] = document, told: dict[str, httpx.Response] = told) -> None:
            barrier.wait()  # noqa: B023 - it ends before the next round
            told[title] = httpx.put(
                f"{intake.url}/v1/campaigns/{base['campaign']}",
                json=base | {"title": {"vi": title}},
                headers=intake.bearer("admin"),
                timeout=20,
                trust_env=False,
            )

        threads = [threading.Thread(target=publish, args=(title,)) for title in titles]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        standing: dict[int, str] = {}
        for written in versions(intake, document["campaign"]):
            standing.setdefault(written["version"], written["definition"]["title"]["vi"])
        assert {answer.status_code for answer in told.values()} <= {201, 409}
        for title, answer in told.items():
            if answer.status_code == 201:
                assert standing[answer.json()["version"]] == title
        assert sum(answer.status_code == 201 for answer in told.values()) == len(standing) - 1


def test_a_definition_is_shown_without_the_layout_and_once(intake: Intake) -> None:
    address = intake.campaign()
    answer = intake.http.get(address)
    shown = answer.json()
    assert shown["version"] == 1
    assert "layout" not in shown
    assert campaign_schema.load(shown).unit.keys() == {"w1", "w2", "o1"}
    again = intake.http.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert not answer.headers["ETag"].startswith("W/")


def test_a_new_version_has_a_new_etag(intake: Intake) -> None:
    document = new()
    intake.define(document)
    address = f"/v1/campaigns/{document['campaign']}"
    before = intake.http.get(address).headers["ETag"]
    intake.define(document | {"title": {"vi": "Tên khác"}})
    assert intake.http.get(address, headers={"If-None-Match": before}).status_code == 200


def test_campaigns_are_listed_with_their_state(intake: Intake) -> None:
    addresses = {
        "open": intake.campaign(),
        "announced": intake.campaign(opens="2099-01-01T00:00:00+07:00"),
        "closed": intake.campaign(closes="2022-12-01T00:00:00+07:00"),
    }
    listed = {found["campaign"]: found for found in intake.http.get("/v1/campaigns").json()["campaigns"]}
    for state, address in addresses.items():
        found = listed[address.rpartition("/")[2]]
        assert found["state"] == state
        assert found["title"] == {"vi": "Đợt thử", "en": "Trial"}


def test_a_form_has_a_page_per_unit_and_a_question_per_leaf(intake: Intake) -> None:
    answer = intake.http.get(f"{intake.campaign()}/forms/citizen")
    form = answer.json()
    assert [page["name"] for page in form["pages"]] == ["w1", "w2", ":comment"]
    questions = form["pages"][0]["elements"]
    assert [question["name"] for question in questions] == ["w1:l2", "w1:l3"]
    assert {question["type"] for question in questions} == {"radiogroup"}
    assert [choice["value"] for choice in questions[0]["choices"]] == ["A", "B", "C", "N"]
    assert form["pages"][0]["title"] == {"default": "Ward One", "vi": "Phường Một"}
    assert form["locale"] == "vi"
    assert answer.headers["ETag"]


def test_what_a_form_asks_is_what_intake_takes(intake: Intake) -> None:
    address = intake.campaign()
    for group in ("deputy", "citizen"):
        form = intake.http.get(f"{address}/forms/{group}").json()
        ratings: dict[str, dict[str, str]] = {}
        for page in form["pages"][:-1]:
            for question in page["elements"]:
                unit, _, leaf = question["name"].partition(":")
                ratings.setdefault(unit, {})[leaf] = question["choices"][-1]["value"]
        assert intake.http.post(f"{address}/responses", json={"group": group, "ratings": ratings}).status_code == 202


@pytest.mark.parametrize(
    "address", ["/v1/campaigns/nowhere", "/v1/campaigns/nowhere/forms/x", "/v1/campaigns/" + "x" * 99]
)
def test_what_is_not_there_is_not_found(intake: Intake, address: str) -> None:
    assert intake.http.get(address).status_code == 404


def test_a_large_definition_is_taken(intake: Intake) -> None:
    """20,000 units make a record of several megabytes."""
    document = new()
    name = {"vi": "Đơn vị có một cái tên khá dài để bản ghi lớn hơn một mê-ga-bai", "en": "A unit"}
    document["units"] = [{"code": f"u{number}", "name": name, "block": "ward"} for number in range(20_000)]
    assert intake.define(document).status_code == 201
    shown = intake.http.get(f"/v1/campaigns/{document['campaign']}")
    assert len(shown.json()["units"]) == 20_000
