"""The metrics of scoring, each with its meaning; docs/operations.md lists them."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

RECORDS = Counter("parindex_scoring_records", "Records applied, by what they did", ["effect"])
CHUNK_SECONDS = Histogram(
    "parindex_scoring_chunk_seconds",
    "Time from the start to the commit of a chunk's transaction",
    ["topic"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
REFRESH_SECONDS = Histogram(
    "parindex_scoring_refresh_seconds",
    "Time of a refresh of indices, or of a part of a large one, that wrote something",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
UNITS_REFRESHED = Counter("parindex_scoring_units_refreshed", "Unit indices written")
POSITION = Gauge("parindex_scoring_position", "Next offset to apply", ["topic", "partition"])
LAG = Gauge("parindex_scoring_lag", "Records of the log not applied yet", ["topic", "partition"])
SETBACKS = Counter(
    "parindex_scoring_setbacks",
    "Chunks given up and gone through again: fenced by another owner, or a server was unavailable",
    ["kind"],
)
WEIGHED = Counter("parindex_scoring_weighed_responses", "Responses read again to make sums anew after a new definition")
UNWEIGHED = Gauge(
    "parindex_scoring_partitions_unweighed",
    "Partitions of this process whose sums are not of the newest definition yet",
)
HALTED = Gauge("parindex_scoring_halted", "Partitions that stopped for an operator to look", ["topic"])
OWNED = Gauge("parindex_scoring_partitions_owned", "Partitions loaded by this process")
DIFFERENCES = Gauge(
    "parindex_scoring_differences",
    "Differences found by the last recount of a partition from its rows: anything but 0 is damage",
    ["topic", "partition"],
)
RECOUNTED = Gauge(
    "parindex_scoring_recounted_timestamp_seconds",
    "When a partition was last recounted as a whole, as Unix time",
    ["topic", "partition"],
)
