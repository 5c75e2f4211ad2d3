"""`make model`: the promises in every state of every configuration, and a counterexample for every planted bug."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor

from .configurations import CONFIGURATIONS, PLANTED
from .search import Result, search
from .world import Setup

HEAD = """\
Every state within the bounds; crashes, errors, lost answers, frozen processes and rebalances as often as they like.

configuration     states  transitions  depth  seconds  result  bounds
"""


def main(names: list[str]) -> int:
    """Prints what was found, of all or of the configurations named; 0 when all is as it should be."""
    began = time.monotonic()
    true = [setup for setup in CONFIGURATIONS if setup.name in (names or setup.name)]
    planted = [(setup, breaks) for setup, breaks in PLANTED if setup.name in (names or setup.name)]
    with ProcessPoolExecutor() as pool:
        searches = [pool.submit(search, setup) for setup in true]
        hunts = [pool.submit(search, setup, breaks) for setup, breaks in planted]
        say(HEAD)
        well = True
        for setup, running in zip(true, searches, strict=True):
            result = running.result()
            well &= result.broken is None
            say(_row(setup, result))
        say("\nPlanted bugs, each with the shortest way to what it breaks\n")
        for (setup, breaks), running in zip(planted, hunts, strict=True):
            result = running.result()
            well &= result.broken is not None
            say(_counterexample(setup, result) or f"\n{setup.bug}, in {setup.name}: NOT FOUND to break: {breaks}\n")
    say(f"\n{'As promised' if well else 'NOT as promised'}, in {time.monotonic() - began:.0f} s\n")
    return 0 if well else 1


def _row(setup: Setup, result: Result) -> str:
    counts = f"{result.states:>10,} {result.transitions:>12,} {result.depth:>6} {result.seconds:>8.1f}"
    verdict = "holds" if result.broken is None else "BROKEN"
    return f"{setup.name:<13} {counts}  {verdict:<7} {_bounds(setup)}\n{_counterexample(setup, result)}"


def _counterexample(setup: Setup, result: Result) -> str:
    if result.broken is None:
        return ""
    steps = [f"{number:>4}. {step}" for number, step in enumerate(result.broken.trace, 1)]
    head = f"\n{setup.bug or 'no bug'}, in {setup.name}. Broken: {result.broken.promise}"
    return "\n".join([head, *steps, f"      {result.broken.wrong}", ""])


def _bounds(setup: Setup) -> str:
    versions = [f"{setup.versions} versions"] * (setup.versions > 1)
    parts = [
        f"{len(setup.requests)} requests {'meanwhile' if setup.clients == 'meanwhile' else 'first'}",
        f"log of {setup.log}",
        f"{setup.partitions} partition{'s' * (setup.partitions > 1)}",
        f"{len(setup.own)} scorer{'s' * (len(setup.own) > 1)}{' and others' * setup.others}",
        f"chunks of {setup.chunk}",
        "transactions step by step" if setup.stepwise else "transactions as one step",
    ]
    return ", ".join([*parts, *["stale reads"] * setup.stale, *["a rebuild"] * setup.rebuild, *versions])


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
