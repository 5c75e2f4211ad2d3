"""A small survey on a real MongoDB: records as the log would hold them, and scoring's parts wired as in a process."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kafka.consumer.fetcher import ConsumerRecord
from pymongo import MongoClient

from services.common import campaign_schema, events, mongo
from services.common.appraisals import Change
from services.common.campaign import Campaign
from services.common.campaign_versions import extended_layout
from services.common.records import encode
from services.common.requeued import HEADER
from services.common.settings import Settings
from services.scoring.counting import Applied, Counting, ResponsesPartition
from services.scoring.ledger import Document, Ledger
from services.scoring.revisions import Rejected

pytest.register_assert_rewrite("tests.integration.reckoning")

SMALL = Path(__file__).parents[1] / "data" / "small_campaign.yaml"
NOW = datetime(2022, 11, 18, 8, 45, tzinfo=UTC)
TOPIC_ID = "0a1b2c3d-0000-4000-8000-000000000001"


@pytest.fixture(scope="session")
def small() -> Campaign:
    """The small campaign as published: version 1 with its layout."""
    campaign = campaign_schema.parse(SMALL.read_bytes())
    return dataclasses.replace(campaign, version=1, layout=extended_layout(campaign, {}))


@pytest.fixture
def settings(settings_env: dict[str, str]) -> Settings:
    return settings_of(settings_env)


def settings_of(environment: Mapping[str, str]) -> Settings:
    """Three partitions of responses, where the environment says."""
    return Settings(
        kafka=environment["PARINDEX_KAFKA"],
        mongo=environment["PARINDEX_MONGO"],
        topic_prefix=environment["PARINDEX_TOPIC_PREFIX"],
        response_partitions=3,
    )


@pytest.fixture
def client(settings: Settings) -> Iterator[MongoClient[Document]]:
    """A client of a database that is ready for scoring."""
    with mongo.client(settings.mongo) as connected:
        mongo.prepare(mongo.database(connected))
        yield connected


class Known:
    """Definitions that are all there from the start."""

    def __init__(self, *campaigns: Campaign) -> None:
        self._campaigns = {(campaign.code, campaign.version): campaign for campaign in campaigns}

    def newest(self, campaign: str) -> int:
        return max((version for code, version in self._campaigns if code == campaign), default=0)

    def find(self, campaign: str, version: int) -> Campaign:
        try:
            return self._campaigns[campaign, version]
        except KeyError:
            raise Rejected("unknown-campaign", f"{campaign} {version}") from None


def response(
    number: int,
    ratings: Mapping[str, Mapping[str, str]],
    *,
    revision: int = 1,
    group: str = "citizen",
    campaign: str = "small",
    version: int = 1,
) -> events.Response:
    return events.Response(id_of(number), revision, campaign, version, group, "web", ratings)


def withdrawal(number: int, *, revision: int) -> events.Withdrawal:
    return events.Withdrawal(id_of(number), revision, "small", 1)


def appraisal(unit: str, change: Change) -> events.Appraisal:
    return events.Appraisal("small", 1, "an.nguyen", NOW, {unit: change})


def appraisals_of(changes: Mapping[str, Change]) -> events.Appraisal:
    """Changes of several units that are made together."""
    return events.Appraisal("small", 1, "an.nguyen", NOW, changes, "meeting of 1 December")


def id_of(number: int) -> str:
    return str(uuid.UUID(int=number))


class Log:
    """One partition of a topic, as a consumer would hand it over."""

    def __init__(self, topic: str, partition: int = 0) -> None:
        self.topic = topic
        self.partition = partition
        self.records: list[ConsumerRecord] = []

    def say(self, *said: events.Event) -> list[ConsumerRecord]:
        """Appends events; returns their records."""
        return [self.append(*_bytes(event)) for event in said]

    def append(self, value: bytes, headers: list[tuple[str, bytes]]) -> ConsumerRecord:
        timestamp = int(NOW.replace(minute=0).timestamp() * 1000)
        record = ConsumerRecord(
            self.topic, self.partition, 0, len(self.records), timestamp, 0, b"key", value, headers, None, 3, 0, 0
        )
        self.records.append(record)
        return record

    def requeue(self, offset: int) -> ConsumerRecord:
        """Appends the record at an offset again, as an operator's requeueing does."""
        record, topic = self.records[offset], self.topic.rpartition(".")[2]
        came_from = HEADER, f"{topic}/{self.partition}/{offset}".encode()
        return self.append(record.value, [*record.headers, came_from])


def _bytes(event: events.Event) -> tuple[bytes, list[tuple[str, bytes]]]:
    record = encode(event, NOW, source="/test")
    return record.value, record.headers


class Partition:
    """A partition of responses under scoring, with the log it is fed from."""

    def __init__(
        self, client: MongoClient[Document], settings: Settings, campaigns: tuple[Campaign, ...], generation: int = 0
    ) -> None:
        self.log = Log(settings.topic("responses"))
        self.ledger = Ledger(client, generation)
        self.counting = Counting(self.ledger, Known(*campaigns))
        self.owned = self.load()

    @property
    def db(self) -> mongo.Database[Document]:
        return self.ledger.db

    def load(self) -> ResponsesPartition:
        position = self.ledger.position(self.log.topic, self.log.partition, TOPIC_ID)
        return self.counting.load(position)

    def say(self, *said: events.Event) -> Applied:
        """Appends events and applies them as one chunk."""
        return self.counting.apply(self.owned, self.log.say(*said))

    def tally(self, unit: str, group: str = "citizen", campaign: str = "small") -> Document | None:
        key = {"p": self.log.partition, "campaign": campaign, "group": group, "unit": unit}
        return self.db.tallies.find_one({"_id": key})

    def row(self, number: int) -> Document | None:
        return self.db.responses.find_one({"_id": id_of(number)})


@pytest.fixture
def partition(client: MongoClient[Document], settings: Settings, small: Campaign) -> Iterator[Partition]:
    made = Partition(client, settings, (small,))
    yield made
    made.ledger.close()
