"""What is answered again is what the application answered, as long as it would answer the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask, Response, request
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from surveys import asked, survey

from services.common import http, problems
from services.common.problems import Problem
from services.reporting import again as module
from services.reporting.again import Again
from services.reporting.answers import answer
from services.reporting.standing import AsOf, Body, Standing
from services.reporting.standings import SILENCE_S, Standings

CAMPAIGN = survey((asked("q", "1", "g1"),))


class Served:
    """An application with a public ranking and a private one; `made` counts what it was asked for."""

    def __init__(self) -> None:
        self.now = 0.0
        self.made = Counter[str]()
        self.standings = Standings(lambda: self.now)
        self.take(1)
        self.standings.complete()
        self.standings.confirm(self.now)
        app = Flask("again")
        Again(self.standings).install(app)
        http.install(app, ["https://dashboard.example"])
        app.add_url_rule("/public", view_func=lambda: self._answer(public=True), endpoint="public")
        app.add_url_rule("/private", view_func=lambda: self._answer(public=False), endpoint="private")
        self.client: FlaskClient = app.test_client()

    def take(self, state: int) -> None:
        self.standings.take("survey", Standing(CAMPAIGN, AsOf(state, 1, {}, {}), {}))

    def _answer(self, *, public: bool) -> Response:
        self.standings.require()
        self.made[request.path] += 1
        if "wrong" in request.args:
            raise Problem(problems.INVALID, "no")
        standing = self.standings.of("survey")
        if public:
            Again.allow(standing)
        state = standing.as_of.state
        return answer(request, Body(b"state %d" % state, "text/plain"), vary="Accept", private=not public)


@pytest.fixture
def served() -> Served:
    return Served()


def test_the_same_question_has_the_same_answer_to_the_last_header(served: Served):
    first, second = served.client.get("/public?a=1"), served.client.get("/public?a=1")
    assert served.made == {"/public": 1}
    assert (first.status, first.data) == (second.status, second.data) == ("200 OK", b"state 1")
    assert list(first.headers) == list(second.headers)
    assert second.headers["X-Content-Type-Options"] == "nosniff"


def test_what_has_not_changed_is_said_again_too(served: Served):
    etag = served.client.get("/public").headers["ETag"]
    first, second = (served.client.get("/public", headers={"If-None-Match": etag}) for _ in range(2))
    assert served.made == {"/public": 2}
    assert (first.status_code, first.data) == (second.status_code, second.data) == (304, b"")
    assert list(first.headers) == list(second.headers)
    assert second.headers["ETag"] == etag


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.get("/public?a=2"),
        lambda client: client.get("/public", headers={"Accept": "text/csv"}),
        lambda client: client.get("/public", headers={"If-None-Match": "*"}),
        lambda client: client.get("/public", headers={"Authorization": "Bearer secret"}),
        lambda client: client.get("/public", headers={"Origin": "https://dashboard.example"}),
        lambda client: client.head("/public"),
    ],
)
def test_another_question_is_put_to_the_application(served: Served, ask: Callable[[FlaskClient], Response]):
    served.client.get("/public")
    ask(served.client)
    assert served.made == {"/public": 2}


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer secret"}, {"Origin": "https://dashboard.example"}])
def test_an_answer_to_somebody_is_nobody_elses(served: Served, headers: dict[str, str]):
    for _ in range(2):
        served.client.get("/public", headers=headers)
    assert "Access-Control-Allow-Origin" not in served.client.get("/public").headers
    assert served.made == {"/public": 3}


@pytest.mark.parametrize("address", ["/private", "/public?wrong"])
def test_what_is_not_allowed_or_refused_is_never_kept(served: Served, address: str):
    answers = [served.client.get(address).status_code for _ in range(2)]
    assert sum(served.made.values()) == 2
    assert answers == [422, 422] if "wrong" in address else [200, 200]


def test_a_new_state_is_shown_at_once(served: Served):
    served.client.get("/public")
    served.take(2)
    assert served.client.get("/public").data == b"state 2"
    served.standings.forget("survey")
    assert served.client.get("/public").status_code == 404


def test_an_answer_of_the_state_before_that_comes_late_is_not_kept(served: Served, monkeypatch: pytest.MonkeyPatch):
    """A slow request began before the new state and ends after it."""
    before = served.standings.of("survey")
    served.take(2)
    with monkeypatch.context() as patched:
        patched.setattr(served.standings, "of", lambda _: before)
        assert served.client.get("/public").data == b"state 1"
    assert served.client.get("/public").data == b"state 2"


def test_nothing_is_answered_again_when_the_figures_are_not_current(served: Served):
    assert served.client.get("/public").status_code == 200
    served.now += SILENCE_S + 1
    assert served.client.get("/public").status_code == 503


def test_odd_questions_fill_no_memory(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST_KEPT", 3)
    for query in ("a", "b", "c", "d", "d", "a"):
        served.client.get(f"/public?{query}")
    assert served.made == {"/public": 5}


def test_every_answer_is_counted(served: Served):
    def counted() -> float:
        labels = {"route": "public", "outcome": "ok"}
        return REGISTRY.get_sample_value("parindex_reporting_requests_total", labels) or 0.0

    served.client.get("/public")
    before = counted()
    for _ in range(3):
        served.client.get("/public")
    assert counted() == before + 3
