"""GET /events: who listens is told of every new state, by the real process with its gevent worker."""

from __future__ import annotations

import json
import queue
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import httpx
import pytest
from pymongo.database import Database

from services.common.campaign import Rules
from tests.integration.reporting.conftest import Launch, Process
from tests.integration.reporting.database import Document, eventually, write_state
from tests.integration.reporting.test_reporting_outage import OwnServer, write
from tests.unit.surveys import asked, survey

CAMPAIGN = survey((asked("q", "1", "g1"),), rules=Rules(live="private"))
EVENTS = "/v1/campaigns/survey/events"
WAIT_S = 20.0


@dataclass
class Event:
    name: str
    id: str | None
    data: Any


@dataclass
class Stream:
    """An open stream, read by a thread as a browser does."""

    headers: httpx.Headers
    status: int
    lines: Iterator[str]
    events: queue.Queue[Event | None] = field(default_factory=queue.Queue)
    retry: list[int] = field(default_factory=list)

    def read(self) -> None:
        """Until the stream ends; then None."""
        parts: dict[str, str] = {}
        for line in self.lines:
            name, _, value = line.partition(": ")
            if line == "" and "event" in parts:
                self.events.put(Event(parts["event"], parts.get("id"), json.loads(parts["data"])))
                parts = {}
            elif name == "retry":
                self.retry.append(int(value))
            elif name:
                parts[name] = value
        self.events.put(None)

    def next(self) -> Event | None:
        return self.events.get(timeout=WAIT_S)


@contextmanager
def listening(reporting: Process, path: str = EVENTS, **headers: str) -> Iterator[Stream]:
    with (
        httpx.Client(trust_env=False, timeout=httpx.Timeout(5, read=60)) as client,
        client.stream("GET", reporting.url + path, headers=headers) as answer,
    ):
        stream = Stream(answer.headers, answer.status_code, answer.iter_lines())
        reader = threading.Thread(target=_until_closed, args=[stream], daemon=True)
        reader.start()
        yield stream


def _until_closed(stream: Stream) -> None:
    try:
        stream.read()
    except (httpx.TransportError, httpx.StreamError):
        stream.events.put(None)


@pytest.fixture
def reporting(db: Database[Document], uri: str, launch: Launch) -> Process:
    write_state(db, CAMPAIGN, 1, {}, counted={"g1": 1})
    made = launch(uri)
    eventually("it is ready", lambda: made.status("/readyz") == 200)
    return made


def test_who_comes_is_told_the_state_in_force_and_then_each_new_one(db: Database[Document], reporting: Process) -> None:
    with listening(reporting) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert stream.headers["Cache-Control"] == "no-store"
        first = stream.next()
        assert first is not None
        as_of = {"state": 1, "counted": 1, "positions": {"responses": {"0": 1}, "appraisals": {"0": 0}}}
        assert (first.name, first.id, first.data) == ("state", "1", {"state": 1, "version": 1, "as_of": as_of})
        for state in (2, 3):
            write_state(db, CAMPAIGN, state, {}, counted={"g1": state})
            event = stream.next()
            assert event is not None
            assert (event.id, event.data["as_of"]["counted"]) == (str(state), state)
        assert stream.retry


def test_who_comes_back_is_told_only_what_is_new(db: Database[Document], reporting: Process) -> None:
    with listening(reporting, **{"Last-Event-ID": "1"}) as stream:
        write_state(db, CAMPAIGN, 2, {}, counted={"g1": 2})
        event = stream.next()
        assert event is not None
        assert event.id == "2"
    with listening(reporting, **{"Last-Event-ID": "1"}) as stream:
        event = stream.next()
        assert event is not None
        assert event.id == "2"


def test_what_an_event_tells_is_what_the_ranking_then_shows(
    db: Database[Document], reporting: Process, tokens: dict[str, str]
) -> None:
    viewer = {"Authorization": f"Bearer {tokens['viewer']}"}
    with listening(reporting) as stream:
        stream.next()
        for state in range(2, 6):
            write_state(db, CAMPAIGN, state, {}, counted={"g1": state})
            event = stream.next()
            assert event is not None
            shown = reporting.get("/v1/campaigns/survey/rankings", headers=viewer).json()["as_of"]
            assert shown["state"] >= event.data["as_of"]["state"]


def test_a_ranking_that_is_named_comes_with_each_new_state_of_a_public_campaign_only(
    db: Database[Document], reporting: Process
) -> None:
    public = replace(CAMPAIGN, code="open", rules=Rules(live="public"))
    write_state(db, public, 1, {}, counted={"g1": 1})
    ranking = "/v1/campaigns/open/rankings?block=b1"
    eventually("it is read", lambda: reporting.status(ranking) == 200)
    with (
        listening(reporting, "/v1/campaigns/open/events?block=b1") as stream,
        listening(reporting, f"{EVENTS}?block=b1") as private,
    ):
        assert [(event := one.next()) and event.name for one in (stream, private)] == ["state", "state"]
        for campaign in (public, CAMPAIGN):
            write_state(db, campaign, 2, {}, counted={"g1": 2})
        sent, state = stream.next(), stream.next()
        assert sent is not None
        assert state is not None
        answer = reporting.get(ranking)
        assert (sent.name, sent.data["ranking"]) == ("ranking", answer.json())
        assert f'"{sent.data["etag"]}"' == answer.headers["ETag"]
        assert (state.name, state.id) == ("state", "2")
        assert (event := private.next()) is not None
        assert (event.name, event.id) == ("state", "2")
    assert reporting.status("/v1/campaigns/open/events?block=nowhere") == 422


def test_fifty_streams_are_told_while_requests_are_answered(db: Database[Document], reporting: Process) -> None:
    def metrics() -> str:
        return reporting.get("/metrics").text

    many = [listening(reporting) for _ in range(50)]
    streams = [one.__enter__() for one in many]
    try:
        assert {(event := stream.next()) and event.id for stream in streams} == {"1"}
        write_state(db, CAMPAIGN, 2, {}, counted={"g1": 2})
        assert {(event := stream.next()) and event.id for stream in streams} == {"2"}
        assert reporting.status("/v1/campaigns/survey/participation") == 200
        assert "parindex_reporting_streams 50.0" in metrics()
    finally:
        for one in many:
            one.__exit__(None, None, None)
    states = count(3)

    def forgotten() -> bool:
        # That a reader has left is found when something is sent to it.
        write_state(db, CAMPAIGN, next(states), {}, counted={"g1": 1})
        return "parindex_reporting_streams 0.0" in metrics()

    eventually("who has left is forgotten", forgotten)


def test_streams_end_with_the_process_and_it_ends_cleanly(reporting: Process) -> None:
    with listening(reporting) as stream:
        assert stream.next() is not None
        reporting.process.send_signal(signal.SIGTERM)
        assert stream.next() is None
        assert reporting.process.wait(15) == 0


def test_while_mongodb_is_away_a_stream_says_so_and_then_goes_on(
    launch: Launch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = OwnServer(tmp_path_factory.mktemp("mongo"))
    try:
        write(server, 1)
        reporting = launch(server.uri)
        eventually("it is ready", lambda: reporting.status("/readyz") == 200)
        with listening(reporting) as stream:
            assert stream.next() is not None
            server.signal(signal.SIGSTOP)
            away = stream.next()
            assert away is not None
            assert (away.name, away.id) == ("unavailable", None)
            with listening(reporting) as late:
                said = late.next()
                assert said is not None
                assert said.name == "unavailable"
                server.signal(signal.SIGCONT)
                for one in (stream, late):
                    back = one.next()
                    assert back is not None
                    assert (back.name, back.id) == ("state", "1")
    finally:
        server.close()


def test_an_unknown_campaign_has_no_stream_and_an_unknown_parameter_is_refused(reporting: Process) -> None:
    assert reporting.status("/v1/campaigns/nowhere/events") == 404
    assert reporting.status(f"{EVENTS}?since=1") == 422
