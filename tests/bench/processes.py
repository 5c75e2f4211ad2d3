"""Processes of the bench: their time on the processors, and applications run by gunicorn beside the stack."""

from __future__ import annotations

import contextlib
import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from deploy.embedded.machine import LOOPBACK, free_ports

ROOT = Path(__file__).parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
START_S = 30.0
PACKAGES = ("kafka-python", "pymongo", "flask", "gunicorn", "gevent", "orjson", "marshmallow")

Address = tuple[str, int]


def cpu_of(pid: int) -> float:
    """Processor seconds that a process has used so far, in user and in kernel mode; 0 when it has ended."""
    try:
        # The name in parentheses may hold spaces.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def cpu_of_all(pid: int) -> float:
    """Processor seconds of a process and of all that it has started and, when they ended, waited for."""
    total = 0.0
    for member in with_children(pid):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(map(int, fields[11:15])) / TICKS
    return total


def cpu_of_machine() -> float:
    """Processor seconds that this machine has spent on anything, with those that its host has taken from it."""
    user, nice, system, _idle, _waiting, *more = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    return sum(map(int, (user, nice, system, *more[:3]))) / TICKS


def with_children(pid: int) -> list[int]:
    """A process and those it started."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return [pid]
    return [pid, *(member for child in children for member in with_children(int(child)))]


@contextlib.contextmanager
def gunicorn(
    app: str, environment: Mapping[str, str], bind: str, *options: str
) -> Iterator[tuple[Address, Callable[[], list[int]]]]:
    """Runs an application until the block ends; yields its address, and what tells its processes.

    It answers as soon as one worker is there, and the others may come later.

    Args:
        app: as gunicorn takes it.
        environment: added to this process's.
        bind: the name of the variable that its configuration takes the address from; empty: `--bind` is given.
        options: gunicorn's.
    """
    (port,) = free_ports(1)
    address = f"{LOOPBACK}:{port}"
    added = {**environment, "PYTHONPATH": str(ROOT)} | ({bind: address} if bind else {})
    bound = () if bind else ("--bind", address)
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *options, *bound, app],
        env={**os.environ, **added},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        deadline = time.monotonic() + START_S
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise RuntimeError(f"{app} did not start: {(process.communicate()[1] or b'')[-2_000:].decode()}")
            time.sleep(0.05)
        yield (LOOPBACK, port), partial(with_children, process.pid)
    finally:
        process.terminate()
        process.communicate()


def _listens(port: int) -> bool:
    """Whether it answers: gunicorn listens before a worker is there."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as probe:
            probe.settimeout(1)
            probe.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return probe.recv(8).startswith(b"HTTP/")
    except OSError:
        return False


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1024**2
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory, 1),
        "load_average_before": round(os.getloadavg()[0], 2),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }
