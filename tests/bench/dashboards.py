"""How soon a change is on every one of thousands of open dashboards, all served by one reporting process."""

from __future__ import annotations

import json
import multiprocessing
import time
from itertools import chain
from multiprocessing.connection import Connection as Pipe
from typing import Any

from tests.bench import wire
from tests.bench.bodies import ONE, Bodies
from tests.bench.figures import Figure, Round, Row
from tests.bench.hall import Acknowledged, hall
from tests.bench.running import ACCEPTED, Bench, Wrong, costs, ranking_path
from tests.bench.targets import LAST, SHOWN

APART_S = 2.5
"""Between two changes: long enough for every dashboard to show one before the next."""


def dashboards(bench: Bench) -> list[Row]:
    """Opens the dashboards, then sends single responses some seconds apart."""
    count = bench.sizes.dashboards
    path = ranking_path(bench.campaign)
    mine, theirs = multiprocessing.Pipe()
    reporting = bench.reporting
    watching = multiprocessing.get_context("spawn").Process(
        target=hall, args=(theirs, reporting, bench.campaign.code, path, count), daemon=True
    )
    watching.start()
    theirs.close()  # so that its end is known here
    began = time.perf_counter()
    _answer(mine)
    bench.told(f"{count:,} dashboards opened in {time.perf_counter() - began:.1f} s")
    with costs(lambda: {**bench.processes(), "dashboards": [watching.pid or 0]}) as cost:
        started = time.perf_counter()
        said = [_change(bench) for _ in range(bench.sizes.changes)]
        seconds = time.perf_counter() - started
    mine.send(said)
    shown: list[list[float]] = _answer(mine)
    watching.join()

    def row(name: str, about: str, latencies: list[float]) -> Row:
        found = Figure([Round(len(said), seconds, latencies, cost)])
        return Row(name.format(count), f"one response every {APART_S:g} s; {about}", found, latency=True)

    each = f"from its 202 until each of {count:,} open dashboards of the ranking"
    return [
        row(SHOWN, f"{each} has a ranking that rests on it", list(chain.from_iterable(shown))),
        row(LAST, f"from its 202 until the last of {count:,} dashboards has it", [max(one) for one in shown]),
    ]


def _answer(pipe: Pipe) -> Any:  # noqa: ANN401 - what it is told
    try:
        return pipe.recv()
    except EOFError:
        raise Wrong("the dashboards have ended; above is why") from None


def _change(bench: Bench) -> Acknowledged:
    """Sends one response, and waits for what follows on it."""
    found: list[Acknowledged] = []

    def taken(_: int, body: bytes, at: float) -> None:
        receipt = json.loads(body)["receipt"]
        found.append((at, receipt["partition"], receipt["offset"]))

    bodies = Bodies(bench.campaign, ONE)
    sample = wire.drive(bench.intake, bodies.singles("intake"), wire.Pace(1, 0.0), taken)
    if set(sample.statuses) != {ACCEPTED}:
        raise Wrong(f"expected {ACCEPTED}, got {dict(sample.statuses)}")
    bench.acknowledged += 1
    time.sleep(APART_S)
    return found[0]
