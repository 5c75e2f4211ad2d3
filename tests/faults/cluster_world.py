"""Three machines, one of which is hurt at a time, with two of each service beside them.

The machines are network namespaces where that is permitted. Otherwise all is this machine, and nobody is isolated.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from deploy.embedded.machine import LOOPBACK, free_ports
from deploy.embedded.mongo import with_database
from deploy.embedded.server import Server
from services.common import kafka as kafka_client
from services.common.settings import Settings
from tests.faults.cluster import KAFKA, MONGO, Cluster, server_name
from tests.faults.machine import DATABASE, PARINDEX, PARTITIONS, says_ok, secrets
from tests.faults.namespaces import Machine, NotPermitted, loopback, machines
from tests.faults.part import SERVER_BACK_S, Lost, Part
from tests.faults.schedule import Ability, Fault
from tests.faults.world import LOOK_S, World, again_after

SIZE = 3
SERVICES = ("intake-1", "intake-2", "scoring-1", "scoring-2", "reporting-1", "reporting-2")
TARGETS = {
    "leader": (KAFKA,),
    "controller": (KAFKA,),
    "broker": (KAFKA,),
    "primary": (MONGO,),
    "member": (MONGO,),
    "machine": (KAFKA, MONGO),
}
"""What is hurt of a machine by a fault of a target."""
MACHINE = "machine"
PAUSE_S = 8.0
"""So that what a fault of a machine does to clients is seen by itself."""
WHOLE_S = 180.0
"""A broker starts, an emptied disk is filled anew, and all of it on the processors that clients and services use."""


class ClusterWorld(World):
    """Three brokers, a replica set of three, two intakes, two scorers, two reportings.

    A machine is hurt only while the other two could go on without it: a fault of one waits for that.

    Args:
        home: a folder for data, secrets and logs.
    """

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        # A broker that is away is no news here.
        logging.getLogger("kafka").setLevel(logging.CRITICAL)
        self._logs = home / "logs"
        self._logs.mkdir(parents=True)
        self._hit: dict[str, tuple[int, list[Part]]] = {}
        """By name of a fault: the machine that it has hit last, and the parts."""
        with ExitStack() as opened:
            self._cluster = Cluster(home, self._logs, self._machines(opened))
            self._ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
            self._servers = self._cluster.servers()
            self._opened = opened.pop_all()
        self.intake_urls, self.reporting_urls = (
            [self._url(name) for name in SERVICES if name.startswith(family)] for family in ("intake", "reporting")
        )
        self.settings = Settings(
            kafka=self._cluster.kafka,
            mongo=with_database(self._cluster.mongo, DATABASE),
            response_partitions=PARTITIONS,
            replication=SIZE,
        )
        self.tokens, files = secrets(home)
        self.environment = {
            **files,
            "PARINDEX_RESPONSE_PARTITIONS": str(PARTITIONS),
            "PARINDEX_REPLICATION": str(SIZE),
            "PARINDEX_KAFKA": self.settings.kafka,
            "PARINDEX_MONGO": self.settings.mongo,
        }
        for name, server in self._servers.items():
            self.parts[name] = Part(name, server.command, {}, server.log, _answers(server), back_s=SERVER_BACK_S)
        for name in SERVICES:
            self.parts[name] = self._service(name)
        self.abilities = abilities(isolation=not self.left_out)

    def start(self) -> None:
        super().start()
        self._start_parts(list(self._servers))
        self._cluster.initiate()
        self._await(self._cluster.lacking)
        kafka_client.create_topics(self.settings)
        self._start_parts(SERVICES)

    def begin(self, fault: Fault) -> str:
        if fault.target not in TARGETS:
            return super().begin(fault)
        self._await(self._cluster.lacking)
        number = self._machine(fault)
        hit = [self.parts[server_name(kind, number)] for kind in TARGETS[fault.target]]
        self._hit[fault.name] = number, hit
        if fault.kind == "isolate":
            self._cluster.machines[number].isolate()
        for part in hit:
            match fault.kind:
                case "kill":
                    part.kill(again_after(fault))
                case "freeze":
                    part.freeze()
                case "erase":
                    part.wanted = False
                    part.kill()
        return f"machine {number}"

    def end(self, fault: Fault) -> None:
        if fault.target not in TARGETS:
            super().end(fault)
            return
        number, hit = self._hit[fault.name]
        if fault.kind == "isolate":
            self._cluster.machines[number].rejoin()
        elif fault.kind == "erase":
            # A voter that has forgotten its votes is safe only while the others have a leader and all that it had.
            self._await(lambda: self._cluster.lacking(without=number))
            self._cluster.erase(number)
        for part in hit:
            match fault.kind:
                case "isolate":
                    part.hurt()
                case "freeze":
                    part.thaw()
                case "erase":
                    part.start()

    def unwell(self) -> str | None:
        if said := super().unwell():
            return said
        for name in SERVICES:
            if not says_ok(f"{self._url(name)}/readyz"):
                return f"{name} is not ready"
        return self._cluster.lacking()

    def close(self) -> None:
        for name in self._servers:
            self.parts[name].wanted = False
            # In order they would wait for each other, and all of it is thrown away.
            self.parts[name].signal(signal.SIGKILL)
        super().close()
        self._opened.close()

    def _machines(self, opened: ExitStack) -> list[Machine]:
        try:
            return opened.enter_context(machines(SIZE))
        except NotPermitted as error:
            self.left_out = [f"isolation of a machine: network namespaces cannot be used ({error})"]
            return loopback(SIZE)

    def _machine(self, fault: Fault) -> int:
        """The machine that a fault is to hit."""
        match fault.target:
            case "leader":
                return self._cluster.leader(self.settings.topic("responses"), int(fault.luck * PARTITIONS))
            case "controller":
                return self._cluster.controller()
            case "primary":
                return self._cluster.primary()
            case _:
                return 1 + int(fault.luck * SIZE)

    def _url(self, name: str) -> str:
        return f"http://{LOOPBACK}:{self._ports[name]}"

    def _service(self, name: str) -> Part:
        family = name.partition("-")[0]
        own = {
            f"PARINDEX_{family.upper()}_BIND": f"{LOOPBACK}:{self._ports[name]}",
            # There are two of it.
            "PARINDEX_INTAKE_WORKERS": "1",
        }
        return Part(
            name,
            (*PARINDEX, family),
            {**self.environment, **own},
            self._logs / f"{name}.log",
            lambda: says_ok(f"{self._url(name)}/livez"),
        )

    def _start_parts(self, names: Sequence[str]) -> None:
        for name in names:
            self.parts[name].start()
        self.await_parts(names)

    def _await(self, wrong: Callable[[], str | None]) -> None:
        """Waits until nothing is wrong any more, and tends the parts meanwhile.

        Raises:
            Lost: it lasted too long.
        """
        deadline = time.monotonic() + WHOLE_S
        while said := wrong():
            self.tend()
            if time.monotonic() > deadline:
                raise Lost(f"after {WHOLE_S:.0f} s the cluster is not whole: {said}")
            time.sleep(LOOK_S)


def abilities(*, isolation: bool) -> list[Ability]:
    """What the schedule is drawn from, with or without what needs networks of their own."""
    servers = [
        *(_of_machine("kill", target, room=15) for target in ("leader", "controller", "broker", "machine")),
        *(_of_machine("kill", target, room=8) for target in ("primary", "member")),
        *(_of_machine("freeze", target, lasts=(5, 12)) for target in ("leader", "primary")),
        _of_machine("erase", "machine", lasts=(5, 10), room=25),
    ]
    if isolation:
        servers += [_of_machine("isolate", target, lasts=(5, 15)) for target in ("leader", "controller", "primary")]
    services = [
        *(Ability("kill", name, room=6, touches=("intake",)) for name in ("intake-1", "intake-2")),
        Ability("kill worker", "intake-1", room=6, touches=("intake",)),
        *(Ability("kill", name, room=6, touches=("counting",)) for name in ("scoring-1", "scoring-2")),
        Ability("freeze", "scoring-2", lasts=(11, 14), room=6, touches=("counting",)),
        *(Ability("kill", name, room=6, touches=("counting", "reporting")) for name in ("reporting-1", "reporting-2")),
    ]
    return [*servers, *services]


def _of_machine(kind: str, target: str, lasts: tuple[float, float] = (0.0, 0.0), room: float = 10.0) -> Ability:
    """A fault of one of the machines. Isolation takes all that runs there."""
    kinds = (KAFKA, MONGO) if kind == "isolate" else TARGETS[target]
    touches = [
        service
        for service, needed in (("intake", KAFKA), ("counting", ""), ("reporting", MONGO))
        if needed in kinds or not needed
    ]
    return Ability(kind, target, lasts, room, pause=PAUSE_S, touches=tuple(touches), of=MACHINE)


def _answers(server: Server) -> Callable[[], bool]:
    return lambda: server.lacking() is None
