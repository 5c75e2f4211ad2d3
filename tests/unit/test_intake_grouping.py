"""A key has the partition that kafka-python's own choice gives it: the partition of a response never changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner import DefaultPartitioner

from services.intake.grouping import partition_of


class Cluster:
    def __init__(self, partitions: int) -> None:
        self._partitions = set(range(partitions))

    def topics(self) -> set[str]:
        return {"t"}

    def partitions_for_topic(self, _: str) -> set[int]:
        return self._partitions

    available_partitions_for_topic = partitions_for_topic


@given(st.binary() | st.uuids().map(lambda id_: str(id_).encode()), st.integers(1, 100))
def test_the_partition_is_that_of_the_default(key: bytes, partitions: int) -> None:
    assert partition_of(key, partitions) == DefaultPartitioner().partition(
        "t", None, key, None, b"", Cluster(partitions)
    )
