"""A machine made of a network namespace is reached, is cut off without a word, and leaves nothing behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import namespaces
from tests.faults.namespaces import LINK, LINKS, NAMESPACE, NAMESPACES, Machine, NotPermitted, machines

ROOT = Path(__file__).parents[2]
SILENCE_S = 1.0
PATIENCE_S = 10.0
ECHO = """
import socket, sys
listening = socket.create_server((sys.argv[1], 0))
print(listening.getsockname()[1], flush=True)
connection, _ = listening.accept()
while said := connection.recv(100):
    connection.sendall(said)
"""
HOLDER = """
import time
from tests.faults.namespaces import machines
with machines(2):
    print("made", flush=True)
    time.sleep(600)
"""


def left_by(pid: int) -> list[str]:
    """The namespaces and links that a process has made."""
    found = [*NAMESPACES.glob(f"{NAMESPACE}{pid}-*"), *LINKS.glob(f"{LINK}{pid}"), *LINKS.glob(f"{LINK}{pid}v*")]
    return sorted(path.name for path in found)


@pytest.fixture
def machine() -> Iterator[Machine]:
    try:
        with machines(1) as made:
            yield made[0]
    except NotPermitted as error:
        pytest.skip(str(error))
    assert left_by(os.getpid()) == []


def test_a_machine_is_cut_off_without_a_word_and_hears_later_what_was_said_meanwhile(machine: Machine) -> None:
    command = machine.inside((sys.executable, "-c", ECHO, machine.address))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = machine.address, int(server.stdout.readline())
        with socket.create_connection(address, PATIENCE_S) as connection:
            connection.sendall(b"before")
            assert connection.recv(100) == b"before"
            machine.isolate()
            connection.sendall(b"meanwhile")
            connection.settimeout(SILENCE_S)
            with pytest.raises(TimeoutError):
                connection.recv(100)
            machine.rejoin()
            connection.settimeout(PATIENCE_S)
            assert connection.recv(100) == b"meanwhile"


@pytest.mark.usefixtures("machine")
def test_what_a_killed_run_has_left_is_removed_by_the_next_and_a_living_one_keeps_its_own() -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER], cwd=ROOT, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "made\n"
        namespaces.sweep()
        assert len(left_by(holder.pid)) == 2 + 1 + 2
        holder.kill()
    namespaces.sweep()
    assert left_by(holder.pid) == []
    assert len(left_by(os.getpid())) == 1 + 1 + 1


def test_without_the_tools_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces.shutil, "which", lambda *_, **__: None)
    with pytest.raises(NotPermitted, match="the program ip is not installed"), machines(1):
        pass
