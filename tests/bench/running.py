"""The stack under measurement: what it has acknowledged, when all of it is counted, and what its processes cost."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pymongo.database import Database

from deploy.embedded.machine import LOOPBACK
from deploy.embedded.mongo import with_database
from deploy.stack import Stack, Status
from services.cli.connection import Connection
from services.cli.simulation.population import Population
from services.cli.simulation.trial import Trial
from services.common import mongo
from services.common.campaign import Campaign
from services.common.generation import Generation
from services.common.settings import read_settings
from tests.bench import wire
from tests.bench.bodies import SEED, campaign
from tests.bench.figures import Cost, Round, Told
from tests.bench.processes import Address, cpu_of, cpu_of_all, cpu_of_machine

Processes = Callable[[], dict[str, list[int]]]
"""What names processes by family at the moment it is asked."""

SCORER = "scoring-1"
STANDSTILL_S = 120.0
LOOK_S = 0.02
QUIET_S = 1.5
ACCEPTED = 202


class Wrong(Exception):
    """The stack did not do what was measured: a figure of it would be worth nothing."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured.

    Attributes:
        seconds: of a round of requests.
        rounds: of each measurement; those that take long have fewer.
        backlog: responses that wait for scoring in a round.
        rated: responses that are counted before rankings are read.
        weekend_rows: forms of the weekend system whose ranking is read.
        fresh_seconds, fresh_rate: of the responses whose way into the ranking is timed.
        connections: of the client.
        forms: in the file that goes through the front door.
        dashboards, changes: that are open at a time, and that they are to show.
        units: of the large campaign.
        looks: single responses to it, and rankings of it.
        whole: responses in the log of the large run.
    """

    seconds: float
    rounds: int
    backlog: int
    rated: int
    weekend_rows: tuple[int, ...]
    fresh_seconds: float
    forms: int
    dashboards: int
    changes: int
    units: int
    looks: int
    whole: int
    fresh_rate: float = 300.0
    connections: int = 32

    @property
    def few(self) -> int:
        return min(3, self.rounds)


FULL = Sizes(1.5, 5, 100_000, 20_000, (20_000, 200_000), 8.0, 85_684, 5_000, 10, 10_600, 12, 1_000_000)
QUICK = Sizes(0.2, 1, 1_000, 1_000, (500, 1_000), 1.0, 600, 100, 2, 60, 2, 3_000)


class Bench:
    """A running stack with the bench's campaign published and appraised.

    Args:
        stack: which.
        sizes: how much to measure.
        told: is told what has just been measured.
    """

    def __init__(self, stack: Stack, sizes: Sizes, told: Told = lambda _: None) -> None:
        found = stack.status()
        if found is None:
            raise Wrong(f"the stack has ended; its logs are in {stack.home.logs}")
        self.sizes, self.told = sizes, told
        self.stack = stack
        self.status: Status = found
        os.environ.update(stack.environment)
        self.settings = read_settings()
        self.intake, self.reporting = address(found["intake"]), address(found["reporting"])
        self.acknowledged = 0
        self.storage: dict[str, Any] = {}
        self._client = mongo.client(self.settings.mongo)
        self._state = mongo.database(self._client)["campaign_state"]
        self.trial = Trial(found["intake"], found["reporting"], found["admin_token"])
        self.campaign = self.trial.publish(campaign())
        self.trial.appraise(self.campaign, Population(self.campaign, SEED).appraisals, lambda _: None)

    def close(self) -> None:
        self.trial.close()
        self._client.drop_database(self._weekend)
        self._client.close()

    @property
    def _weekend(self) -> str:
        return f"{mongo.database(self._client).name}-weekend"

    @property
    def weekend_mongo(self) -> str:
        """A database of the same server for the weekend system."""
        return with_database(self.settings.mongo, self._weekend)

    @property
    def database(self) -> Database[dict[str, Any]]:
        return mongo.database(self._client)

    @property
    def scorers(self) -> list[str]:
        """Where the scorers tell their metrics."""
        ports = self.stack.home.read().ports
        return [f"http://{LOOPBACK}:{port}" for name, port in ports.items() if name.startswith("scoring-")]

    def counted(self, code: str | None = None) -> int:
        """How many responses a campaign's current indices rest on; by default the bench's own."""
        state = self._state.find_one({"_id": code or self.campaign.code}, {"counted": 1})
        return sum(state["counted"].values()) if state else 0

    def applied(self) -> int:
        """How many records of responses are committed."""
        topic = self.settings.topic("responses")
        return sum(row["next"] for row in Generation.current(self.database).positions.find({"_id.topic": topic}))

    def await_counted(self, code: str | None = None, wanted: int | None = None) -> None:
        """Waits until exactly what was acknowledged is counted.

        Args:
            code: the campaign; by default the bench's own.
            wanted: how many; by default all that were acknowledged.

        Raises:
            Wrong: it is not, or scoring stood still.
        """
        wanted = self.acknowledged if wanted is None else wanted
        moved, before = time.monotonic(), -1
        while (counted := self.counted(code)) < wanted:
            if counted != before:
                moved, before = time.monotonic(), counted
            if time.monotonic() - moved > STANDSTILL_S:
                raise Wrong(f"{counted:,} of {wanted:,} are counted, and no more for {STANDSTILL_S:.0f} s")
            time.sleep(LOOK_S)
        if counted > wanted:
            raise Wrong(f"{counted:,} are counted, {wanted:,} were acknowledged")

    def stop_scoring(self) -> None:
        self.await_counted()
        self.stack.supervisor.stop(SCORER)

    def start_scoring(self) -> None:
        self.stack.supervisor.start(SCORER)

    def ranking(self) -> tuple[str, str, bytes]:
        """Path, ETag and body of a ranking, once nothing changes it any more."""
        path = ranking_path(self.campaign)
        connection = Connection(self.status["reporting"])
        began = changed = time.monotonic()
        etag = ""
        while time.monotonic() - changed < QUIET_S:
            answer = connection.exchange("GET", path)
            if answer.headers["etag"] != etag:
                etag, changed = answer.headers["etag"], time.monotonic()
            if changed - began > STANDSTILL_S:
                raise Wrong(f"{path} has changed for {STANDSTILL_S:.0f} s although nothing is sent")
            time.sleep(LOOK_S)
        connection.close()
        return path, etag, answer.body

    def processes(self) -> dict[str, list[int]]:
        """The stack's processes by family, and this one as the client."""
        found = self.stack.status()
        return {**(found["pids"] if found else {}), "client": [os.getpid()]}


def ranking_path(campaign: Campaign) -> str:
    """Where the ranking of a campaign's first block is read."""
    return f"/v1/campaigns/{campaign.code}/rankings?block={campaign.blocks[0].code}"


def address(url: str) -> Address:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 80


@contextmanager
def costs(processes: Processes) -> Iterator[Cost]:
    """Fills in, at the end of the block, the processor time that was used during it.

    Args:
        processes: whose time counts, by family.
    """
    cores, me = len(os.sched_getaffinity(0)), os.getpid()
    before = {pid: cpu_of(pid) for members in processes().values() for pid in members}
    began, whole, own = time.perf_counter(), cpu_of_machine(), cpu_of_all(me)
    found = Cost()
    yield found
    seconds, whole, own = time.perf_counter() - began, cpu_of_machine() - whole, cpu_of_all(me) - own
    found.others = min(1.0, max(0.0, (whole - own) / (seconds * cores)))
    for family, members in processes().items():
        found.cpu[family] = sum(cpu_of(pid) - before.get(pid, 0.0) for pid in members)


def driven(
    server: Address,
    requests: Iterator[bytes],
    pace: wire.Pace,
    processes: Processes,
    *,
    expected: int,
    taken: wire.Taken = lambda *_: None,
) -> Round:
    """A round of requests, all of which must be answered as expected.

    Args:
        server, requests, pace, taken: as `wire.drive` takes them.
        processes: whose processor time counts, by family.
        expected: the status that each answer must have.

    Raises:
        Wrong: one was answered otherwise.
    """
    with costs(processes) as cost:
        sample = wire.drive(server, requests, pace, taken)
    if set(sample.statuses) != {expected}:
        raise Wrong(f"expected answers {expected}, got {dict(sample.statuses)}")
    return Round(sample.answers, sample.seconds, sample.latencies, cost)
