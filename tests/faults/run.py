"""A run: a world, its clients, the schedule of faults between them; then everything heals, and the check."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import orjson

from tests.faults import campaign, evidence, log
from tests.faults.appraiser import Appraiser
from tests.faults.check import check
from tests.faults.delivery import JSON, Closing
from tests.faults.door import BROKEN, Door
from tests.faults.evidence import Evidence
from tests.faults.front_end import FrontEnd
from tests.faults.gaps import Done
from tests.faults.journal import Clock, Journal
from tests.faults.part import Lost
from tests.faults.reader import Reader
from tests.faults.schedule import Fault
from tests.faults.violation import Violation
from tests.faults.world import World

FRONT_ENDS = 7
THINK_S = 0.1
PROBER = "prober"
TICK_S = 0.02
BEGIN_S = 30.0
HEALED_S = 120.0
"""From the end of all faults until every part is well."""
PATIENCE_S = 90.0
"""How long after that clients repeat what is still open."""
COUNTED_S = 60.0
"""And how long it may then take until all of it is in the rankings."""


@dataclass
class Outcome:
    """What came of a run."""

    faults: list[Done] = field(default_factory=list)
    evidence: Evidence = field(default_factory=Evidence)
    violations: list[Violation] = field(default_factory=list)
    lost: str = ""
    """The part that did not come back, with the end of its log."""
    seconds: float = 0.0
    healed_s: float = 0.0
    """From the end of the faults until all parts were well."""
    counted_s: float = 0.0
    """From the last client's end until all that is in the log was in the rankings."""

    @property
    def passed(self) -> bool:
        return not self.lost and not self.violations


class Clients:
    """The front-ends, the appraiser and the readers of a run, each with a journal in a folder."""

    def __init__(self, world: World, folder: Path, seed: int, clock: Clock, front_ends: int = FRONT_ENDS) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.closing = Closing()
        rng = Random(seed)  # noqa: S311 - clients that can be repeated, as far as the times allow

        def journal(name: str) -> Journal:
            return Journal(folder / f"{name}.jsonl", clock)

        def own() -> Random:
            return Random(rng.getrandbits(64))  # noqa: S311

        urls = world.intake_urls
        names = [f"front-end-{number}" for number in range(1, front_ends + 1)]
        self.front_ends = [
            FrontEnd(
                name,
                urls,
                journal(name),
                rng=own(),
                closing=self.closing,
                think_s=THINK_S,
                prober=name == PROBER,
            )
            for name in (PROBER, *names)
        ]
        self.appraiser = Appraiser(urls, world.tokens["appraiser"], journal("appraiser"), own(), self.closing)
        self.readers = [
            Reader(url, journal(f"reader-{number}")) for number, url in enumerate(world.reporting_urls, start=1)
        ]

    def start(self) -> None:
        for thread in (*self.readers, *self.front_ends, self.appraiser):
            thread.start()

    def finish(self, tend: Callable[[], None]) -> None:
        """Lets every client come to an end of what it has begun; the readers go on."""
        self.closing.begin(PATIENCE_S)
        for thread in (*self.front_ends, self.appraiser):
            while thread.is_alive():
                tend()
                thread.join(timeout=TICK_S)

    def end(self) -> None:
        for reader in self.readers:
            reader.end()


def publish(world: World) -> None:
    """Publishes the campaign as an administrator does, and waits until reporting serves it.

    Raises:
        Lost: it does not come about.
    """
    deadline = time.monotonic() + BEGIN_S
    headers = JSON | {"Authorization": f"Bearer {world.tokens['admin']}"}
    questions = [("PUT", world.intake_urls[0], campaign.PATH, orjson.dumps(campaign.definition()))]
    questions += [("GET", url, f"{campaign.PATH}/rankings?block=district", b"") for url in world.reporting_urls]
    for method, url, path, body in questions:
        door = Door([url], BEGIN_S)
        while (said := _asked(door, method, path, body, headers)) is not None:
            if time.monotonic() > deadline:
                raise Lost(f"{method} {url}{path}: {said}")
            world.tend()
            time.sleep(TICK_S)
        door.close()


def _asked(door: Door, method: str, path: str, body: bytes, headers: dict[str, str]) -> str | None:
    """Asks; returns what was wrong."""
    try:
        answer = door.ask(method, path, body or None, headers)
    except BROKEN as error:
        return repr(error)
    return None if answer.status in (200, 201) else f"{answer.status} {answer.document()}"


class Run:
    """A run in a world that has started and serves the campaign.

    Args:
        world: where.
        clients: not started yet.
        journals: their folder.
        clock: theirs.
        told: is called with a line for each fault as it begins.
    """

    def __init__(
        self, world: World, clients: Clients, journals: Path, clock: Clock, told: Callable[[str], None]
    ) -> None:
        self._world = world
        self._clients = clients
        self._journals = journals
        self._clock = clock
        self._told = told
        self.outcome = Outcome()
        self._began = 0.0

    def hurt(self, faults: Sequence[Fault], advance: Callable[[int], None]) -> None:
        """Starts the clients and does the faults in their time; `advance` is called with 1 for each."""
        self._began = time.monotonic()
        self._clients.start()
        with self._noting_loss():
            waiting = list(faults)
            going: list[tuple[Fault, float, str]] = []
            while waiting or going:
                self._world.tend()
                now = self._clock()
                for fault, at, hit in [item for item in going if item[1] + item[0].lasts <= now]:
                    self._world.end(fault)
                    going.remove((fault, at, hit))
                    self.outcome.faults.append(Done(fault.name, at, self._clock(), hit))
                while waiting and waiting[0].at <= now:
                    fault = waiting.pop(0)
                    self._told(f"{now:7.1f} s  {fault.name}" + (f" for {fault.lasts:.1f} s" if fault.lasts else ""))
                    at = self._clock()
                    going.append((fault, at, self._world.begin(fault)))
                    advance(1)
                time.sleep(TICK_S)

    def heal(self) -> None:
        """Heals the world, lets the clients finish, and waits until all that is in the log is counted and served."""
        if self.outcome.lost:
            return
        with self._noting_loss():
            self._world.heal()
            began = time.monotonic()
            self._until(self._world.unwell, HEALED_S, "after the last fault")
            self.outcome.healed_s = time.monotonic() - began
            self._clients.finish(self._world.tend)
            settings = self._world.settings
            ends = {topic: log.ends(settings, topic) for topic in ("responses", "appraisals")}
            began = time.monotonic()
            self._until(lambda: self._behind(ends), COUNTED_S, "after the last client had ended")
            self.outcome.counted_s = time.monotonic() - began

    def check(self) -> Outcome:
        """Ends the clients and checks."""
        self._clients.closing.begin(0.0)
        self._clients.end()
        self.outcome.evidence = evidence.read(self._journals)
        if not self.outcome.lost:
            self.outcome.violations = check(self.outcome.evidence, self._world.settings, self._world.reporting_urls)
        self.outcome.seconds = time.monotonic() - self._began
        return self.outcome

    @contextmanager
    def _noting_loss(self) -> Iterator[None]:
        """Once a part is lost nothing more is done; the outcome has its name."""
        try:
            yield
        except Lost as error:
            self.outcome.lost = str(error)

    def _until(self, wrong: Callable[[], str | None], seconds: float, when: str) -> None:
        deadline = time.monotonic() + seconds
        while said := wrong():
            self._world.tend()
            if time.monotonic() > deadline:
                raise Lost(f"{said}, {seconds:.0f} s {when}")
            time.sleep(TICK_S)

    def _behind(self, ends: dict[str, dict[int, int]]) -> str | None:
        """What is not yet in the rankings; None when everything is."""
        behind = [
            f"{topic}-{partition} at {reached} of {end}"
            for reader in self._clients.readers
            for topic, partitions in ends.items()
            for partition, end in partitions.items()
            if (reached := reader.positions.get(topic, {}).get(str(partition), 0)) != end
        ]
        return f"not in the rankings: {', '.join(behind)}" if behind else None
