"""Commands of `parindex` as an operator runs them, and what they cost."""

from __future__ import annotations

import json
import resource
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.bench.running import Wrong
from tests.command import PARINDEX


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended well: the JSON it printed, what it told meanwhile, and what it took."""

    said: dict[str, Any]
    told: str
    seconds: float
    cpu: float


def run(*arguments: str, started: Callable[[int], object] = lambda _: None) -> Done:
    """Runs a command to its end.

    Args:
        arguments: of `parindex`; they must ask for JSON.
        started: is told the process's id.

    Raises:
        Wrong: it failed.
    """
    before, began = _cpu_of_ended(), time.perf_counter()
    process = subprocess.Popen([*PARINDEX, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    started(process.pid)
    said, told = process.communicate()
    seconds = time.perf_counter() - began
    if process.returncode != 0:
        raise Wrong(f"`parindex {' '.join(arguments)}` ended with {process.returncode}: {told[-2_000:]}{said[-500:]}")
    return Done(json.loads(said), told, seconds, _cpu_of_ended() - before)


def _cpu_of_ended() -> float:
    """Processor seconds of the processes that this one has started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
