"""A process of the system under a restart policy: what dies is started again, and one that does not come back is told.

Everything but `Part.ready` is called on the thread that lives longest: the processes die with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deploy.embedded.server import tethered

BACK_S = 60.0
SERVER_BACK_S = 120.0
"""A Java machine that starts beside everything else on a busy machine takes its time."""
STOP_S = 30.0
LOG_LINES = 20


class Lost(Exception):
    """A part did not come back; the message has the end of its log."""


class Part:
    """A process as an operator's supervisor would keep it.

    Args:
        name: what the run calls it.
        command: the program, which stays in the foreground.
        environment: its settings; nothing else of PARINDEX_ reaches it.
        log: where its output goes, start after start.
        ready: whether it answers at all, whatever it depends on. Called on another thread.
        back_s: after being hurt it is back after this time at the latest.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        ready: Callable[[], bool],
        *,
        back_s: float = BACK_S,
    ) -> None:
        self.name = name
        self.command = tuple(command)
        self.environment = dict(environment)
        self.log = log
        self.ready = ready
        self.back_s = back_s
        self.starts = 0
        self.wanted = False
        """Whether it is started again when it has ended."""
        self.frozen = False
        self.up = False
        """Whether it has been seen to answer since it was last hurt."""
        self.hurts = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._start_at = 0.0
        self._hurt_at = 0.0

    @property
    def pid(self) -> int:
        """Its process; 0 while there is none."""
        return 0 if self._process is None or self._process.poll() is not None else self._process.pid

    @property
    def workers(self) -> list[int]:
        """The processes it has started."""
        try:
            return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]
        except FileNotFoundError:
            return []

    def start(self) -> None:
        """Starts it now."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PARINDEX_")}
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                tethered(self.command, str(os.getpid())),
                env=inherited | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wanted = True
        self.starts += 1
        self.frozen = False
        self._start_at = 0.0
        self.hurt()

    def want(self) -> None:
        """Has it started as soon as what ran before has ended."""
        self.wanted = True
        self._start_at = time.monotonic()
        self.hurt()

    def hurt(self) -> None:
        """From now on it has `back_s` to answer again."""
        self.up = False
        self.hurts += 1
        self._hurt_at = time.monotonic()

    def signal(self, number: signal.Signals) -> None:
        """Sends it a signal if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def kill(self, again_after: float = 0.5) -> None:
        """SIGKILL; it is started again after some seconds, if it is wanted."""
        self.signal(signal.SIGKILL)
        self.hurt()
        self._start_at = time.monotonic() + again_after

    def stop(self, again_after: float = 0.5) -> None:
        """SIGTERM; if it is wanted it is started again when it has ended and these seconds are over."""
        self.thaw()
        self.signal(signal.SIGTERM)
        self.hurt()
        self._start_at = time.monotonic() + again_after

    def freeze(self) -> None:
        """SIGSTOP."""
        self.signal(signal.SIGSTOP)
        self.frozen = True

    def thaw(self) -> None:
        """SIGCONT."""
        if self.frozen:
            self.signal(signal.SIGCONT)
            self.frozen = False
            self.hurt()

    def dismiss(self) -> None:
        """SIGTERM, and it is not wanted any more."""
        self.wanted = False
        self.stop()

    def tend(self) -> None:
        """Starts it again when it has ended and is wanted. To be called several times a second.

        Raises:
            Lost: it has not answered for `back_s` since it was hurt.
        """
        if not self.wanted or self.frozen:
            return
        now = time.monotonic()
        if self.pid == 0:
            if self.up:
                self.hurt()
            if self._start_at == 0.0:
                # It ended by itself: a little later, as a restart policy does.
                self._start_at = now + 1.0
            elif now >= self._start_at:
                hurt_at = self._hurt_at
                self.start()
                self._hurt_at = hurt_at
        if not self.up and now - self._hurt_at > self.back_s:
            raise Lost(f"{self.name} did not come back within {self.back_s:.0f} s\n{self.end_of_log()}")

    def end_of_log(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([f"the end of its log, {self.log}:", *(f"  {line[:300]}" for line in lines[-LOG_LINES:])])

    def close(self) -> None:
        """Ends it for good and waits for that."""
        self.wanted = False
        if self._process is None:
            return
        self.thaw()
        self.signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
