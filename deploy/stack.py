"""The one-machine stack: Kafka, MongoDB and the services, kept alive, with their data in one folder.

with Stack(Path("somewhere")) as stack:            # ends with this process, however that ends
    httpx.get(stack.status()["intake"] + "/readyz")

Stack(Path(".parindex")).start()                   # goes on after this process
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import NoReturn, Self, TypedDict

from environs import EnvError

from deploy.embedded.errors import StartError
from deploy.embedded.kafka import partitions
from deploy.embedded.machine import require_linux
from deploy.embedded.server import POLL_S, Server, wait_until_ready
from deploy.stack_home import Home, State
from deploy.stack_plan import PARINDEX, PARTITIONS_FILE, SERVERS, plan
from deploy.stack_processes import with_descendants
from deploy.stack_progress import Progress, Silent
from deploy.stack_supervisor import Supervisor, spawn
from services.common.settings import read_settings

STOP_S = 90.0
PREPARE_S = 120
FEW_PARTITIONS = 4
"""Of responses, in a topic that is new: each costs a batch, an append and a transaction of its own, on few cores."""
FAMILIES = ("intake", "scoring", "reporting", *SERVERS)


class Status(TypedDict):
    """What a script needs to use a running stack. Processes are listed with all that they started."""

    intake: str
    reporting: str
    admin_token: str
    viewer_token: str
    kafka: str
    mongo: str
    pids: dict[str, list[int]]


class Stack:
    """The stack of one folder: starts it, stops it, says what runs.

    As a context manager it ends with this process: when that is killed, the supervisor stops everything in order; when
    the supervisor is killed, the kernel does.
    """

    def __init__(
        self,
        home: Path,
        *,
        scorers: int = 1,
        kafka: str | None = None,
        mongo: str | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Nothing is started or written yet.

        Args:
            home: the folder; made when it is not there.
            scorers: how many scoring processes to run.
            kafka: bootstrap address of a running broker; default PARINDEX_KAFKA, else an embedded one is started.
            mongo: URI of a running replica set, with the database; default PARINDEX_MONGO, else an embedded one.
            progress: is told what happens.
        """
        self.home = Home(home)
        self._scorers = scorers
        self._kafka = kafka or os.environ.get("PARINDEX_KAFKA")
        self._mongo = mongo or os.environ.get("PARINDEX_MONGO")
        self._progress = progress or Silent()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start(tied=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def environment(self) -> dict[str, str]:
        """The settings of the services, for a process that wants the same servers, topics, database and secrets."""
        return self.home.read().environment

    @property
    def supervisor(self) -> Supervisor:
        """Stops, starts and describes single parts: kafka, mongo, intake, reporting, scoring-1, scoring-2 and so on."""
        return Supervisor(self.home.read().control)

    def status(self) -> Status | None:
        """What runs and where; None when nothing does."""
        if not self.home.held():
            return None
        state = self.home.read()
        try:
            parts = Supervisor(state.control).parts()
        except OSError:
            # It is starting or ending.
            return None
        pids: dict[str, list[int]] = {family: [] for family in FAMILIES}
        for name, part in parts.items():
            pids[name.partition("-")[0]] += with_descendants(part["pid"]) if part["pid"] else []
        return Status(
            intake=state.urls["intake"],
            reporting=state.urls["reporting"],
            admin_token=self.home.secret("admin"),
            viewer_token=self.home.secret("viewer"),
            kafka=state.environment["PARINDEX_KAFKA"],
            mongo=state.environment["PARINDEX_MONGO"],
            pids=pids,
        )

    def start(self, *, tied: bool = False) -> None:
        """Starts everything and waits until every part is ready. When one fails, what has started is stopped again.

        Args:
            tied: whether the stack ends with this process.

        Raises:
            StartError: says what could not be had or started, and the remedy.
        """
        require_linux()
        self.home.make()
        lock = self.home.hold()
        try:
            state, parts = plan(self.home, self._scorers, self._kafka, self._mongo, self._progress)
            environment = os.environ | state.environment
            self._process = spawn(self.home, environment, lock, tied=tied)
        finally:
            os.close(lock)
        supervisor = Supervisor(state.control)
        try:
            supervisor.await_start(self._process, self.home.supervisor_output)
            if state.embedded:
                self._progress.step("Starting " + " and ".join(parts[name].name for name in state.embedded))
            _start_parts(supervisor, {name: parts[name] for name in state.embedded})
            self._progress.step("Making the topics and the database ready")
            self._settle_partitions(state)
            for command in ("topics", "database"):
                _run(command, environment)
            services = {name: part for name, part in parts.items() if name not in SERVERS}
            self._progress.step("Starting " + ", ".join(services))
            _start_parts(supervisor, services)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stops the services, then the servers, and waits until nothing is left; without a running stack does nothing.

        What does not end in time is killed: the supervisor and with it, by the kernel, everything it started.
        """
        if self.home.held():
            with suppress(OSError):  # without an answer of the supervisor its own end does the same, only slower
                supervisor = self.supervisor
                running = list(supervisor.parts())
                self._progress.step("Stopping the services")
                supervisor.stop(*(name for name in running if name not in SERVERS))
                self._progress.step("Stopping the servers")
                supervisor.stop(*(name for name in running if name in SERVERS))
            self._end_supervisor(signal.SIGTERM, STOP_S) or self._end_supervisor(signal.SIGKILL, STOP_S)
        if self._process:
            self._process.wait()
            self._process = None

    def _settle_partitions(self, state: State) -> None:
        """Where nobody has said how many partitions its own Kafka has of responses: those that are there, or few."""
        if state.environment.get(PARTITIONS_FILE) != str(self.home.partitions):
            return
        try:
            topic = read_settings().topic("responses")
        except EnvError as error:
            raise StartError(f"A setting cannot be read: {error}") from error
        there = partitions(state.environment["PARINDEX_KAFKA"], topic)
        self.home.keep_partitions(there or max(FEW_PARTITIONS, self._scorers))

    def _end_supervisor(self, number: signal.Signals, wait_s: float) -> bool:
        with suppress(ProcessLookupError):
            os.kill(self._process.pid if self._process else self.home.supervisor_pid(), number)
        deadline = time.monotonic() + wait_s
        while self.home.held() and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return not self.home.held()


def _start_parts(supervisor: Supervisor, parts: Mapping[str, Server]) -> None:
    alive = {name: supervisor.start(name) for name in parts}
    for name, part in parts.items():
        wait_until_ready(part, alive[name])


def _run(command: str, environment: Mapping[str, str]) -> None:
    """Runs a command of `parindex` to its end."""
    try:
        done = subprocess.run(  # noqa: S603 - made here, no shell reads it
            [*PARINDEX, command],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PREPARE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StartError(f"`parindex {command}` did not end within {PREPARE_S} s: do the servers answer?") from error
    if done.returncode != 0:
        raise StartError(f"`parindex {command}` failed: {(done.stderr or done.stdout).strip()[-2_000:]}")


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Lets SIGTERM and SIGHUP end this process as an exception does, so that what it holds is stopped in order."""

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
