"""What a server needs from the machine: the platform, the packages with the binaries, free ports, space on the disk."""

from __future__ import annotations

import importlib.util
import itertools
import platform
import random
import shutil
import socket
import sys
from collections import deque
from pathlib import Path

from deploy.embedded.errors import StartError, cannot_write

LOOPBACK = "127.0.0.1"
OWN_SERVERS = "name running servers with PARINDEX_KAFKA and PARINDEX_MONGO"
LOWEST_PORT = 15_000
NEEDED_BYTES = 1 << 30
"""MongoDB preallocates 300 MB of journal; below this an hour of use would end in a full disk."""

MOST_CLAIMS = 64
_claims: deque[socket.socket] = deque()
"""What this process holds of the ports that it was given last, while their servers do not listen yet."""


def require_platform() -> None:
    """Refuses a machine for which the packages have no binaries.

    Raises:
        StartError: not Linux on x86-64.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in {"x86_64", "AMD64"}:
        raise StartError(
            f"The embedded servers run on Linux x86-64 only, and this is {platform.system()} {machine}: {OWN_SERVERS}, "
            "or use docker compose."
        )


def require_linux() -> None:
    """Refuses a system whose kernel does not end what a dead process leaves behind.

    Raises:
        StartError: not Linux.
    """
    if sys.platform != "linux":
        raise StartError(
            f"The one-machine stack runs on Linux only, and this is {platform.system()}: use docker compose."
        )


def require_package(module: str) -> Path:
    """The folder of an installed package of the extra `embedded`.

    Raises:
        StartError: it is not installed.
    """
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise StartError(
            f"The package {module} is not installed: run pip install 'parindex[embedded]', or {OWN_SERVERS}."
        )
    return Path(spec.submodule_search_locations[0])


def require_space(folder: Path, remedy: str) -> None:
    """Makes the folder and refuses a disk that is as good as full.

    Raises:
        StartError: the folder cannot be made, or less than `NEEDED_BYTES` are free.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise cannot_write(folder, error, remedy) from error
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise StartError(
            f"The disk is full: {free >> 20} MB are free in {folder}, the servers need {NEEDED_BYTES >> 20} MB. "
            f"Free some, or {remedy}."
        )


def free_ports(count: int) -> list[int]:
    """Distinct ports of the loopback address that nobody listens on now, and that no other process has just been given.

    They lie below the range from which the system takes the ports of outgoing connections. Inside it a client that
    tries again and again while its server restarts is sooner or later given the server's own port, connects to itself
    and keeps the server from listening.
    """
    lowest_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    candidates = random.sample(range(min(LOWEST_PORT, lowest_outgoing - 1_000), lowest_outgoing), 1_000)
    found = list(itertools.islice((port for port in candidates if _claim(port) and is_free(port)), count))
    if len(found) < count:
        raise StartError(
            f"{LOOPBACK} has no {count} free ports below {lowest_outgoing}: end some of the programs that listen there."
        )
    return found


def _claim(port: int) -> bool:
    """Takes a port for this process among all that look for one this way; False when another has it.

    A server needs seconds from there until it listens. What stands for the port is a name of Linux's own for sockets:
    it needs no file and goes with the process.
    """
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0parindex-port-{port}")
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    if len(_claims) > MOST_CLAIMS:
        _claims.popleft().close()
    return True


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now."""
    try:
        socket.create_server((LOOPBACK, port)).close()
    except OSError:
        return False
    return True


def require_free(name: str, port: int) -> None:
    """Refuses a port on which somebody listens.

    Raises:
        StartError: it is taken.
    """
    if not is_free(port):
        raise StartError(
            f"Port {port} of {LOOPBACK}, chosen for {name}, is taken by another program: stop that program "
            f"(`ss -ltnp 'sport = :{port}'` names it), or choose another port."
        )
