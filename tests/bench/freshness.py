"""How long after its 202 a response is in the ranking, while responses come at a steady rate."""

from __future__ import annotations

import json
import multiprocessing
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection as Pipe
from typing import Any

from kafka import TopicPartition

from services.cli.connection import Connection
from services.common import kafka
from services.common.settings import Settings
from tests.bench import wire
from tests.bench.bodies import ONE, Bodies
from tests.bench.figures import Round, Row, interleaved
from tests.bench.running import ACCEPTED, Bench, Wrong, costs
from tests.bench.targets import FRESH

Seen = list[tuple[float, dict[int, int]]]
"""When what was seen: by partition the offset after the last record."""

POLL_S = 0.005
CONNECTIONS = 16


def freshness(bench: Bench) -> list[Row]:
    """202 → visible in /rankings, in turn with 202 → read from Kafka by a consumer that does nothing else."""
    path, _, _ = bench.ranking()
    seconds, rate = bench.sizes.fresh_seconds, bench.sizes.fresh_rate
    ours, limit = interleaved(
        max(1, bench.sizes.few - 1),
        bench.told,
        lambda: _round(bench, seconds, _watch_rankings, bench.status["reporting"], path),
        lambda: _round(bench, seconds / 2, _watch_log, bench.settings),
        warm=False,
    )
    return [
        Row(
            FRESH,
            f"single POSTs {ONE.about} at {rate:.0f} a second: from the 202 until /rankings rests on it",
            ours,
            limit,
            "202 to read from Kafka by a consumer that does nothing else",
            latency=True,
        )
    ]


def _round(bench: Bench, seconds: float, watch: Callable[..., None], *arguments: object) -> Round:
    bodies = Bodies(bench.campaign, ONE)
    acknowledged: list[tuple[float, int, int]] = []

    def taken(_: int, body: bytes, at: float) -> None:
        receipt = json.loads(body)["receipt"]
        acknowledged.append((at, receipt["partition"], receipt["offset"]))

    mine, theirs = multiprocessing.Pipe()
    watcher = multiprocessing.get_context("spawn").Process(target=watch, args=(theirs, *arguments), daemon=True)
    watcher.start()
    mine.recv()
    with costs(bench.processes) as cost:
        pace = wire.Pace(CONNECTIONS, seconds, bench.sizes.fresh_rate)
        sample = wire.drive(bench.intake, bodies.singles("intake"), pace, taken)
    if set(sample.statuses) != {ACCEPTED}:
        raise Wrong(f"expected answers {ACCEPTED}, got {dict(sample.statuses)}")
    bench.acknowledged += sample.answers
    bench.await_counted()
    ends: dict[int, int] = {}
    for _, partition, offset in acknowledged:
        ends[partition] = max(ends.get(partition, 0), offset + 1)
    mine.send(ends)
    seen: Seen = mine.recv()
    watcher.join()
    latencies = _latencies(acknowledged, seen)
    return Round(sample.answers, sample.seconds, latencies, cost, {"rate": sample.answers / sample.seconds})


def _latencies(acknowledged: Sequence[tuple[float, int, int]], seen: Seen) -> list[float]:
    """Seconds from each acknowledgement until it was first seen; 0 for what was seen before it was acknowledged."""
    times = {partition: [(ends.get(partition, 0), at) for at, ends in seen] for _, partition, _ in acknowledged}
    found = []
    for at, partition, offset in acknowledged:
        sights = times[partition]
        place = bisect_left(sights, (offset + 1, 0.0))
        found.append(max(0.0, sights[place][1] - at))
    return found


def _reached(ends: dict[int, int], wanted: dict[int, int] | None) -> bool:
    return wanted is not None and all(ends.get(partition, 0) >= end for partition, end in wanted.items())


def _watch_rankings(pipe: Pipe, url: str, path: str) -> None:
    """Asks for the ranking again and again, as a dashboard would that could not wait."""
    connection = Connection(url)
    seen: Seen = []
    etag = ""
    ends: dict[int, int] = {}
    wanted: dict[int, int] | None = None
    pipe.send("ready")
    while not _reached(ends, wanted):
        answer = connection.exchange("GET", path, headers={"If-None-Match": etag})
        at = time.perf_counter()
        if answer.status == 200:
            etag = answer.headers["etag"]
            positions: dict[str, Any] = answer.document()["as_of"]["positions"]["responses"]
            ends = {int(partition): end for partition, end in positions.items()}
            seen.append((at, ends))
        if pipe.poll(POLL_S):
            wanted = pipe.recv()
    pipe.send(seen)


def _watch_log(pipe: Pipe, settings: Settings) -> None:
    """Reads the topic from its end."""
    consumer = kafka.reader(settings, "bench-watch")
    topic = settings.topic("responses")
    consumer.assign([TopicPartition(topic, number) for number in range(settings.response_partitions)])
    consumer.seek_to_end()
    ends = {partition.partition: consumer.position(partition) for partition in consumer.assignment()}
    seen: Seen = [(time.perf_counter(), dict(ends))]
    wanted: dict[int, int] | None = None
    pipe.send("ready")
    while not _reached(ends, wanted):
        for partition, records in consumer.poll(timeout_ms=100).items():
            ends[partition.partition] = records[-1].offset + 1
            seen.append((time.perf_counter(), dict(ends)))
        if pipe.poll():
            wanted = pipe.recv()
    pipe.send(seen)
    consumer.close(autocommit=False)
