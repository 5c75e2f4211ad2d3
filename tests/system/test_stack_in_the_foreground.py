"""A stack that a program holds, as the demo does, ends with that program, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.system.stack import processes, ready, status, until

HOLDER = """
import signal, sys
from pathlib import Path
from deploy.stack import Stack, ended_by_signals
with ended_by_signals(), Stack(Path(sys.argv[1])) as stack:
    print("ready", flush=True)
    signal.pause()
"""


@contextmanager
def held(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A program that holds a stack, once the stack is ready."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PARINDEX_")}
    command = [sys.executable, "-P", "-c", HOLDER, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "ready\n"
            yield holder
        finally:
            holder.kill()


def test_killing_the_holder_leaves_no_process(tmp_path: Path) -> None:
    with held(tmp_path) as holder:
        holder.kill()
        until("everything has ended", lambda: processes(tmp_path) == [])


def test_killing_the_supervisor_and_its_holder_at_once_leaves_no_process(tmp_path: Path) -> None:
    with held(tmp_path) as holder:
        os.kill(int((tmp_path / "supervisord.pid").read_text()), signal.SIGKILL)
        holder.kill()
        until("everything has ended", lambda: processes(tmp_path) == [])


def test_two_stacks_work_side_by_side_and_each_stops_before_its_holder_ends(tmp_path: Path) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    with held(first) as holder, held(second) as other:
        one, two = status(first), status(second)
        assert not {one[name] for name in one if name != "pids"} & {two[name] for name in two if name != "pids"}
        assert all(ready(url) for url in (one["intake"], one["reporting"], two["intake"], two["reporting"]))
        assert len(processes(first)) >= 8
        ended_by(signal.SIGTERM, 143, holder, first)
        assert ready(two["intake"])
        ended_by(signal.SIGINT, -signal.SIGINT, other, second)


def ended_by(number: signal.Signals, code: int, holder: subprocess.Popen[str], home: Path) -> None:
    holder.send_signal(number)
    assert holder.wait(60) == code
    assert processes(home) == []
