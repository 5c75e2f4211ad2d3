"""A server as a value: how it is started, when it is ready, and why it did not start.

`running` starts one as a child of this process. The one-machine stack hands the same values to its supervisor.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.embedded import tether
from deploy.embedded.errors import StartError, cannot_write

READY_S = 120.0
STOP_S = 20.0
POLL_S = 0.05
LOG_LINES = 15

OPENSSL_3 = "Install the system library OpenSSL 3 (Debian, Ubuntu: libssl3)."
REMEDIES = {
    "No space left on device": "The disk is full: free 1 GB, or choose another folder.",
    "Read-only file system": "The folder is read-only: choose another folder.",
    "Address already in use": "Another program has taken the port in the meantime: start again.",
    "error while loading shared libraries: libcurl": "Install the system library libcurl 4 (Debian, Ubuntu: libcurl4).",
    "error while loading shared libraries: libssl": OPENSSL_3,
    "error while loading shared libraries: libcrypto": OPENSSL_3,
    "Could not reserve enough space": "The machine has too little free memory: Kafka needs 512 MB.",
    "DBPathInUse": "Another mongod uses this folder: stop it, or choose another folder.",
    "Failed to acquire lock on file": "Another Kafka uses this folder: stop it, or choose another folder.",
}


@dataclass(frozen=True, slots=True)
class Server:
    """One server of the machine.

    Attributes:
        name: what messages call it.
        address: what a client is given: host:port for Kafka, a URI without a database for MongoDB.
        command: the program with its arguments; it stays in the foreground and writes its log to standard output.
        lacking: None once a client can do real work, else what is lacking. It also does what a new server needs first.
        log: where its output goes.
    """

    name: str
    address: str
    command: tuple[str, ...]
    lacking: Callable[[], str | None]
    log: Path


def tethered(command: tuple[str, ...], parent: str) -> list[str]:
    """The command line that runs `command` so that it dies with the process `parent`."""
    return [sys.executable, "-I", "-S", str(Path(tether.__file__)), parent, *command]


def start_failure(server: Server, what: str) -> StartError:
    """The error for a server that did not start: what happened, the remedy if it is known, the end of the log."""
    try:
        lines = server.log.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        lines = []
    end = "\n".join(f"  {line[:300]}" for line in lines[-LOG_LINES:]) or "  (empty)"
    text = "\n".join(lines[-200:])
    remedies = "".join(f" {remedy}" for sign, remedy in REMEDIES.items() if sign in text)
    return StartError(f"{server.name} {what}.{remedies}\nThe end of its log, {server.log}:\n{end}")


def wait_until_ready(server: Server, alive: Callable[[], bool], timeout: float = READY_S) -> None:
    """Waits until the server can do real work.

    Args:
        server: the server, already started.
        alive: whether its process still runs.
        timeout: the longest wait in seconds.

    Raises:
        StartError: it ended, or was not ready in time.
    """
    deadline = time.monotonic() + timeout
    while (lacking := server.lacking()) is not None:
        if not alive():
            raise start_failure(server, "ended while it was starting")
        if time.monotonic() > deadline:
            raise start_failure(server, f"was not ready after {timeout:.0f} s: {lacking}")
        time.sleep(POLL_S)


@contextmanager
def running(*servers: Server) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Starts servers side by side, yields their processes by name once all are ready, and stops them at the end.

    They die with this process, also when it is killed; the thread that enters must be the one that lives longest.

    Raises:
        StartError: one did not start.
    """
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for server in servers:
            processes[server.name] = start(server)
        for server in servers:
            wait_until_ready(server, partial(_runs, processes[server.name]))
        yield processes
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _runs(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is None


def start(server: Server) -> subprocess.Popen[bytes]:
    """Starts one server as a child that dies with the thread that called; `wait_until_ready` is the caller's.

    Raises:
        StartError: its log cannot be written.
    """
    try:
        server.log.parent.mkdir(parents=True, exist_ok=True)
        log = server.log.open("ab")
    except OSError as error:
        raise cannot_write(server.log, error, "choose another folder") from error
    with log:
        # In a session of its own, so that Ctrl-C in a terminal does not stop the servers before what uses them.
        return subprocess.Popen(  # noqa: S603 - the command is made here, no shell reads it
            tethered(server.command, str(os.getpid())),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
