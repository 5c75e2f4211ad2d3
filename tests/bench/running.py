"""The stack under measurement: what it has acknowledged, when all of it is counted, and what its processes cost."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from deploy.embedded.mongo import with_database
from deploy.stack import Stack, Status
from services.cli.simulation.connection import Connection
from services.cli.simulation.population import Population
from services.cli.simulation.trial import Trial
from services.common import mongo
from services.common.settings import read_settings
from tests.bench import wire
from tests.bench.bodies import SEED, campaign
from tests.bench.figures import Round
from tests.bench.processes import Address, cpu_of

Processes = Callable[[], dict[str, list[int]]]
"""What names processes by family at the moment it is asked."""

SCORER = "scoring-1"
COUNTED_S = 240.0
LOOK_S = 0.02
ACCEPTED = 202


class Wrong(Exception):
    """The stack did not do what was measured: a figure of it would be worth nothing."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    seconds: float
    rounds: int
    backlog: int
    weekend_rows: tuple[int, ...]
    fresh_seconds: float
    fresh_rate: float = 300.0
    connections: int = 32


FULL = Sizes(3.0, 3, 100_000, (20_000, 200_000), 10.0)
QUICK = Sizes(0.5, 1, 1_000, (500, 1_000), 2.0)


class Bench:
    """A running stack with the bench's campaign published and appraised."""

    def __init__(self, stack: Stack, sizes: Sizes) -> None:
        found = stack.status()
        if found is None:
            raise Wrong(f"the stack has ended; its logs are in {stack.home.logs}")
        self.sizes = sizes
        self.stack = stack
        self.status: Status = found
        os.environ.update(stack.environment)
        self.settings = read_settings()
        self.intake, self.reporting = address(found["intake"]), address(found["reporting"])
        self.acknowledged = 0
        self._client = mongo.client(self.settings.mongo)
        self._state = mongo.database(self._client)["campaign_state"]
        trial = Trial(found["intake"], found["reporting"], found["admin_token"])
        self.campaign = trial.publish(campaign())
        trial.appraise(self.campaign, Population(self.campaign, SEED).appraisals, lambda _: None)
        trial.close()

    def close(self) -> None:
        self._client.drop_database(self._weekend)
        self._client.close()

    @property
    def _weekend(self) -> str:
        return f"{mongo.database(self._client).name}-weekend"

    @property
    def weekend_mongo(self) -> str:
        """A database of the same server for the weekend system."""
        return with_database(self.settings.mongo, self._weekend)

    def counted(self) -> int:
        """How many responses the current indices rest on."""
        state = self._state.find_one({"_id": self.campaign.code}, {"counted": 1})
        return sum(state["counted"].values()) if state else 0

    def await_counted(self) -> None:
        """Waits until exactly what was acknowledged is counted.

        Raises:
            Wrong: it is not, or not in time.
        """
        deadline = time.monotonic() + COUNTED_S
        while (counted := self.counted()) < self.acknowledged:
            if time.monotonic() > deadline:
                raise Wrong(f"{counted:,} of {self.acknowledged:,} are counted after {COUNTED_S:.0f} s")
            time.sleep(LOOK_S)
        if counted > self.acknowledged:
            raise Wrong(f"{counted:,} are counted, {self.acknowledged:,} were acknowledged")

    def stop_scoring(self) -> None:
        self.await_counted()
        self.stack.supervisor.stop(SCORER)

    def start_scoring(self) -> None:
        self.stack.supervisor.start(SCORER)

    def ranking(self) -> tuple[str, str, bytes]:
        """Path, ETag and body of a ranking."""
        path = f"/v1/campaigns/{self.campaign.code}/rankings?block={self.campaign.blocks[0].code}"
        connection = Connection(self.status["reporting"])
        answer = connection.exchange("GET", path)
        connection.close()
        return path, answer.headers["etag"], answer.body

    def processes(self) -> dict[str, list[int]]:
        """The stack's processes by family, and this one as the client."""
        found = self.stack.status()
        return {**(found["pids"] if found else {}), "client": [os.getpid()]}


def address(url: str) -> Address:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 80


@contextmanager
def costs(processes: Processes) -> Iterator[dict[str, float]]:
    """Fills in, at the end of the block, the processor time that each family has used during it."""
    before = {pid: cpu_of(pid) for members in processes().values() for pid in members}
    found: dict[str, float] = {}
    yield found
    for family, members in processes().items():
        found[family] = sum(cpu_of(pid) - before.get(pid, 0.0) for pid in members)


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
    with costs(processes) as cpu:
        sample = wire.drive(server, requests, pace, taken)
    if set(sample.statuses) != {expected}:
        raise Wrong(f"expected answers {expected}, got {dict(sample.statuses)}")
    return Round(sample.answers, sample.seconds, sample.latencies, cpu)
