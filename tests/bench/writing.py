"""How fast responses are taken: one by one, in batches, and in batches until they are counted."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Iterator

from tests.bench.bodies import ONE, TWENTY, Bodies, Kind, post, weekend_documents
from tests.bench.figures import Round, Row, interleaved
from tests.bench.processes import Address, gunicorn
from tests.bench.producing import SCRATCH, Order, produce, scratch_topic
from tests.bench.running import ACCEPTED, Bench, Processes, Wrong, costs, driven
from tests.bench.targets import COUNTED
from tests.bench.weekend import MONGO
from tests.bench.wire import Pace

WEEKEND_OPTIONS = ("--workers", "2", "--threads", "8", "--no-control-socket")
BATCH_CONNECTIONS = 4
OK = 200


def singles(bench: Bench) -> list[Row]:
    """Single POSTs, each awaited, with everything running."""
    rows = [_singles(bench, ONE, bench.sizes.rounds), _singles(bench, TWENTY, bench.sizes.few)]
    bench.await_counted()
    return rows


def _singles(bench: Bench, kind: Kind, rounds: int) -> Row:
    bodies = Bodies(bench.campaign, kind)
    pace = Pace(bench.sizes.connections, bench.sizes.seconds)
    settings = ("--config", "python:deploy.gunicorn_intake")
    weekend = {MONGO: bench.weekend_mongo}
    with (
        gunicorn("tests.bench.bare:intake()", {}, "PARINDEX_INTAKE_BIND", *settings) as (bare, bare_pids),
        gunicorn("tests.bench.weekend:create_app()", weekend, "", *WEEKEND_OPTIONS) as (other, other_pids),
    ):
        client = bench.processes()["client"]

        def bare_family() -> dict[str, list[int]]:
            return {"server": bare_pids(), "client": client}

        def other_family() -> dict[str, list[int]]:
            return {"server": other_pids(), "mongo": bench.status["pids"]["mongo"], "client": client}

        def drive(server: Address, requests: Iterator[bytes], family: Processes) -> Round:
            return driven(server, requests, pace, family, expected=ACCEPTED)

        def ours() -> Round:
            found = drive(bench.intake, bodies.singles("intake"), bench.processes)
            bench.acknowledged += found.amount
            # What is still to be counted would burden the others.
            bench.await_counted()
            return found

        found = interleaved(
            rounds,
            bench.told,
            ours,
            lambda: drive(bare, bodies.singles("bare"), bare_family),
            lambda: drive(other, _weekend_posts(bodies), other_family),
        )
    return Row(
        f"single POSTs, {kind.name}",
        f"responses {kind.about}, one a POST, each awaited, {pace.connections} connections; everything runs",
        found[0],
        found[1],
        "a bare Flask application under the same gunicorn settings",
        found[2],
    )


def _weekend_posts(bodies: Bodies) -> Iterator[bytes]:
    documents = itertools.cycle(weekend_documents(bodies.responses))
    return (post("weekend", "/responses", document, "application/json") for document in documents)


def batches(bench: Bench) -> list[Row]:
    """Batches while scoring stands still, in turn with the same records written without HTTP."""
    bench.stop_scoring()
    # Counting what was written takes longer than writing it, and large bodies longest.
    rows = [
        _batches(bench, ONE, bench.sizes.rounds, bench.sizes.seconds),
        _batches(bench, TWENTY, bench.sizes.few, bench.sizes.seconds / 2),
    ]
    bench.start_scoring()
    bench.await_counted()
    return rows


def _batches(bench: Bench, kind: Kind, rounds: int, seconds: float) -> Row:
    bodies = Bodies(bench.campaign, kind)
    order = Order(bench.settings, bench.campaign.version, kind, seconds, topic=SCRATCH)
    servers = {"kafka": bench.status["pids"]["kafka"]}

    def limit() -> Round:
        with costs(lambda: servers) as cost:
            found = produce(order, bench.settings.intake_workers)
        cost.cpu["producers"] = found.cpu
        return Round(found.amount, found.seconds, (), cost)

    with scratch_topic(bench.settings):
        ours, other = interleaved(rounds, bench.told, lambda: send_batches(bench, bodies, seconds), limit)
    return Row(
        f"batches, {kind.name}",
        f"responses {kind.about}, {kind.lines} a POST, {BATCH_CONNECTIONS} connections; scoring stands still",
        ours,
        other,
        "kafka-python writing the same records without HTTP, from as many processes",
    )


def send_batches(bench: Bench, bodies: Bodies, seconds: float, fewest: int = 1) -> Round:
    """A round of batches, at least so many, all of whose lines are taken."""
    lines = bodies.kind.lines
    found = driven(
        bench.intake,
        bodies.batches("intake"),
        Pace(BATCH_CONNECTIONS, seconds, fewest=fewest),
        bench.processes,
        expected=OK,
        taken=lambda _, body, __: all_taken(body, lines),
    )
    amount = found.amount * lines
    bench.acknowledged += amount
    return dataclasses.replace(found, amount=amount)


def batches_until_counted(bench: Bench) -> list[Row]:
    """Batches with everything running, until all of them are in the ranking: what the machine does end to end."""
    bodies = Bodies(bench.campaign, ONE)

    def ours() -> Round:
        began = time.perf_counter()
        with costs(bench.processes) as cost:
            found = send_batches(bench, bodies, bench.sizes.seconds)
            bench.await_counted()
        return Round(found.amount, time.perf_counter() - began, (), cost)

    (found,) = interleaved(bench.sizes.few, bench.told, ours)
    about = f"responses {ONE.about}, {ONE.lines} a POST, {BATCH_CONNECTIONS} connections, until all are in the indices"
    return [Row(COUNTED, about, found)]


def all_taken(body: bytes, lines: int) -> None:
    """Raises `Wrong` unless each line of a batch was taken."""
    if body.count(b'"status":202') != lines:
        raise Wrong(f"not every line of a batch was taken: {body[-300:]!r}")
