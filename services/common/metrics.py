"""Prometheus metrics of a service, whether it is one process or several workers under gunicorn.

Each service declares its metrics in a module of its own. Workers share their values through files in a folder that the
environment names before `prometheus_client` is first imported; gunicorn's configuration does that.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Protocol

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest, multiprocess

FOLDER = "PROMETHEUS_MULTIPROC_DIR"


class _Observes(Protocol):
    def observe(self, amount: float) -> None: ...


def exposition() -> bytes:
    """All metrics in Prometheus' text form: those of every worker, where there are several."""
    if FOLDER not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def worker_ended(pid: int) -> None:
    """Forgets the gauges of a worker that has ended; its counters stay."""
    if FOLDER in os.environ:
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]


@contextmanager
def timed(histogram: _Observes) -> Iterator[None]:
    """Observes how long the block took, in seconds, however it ends."""
    start = perf_counter()
    try:
        yield
    finally:
        histogram.observe(perf_counter() - start)
