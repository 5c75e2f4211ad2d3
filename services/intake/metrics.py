"""The metrics of intake, each with its meaning; docs/operations.md lists them."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter(
    "parindex_intake_requests",
    "Requests answered, by route and outcome: ok, accepted, or the name of the problem",
    ["route", "outcome"],
)
BATCH_LINES = Counter(
    "parindex_intake_batch_lines",
    "Lines of batches answered, by outcome: accepted, or the name of the problem",
    ["outcome"],
)
PUBLISH_SECONDS = Histogram(
    "parindex_intake_publish_seconds",
    "Time from handing a record, or a window of a batch, to the producer until Kafka has it or the wait is over",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5),
)
UNACKNOWLEDGED = Gauge(
    "parindex_intake_unacknowledged",
    "Records on their way to Kafka while the breaker is open; 0 while it is closed",
    multiprocess_mode="livesum",
)
BREAKER_OPEN = Gauge(
    "parindex_intake_breaker_open",
    "Workers that refuse at once because Kafka does not answer",
    multiprocess_mode="livesum",
)
BREAKER_CHANGES = Counter("parindex_intake_breaker_changes", "Times that the breaker opened or closed", ["to"])
PRODUCERS_REPLACED = Counter("parindex_intake_producers_replaced", "Producers thrown away because they stayed ill")
