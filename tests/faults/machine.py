"""The system on one machine as an operator runs it, every connection of it through a proxy of its own."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from deploy.embedded import jars
from deploy.embedded.errors import StartError
from deploy.embedded.kafka import Listener, kafka
from deploy.embedded.machine import LOOPBACK, free_ports
from deploy.embedded.mongo import mongo, with_database
from deploy.embedded.server import Server
from services.common import kafka as kafka_client
from services.common.settings import Settings
from services.common.tokens import ROLES, new_token
from tests.command import PARINDEX
from tests.faults.disk import Disk, NotPermitted
from tests.faults.part import SERVER_BACK_S, Part
from tests.faults.proxies import Links
from tests.faults.schedule import Ability
from tests.faults.world import World

ROOT = Path(__file__).parents[2]
PARTITIONS = 6
DATABASE = "parindex"
ANSWER_S = 2.0
SCORERS = ("scoring-1", "scoring-2")
CHECKPOINTS = ("--syncdelay=2",)
"""Otherwise MongoDB writes a minute long only to what it has reserved, and would not notice a full disk."""
GUEST = "scoring-3"
"""The scorer that comes and goes."""
LINKS = (
    "clients-intake",
    "readers-reporting",
    "intake-kafka",
    "scoring-kafka",
    "scoring-mongo",
    "reporting-mongo",
)


class OneMachine(World):
    """Kafka, MongoDB, intake with two workers, two scorers and one that comes and goes, reporting.

    Args:
        home: a folder for data, secrets and logs.
        minutes: how long the run is; the disks are so large that only a fault fills them.
    """

    def __init__(self, home: Path, minutes: float) -> None:
        super().__init__(home)
        self._logs = home / "logs"
        self._logs.mkdir(parents=True)
        services = ("intake", "reporting", *SCORERS, GUEST)
        names = ("kafka", "kafka-controller", "kafka-for-intake", "kafka-for-scoring", "mongo", *services, *LINKS)
        self._ports = dict(zip(names, free_ports(len(names)), strict=True))
        self._mounted: list[Disk] = []
        self.links = self._links()
        try:
            servers = self._servers(minutes)
        except StartError:
            self.close()
            raise
        self.intake_urls = [f"http://{LOOPBACK}:{self._ports['clients-intake']}"]
        self.reporting_urls = [f"http://{LOOPBACK}:{self._ports['readers-reporting']}"]
        self.settings = Settings(
            kafka=servers["kafka"].address,
            mongo=with_database(servers["mongo"].address, DATABASE),
            response_partitions=PARTITIONS,
        )
        self.tokens, files = secrets(home)
        self.environment = {
            **files,
            "PARINDEX_RESPONSE_PARTITIONS": str(PARTITIONS),
            "PARINDEX_KAFKA": self.settings.kafka,
            "PARINDEX_MONGO": self.settings.mongo,
        }
        for name, server in servers.items():
            more = CHECKPOINTS if name == "mongo" else ()
            self.parts[name] = Part(
                name, (*server.command, *more), {}, server.log, _lacks_nothing(server), back_s=SERVER_BACK_S
            )
        for name in services:
            self.parts[name] = self._service(name)
        self.abilities = abilities(self.disks)

    def start(self) -> None:
        super().start()
        for names in (("kafka", "mongo"), ("intake", "reporting", *SCORERS)):
            for name in names:
                self.parts[name].start()
            self.await_parts(names)
            if "kafka" in names:
                kafka_client.create_topics(self.settings)

    def heal(self) -> None:
        super().heal()
        for link in LINKS:
            self.links.mode(link, "pass")
        for disk in self.disks.values():
            disk.free()
        if self.parts[GUEST].wanted:
            self.parts[GUEST].dismiss()

    def close(self) -> None:
        super().close()
        self.links.close()
        for disk in self._mounted:
            disk.close()

    def _links(self) -> Links:
        ports = self._ports
        ends = {
            "clients-intake": ports["intake"],
            "readers-reporting": ports["reporting"],
            "intake-kafka": ports["kafka-for-intake"],
            "scoring-kafka": ports["kafka-for-scoring"],
            "scoring-mongo": ports["mongo"],
            "reporting-mongo": ports["mongo"],
        }
        return Links({name: (ports[name], end) for name, end in ends.items()}, self._logs / "proxies.log")

    def _servers(self, minutes: float) -> dict[str, Server]:
        """Kafka and MongoDB with their folders made ready, each on a disk of its own where that is permitted."""
        ports = self._ports
        self._mount("kafka", 256 + int(20 * minutes))
        listeners = [
            Listener("INTAKE", ports["kafka-for-intake"], ports["intake-kafka"]),
            Listener("SCORING", ports["kafka-for-scoring"], ports["scoring-kafka"]),
        ]
        files = jars.ensure(jars.local_repository())
        log = self._logs / "kafka.log"
        broker = kafka(self.home / "kafka", ports["kafka"], ports["kafka-controller"], files, log, listeners=listeners)
        database = mongo(self.home / "mongo", ports["mongo"], self._logs / "mongo.log")
        # It asks for more free space than the small disk has, so that comes after.
        self._mount("mongo", 768 + int(20 * minutes))
        return {"kafka": broker, "mongo": database}

    def _mount(self, name: str, megabytes: int) -> None:
        try:
            disk = Disk(self.home / name / "data", megabytes)
        except NotPermitted as error:
            self.left_out = [*self.left_out, f"full disk under {name}: a small disk cannot be mounted ({error})"]
        else:
            self.disks[name] = disk
            self._mounted.append(disk)

    def _service(self, name: str) -> Part:
        """A service that reaches its servers through its links."""
        family = name.partition("-")[0]
        bind = f"{LOOPBACK}:{self._ports[name]}"
        own = {
            f"PARINDEX_{family.upper()}_BIND": bind,
            "PARINDEX_KAFKA": f"{LOOPBACK}:{self._ports.get(f'{family}-kafka', self._ports['kafka'])}",
            "PARINDEX_MONGO": with_database(
                f"mongodb://{LOOPBACK}:{self._ports.get(f'{family}-mongo', self._ports['mongo'])}/"
                # The set's own address would lead past the proxy.
                "?directConnection=true",
                DATABASE,
            ),
        }
        return Part(
            name,
            (*PARINDEX, family),
            {**self.environment, **own},
            self._logs / f"{name}.log",
            lambda: says_ok(f"http://{bind}/livez"),
        )

    def unwell(self) -> str | None:
        if said := super().unwell():
            return said
        for name, part in self.parts.items():
            if part.wanted and name in self._ports and name not in ("kafka", "mongo"):
                address = f"http://{LOOPBACK}:{self._ports[name]}/readyz"
                if not says_ok(address):
                    return f"{name} is not ready"
        return None


def secrets(home: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The tokens by role, and the settings that name the files made in a folder."""
    made = {role: new_token(f"the-{role}", role) for role in ROLES}
    tokens, key = home / "tokens", home / "key"
    tokens.write_text("".join(f"{token.name} {token.role} {token.sha256}\n" for _, token in made.values()))
    key.write_text("k" * 32)
    files = {"PARINDEX_TOKENS_FILE": str(tokens), "PARINDEX_RECEIPT_KEY_FILE": str(key)}
    return {role: secret for role, (secret, _) in made.items()}, files


def abilities(disks: Iterable[str]) -> list[Ability]:
    """What can be done to this world; `disks` are those that can be filled."""
    dies = [
        Ability("kill worker", "intake", room=4),
        Ability("kill", "intake", room=6),
        *(Ability("kill", name, room=6) for name in (*SCORERS, "reporting")),
        Ability("kill", "kafka", room=20),
        Ability("kill", "mongo", room=8),
        Ability("stop", "intake", room=6),
        Ability("stop", "scoring-1", room=6),
        Ability("stop", "reporting", room=6),
        Ability("freeze", "scoring-2", lasts=(11, 14), room=6),
        Ability("join", GUEST, lasts=(6, 12), room=4),
        Ability("storm", GUEST, lasts=(15, 25), room=4),
    ]
    modes = ("cut", "delay", "hole", "eatack", "refuse")
    links = [Ability(mode, link, lasts=(0, 0) if mode == "cut" else (1, 6), room=2) for link in LINKS for mode in modes]
    fills = [Ability("fill", name, lasts=(5, 8), room=20, pause=8) for name in disks]
    return [replace(ability, touches=_touched(ability.target)) for ability in (*dies, *links, *fills)]


def _touched(target: str) -> tuple[str, ...]:
    """Who waits when this part or link is hurt. What is acknowledged while counting stands still is counted later."""
    return {
        "intake": ("intake",),
        "clients-intake": ("intake",),
        "intake-kafka": ("intake",),
        "kafka": ("intake", "counting"),
        "mongo": ("counting", "reporting"),
        "reporting": ("counting", "reporting"),
        "reporting-mongo": ("counting", "reporting"),
        "readers-reporting": ("counting", "reporting"),
    }.get(target, ("counting",))


def _lacks_nothing(server: Server) -> Callable[[], bool]:
    return lambda: server.lacking() is None


def says_ok(address: str) -> bool:
    """Whether a service answers 200 there."""
    try:
        with urllib.request.urlopen(address, timeout=ANSWER_S):  # noqa: S310 - http, made here
            return True
    except (OSError, urllib.error.HTTPError):
        return False
