"""How fast responses are taken: one by one, in batches, and in batches until they are counted."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Iterator

from tests.bench import wire
from tests.bench.bodies import ONE, TWENTY, Bodies, Kind, post, weekend_documents
from tests.bench.figures import Round, Row, interleaved
from tests.bench.processes import Address, gunicorn
from tests.bench.producing import Order, produce
from tests.bench.running import ACCEPTED, Bench, Processes, Wrong, costs, driven
from tests.bench.weekend import MONGO
from tests.bench.wire import Pace

WEEKEND_OPTIONS = ("--workers", "2", "--threads", "8", "--no-control-socket")
BATCH_CONNECTIONS = 4
WARM_S = 0.5
OK = 200


def singles(bench: Bench) -> list[Row]:
    """Single POSTs, each awaited, with everything running."""
    rows = [_singles(bench, kind) for kind in (ONE, TWENTY)]
    bench.await_counted()
    return rows


def _singles(bench: Bench, kind: Kind) -> Row:
    bodies = Bodies(bench.campaign, kind)
    seconds, connections = bench.sizes.seconds, bench.sizes.connections
    settings = ("--config", "python:deploy.gunicorn_intake")
    weekend = {MONGO: bench.weekend_mongo}
    with (
        gunicorn("tests.bench.bare:intake()", {}, "PARINDEX_INTAKE_BIND", *settings) as (bare, bare_pids),
        gunicorn("tests.bench.weekend:create_app()", weekend, "", *WEEKEND_OPTIONS) as (other, other_pids),
    ):
        client = bench.processes()["client"]
        bare_family = {"server": bare_pids, "client": client}
        other_family = {"server": other_pids, "mongo": bench.status["pids"]["mongo"], "client": client}

        def drive(server: Address, requests: Iterator[bytes], family: Processes, length: float) -> Round:
            return driven(server, requests, Pace(connections, length), family, expected=ACCEPTED)

        def ours(length: float = seconds) -> Round:
            found = drive(bench.intake, bodies.singles("intake"), bench.processes, length)
            bench.acknowledged += found.amount
            return found

        def limit(length: float = seconds) -> Round:
            return drive(bare, bodies.singles("bare"), lambda: bare_family, length)

        def baseline(length: float = seconds) -> Round:
            return drive(other, _weekend_posts(bodies), lambda: other_family, length)

        for way in (ours, limit, baseline):
            way(WARM_S)
        found = interleaved(bench.sizes.rounds, ours, limit, baseline)
    return Row(
        f"single POSTs, {kind.name}",
        f"responses {kind.about}, one a POST, each awaited, {connections} connections; everything runs",
        found[0],
        found[1],
        "a bare Flask application under the same gunicorn settings",
        found[2],
    )


def _weekend_posts(bodies: Bodies) -> Iterator[bytes]:
    documents = itertools.cycle(weekend_documents(bodies.responses))
    return (post("weekend", "/responses", document, "application/json") for document in documents)


def batches(bench: Bench, kind: Kind) -> tuple[Round, Round]:
    """A round of batches while scoring stands still, and one of the same records written without HTTP."""
    bodies = Bodies(bench.campaign, kind)
    workers = bench.settings.intake_workers

    def ours() -> Round:
        found = driven(
            bench.intake,
            bodies.batches("intake"),
            Pace(BATCH_CONNECTIONS, bench.sizes.seconds),
            bench.processes,
            expected=OK,
            taken=lambda _, body, __: _all_taken(body, kind.lines),
        )
        amount = found.amount * kind.lines
        bench.acknowledged += amount
        return dataclasses.replace(found, amount=amount)

    def limit() -> Round:
        kafka = {"kafka": bench.status["pids"]["kafka"]}
        with costs(lambda: kafka) as cpu:
            # What is written here must be counted afterwards, and large bodies take their time.
            seconds = bench.sizes.seconds / (1 if kind is ONE else 6)
            found = produce(Order(bench.settings, bench.campaign.version, kind, seconds), workers)
        bench.acknowledged += found.amount
        return Round(found.amount, found.seconds, (), {**cpu, "producers": found.cpu})

    return ours(), limit()


def batches_until_counted(bench: Bench) -> Row:
    """Batches with everything running, until all of them are in the ranking: what the machine does end to end."""
    bodies = Bodies(bench.campaign, ONE)

    def ours() -> Round:
        bench.await_counted()
        began = time.perf_counter()
        with costs(bench.processes) as cpu:
            sample = wire.drive(
                bench.intake,
                bodies.batches("intake"),
                Pace(BATCH_CONNECTIONS, bench.sizes.seconds),
                lambda _, body, __: _all_taken(body, ONE.lines),
            )
            bench.acknowledged += sample.answers * ONE.lines
            bench.await_counted()
        return Round(sample.answers * ONE.lines, time.perf_counter() - began, (), cpu)

    (found,) = interleaved(bench.sizes.rounds, ours)
    about = f"responses {ONE.about}, {ONE.lines} a POST, {BATCH_CONNECTIONS} connections, until all are in the indices"
    return Row(f"batches until counted, {ONE.name}", about, found)


def _all_taken(body: bytes, lines: int) -> None:
    if body.count(b'"status":202') != lines:
        raise Wrong(f"not every line of a batch was taken: {body[-300:]!r}")
