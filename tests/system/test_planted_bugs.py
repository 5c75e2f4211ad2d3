"""The check of the fault runner can fail: each of three bugs planted in scoring is found, and nothing without it.

Each scenario hurts scoring at the one moment at which its bug matters. Clients, journals and check are the runner's.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.embedded.machine import LOOPBACK, free_ports
from services.common import kafka, mongo
from services.common.generation import Generation
from services.common.settings import Settings
from services.common.tokens import ROLES, new_token
from tests.conftest import environment
from tests.faults import evidence, log
from tests.faults.check import check
from tests.faults.delivery import Closing
from tests.faults.door import Door
from tests.faults.front_end import FrontEnd
from tests.faults.journal import Clock, Journal
from tests.faults.machine import PARINDEX, ROOT, says_ok
from tests.faults.part import Part
from tests.faults.planted import ARMED
from tests.faults.run import publish
from tests.faults.violation import Violation
from tests.faults.world import World

PARTITIONS = 3
DEADLINE_S = 60.0
WAKINGS = 6


@dataclass(frozen=True)
class Planted:
    """A bug, when the scorer that has it dies or freezes, what happens around, and what the check must find then."""

    bug: str
    step: str
    deed: str
    scenario: Callable[[Case], None]
    found: str


class Small(World):
    """Intake, the scorer with the bug, and a right one that is started when a scenario asks for it."""

    def __init__(self, home: Path, settings_env: dict[str, str], planted: Planted) -> None:
        super().__init__(home)
        ports = dict(zip(("intake", "wrong", "right"), free_ports(3), strict=True))
        made = {role: new_token(role, role) for role in ROLES}
        (home / "tokens").write_text(
            "".join(f"{token.name} {token.role} {token.sha256}\n" for _, token in made.values())
        )
        (home / "key").write_text("k" * 32)
        self.tokens = {role: secret for role, (secret, _) in made.items()}
        self.environment = {
            **settings_env,
            "PARINDEX_RESPONSE_PARTITIONS": str(PARTITIONS),
            "PARINDEX_TOKENS_FILE": str(home / "tokens"),
            "PARINDEX_RECEIPT_KEY_FILE": str(home / "key"),
            "PARINDEX_INTAKE_WORKERS": "1",
            "PYTHONPATH": str(ROOT),
        }
        self.settings = Settings(
            kafka=settings_env["PARINDEX_KAFKA"],
            mongo=settings_env["PARINDEX_MONGO"],
            topic_prefix=settings_env["PARINDEX_TOPIC_PREFIX"],
            response_partitions=PARTITIONS,
        )
        commands = {
            "intake": (*PARINDEX, "intake"),
            "wrong": (sys.executable, "-P", "-m", "tests.faults.planted", planted.bug, planted.step, planted.deed),
            "right": (*PARINDEX, "scoring"),
        }
        for name, command in commands.items():
            family = "INTAKE" if name == "intake" else "SCORING"
            own = {**self.environment, f"PARINDEX_{family}_BIND": f"{LOOPBACK}:{ports[name]}"}
            alive = partial(says_ok, f"http://{LOOPBACK}:{ports[name]}/livez")
            self.parts[name] = Part(name, command, own, home / f"{name}.log", alive)
        self.intake_urls = [f"http://{LOOPBACK}:{ports['intake']}"]
        self.reporting_urls = []
        self._metrics = Door([f"http://{LOOPBACK}:{ports['wrong']}"], timeout_s=5)
        self.abilities = []

    def start(self) -> None:
        super().start()
        kafka.create_topics(self.settings)
        for name in ("intake", "wrong"):
            self.parts[name].start()
        self.await_parts(("intake", "wrong"))

    def until(self, what: str, holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not holds():
            assert time.monotonic() < deadline, f"not within {DEADLINE_S:.0f} s: {what}"
            self.tend()
            time.sleep(0.02)

    def await_counted(self) -> None:
        """Waits until the positions are the ends of the log."""
        ends = log.ends(self.settings, "responses")
        topic = self.settings.topic("responses")
        with mongo.client(self.settings.mongo) as client:
            positions = Generation.current(mongo.database(client)).positions

            def counted() -> bool:
                found = {stored["_id"]["partition"]: stored["next"] for stored in positions.find({"_id.topic": topic})}
                return found == ends

            self.until("all that was said is counted", counted)

    def arm(self) -> None:
        """From now on the wrong scorer does its deed at its step."""
        wrong = self.parts["wrong"]
        before = wrong.log.read_text().count(ARMED)
        wrong.signal(signal.SIGUSR1)
        self.until("the scorer is armed", lambda: wrong.log.read_text().count(ARMED) > before)

    def chunks(self) -> int:
        """The transactions of responses that the wrong scorer has begun and ended, one way or another."""
        text = self._metrics.ask("GET", "/metrics").body.decode()
        return sum(
            int(sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == "parindex_scoring_chunk_seconds_count" and sample.labels["topic"] == "responses"
        )

    def broken(self) -> int:
        """The transactions of which the wrong scorer does not know how they ended."""
        return self.parts["wrong"].log.read_text().count("the transaction failed")


class Case:
    """A world with a client that has said something already, all of which is counted."""

    def __init__(self, world: Small) -> None:
        self.world = world
        self._journals = world.home / "journals"
        self._journals.mkdir()
        journal = Journal(self._journals / "front-end.jsonl", Clock())
        rng = Random(1)  # noqa: S311 - the same every time
        self.client = FrontEnd("front-end", world.intake_urls, journal, rng=rng, closing=Closing(), think_s=1)
        publish(world)
        self.say(20)
        world.await_counted()

    def say(self, times: int) -> None:
        for _ in range(times):
            self.client.post()

    def violations(self) -> list[Violation]:
        self.world.await_counted()
        return check(evidence.read(self._journals), self.world.settings, self.world.reporting_urls)


def edits(case: Case) -> None:
    """Nothing is hurt."""
    for _ in range(10):
        case.client.edit()


def dies_before_the_update(case: Case) -> None:
    """The scorer dies when it has a chunk in hand and has sent nothing of its transaction."""
    wrong = case.world.parts["wrong"]
    case.world.arm()
    case.say(30)
    case.world.until("the scorer has died and was started again", lambda: wrong.starts == 2 and wrong.up)


def wakes_as_a_second_owner(case: Case) -> None:
    """The scorer freezes with a chunk in hand; another takes its partitions over; then it goes on with the chunk.

    Its driver may find first that the heartbeats are overdue and cut the connections: then nothing was put to the
    test, and the scorer freezes again.
    """
    for _ in range(WAKINGS):
        if _goes_on_with_its_chunk(case):
            return
    raise AssertionError(f"the driver cut the connections {WAKINGS} times")


def _goes_on_with_its_chunk(case: Case) -> bool:
    world = case.world
    wrong, right = world.parts["wrong"], world.parts["right"]
    chunks, broken = world.chunks(), world.broken()
    world.arm()
    case.say(30)
    world.until("the scorer has frozen", lambda: _state(wrong.pid) == "T")
    wrong.frozen = True
    right.start()
    world.await_counted()
    wrong.thaw()
    world.until("the frozen one has gone on with its chunk", lambda: world.chunks() > chunks)
    case.say(30)
    world.await_counted()
    right.dismiss()
    world.until("the right one has ended", lambda: right.pid == 0)
    return world.broken() == broken


SCENARIOS = [
    Planted("no subtract", "", "kill", edits, "tallies are not the sums of rows"),
    Planted("offset before", "before the update", "kill", dies_before_the_update, "acknowledged but not counted"),
    Planted("no compare", "before the update", "freeze", wakes_as_a_second_owner, "counted is not the number of rows"),
]


@pytest.mark.parametrize("planted", SCENARIOS, ids=lambda planted: planted.bug)
def test_a_planted_bug_is_found_and_nothing_without_it(
    kafka_server: str, mongo_server: str, tmp_path: Path, planted: Planted
) -> None:
    found = {}
    for bug in ("none", planted.bug):
        with (
            environment(kafka_server, mongo_server) as made,
            _small(tmp_path / bug, made, replace(planted, bug=bug)) as world,
        ):
            case = Case(world)
            planted.scenario(case)
            found[bug] = case.violations()
    assert found["none"] == []
    assert planted.found in {violation.what for violation in found[planted.bug]}, found[planted.bug][:5]


@contextmanager
def _small(home: Path, settings_env: dict[str, str], planted: Planted) -> Iterator[Small]:
    home.mkdir()
    world = Small(home, settings_env, planted)
    try:
        world.start()
        yield world
    finally:
        world.close()


def _state(pid: int) -> str:
    """T: stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] if pid else ""
