"""supervisord, which keeps the parts of a stack alive: its configuration, its start, and what it is told and asked.

Run as a module it is the supervising process itself: `python -m deploy.stack_supervisor CONFIGURATION [PARENT_PID]`.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, cast
from xmlrpc.client import Fault, ServerProxy, Transport

from deploy.embedded import tether
from deploy.embedded.errors import StartError, cannot_write
from deploy.embedded.machine import LOOPBACK
from deploy.embedded.server import POLL_S, Server, tethered
from deploy.stack_home import ANOTHER_HOME, Home

START_S = 15.0
ANSWER_S = 30.0
STOP_S = 20
RUNS = {"STARTING", "RUNNING"}
ENDED = {"STOPPED", "EXITED", "FATAL"}
PARENT = "PARINDEX_SUPERVISOR"

SUPERVISORD = """\
[supervisord]
nodaemon = true
silent = true
umask = 077
logfile = {log}
logfile_maxbytes = 10MB
logfile_backups = 3
pidfile = {home}/supervisord.pid
{user}

[inet_http_server]
port = {host}:{port}
username = stack
password = {password}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
PROGRAM = """
[program:{name}]
command = {command}
; Not where the operator stands: what is imported must not depend on what lies there.
directory = {home}
environment = {environment}
priority = {priority}
autostart = false
autorestart = true
; Waits a second longer after every failure, and never gives up.
startretries = 1000000
startsecs = 1
stopwaitsecs = {stop}
killasgroup = true
redirect_stderr = true
stdout_logfile = {log}
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 3
"""


def configuration(
    home: Home, port: int, password: str, parts: Mapping[str, Server], environment: Mapping[str, dict[str, str]]
) -> str:
    """The configuration of supervisord.

    Args:
        home: the stack's folder.
        port: where supervisord listens, on the loopback address.
        password: of its user `stack`.
        parts: by name, in the order in which they start; they stop in the opposite order.
        environment: what is added to the environment of a part, by its name.
    """
    text = SUPERVISORD.format(
        home=_escaped(str(home.root)),
        log=_escaped(str(home.supervisor_log)),
        host=LOOPBACK,
        port=port,
        password=password,
        user="user = root" if os.geteuid() == 0 else "",
    )
    for priority, (name, part) in enumerate(parts.items(), 1):
        added = ",".join(f'{key}="{_escaped(value)}"' for key, value in environment.get(name, {}).items())
        text += PROGRAM.format(
            name=name,
            home=_escaped(str(home.root)),
            command=_command(part),
            environment=added,
            priority=priority,
            stop=STOP_S,
            log=_escaped(str(part.log)),
        )
    return text


def _command(part: Server) -> str:
    """The tethered command, in which supervisord writes its own process id for the parent's."""
    parent = "%"
    words = tethered(part.command, parent)
    return " ".join(f"%(ENV_{PARENT})s" if word is parent else _escaped(shlex.quote(word)) for word in words)


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def new_password() -> str:
    return secrets.token_urlsafe(24)


def spawn(home: Home, environment: Mapping[str, str], lock: int, *, tied: bool) -> subprocess.Popen[bytes]:
    """Starts the supervising process.

    Args:
        home: the stack's folder, with the configuration in it.
        environment: the whole environment of all parts.
        lock: the descriptor that it keeps open as long as it runs.
        tied: whether it stops everything and ends when this process ends, however that ends.
    """
    if importlib.util.find_spec("supervisor") is None:
        raise StartError("The package supervisor is not installed: run pip install 'parindex[embedded]'.")
    command = [sys.executable, "-P", "-m", "deploy.stack_supervisor", str(home.configuration), str(lock)]
    try:
        output = home.supervisor_output.open("wb")
    except OSError as error:
        raise cannot_write(home.supervisor_output, error, ANOTHER_HOME) from error
    with output:
        # In a session of its own: Ctrl-C in a terminal reaches who holds the stack, and that stops it in order.
        return subprocess.Popen(  # noqa: S603 - made here, no shell reads it
            [*command, str(os.getpid())] if tied else command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(lock,),
        )


class Supervisor:
    """What a running supervisord is asked and told; `control` is its address with the password."""

    def __init__(self, control: str) -> None:
        self._proxy = ServerProxy(control, transport=_Patient(), allow_none=True)

    def await_start(self, process: subprocess.Popen[bytes], log: Path) -> None:
        """Waits until it listens.

        Raises:
            StartError: it ended, or does not listen in time.
        """
        deadline = time.monotonic() + START_S
        while not self.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise StartError(f"The supervisor did not start:\n{log.read_text(errors='replace').strip()[-2_000:]}")
            time.sleep(POLL_S)

    def answers(self) -> bool:
        try:
            self._call("getState")
        except OSError:
            return False
        return True

    def parts(self) -> dict[str, dict[str, Any]]:
        """What supervisord knows of each part: `statename`, `pid` (0 when it does not run), `start`, `exitstatus`."""
        return {part["name"]: part for part in cast("list[dict[str, Any]]", self._call("getAllProcessInfo"))}

    def start(self, name: str) -> Callable[[], bool]:
        """Starts a part and returns what tells whether it still is the process that was started."""
        self._call("startProcess", name, False)  # noqa: FBT003 - XML-RPC knows positions only
        first = self.parts()[name]["pid"]

        def alive() -> bool:
            part = self.parts()[name]
            return part["statename"] in RUNS and part["pid"] == first

        return alive

    def stop(self, *names: str) -> None:
        """Stops parts side by side and waits for their end; supervisord kills what takes longer than `STOP_S`."""
        for name in names:
            try:
                self._call("stopProcess", name, False)  # noqa: FBT003 - likewise
            except Fault:
                # It does not run.
                continue
        deadline = time.monotonic() + 2 * STOP_S
        while any(self.parts()[name]["statename"] not in ENDED for name in names) and time.monotonic() < deadline:
            time.sleep(POLL_S)

    def _call(self, method: str, *arguments: object) -> object:
        answer: object = getattr(self._proxy.supervisor, method)(*arguments)
        return answer


class _Patient(Transport):
    """Gives up on a supervisord that does not answer."""

    def make_connection(self, host: tuple[str, dict[str, str]] | str) -> HTTPConnection:
        connection = super().make_connection(host)
        connection.timeout = ANSWER_S
        return connection


def main() -> None:
    """Is supervisord until it is told to end."""
    from supervisor import supervisord

    _, configured, lock, *parent = sys.argv
    # The lock goes with this process alone, not with what it starts.
    os.set_inheritable(int(lock), False)  # noqa: FBT003 - the signature of os
    os.environ[PARENT] = str(os.getpid())
    if parent:
        tether.tie(int(parent[0]), signal.SIGTERM)
    supervisord.main(["-c", configured])


if __name__ == "__main__":
    main()
