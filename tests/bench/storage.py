"""What responses take on the disks of Kafka and MongoDB."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.common.generation import INDEXES, Generation
from tests.bench.running import Bench

MILLION = 1_000_000


@contextmanager
def growth(bench: Bench) -> Iterator[Counter[str]]:
    """Fills in, at the end of the block, by how many bytes what is stored has grown during it."""
    before = _stored(bench)
    found: Counter[str] = Counter()
    yield found
    found.update(_stored(bench))
    found.subtract(before)


def by_response(grown: Mapping[str, int], responses: int) -> dict[str, Any]:
    """Bytes of one response, by where they are."""
    return {"responses": responses, **{name: round(size / responses, 1) for name, size in grown.items()}}


def _stored(bench: Bench) -> Counter[str]:
    """Bytes of the log, of the collections and indexes that are derived from it, and of MongoDB's own log."""
    found: Counter[str] = Counter()
    topic = bench.settings.topic("responses")
    found["kafka: the log"] = sum(
        segment.stat().st_size for segment in Path(bench.stack.home.kafka).glob(f"**/{topic}-*/*.log")
    )
    # What is in memory only has no size on the disk.
    bench.database.client.admin.command("fsync")
    generation = Generation.current(bench.database)
    for name in INDEXES:
        stats = bench.database.command("collStats", generation.name(name))
        kind = "rows" if name == "responses" else "tallies and the rest"
        found[f"mongo: {kind}, as they are"] += stats.get("size", 0)
        found[f"mongo: {kind}, compressed"] += stats.get("storageSize", 0)
        found[f"mongo: {kind}, indexes"] += stats.get("totalIndexSize", 0)
    return found
