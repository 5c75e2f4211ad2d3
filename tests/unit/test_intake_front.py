"""The quick way answers as Flask's would, does nothing twice, and leaves to Flask what it does not answer."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from werkzeug.test import Client, EnvironBuilder
from werkzeug.wrappers import Request

from services.common import problems
from services.common.problems import Problem
from services.common.settings import Settings
from services.intake import app as intake
from services.intake.publisher import Position
from tests.intake import response
from tests.unit.test_intake_responses import ID, Log, OneCampaign

PATH = "/v1/campaigns/small/responses"


class Both:
    """An application asked in front and, the same again, at Flask's own door; its log always answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
        self.log = Log()
        monkeypatch.setattr(intake, "Campaigns", lambda _: OneCampaign(**changes))
        monkeypatch.setattr(intake, "Publisher", lambda *_: self.log)
        self.app = intake.create_app(Settings(cors_origins=("https://survey.example",)))
        self.front = self.app.wsgi_app
        self.behind = self.front._behind  # type: ignore[attr-defined]
        self.asked_behind = 0

    def ask(self, application: Any, **request: Any) -> tuple[int, dict[str, str], Any]:  # noqa: ANN401
        answer = Client(application).open(EnvironBuilder(**{"path": PATH, "method": "POST"} | request).get_environ())
        return answer.status_code, dict(answer.headers), json.loads(answer.data)


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Both:
    return Both(monkeypatch)


def alike(found: tuple[int, dict[str, str], Any]) -> tuple[int, dict[str, str], Any]:
    """Without what differs from one record to the next."""
    status, headers, document = found
    if "receipt" in document:
        document["receipt"] = document["receipt"] | {"offset": 0, "mac": ""}
    return status, headers, document


JSON = {"content_type": "application/json"}
RIGHT = json.dumps(response(response=ID)).encode()


@pytest.mark.parametrize(
    "request_",
    [
        {"data": RIGHT, **JSON},
        {"data": RIGHT, "content_type": "application/json; charset=utf-8"},
        {"data": RIGHT, **JSON, "method": "PUT", "path": f"{PATH}/{ID}"},
        {"data": RIGHT, **JSON, "method": "PUT", "path": f"{PATH}/{ID.upper()}"},
        {"data": json.dumps(response()).encode(), **JSON, "method": "PUT", "path": f"{PATH}/{ID}"},
        {"data": RIGHT, **JSON, "headers": {"Origin": "https://survey.example"}},
        {"data": RIGHT, **JSON, "headers": {"Origin": "https://elsewhere.example"}},
        {"data": RIGHT, "content_type": "application/json;charset=UTF-8"},
        {"data": RIGHT, "content_type": "application/json; charset=latin-1"},
        {"data": RIGHT, "content_type": "application / json"},
        {"data": RIGHT, **JSON, "headers": {"Content-Encoding": "gzip"}},
        {"data": RIGHT, **JSON, "query_string": "a=1"},
        {"data": RIGHT, **JSON, "method": "PUT", "path": f"{PATH}/{ID[:-1]}0"},
        {"data": RIGHT, **JSON, "method": "PUT", "path": f"{PATH}/batch"},
        {"data": RIGHT, **JSON, "method": "PUT"},
        {"data": RIGHT, **JSON, "path": f"{PATH}/{ID}"},
        {"data": RIGHT, **JSON, "path": f"{PATH}/batch"},
        {"data": RIGHT, **JSON, "path": f"{PATH}/"},
        {"data": RIGHT, "content_type": "text/plain"},
        {"data": b"{", **JSON},
        {"data": b"", **JSON},
        {"data": json.dumps(response(group="x")).encode(), **JSON},
        {"data": b" " * 300_000, **JSON},
    ],
    ids=repr,
)
def test_an_answer_is_the_same_from_both(both: Both, request_: dict[str, Any]) -> None:
    """Status, headers and body, and what stands in the log."""
    quick = both.ask(both.front, **request_)
    in_front = [(record.key, record.value) for record in both.log.records]
    both.log.records.clear()
    long = both.ask(both.behind, **request_)
    assert alike(quick) == alike(long)
    assert in_front == [(record.key, record.value) for record in both.log.records]


@pytest.mark.parametrize("origin", ["https://survey.example", "https://intake.example"])
def test_what_is_right_does_not_come_to_flask(both: Both, monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    """Not from a program and not from a page, which always names its origin."""
    monkeypatch.setattr(both.front, "_behind", None)
    assert both.ask(both.front, data=RIGHT, **JSON)[0] == 202
    assert both.ask(both.front, data=RIGHT, **JSON, headers={"Origin": origin})[0] == 202


def test_edits_are_taken_and_refused_as_the_rules_say(monkeypatch: pytest.MonkeyPatch) -> None:
    edit = {"data": json.dumps(response(response=ID, revision=2)).encode(), **JSON}
    assert both_statuses(Both(monkeypatch), edit) == (202, 202)
    assert both_statuses(Both(monkeypatch, rules={"edits": "none"}), edit) == (409, 409)


def test_a_closed_campaign_is_closed_on_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = Both(monkeypatch, opens="2022-11-01T00:00:00+07:00", closes="2022-12-01T00:00:00+07:00")
    assert both_statuses(closed, {"data": RIGHT, **JSON}) == (403, 403)
    assert both_statuses(closed, {"data": b"{", **JSON}) == (400, 400)
    assert not closed.log.records


def both_statuses(both: Both, request: dict[str, Any]) -> tuple[int, int]:
    return both.ask(both.front, **request)[0], both.ask(both.behind, **request)[0]


def test_a_response_whose_fate_is_not_known_is_handed_over_once(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second time under another random id it would count twice."""
    handed: list[Any] = []

    def unknown(_: str, record: Any) -> Position:  # noqa: ANN401
        handed.append(record)
        raise Problem(problems.UNAVAILABLE, "it is unknown whether this was stored")

    for name in ("publish", "publish_at_once"):
        monkeypatch.setattr(both.log, name, unknown)
    status, headers, problem = both.ask(both.front, data=json.dumps(response()).encode(), **JSON)
    assert (status, headers["Retry-After"], problem["retryable"]) == (503, "1", True)
    assert len(handed) == 1


class Stalling(io.BytesIO):
    def read(self, *_: object) -> bytes:
        raise TimeoutError


@pytest.mark.parametrize(("stream", "status"), [(Stalling(), 408), (io.BytesIO(RIGHT[:-9]), 400)])
def test_a_body_that_does_not_arrive_is_told_so(both: Both, stream: io.BytesIO, status: int) -> None:
    environ = EnvironBuilder(path=PATH, method="POST", **JSON).get_environ()
    environ |= {"wsgi.input": stream, "CONTENT_LENGTH": str(len(RIGHT)), "wsgi.input_terminated": True}
    assert Client(both.front).open(Request(environ)).status_code == status
    assert not both.log.records
