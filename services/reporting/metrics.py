"""The metrics of reporting, each with its meaning; docs/operations.md lists them."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter(
    "parindex_reporting_requests",
    "Requests answered, by route and outcome: ok, not_modified, or the name of the problem",
    ["route", "outcome"],
)
BODIES = Counter(
    "parindex_reporting_bodies", "Answers taken from memory (kept) or rendered for the first time (made)", ["source"]
)
KEPT, MADE = BODIES.labels("kept"), BODIES.labels("made")
RENDER_SECONDS = Histogram(
    "parindex_reporting_render_seconds",
    "Time to render an answer that was not kept",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
EXPORT_SECONDS = Histogram(
    "parindex_reporting_export_seconds",
    "Time to have a file (XLSX, Parquet, PDF, responses) made by a process of its own",
    buckets=(0.2, 0.5, 1, 2, 5, 10, 20, 50),
)
LOAD_SECONDS = Histogram(
    "parindex_reporting_load_seconds",
    "Time to read a campaign's new state from MongoDB",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
STREAMS = Gauge("parindex_reporting_streams", "Event streams open now", multiprocess_mode="livesum")
SILENCE_SECONDS = Gauge(
    "parindex_reporting_silence_seconds",
    "Time since MongoDB last proved that it answers, of the worker for which it is longest",
    multiprocess_mode="livemax",
)
STATE = Gauge(
    "parindex_reporting_state", "The state of each campaign that is shown", ["campaign"], multiprocess_mode="livemax"
)
