"""Has files made by processes of their own: few at once, each within a time limit, complete before it is given."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from typing import IO, Protocol

from services.common import metrics, problems
from services.common.problems import Problem
from services.reporting.metrics import EXPORT_SECONDS

log = logging.getLogger(__name__)

AT_ONCE = 2
"""Files under way in a worker; each takes a processor of its own."""
PATIENCE_S = 5.0
"""How long a request waits for its turn."""
LATER_S = 10


class Work(Protocol):
    """What a process is told."""

    def encoded(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class File:
    """A whole file without a name, at its beginning: it goes with whoever holds it."""

    content: IO[bytes]
    size: int
    rows: int
    state: int
    """The state of its figures."""


class Rendering:
    """The processes of one worker."""

    def __init__(self) -> None:
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def file(self, work: Work, module: str, longest_s: float) -> File:
        """Has a file made by the main function of a module, within a time.

        Raises:
            Problem: 429, too many are under way; 503, it took too long or failed.
        """
        if not self._turns.acquire(timeout=PATIENCE_S):
            raise Problem(problems.TOO_MANY, f"{AT_ONCE} files are being made: ask again", retry_after_s=LATER_S)
        try:
            with metrics.timed(EXPORT_SECONDS):
                return _made(work, module, longest_s)
        finally:
            self._turns.release()


def _made(work: Work, module: str, longest_s: float) -> File:
    content = tempfile.TemporaryFile()  # noqa: SIM115 (it is handed on)
    try:
        with tempfile.TemporaryDirectory() as folder, _process(module, content, folder) as process:
            try:
                _, said = process.communicate(work.encoded(), longest_s)
            except BaseException as error:
                process.kill()
                if isinstance(error, subprocess.TimeoutExpired):
                    raise Problem(problems.UNAVAILABLE, "the file takes too long to make: ask for less") from error
                raise
        rows, state = _said(process.returncode, said)
        content.seek(0)
        return File(content, os.fstat(content.fileno()).st_size, rows, state)
    except BaseException:
        content.close()
        raise


SAID = re.compile(r"^([0-9]+) ([0-9]+)$")
"""What a process ends with when all went well: how many rows its file has, and the state of its figures."""


def _said(code: int, said: bytes) -> tuple[int, int]:
    last = next((line for line in reversed(said.decode(errors="replace").splitlines()) if line), "")
    found = SAID.fullmatch(last)
    if code != 0 or found is None:
        # A trace ends with the fault.
        log.error("a file could not be made", extra={"code": code, "said": last[:200]})
        raise Problem(problems.UNAVAILABLE, "the file could not be made; the fault was logged")
    rows, state = map(int, found.groups())
    return rows, state


def _process(module: str, content: IO[bytes], folder: str) -> subprocess.Popen[bytes]:
    """A process whose output is the file. What it keeps on the disk meanwhile goes with the folder."""
    # It must not add to this worker's metrics.
    environment = {name: value for name, value in os.environ.items() if name != metrics.FOLDER}
    return subprocess.Popen(  # noqa: S603 (nothing of a request is in it)
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=content,
        stderr=subprocess.PIPE,
        env=environment | {"TMPDIR": folder},
    )
