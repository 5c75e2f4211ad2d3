"""Where the log and the database no longer fit together, what is missing is counted, or scoring stops and says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewPartitions
from pymongo import MongoClient

from services.common import kafka, mongo
from services.common.campaign import Campaign
from services.common.settings import Settings
from services.scoring.ledger import Document
from tests.integration.reckoning import Account, recounted
from tests.integration.test_scoring_process import Survey, eventually

PARTITIONS = 3 + 1
"""Of responses and appraisals."""


@pytest.fixture
def account(settings: Settings, client: MongoClient[Document], small: Campaign) -> Iterator[Account]:
    kafka.create_topics(settings)
    made = Account(Survey(settings, client))
    made.survey.publish(small)
    yield made
    made.survey.producer.close(timeout=2)


def backup(db: mongo.Database[Document]) -> dict[str, list[Document]]:
    """What mongodump would keep."""
    return {name: list(db[name].find()) for name in db.list_collection_names()}


def restore(db: mongo.Database[Document], kept: dict[str, list[Document]]) -> None:
    """As `mongorestore --drop`."""
    db.client.drop_database(db.name)
    for name, documents in kept.items():
        if documents:
            db[name].insert_many(documents)


def test_an_old_backup_of_the_database_is_brought_up_to_the_log(account: Account, small: Campaign) -> None:
    db = account.survey.db
    with account.survey.scorer():
        account.say(30)
        eventually(account.is_through)
        old = backup(db)
        account.say(60, first=10)
        eventually(account.is_through)
    newest = recounted(db)
    restore(db, old)
    assert recounted(db) != newest
    with account.survey.scorer():
        eventually(account.is_through)
    account.check(small)
    assert recounted(db) == newest


def test_a_database_that_is_ahead_of_the_log_stops_scoring(account: Account) -> None:
    """The log was restored from an older copy: what it says anew at the same places would be passed over."""
    with account.survey.scorer():
        account.say(30)
        eventually(account.is_through)
    account.survey.db.positions.update_many({}, {"$inc": {"next": 100}})
    with account.survey.scorer() as scorer:
        halted = eventually(lambda: len(scorer.consumer.halted) == PARTITIONS and scorer.consumer.halted)
        assert "restored from an older copy" in next(iter(halted.values()))
        assert httpx.get(f"http://{scorer.bind}/readyz").status_code == 503


def test_partitions_added_to_a_log_stop_scoring_before_anything_is_counted_twice(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same id then goes to another partition."""
    reader = kafka.reader

    def curious(*settled: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever `reader` takes
        made = reader(*settled, **more)
        # Instead of every half minute.
        made._client.cluster.config["metadata_max_age_ms"] = 500
        return made

    monkeypatch.setattr(kafka, "reader", curious)
    survey = account.survey
    with survey.scorer() as scorer:
        account.say(60)
        eventually(account.is_through)
        before = recounted(survey.db)
        admin = KafkaAdminClient(bootstrap_servers=survey.settings.bootstrap, api_version=kafka.API_VERSION)
        admin.create_partitions({survey.settings.topic("responses"): NewPartitions(total_count=5)})
        admin.close()
        halted = eventually(lambda: len(scorer.consumer.halted) == 5 and scorer.consumer.halted)
        assert "has 5 partitions, not 3" in next(iter(halted.values()))
        assert httpx.get(f"http://{scorer.bind}/readyz").status_code == 503
        account.say(60, first=1)
        # The appraisals are still followed: the loop has turned since.
        turned = scorer.consumer.polled_at
        eventually(lambda: scorer.consumer.polled_at > turned + 1)
        assert recounted(survey.db) == before
