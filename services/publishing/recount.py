"""A campaign as the log has it up to a cut: counted anew from the first record, and nothing taken from the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign
from services.common.catalogue import Catalogue
from services.common.settings import Settings
from services.scoring.audit.log import Log
from services.scoring.audit.replay import AppraisalsReplay, Replay, ResponsesReplay, Settled, replay
from services.scoring.definitions import Definitions
from services.scoring.ledger import Halted, Unavailable
from services.scoring.reading import Rules
from services.scoring.tallies import Tally, TallyKey, total
from services.scoring.topics import Topics

Positions = Mapping[str, Mapping[str, int]]
"""By topic and partition: the offset of the first record that is not counted."""
Offsets = Mapping[str, Mapping[str, tuple[int, ...]]]
Advance = Callable[[int], None]

PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Cut:
    """Up to where a campaign is counted, and by which version of its definition."""

    campaign: Campaign
    positions: Positions


@dataclass(slots=True)
class Counted:
    """What a campaign has come to at a cut."""

    cut: Cut
    tallies: dict[TallyKey, Tally] = field(default_factory=dict)
    """Over all partitions."""
    forms: Counter[str] = field(default_factory=Counter)
    """By group the responses that count."""
    appraisals: dict[str, AppraisalRow] = field(default_factory=dict)
    receipts: list[tuple[str, int, str]] = field(default_factory=list)
    """Of every response that counts: id, revision and digest, by id."""
    rejected: dict[str, dict[str, tuple[int, ...]]] = field(default_factory=dict)
    """By topic and partition: offsets of records that were rejected, other than conflicts."""


class Recount:
    """Reads the log: `open`, then as many recounts as are wanted; `close` at the end.

    Every method may raise
        Halted: the settings do not fit the topics, or the log has lost records; the message says what to change.
        Unavailable, KafkaError: a broker does not answer.
    """

    def __init__(self, settings: Settings) -> None:
        self.catalogue = Catalogue(settings)
        self.topics = Topics(settings)
        self.log = Log(settings)
        self._definitions = Definitions(self.catalogue)
        self._prefix = settings.topic_prefix
        self._responses = [
            TopicPartition(settings.topic("responses"), partition) for partition in range(settings.response_partitions)
        ]
        self._appraisals = TopicPartition(settings.topic("appraisals"), 0)

    def open(self) -> None:
        """Reads the definitions."""
        for topic in (self._responses[0].topic, self._appraisals.topic):
            self.topics.identify(topic)
        self.catalogue.follower.start()
        if not self.catalogue.follower.catch_up(PATIENCE_S):
            raise Unavailable("the definitions cannot be read from Kafka")

    def close(self) -> None:
        self.catalogue.follower.stop()
        self.topics.close()
        self.log.close()

    def ends(self) -> dict[str, dict[str, int]]:
        """The cut at the end of the log as it is now."""
        found: dict[str, dict[str, int]] = {"responses": {}, "appraisals": {}}
        for partition in (*self._responses, self._appraisals):
            found[self._topic(partition)][str(partition.partition)] = self.log.bounds(partition)[1]
        return found

    def count(self, cuts: Sequence[Cut], advance: Advance, rejected: Offsets | None = None) -> list[Counted]:
        """Counts one campaign up to each cut, in one reading of the log.

        Args:
            cuts: of one campaign.
            advance: is told how many records were applied.
            rejected: offsets of records that are taken for rejected, as they once were.
        """
        found = [Counted(cut) for cut in cuts]
        for partition in self._responses:
            settled = _settled(rejected, "responses", partition)
            target = ResponsesReplay(partition.partition, Rules(self._definitions), settled)
            for counted in self._each(partition, target, found, advance):
                _add_responses(counted, target)
        target_of_rows = AppraisalsReplay(self._definitions, _settled(rejected, "appraisals", self._appraisals))
        for counted in self._each(self._appraisals, target_of_rows, found, advance):
            code = counted.cut.campaign.code
            counted.appraisals = {unit: row for (of, unit), row in target_of_rows.rows.items() if of == code}
        for counted in found:
            counted.receipts.sort()
        return found

    def _each(
        self, partition: TopicPartition, target: Replay, found: Sequence[Counted], advance: Advance
    ) -> Iterator[Counted]:
        """Replays a partition; yields what is to be counted as the replay comes to its cut."""
        topic, number = self._topic(partition), str(partition.partition)
        stops = [int(counted.cut.positions[topic].get(number, 0)) for counted in found]
        start, end = self.log.bounds(partition)
        if start or end < max(stops):
            raise Halted(f"{partition}: the log holds {start} to {end}, and records before {max(stops)} are needed")

        for stop in replay(target, _told(self.log.read(partition, max(stops)), advance), stops):
            offsets = tuple(sorted(at for at, letter in target.letters.items() if letter["reason"] != "conflict"))
            for counted, wanted in zip(found, stops, strict=True):
                if wanted == stop:
                    if offsets:
                        counted.rejected.setdefault(topic, {})[number] = offsets
                    yield counted

    def _topic(self, partition: TopicPartition) -> str:
        return str(partition.topic.removeprefix(self._prefix))


def _told(batches: Iterable[Sequence[ConsumerRecord]], advance: Advance) -> Iterator[Sequence[ConsumerRecord]]:
    for batch in batches:
        yield batch
        advance(len(batch))


def _settled(rejected: Offsets | None, topic: str, partition: TopicPartition) -> Settled:
    offsets = (rejected or {}).get(topic, {}).get(str(partition.partition), ())
    return {offset: {"reason": "rejected"} for offset in offsets}


def _add_responses(counted: Counted, target: ResponsesReplay) -> None:
    campaign = counted.cut.campaign
    for key, tally in target.tallies_by(campaign.code, campaign.version).items():
        sums = total((counted.tallies, {key: tally}), key)
        moments = sums.moments
        counted.tallies[key] = Tally(sums.n, moments.n, moments.s1, moments.s2, list(sums.counts))
    counted.forms.update(target.counts.counted.get(campaign.code, {}))
    counted.receipts.extend(target.receipts(campaign.code))
