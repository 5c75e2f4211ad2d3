"""How fast a scorer counts what waits in the log, beside MongoDB taking the same rows without any accounting."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pymongo import DESCENDING
from pymongo.collection import Collection
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from services.common.generation import INDEXES, Generation
from services.scoring.polled import CHUNK_BYTES, CHUNK_RECORDS
from tests.bench.bodies import ONE, TWENTY, Bodies, Kind
from tests.bench.figures import Round, Row, interleaved
from tests.bench.producing import Order, produce
from tests.bench.running import LOOK_S, STANDSTILL_S, Bench, Wrong, costs

ROWS = "bench_rows"
SAMPLE = 500


def catching_up(bench: Bench) -> list[Row]:
    """Fills the log while scoring stands still, then lets it count; in turn with the same rows put in plainly."""
    return [_row(bench, ONE, bench.sizes.backlog), _row(bench, TWENTY, bench.sizes.backlog * 8 // 100)]


def _row(bench: Bench, kind: Kind, backlog: int) -> Row:
    bodies = Bodies(bench.campaign, kind)

    def ours() -> Round:
        bench.stop_scoring()
        waiting = fill(bench, kind, backlog)
        return catch_up(bench, waiting)

    # A process that counts begins anew each time, as it would in earnest: nothing to warm.
    found, limit = interleaved(bench.sizes.few, bench.told, ours, lambda: _insert(bench, bodies, backlog), warm=False)
    return Row(
        f"scoring's catch-up, {kind.name}",
        f"responses {kind.about} that wait in the log: from the first commit of a scorer until all are in the indices",
        found,
        limit,
        "pymongo inserting the same rows in transactions of the same size, without accounting",
    )


def fill(bench: Bench, kind: Kind, amount: int) -> int:
    """Writes at least so many responses straight to the log; returns how many."""
    workers = bench.settings.intake_workers
    made = produce(Order(bench.settings, bench.campaign.version, kind, 0.0, -(-amount // workers)), workers)
    bench.acknowledged += made.amount
    return made.amount


def catch_up(bench: Bench, waiting: int) -> Round:
    """Starts the scorer and lets it count what waits.

    A start takes a second or two, whatever waits: it is told apart, and the rate begins with the first commit.
    """
    before, began = bench.applied(), time.perf_counter()
    bench.start_scoring()
    while (applied := bench.applied()) == before:
        if time.perf_counter() - began > STANDSTILL_S:
            raise Wrong(f"nothing was counted within {STANDSTILL_S:.0f} s of the start of scoring")
        time.sleep(LOOK_S)
    first = time.perf_counter()
    with costs(bench.processes) as cost:
        bench.await_counted()
        seconds = time.perf_counter() - first
    details = {"waited": waiting, "first_commit_after_s": round(first - began, 2)}
    left = waiting - (applied - before)
    if left < waiting / 2:
        # So few that nothing is left to be timed after the first.
        return Round(waiting, time.perf_counter() - began, (), cost, details)
    return Round(left, seconds, (), cost, details)


def _insert(bench: Bench, bodies: Bodies, amount: int) -> Round:
    """Inserts the rows of so many responses in transactions of the same size, and nothing else."""
    size = min(CHUNK_RECORDS, CHUNK_BYTES // bodies.bytes)
    with _like_the_responses(bench) as (collection, samples):
        rows = [
            {**row, "_id": str(uuid.uuid4()), "p": number % bench.settings.response_partitions}
            for number, row in zip(range(amount), itertools.cycle(samples), strict=False)
        ]
        chunks = [rows[start : start + size] for start in range(0, amount, size)]
        pids = {"mongo": bench.status["pids"]["mongo"], "client": bench.processes()["client"]}
        with costs(lambda: pids) as cost:
            began = time.perf_counter()
            _in_transactions(collection, chunks)
            seconds = time.perf_counter() - began
    return Round(amount, seconds, (), cost)


@contextmanager
def _like_the_responses(bench: Bench) -> Iterator[tuple[Collection[dict[str, Any]], list[dict[str, Any]]]]:
    """An empty collection with the options and indexes of scoring's rows, and the rows it wrote last."""
    stored = Generation.current(bench.database).responses
    samples = list(stored.find().sort("$natural", DESCENDING).limit(SAMPLE))
    collection = bench.database.create_collection(ROWS, **stored.options())
    collection.create_indexes(INDEXES["responses"])
    try:
        yield collection, samples
    finally:
        collection.drop()


def _in_transactions(collection: Collection[dict[str, Any]], chunks: Sequence[list[dict[str, Any]]]) -> None:
    with collection.database.client.start_session() as session:
        for chunk in chunks:
            with session.start_transaction(ReadConcern("snapshot"), WriteConcern("majority", j=True)):
                collection.insert_many(chunk, ordered=False, session=session)
