"""The world in which a run happens: the system's processes, the links between them, its disks, and how each is hurt.

The runner knows no more of a world than this module says. A world on one machine is `machine.OneMachine`; another one
(a cluster, say) derives from `World`, fills `parts`, `links` and `disks`, names its `abilities`, and adds the kinds of
faults of its own in `begin` and `end`:

    class Cluster(World):
        def begin(self, fault):
            if fault.kind == "kill leader":
                part = self.parts[self._leader_of(partition 0)]
                part.kill(again_after(fault))
                return part.name
            return super().begin(fault)

The life of a world, all on one thread: made → `start` → `tend` several times a second, and between them `begin` and
`end` of each fault of the schedule → `heal` → `unwell` until it says None → `close`.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from services.common.settings import Settings
from tests.faults.part import Part
from tests.faults.schedule import Ability, Fault

LOOK_S = 0.1
STORM_S = 2.0
"""How long a part is there, and how long it is away, in a rebalance storm."""


class Links(Protocol):
    """Connections between parts that lead through a proxy, by name."""

    def mode(self, link: str, mode: str) -> None:
        """Sets a mode of `tests.proxy.Proxy` for what is open and what is opened."""

    def cut(self, link: str) -> None:
        """Resets all that is open."""

    def close(self) -> None:
        """Ends the proxies."""


class Disk(Protocol):
    """A disk that can be filled."""

    def fill(self) -> None:
        """Takes all that is free, as often as it is called."""

    def free(self) -> None:
        """Gives it back."""


class World:
    """What a run needs to know of the system, and what it does to it.

    Attributes:
        abilities: what the schedule is drawn from.
        left_out: faults that cannot be done here, with the reason; they are told at the end of a run.
        settings: for the check: where Kafka and MongoDB are, past all links, and the topics' prefix and partitions.
        environment: the same as PARINDEX_ variables, for commands.
        intake_urls, reporting_urls: what clients are given; they go to the next when one does not answer.
        tokens: secrets by role.
        parts: the processes by name, in the order of their start.
        links: the links between parts.
        disks: by the name of the part that writes to it.
    """

    abilities: Sequence[Ability]
    left_out: Sequence[str] = ()
    settings: Settings
    environment: Mapping[str, str]
    intake_urls: Sequence[str]
    reporting_urls: Sequence[str]
    tokens: Mapping[str, str]
    links: Links

    def __init__(self, home: Path) -> None:
        self.home = home
        self.parts: dict[str, Part] = {}
        self.disks: dict[str, Disk] = {}
        self._full: set[str] = set()
        self._storm = ""
        self._turn_at = 0.0
        self._ended = threading.Event()
        self._looking = threading.Thread(target=self._look, name="look", daemon=True)

    def start(self) -> None:
        """Starts what is needed until clients can be served: a derived world starts its parts here, then calls this.

        Raises:
            Lost: a part did not come.
        """
        self._looking.start()

    def await_parts(self, names: Sequence[str]) -> None:
        """Waits until these parts answer.

        Raises:
            Lost: one did not come.
        """
        while not all(self.parts[name].up for name in names):
            self.tend()
            time.sleep(LOOK_S)

    def begin(self, fault: Fault) -> str:
        """Does a fault; returns what was hit, for the record."""
        target = fault.target
        match fault.kind:
            case "kill":
                self.parts[target].kill(again_after(fault))
            case "kill worker":
                return self._kill_worker(self.parts[target], fault)
            case "stop":
                self.parts[target].stop(again_after(fault))
            case "freeze":
                self.parts[target].freeze()
            case "join":
                self.parts[target].want()
            case "storm":
                self._storm = target
                self._turn_at = 0.0
            case "fill":
                self._full.add(target)
                self.disks[target].fill()
            case "cut":
                self.links.cut(target)
            case mode:
                self.links.mode(target, mode)
        return target

    def end(self, fault: Fault) -> None:
        """Undoes a fault that lasts."""
        target = fault.target
        match fault.kind:
            case "freeze":
                self.parts[target].thaw()
            case "join":
                self.parts[target].dismiss()
            case "storm":
                self._storm = ""
                self.parts[target].dismiss()
            case "fill":
                self._full.discard(target)
                self.disks[target].free()
                self.parts[target].hurt()
            case "eatack":
                # What was dropped never comes: in a network such a connection is lost as well.
                self.links.mode(target, "pass")
                self.links.cut(target)
            case mode if mode in ("delay", "hole", "refuse"):
                self.links.mode(target, "pass")

    def tend(self) -> None:
        """Starts again what has ended, goes on with what goes on. Called several times a second.

        Raises:
            Lost: a part did not come back.
        """
        for name in self._full:
            self.disks[name].fill()
            # Without a disk it may end as often as it likes.
            self.parts[name].hurt()
        for part in self.parts.values():
            part.tend()
        if self._storm:
            self._rage(self.parts[self._storm])

    def heal(self) -> None:
        """Undoes whatever is still done, so that from now on all is well."""
        for part in self.parts.values():
            part.thaw()

    def unwell(self) -> str | None:
        """What is not yet as it should be; None when all is well."""
        away = [part.name for part in self.parts.values() if part.wanted and not part.up]
        return f"not back: {', '.join(away)}" if away else None

    def close(self) -> None:
        """Ends everything."""
        self._ended.set()
        for part in reversed(self.parts.values()):
            part.close()

    def _kill_worker(self, part: Part, fault: Fault) -> str:
        workers = part.workers
        if not workers:
            return f"{part.name}: it had none just now"
        pid = workers[int(fault.luck * len(workers))]
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return f"{part.name}: process {pid} had just ended"
        return f"{part.name}, process {pid}"

    def _rage(self, part: Part) -> None:
        """Adds the part when it has been away for a while, removes it when it was there; by SIGKILL and SIGTERM."""
        now = time.monotonic()
        if part.wanted and not part.up:
            self._turn_at = now + STORM_S
        elif now >= self._turn_at:
            self._turn_at = now + STORM_S
            if not part.wanted:
                part.want()
            elif part.starts % 2:
                part.wanted = False
                part.kill()
            else:
                part.dismiss()

    def _look(self) -> None:
        while not self._ended.wait(LOOK_S):
            for part in self.parts.values():
                hurts = part.hurts
                if part.wanted and not part.up and not part.frozen and part.pid and part.ready():
                    # Unless it was hurt while it answered.
                    part.up = part.hurts == hurts


def again_after(fault: Fault) -> float:
    """How long a restart policy takes to start again what a fault has ended."""
    return 0.2 + 1.8 * fault.luck
