"""How fast a scorer counts what waits in the log, beside MongoDB taking the same rows without any accounting."""

from __future__ import annotations

import itertools
import time
import uuid
from typing import Any

from pymongo import MongoClient
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from services.common import events, mongo
from services.common.settings import Settings
from services.scoring.polled import CHUNK_BYTES, CHUNK_RECORDS
from tests.bench.bodies import ONE, TWENTY, Bodies, Kind
from tests.bench.figures import Figure, Round, Row
from tests.bench.producing import Order, produce
from tests.bench.running import COUNTED_S, LOOK_S, Bench, Wrong, costs
from tests.bench.writing import BATCH_CONNECTIONS, batches


def batches_and_catching_up(bench: Bench) -> list[Row]:
    """Writes batches while scoring stands still, then lets it count them; kinds and ways in turn.

    What the batches left is filled up, straight to the topic, to the backlog that is asked for.
    """
    kinds = (ONE, TWENTY)
    wrote: dict[Kind, list[tuple[Round, Round]]] = {kind: [] for kind in kinds}
    counted: dict[Kind, list[tuple[Round, Round]]] = {kind: [] for kind in kinds}
    for _, kind in itertools.product(range(bench.sizes.rounds), kinds):
        bench.stop_scoring()
        before = bench.acknowledged
        wrote[kind].append(batches(bench, kind))
        missing = bench.sizes.backlog // kind.units - (bench.acknowledged - before)
        if missing > 0:
            workers = bench.settings.intake_workers
            made = produce(Order(bench.settings, bench.campaign.version, kind, 0.0, -(-missing // workers)), workers)
            bench.acknowledged += made.amount
        waiting = bench.acknowledged - before
        counted[kind].append((_catch_up(bench, waiting), _insert(bench, kind, waiting)))
    return [*(_batch_row(kind, wrote[kind]) for kind in kinds), *(_count_row(kind, counted[kind]) for kind in kinds)]


def _catch_up(bench: Bench, waiting: int) -> Round:
    """From the start of the scorer's process until all is committed and in the indices."""
    before = bench.counted()
    with costs(bench.processes) as cpu:
        began = time.perf_counter()
        bench.start_scoring()
        while bench.counted() == before:
            if time.perf_counter() - began > COUNTED_S:
                raise Wrong(f"nothing was counted within {COUNTED_S:.0f} s of the start of scoring")
            time.sleep(LOOK_S)
        first = time.perf_counter() - began
        bench.await_counted()
        seconds = time.perf_counter() - began
    return Round(waiting, seconds, (), cpu, {"backlog": waiting, "seconds": seconds, "first_counted_after_s": first})


def _insert(bench: Bench, kind: Kind, amount: int) -> Round:
    """Inserts the rows of so many responses in transactions of the same size, and nothing else."""
    bodies = Bodies(bench.campaign, kind)
    size = min(CHUNK_RECORDS, CHUNK_BYTES // bodies.bytes)
    rows = _rows(bodies, bench.settings, amount)
    chunks = [rows[start : start + size] for start in range(0, amount, size)]
    pids = {"mongo": bench.status["pids"]["mongo"], "client": bench.processes()["client"]}
    with mongo.client(bench.settings.mongo) as client:
        collection = mongo.database(client)["bench_rows"]
        collection.create_index("p")
        with costs(lambda: pids) as cpu:
            began = time.perf_counter()
            _in_transactions(client, collection.name, chunks)
            seconds = time.perf_counter() - began
        collection.drop()
    return Round(amount, seconds, (), cpu)


def _in_transactions(client: MongoClient[dict[str, Any]], name: str, chunks: list[list[dict[str, Any]]]) -> None:
    collection = mongo.database(client)[name]
    with client.start_session() as session:
        for chunk in chunks:
            with session.start_transaction(ReadConcern("snapshot"), WriteConcern("majority", j=True)):
                collection.insert_many(chunk, ordered=False, session=session)


def _rows(bodies: Bodies, settings: Settings, amount: int) -> list[dict[str, Any]]:
    patterns = itertools.cycle((response, events.digest(response)) for response in bodies.responses)
    return [
        {
            "_id": str(uuid.uuid4()),
            "p": number % settings.response_partitions,
            "campaign": response.campaign,
            "version": response.campaign_version,
            "group": response.group,
            "revision": 1,
            "digest": digest,
            "ratings": response.ratings,
            "withdrawn": False,
        }
        for number, (response, digest) in zip(range(amount), patterns, strict=False)
    ]


def _batch_row(kind: Kind, found: list[tuple[Round, Round]]) -> Row:
    return Row(
        f"batches, {kind.name}",
        f"responses {kind.about}, {kind.lines} a POST, {BATCH_CONNECTIONS} connections; scoring stands still",
        Figure([ours for ours, _ in found]),
        Figure([limit for _, limit in found]),
        "kafka-python writing the same records without HTTP, from as many processes",
    )


def _count_row(kind: Kind, found: list[tuple[Round, Round]]) -> Row:
    return Row(
        f"scoring's catch-up, {kind.name}",
        f"responses {kind.about} that wait in the log, from the start of the scorer until all are in the indices",
        Figure([ours for ours, _ in found]),
        Figure([limit for _, limit in found]),
        "pymongo inserting the same rows in transactions of the same size, without accounting",
    )
