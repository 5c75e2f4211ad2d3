"""The way of a response, with a log that always answers: what is checked, in which order, and what is said."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.common import campaign_schema, http
from services.common.campaign import Campaign
from services.common.records import Record
from services.intake.campaigns import Campaigns
from services.intake.publisher import Position, Publisher
from services.intake.quick import Quick
from services.intake.ratings import ResponseDocument, forms
from services.intake.receipts import Receipts
from services.intake.responses import Responses
from tests.intake import definition, response

ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


class Log:
    """Takes every record."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def publish(self, topic: str, record: Record) -> Position:
        return cast("Position", self.publish_many(topic, [record])[0])

    publish_at_once = publish

    def publish_many(self, _: str, records: list[Record]) -> list[Position]:
        self.records += records
        return [Position(0, len(self.records) - len(records) + number) for number in range(len(records))]


class OneCampaign:
    def __init__(self, **changes: object) -> None:
        self.campaign = campaign_schema.parse(json.dumps(definition("small", **changes)))

    def current(self, _: str) -> Campaign:
        return self.campaign

    known = current

    def newer(self, _: Campaign) -> None:
        return None

    def check(self, campaign: Campaign) -> ResponseDocument:
        return ResponseDocument(campaign)

    def quick(self, campaign: Campaign) -> Quick:
        return Quick(forms(campaign))


@pytest.fixture
def log() -> Log:
    return Log()


def client(log: Log, **changes: object) -> FlaskClient:
    campaigns = cast("Campaigns", OneCampaign(**changes))
    responses = Responses(campaigns, cast("Publisher", log), Receipts(b"k" * 32), "responses")
    app = Flask("test")
    http.install(app, ())
    app.add_url_rule("/<campaign>", view_func=responses.post, methods=["POST"])
    app.add_url_rule("/<campaign>/batch", view_func=responses.post_batch, methods=["POST"])
    app.add_url_rule("/<campaign>/<response>", view_func=responses.put, methods=["PUT"])
    app.add_url_rule("/<campaign>/<response>", endpoint="delete", view_func=responses.delete, methods=["DELETE"])
    return app.test_client()


def at(**offset: float) -> str:
    return (datetime.now(UTC) + timedelta(**offset)).isoformat()


def kind(answer: TestResponse) -> str:
    document: dict[str, Any] = json.loads(answer.data)
    return str(document["type"]).rpartition(":")[2]


@pytest.mark.parametrize(("days", "longest"), [(0.0001, 9), (30, 3_600)])
def test_before_the_opening_a_client_is_told_how_long_to_wait(log: Log, days: float, longest: int) -> None:
    answer = client(log, opens=at(days=days), closes=at(days=60)).post("/small", json=response())
    assert kind(answer) == "campaign-not-open"
    assert 1 <= int(answer.headers["Retry-After"]) <= longest
    assert not log.records


def test_from_the_opening_to_the_end_responses_are_taken(log: Log) -> None:
    assert client(log, opens=at(seconds=-1), closes=at(hours=1)).post("/small", json=response()).status_code == 202


def test_from_the_end_on_none_is(log: Log) -> None:
    answer = client(log, opens=at(days=-1), closes=at(seconds=-1)).post("/small", json=response())
    assert kind(answer) == "campaign-closed"
    assert not log.records


def test_what_is_no_json_is_told_before_the_campaign_is_looked_at(log: Log) -> None:
    closed = client(log, opens=at(days=-2), closes=at(days=-1))
    assert kind(closed.post("/small", data=b"{", content_type="application/json")) == "malformed"
    assert kind(closed.post("/small", json={"unknown": 1})) == "campaign-closed"


def test_what_does_not_fit_is_told_before_what_stands_against_it(log: Log) -> None:
    fixed = client(log, rules={"edits": "none"})
    assert kind(fixed.put(f"/small/{ID}", json=response(revision=2, group="x"))) == "invalid"
    assert kind(fixed.put(f"/small/{ID}", json=response(revision=2))) == "conflict"
    assert fixed.put(f"/small/{ID}", json=response(revision=1)).status_code == 202


def test_a_line_of_a_batch_is_answered_as_the_same_alone(log: Log) -> None:
    """Also what stands in the log is the same."""
    tried = client(log)
    documents = [response(response=ID, revision=number, comment="Tốt") for number in (1, 2)] + [response(group="x")]
    alone = [tried.post("/small", json=document).get_json() for document in documents]
    lines = "\n".join(json.dumps(document) for document in documents)
    batch = tried.post("/small/batch", data=lines.encode(), content_type="application/x-ndjson")
    together = [json.loads(line) for line in batch.data.splitlines()]
    assert [result["line"] for result in together] == [1, 2, 3]
    for single, line in zip(alone[:2], together[:2], strict=True):
        assert {**line["receipt"], "offset": 0, "mac": ""} == {**single["receipt"], "offset": 0, "mac": ""}
        assert line.keys() == single.keys() | {"line"}
    assert together[2]["problem"] == alone[2]
    assert [record.value for record in log.records[:2]] == [record.value for record in log.records[2:]]


def test_an_id_that_was_not_chosen_is_random(log: Log) -> None:
    tried = client(log)
    assert len({tried.post("/small", json=response()).get_json()["response"] for _ in range(20)}) == 20


def test_a_withdrawal_stands_under_the_id_of_its_response(log: Log) -> None:
    answer = client(log).delete(f"/small/{ID.upper()}?revision=2")
    assert answer.get_json()["response"] == ID
    (record,) = log.records
    assert record.key == ID.encode()
    assert json.loads(record.value)["withdrawn"] is True
