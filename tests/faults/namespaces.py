"""Machines on this one, as the network sees them: namespaces with an address each on a private bridge. Root only.

Names hold the process that made them, so that a later run removes what a killed one has left.
"""

from __future__ import annotations

import errno
import ipaddress
import json
import os
import random
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.machine import LOOPBACK

NAMESPACES = Path("/run/netns")
LINKS = Path("/sys/class/net")
NAMESPACE, LINK = "parindex-", "pxi"
"""How the names begin; then comes the process id. A link's name has 15 letters at most."""
PROBE_S = 3.0
DISCARD = 9


class NotPermitted(Exception):
    """This machine lets nobody make namespaces here, or they are not reached; the message says why."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the servers of one machine run.

    Attributes:
        address: the only one on which they listen.
        namespace: of the network; None: this machine's own, on which nobody can be isolated.
        link: its cable, seen from this machine.
    """

    address: str
    namespace: str | None = None
    link: str = ""

    def inside(self, command: Sequence[str]) -> tuple[str, ...]:
        """The command line that runs a command there, as the same process."""
        if self.namespace is None:
            return tuple(command)
        return (_tool("nsenter"), f"--net={NAMESPACES / self.namespace}", "--", *command)

    def isolate(self) -> None:
        """Pulls the cable: nothing that is sent arrives, in either direction, and nobody is told."""
        _ip("link", "set", self.link, "down")

    def rejoin(self) -> None:
        """Puts the cable back."""
        _ip("link", "set", self.link, "up")


@contextmanager
def machines(count: int) -> Iterator[list[Machine]]:
    """Machines that reach each other and are reached from here; all of it is gone at the end.

    Raises:
        NotPermitted: with the reason.
    """
    sweep()
    bridge = f"{LINK}{os.getpid()}"
    made: list[Machine] = []
    try:
        network = _free_network()
        _ip("link", "add", bridge, "type", "bridge")
        _ip("addr", "add", f"{network[-2]}/{network.prefixlen}", "dev", bridge)
        _ip("link", "set", bridge, "up")
        for number in range(1, count + 1):
            machine = Machine(str(network[number]), f"{NAMESPACE}{os.getpid()}-{number}", f"{bridge}v{number}")
            made.append(machine)
            _connect(machine, bridge, network.prefixlen)
        for machine in made:
            _require_reached(machine)
        yield made
    finally:
        for machine in made:
            _remove_link(machine.link)
            _remove_namespace(str(machine.namespace))
        _remove_link(bridge)


def loopback(count: int) -> list[Machine]:
    """Machines that are this one."""
    return [Machine(LOOPBACK)] * count


def sweep() -> None:
    """Removes what runs have left that were killed."""
    for namespace in NAMESPACES.glob(f"{NAMESPACE}*-*"):
        if _is_left(namespace.name.removeprefix(NAMESPACE).partition("-")[0]):
            _remove_namespace(namespace.name)
    for link in LINKS.glob(f"{LINK}*"):
        if _is_left(link.name.removeprefix(LINK).partition("v")[0]):
            _remove_link(link.name)


def _connect(machine: Machine, bridge: str, prefix: int) -> None:
    namespace = str(machine.namespace)
    _ip("netns", "add", namespace)
    _ip("link", "add", machine.link, "type", "veth", "peer", "name", "eth0", "netns", namespace)
    _ip("link", "set", machine.link, "master", bridge, "up")
    _ip("-n", namespace, "addr", "add", f"{machine.address}/{prefix}", "dev", "eth0")
    _ip("-n", namespace, "link", "set", "eth0", "up")
    # By it a server reaches its own address.
    _ip("-n", namespace, "link", "set", "lo", "up")


def _require_reached(machine: Machine) -> None:
    """A firewall may drop what passes a bridge: then a refusal does not arrive."""
    try:
        socket.create_connection((machine.address, DISCARD), PROBE_S).close()
    except OSError as error:
        if error.errno != errno.ECONNREFUSED:
            raise NotPermitted(f"a namespace was made but is not reached: {error}") from error


def _free_network() -> ipaddress.IPv4Network:
    """A private network that overlaps none that this machine knows."""
    known = [
        ipaddress.ip_network(route["dst"], strict=False)
        for route in json.loads(_ip("-json", "-4", "route", "show", "table", "all"))
        if route["dst"] != "default"
    ]
    for _ in range(100):
        second, third = random.randint(16, 250), random.randint(0, 255)  # noqa: S311 - no secret
        found = ipaddress.IPv4Network(f"10.{second}.{third}.0/24")
        if not any(found.overlaps(network) for network in known):
            return found
    raise NotPermitted("no network of 10.0.0.0/8 is free")


def _is_left(pid: str) -> bool:
    return pid.isdecimal() and not Path(f"/proc/{pid}").exists()


def _remove_namespace(name: str) -> None:
    _remove(NAMESPACES / name, "netns")


def _remove_link(name: str) -> None:
    _remove(LINKS / name, "link")


def _remove(path: Path, kind: str) -> None:
    if path.exists():
        try:
            _ip(kind, "del", path.name)
        except NotPermitted:
            # Another run may have swept it away meanwhile.
            if path.exists():
                raise


def _tool(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if found is None:
        raise NotPermitted(f"the program {name} is not installed")
    return found


def _ip(*arguments: str) -> str:
    done = subprocess.run([_tool("ip"), *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotPermitted(f"`ip {' '.join(arguments)}` failed: {done.stderr.strip()}")
    return done.stdout
