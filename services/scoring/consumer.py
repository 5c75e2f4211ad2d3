"""The loop of scoring: which partitions are ours, where each goes on, and what waits for what."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from services.common import kafka
from services.common.settings import Settings
from services.scoring import metrics
from services.scoring.applying import Applying, Owned, Write
from services.scoring.appraising import AppraisalsPartition
from services.scoring.chunk import Applied
from services.scoring.counting import ResponsesPartition
from services.scoring.ledger import Fenced, Halted, Ledger, Unavailable
from services.scoring.pace import Pace
from services.scoring.polled import READ_AHEAD, Reassignments, in_turn
from services.scoring.progress import Progress
from services.scoring.refresher import Refresher
from services.scoring.reweighing import Reweighing
from services.scoring.writing import Writing

log = logging.getLogger(__name__)

POLL_S = 0.1
GATHER_BYTES = 65_536
GATHER_MS = 50
"""Records that come one by one are gathered for so long: a transaction costs much the same for one as for ten."""
RETRY_S = 0.5
WEIGH_S = 0.5
"""Of each turn of the loop, while there are sums to be made anew."""
REBALANCE_MS = 45_000
"""How long the loop may be away from polling, several times its longest turn; and how long a rebalance may wait for a
scorer that does not come back. Kafka ends that by the session as a rule, but a broker that was killed amid a rebalance
has been seen (4.1.1) to take up its group again without any session, and to wait for the dead in it all that time.
"""
FOLLOW_S = 0.5
"""How soon a scorer goes over to a generation that has become current; until then it works on the one before."""


class Consumer:
    """Consumes responses and appraisals in one group.

    A partition is loaded (its position and counts, from MongoDB) before anything of it is applied, and dropped on any
    error, fence or rebalance. While it is not loaded it is paused, so that the group is kept up through an outage.
    """

    def __init__(self, settings: Settings, ledger: Ledger, applying: Applying, refresher: Refresher) -> None:
        self._settings = settings
        self._ledger = ledger
        self._applying = applying
        self._refresher = refresher
        self._owned: dict[TopicPartition, Owned] = {}
        self._writing = Writing()
        self._reweighing = Reweighing(applying)
        self._halted: dict[TopicPartition, str] = {}
        self._retry_at: dict[TopicPartition, float] = {}
        self._reassignments = Reassignments()
        self._stopping = threading.Event()
        self._pace = Pace()
        self._follow_at = 0.0
        self._progress = Progress(settings)
        self.assigned: frozenset[TopicPartition] = frozenset()
        """The partitions that the group has given to this process, loaded or not."""
        self.polled_at = 0.0
        """When the loop last turned (monotonic seconds): a loop that stands still is not ready."""

    def stop(self) -> None:
        """Asks the loop to end after the chunk at hand; safe in a signal handler."""
        self._stopping.set()

    @property
    def behind(self) -> int:
        """Records of its partitions that were there when it last read, and are not applied."""
        return self._progress.behind

    @property
    def owned(self) -> frozenset[TopicPartition]:
        """The partitions that are loaded."""
        return frozenset(self._owned)

    @property
    def generation(self) -> int:
        """The number of the generation that it works on."""
        return self._ledger.generation.number

    @property
    def halted(self) -> dict[str, str]:
        """Partitions that stopped, and why."""
        return {f"{partition.topic}-{partition.partition}": why for partition, why in self._halted.items()}

    @property
    def waiting(self) -> bool:
        """Whether an assigned partition could not be loaded yet."""
        return bool(self._retry_at)

    def run(self) -> None:
        """Runs until `stop`."""
        consumer = kafka.reader(
            self._settings,
            "scoring",
            group_id=self._settings.topic_prefix + "scoring",
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
            max_poll_interval_ms=REBALANCE_MS,
            fetch_min_bytes=GATHER_BYTES,
            fetch_ms=GATHER_MS,
            **READ_AHEAD,
        )
        topics = [self._settings.topic("responses"), self._settings.topic("appraisals")]
        consumer.subscribe(topics, listener=self._reassignments)
        try:
            while not self._stopping.is_set():
                self._turn(consumer)
            self._end(consumer)
            self._progress.commit(consumer, self._owned, wait=True)
        finally:
            self._writing.close()
            self._applying.close()
            consumer.close(autocommit=False, timeout_ms=5_000)

    def _turn(self, consumer: KafkaConsumer) -> None:
        self.polled_at = time.monotonic()
        try:
            # What is at hand, while a chunk is on its way; then it is time to see that to its end.
            batches = consumer.poll(timeout_ms=0 if self._writing.partition else int(self._patience() * 1_000))
            self._end(consumer)
            records = self._gather(consumer, batches)
            began = time.monotonic()
            self._follow_generation()
            self._follow_assignment(consumer)
            self._advance(consumer, batches)
            self._weigh(consumer)
            self._refresh(consumer)
            self._progress.commit(consumer, self._owned)
            if batches:
                self._pace.turned(began, time.monotonic(), records)
        except KafkaError as error:
            log.warning("Kafka is not there", extra={"error": repr(error)})
            self._stopping.wait(RETRY_S)

    def _gather(self, consumer: KafkaConsumer, batches: dict[TopicPartition, list[ConsumerRecord]]) -> int:
        """Adds to what was polled what comes meanwhile, as long as the pace says; how many records that makes."""
        records = sum(map(len, batches.values()))
        while records and not self._stopping.is_set():
            left = self._pace.gather_until(records=records, behind=self.behind) - time.monotonic()
            if left <= 0:
                break
            for partition, more in consumer.poll(timeout_ms=int(left * 1_000)).items():
                batches.setdefault(partition, []).extend(more)
                records += len(more)
        return records

    def _patience(self) -> float:
        """How long a poll may wait for records: no longer than until the next refresh is due."""
        if self._reweighing.partition is not None:
            return 0.0
        if not self._refresher.pending or self._applying.appraisals not in self._owned:
            return POLL_S
        return min(POLL_S, max(0.0, self._refresh_due - time.monotonic()))

    @property
    def _refresh_due(self) -> float:
        return self._pace.due(pending=self._refresher.pending, behind=self.behind)

    def _follow_generation(self) -> None:
        """Drops everything when another generation has become current: it is loaded from there."""
        if time.monotonic() < self._follow_at:
            return
        self._follow_at = time.monotonic() + FOLLOW_S
        try:
            moved = self._ledger.follow()
        except Unavailable as error:
            log.warning("goes on with the generation at hand", extra={"error": str(error)})
            return
        if moved:
            for partition in list(self._owned):
                self._drop(partition)
            self._halted.clear()
            self._tell_halted()
            self._refresher.lose()

    def _follow_assignment(self, consumer: KafkaConsumer) -> None:
        for partition in self._reassignments.drain():
            self._drop(partition)
            self._halted.pop(partition, None)
            self._tell_halted()
        assigned = self.assigned = frozenset(consumer.assignment())
        for partition in self._owned.keys() - assigned:
            self._drop(partition)
        for partition in assigned - self._owned.keys() - self._halted.keys():
            if self._retry_at.setdefault(partition, 0.0) <= time.monotonic():
                self._load(consumer, partition)
        for partition in self._retry_at.keys() - assigned:
            del self._retry_at[partition]

    def _load(self, consumer: KafkaConsumer, partition: TopicPartition) -> None:
        """Loads a partition and goes on from its stored position, the only offset that matters."""
        consumer.pause(partition)
        try:
            owned = self._applying.load(consumer, partition)
        except Halted as error:
            self._halt(partition, error)
        except (Unavailable, Fenced, KafkaError) as error:
            log.warning("cannot load a partition yet", extra={"partition": str(partition), "error": str(error)})
            self._retry_at[partition] = time.monotonic() + RETRY_S
        else:
            self._owned[partition] = owned
            del self._retry_at[partition]
            self._resume(consumer, partition, owned)
            metrics.OWNED.set(len(self._owned))
            log.info("loaded a partition", extra={"partition": str(partition), "next": owned.position.next})

    def _resume(self, consumer: KafkaConsumer, partition: TopicPartition, owned: Owned) -> None:
        """Goes on from the stored position, unless the partition's sums must be made anew first."""
        if not self._reweighing.holds(owned):
            consumer.seek(partition, owned.position.next)
            consumer.resume(partition)

    def _weigh(self, consumer: KafkaConsumer) -> None:
        """Goes on with making sums anew where a definition has changed what they are of, beside the counting."""
        partition = self._reweighing.pick(self._owned)
        if partition is None:
            return
        _pause(consumer, partition)
        self._end(consumer)
        with self._mishaps(consumer, partition):
            applied = self._reweighing.go_on(self._owned, WEIGH_S)
            if applied is not None:
                self._refresher.touch(applied)
                self._resume(consumer, partition, self._owned[partition])

    def _advance(self, consumer: KafkaConsumer, batches: Mapping[TopicPartition, Sequence[ConsumerRecord]]) -> None:
        """Applies what was polled, chunk by chunk, as long as each is its partition's next."""
        astray: set[TopicPartition] = set()
        for partition, chunk in in_turn(batches):
            if self._stopping.is_set():
                return
            if partition not in self._owned or partition in astray:
                continue
            with self._mishaps(consumer, partition):
                count = self._applying.read(partition, chunk, self._owned[partition])
                if partition == self._writing.partition:
                    self._end(consumer)
                owned = self._owned.get(partition)
                if owned is None:
                    continue
                if self._applying.follows(consumer, partition, owned.position.next, chunk[0].offset):
                    write = count(owned)
                    self._end(consumer)
                    self._writing.begin(partition, partial(self._timed, partition, write))
                else:
                    astray.add(partition)

    def _timed(self, partition: TopicPartition, write: Write) -> Sequence[Applied]:
        with metrics.CHUNK_SECONDS.labels(self._progress.topic(partition)).time():
            return write()

    def _end(self, consumer: KafkaConsumer) -> None:
        """Sees the chunk on its way to its end."""
        partition = self._writing.partition
        if partition is None:
            return
        with self._mishaps(consumer, partition):
            for applied in self._writing.end():
                for effect, n in applied.effects.items():
                    metrics.RECORDS.labels(effect).inc(n)
                self._refresher.touch(applied)
            if (owned := self._owned.get(partition)) is not None:
                self._progress.note(consumer, partition, owned.position.next)

    @contextmanager
    def _mishaps(self, consumer: KafkaConsumer, partition: TopicPartition) -> Iterator[None]:
        """What becomes of a partition when it cannot go on as it is."""
        try:
            yield
        except Halted as error:
            self._drop(partition)
            _pause(consumer, partition)
            self._halt(partition, error)
        except (Unavailable, Fenced, KafkaError) as error:
            self._give_up(consumer, partition, error)

    def _give_up(self, consumer: KafkaConsumer, partition: TopicPartition, error: Exception) -> None:
        """Drops a partition after an error; it is loaded again, at once or after a pause, and goes on from there."""
        metrics.SETBACKS.labels("fenced" if isinstance(error, Fenced) else "unavailable").inc()
        # Another generation may have become current, and the one at hand be gone.
        self._follow_at = 0.0
        log.warning("gave up a chunk", extra={"partition": str(partition), "error": str(error)})
        self._drop(partition)
        _pause(consumer, partition)
        self._retry_at[partition] = time.monotonic() + (0.0 if isinstance(error, Fenced) else RETRY_S)

    def _refresh(self, consumer: KafkaConsumer) -> None:
        if self._applying.appraisals not in self._owned or time.monotonic() < self._refresh_due:
            return
        self._end(consumer)
        appraisals = self._owned.get(self._applying.appraisals)
        if not isinstance(appraisals, AppraisalsPartition):
            return
        own = {
            partition.partition: owned
            for partition, owned in self._owned.items()
            if isinstance(owned, ResponsesPartition)
        }
        began = time.monotonic()
        try:
            units = self._refresher.refresh(self._ledger.generation, own, appraisals)
        except Fenced as error:
            # Which of them moved is found by loading each again.
            log.warning("a partition has another owner", extra={"error": str(error)})
            metrics.SETBACKS.labels("fenced").inc()
            for partition in list(self._owned):
                self._drop(partition)
        except Unavailable as error:
            log.warning("cannot refresh yet", extra={"error": str(error)})
            metrics.SETBACKS.labels("unavailable").inc()
            self._pace.put_off(time.monotonic() + RETRY_S)
            return
        else:
            if units:
                metrics.UNITS_REFRESHED.inc(units)
                metrics.REFRESH_SECONDS.observe(time.monotonic() - began)
        self._pace.refreshed(began, time.monotonic(), whole=not self._refresher.under_way)

    def _drop(self, partition: TopicPartition) -> None:
        if self._owned.pop(partition, None) is not None:
            metrics.OWNED.set(len(self._owned))
            self._refresher.lose()
            self._progress.forget(partition)

    def _halt(self, partition: TopicPartition, error: Halted) -> None:
        log.critical("a partition stopped", extra={"partition": str(partition), "reason": str(error)})
        self._halted[partition] = str(error)
        self._retry_at.pop(partition, None)
        self._tell_halted()

    def _tell_halted(self) -> None:
        for topic in ("responses", "appraisals"):
            halted = sum(partition.topic == self._settings.topic(topic) for partition in self._halted)
            metrics.HALTED.labels(topic).set(halted)


def _pause(consumer: KafkaConsumer, partition: TopicPartition) -> None:
    """Reads no more of a partition. One that was taken away meanwhile is not read anyway."""
    with suppress(KeyError):
        consumer.pause(partition)
