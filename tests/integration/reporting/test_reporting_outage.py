"""While MongoDB is away no figure is shown, and reporting comes back by itself: the real process on a real server."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy.embedded.machine import free_ports
from deploy.embedded.mongo import mongo, with_database
from deploy.embedded.server import running
from services.common import mongo as database
from services.common.campaign import Rules
from tests.integration.reporting.conftest import Launch, Process
from tests.integration.reporting.database import eventually, write_state
from tests.proxy import Proxy
from tests.unit.surveys import asked, survey

CAMPAIGN = survey((asked("q", "1", "g1"),), units={"u1": "b1"}, rules=Rules(live="public"))
RANKINGS = "/v1/campaigns/survey/rankings"
DATA = (
    "/v1/campaigns",
    "/v1/campaigns/survey",
    RANKINGS,
    f"{RANKINGS}.csv",
    "/v1/campaigns/survey/units/u1",
    "/v1/campaigns/survey/participation",
    "/v1/campaigns/survey/responses/00000000-0000-0000-0000-000000000001?revision=1",
)
RECOVERY_S = 2.5


class OwnServer:
    """A mongod that a test may stop, kill and start again."""

    def __init__(self, home: Path) -> None:
        self._home = home
        (self.port,) = free_ports(1)
        self._running = ExitStack()
        self.start()

    def start(self) -> None:
        server = mongo(self._home, self.port, self._home / "log")
        self._process = self._running.enter_context(running(server))["MongoDB"]
        self.uri = with_database(server.address, "parindex")

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        if self._process.poll() is None:
            self.signal(signal.SIGCONT)
        self._running.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OwnServer]:
    """With one campaign in it."""
    own = OwnServer(tmp_path / "mongo")
    write(own, 1)
    yield own
    own.close()


def write(server: OwnServer, state: int) -> None:
    with database.client(server.uri) as client:
        db = database.database(client)
        database.prepare(db)
        write_state(db, CAMPAIGN, state, {}, counted={"g1": state})


def counted(reporting: Process) -> int | None:
    """What the ranking says is counted; None while it says nothing."""
    answer = reporting.get(RANKINGS)
    return answer.json()["as_of"]["counted"] if answer.status_code == 200 else None


def all_refused(reporting: Process) -> bool:
    answers = [reporting.get(path) for path in DATA]
    return all(
        answer.status_code == 503
        and answer.headers["Content-Type"] == "application/problem+json"
        and answer.headers["Retry-After"] == "1"
        and answer.json()["retryable"]
        for answer in answers
    )


def eventually_within(what: str, seconds: float, condition: Callable[[], object]) -> None:
    """As `eventually`, for a promise about time; generous to a busy machine by a factor of two."""
    eventually(f"{what} within {seconds} s", condition, 2 * seconds)


def test_while_mongodb_stands_still_nothing_is_shown_and_then_it_is_again(launch: Launch, server: OwnServer) -> None:
    """A stopped process keeps its connections open and answers nothing: nobody is told, one has to notice."""
    reporting = launch(server.uri)
    eventually("it is shown", lambda: counted(reporting) == 1)
    server.signal(signal.SIGSTOP)
    assert reporting.status(RANKINGS) == 200  # from memory, which is not yet old
    eventually_within("every address refuses", 2.5, lambda: all_refused(reporting))
    assert reporting.status("/readyz") == 503
    assert reporting.status("/livez") == 200
    server.signal(signal.SIGCONT)
    eventually_within("it is shown again", RECOVERY_S, lambda: counted(reporting) == 1)
    write(server, 2)
    eventually("what comes then is shown", lambda: counted(reporting) == 2)


def test_when_mongodb_is_killed_nothing_is_shown_until_it_is_back(launch: Launch, server: OwnServer) -> None:
    reporting = launch(server.uri)
    eventually("it is shown", lambda: counted(reporting) == 1)
    server.kill()
    eventually_within("every address refuses", 2.5, lambda: all_refused(reporting))
    server.start()
    eventually_within("it is shown again", RECOVERY_S, lambda: counted(reporting) == 1)
    write(server, 2)
    eventually("what comes then is shown", lambda: counted(reporting) == 2)


def test_what_changed_behind_its_back_is_shown_and_never_what_was_before(launch: Launch, server: OwnServer) -> None:
    """The network to MongoDB becomes a hole while the state goes on: no answer after the return is the old one."""
    with Proxy(server.port) as proxy:
        reporting = launch(f"mongodb://127.0.0.1:{proxy.port}/parindex?directConnection=true")
        eventually("it is shown", lambda: counted(reporting) == 1)
        proxy.mode = "hole"
        eventually_within("every address refuses", 2.5, lambda: all_refused(reporting))
        write(server, 2)
        proxy.mode = "pass"
        proxy.cut()
        seen: list[int] = []
        eventually_within(
            "it is shown again",
            RECOVERY_S,
            lambda: (now := counted(reporting)) is not None and (seen.append(now) or True),
        )
        assert seen == [2]


def test_a_start_without_mongodb_lives_is_not_ready_and_comes_to_be(launch: Launch, server: OwnServer) -> None:
    server.kill()
    reporting = launch(server.uri)
    assert reporting.status("/livez") == 200
    assert reporting.status("/readyz") == 503
    assert all_refused(reporting)
    server.start()
    eventually_within("it is shown", RECOVERY_S, lambda: counted(reporting) == 1)
