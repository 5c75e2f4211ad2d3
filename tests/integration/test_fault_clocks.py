"""Clocks of intake that jump by hours and days: every count is the same, only the day of an activity is theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pymongo import MongoClient

from services.common import kafka
from services.common.campaign import Campaign
from services.common.records import encode
from services.common.settings import Settings
from services.scoring.ledger import Document
from services.scoring.revisions import EFFECTS
from tests.integration.reckoning import Account, course
from tests.integration.test_scoring_process import Survey, eventually

JUMPS = [timedelta(hours=hours) for hours in (0, 1, -1, 3, -24, 30, -700)]
"""From the time of the test, which is the broker's too."""


@pytest.fixture
def account(settings: Settings, client: MongoClient[Document], small: Campaign) -> Iterator[Account]:
    kafka.create_topics(settings)
    made = Account(Survey(settings, client))
    made.survey.publish(small)
    yield made
    made.survey.producer.close(timeout=2)


def test_jumps_of_the_clock_change_no_count(account: Account, small: Campaign) -> None:
    """An edit may bear an earlier time than what it edits, and a response the time of another day."""
    survey, now = account.survey, datetime.now(UTC)
    with survey.scorer():
        for number, event in enumerate(said := course(1, 60)):
            record = encode(event, now + JUMPS[number % len(JUMPS)], source="/test")
            survey.producer.send(
                survey.settings.topic("responses"),
                record.value,
                record.key,
                record.headers,
                timestamp_ms=record.timestamp_ms,
            ).get(timeout=10)
        account.said += said
        eventually(account.is_through)
    account.check(small)
    zone = small.opens.tzinfo
    days = Counter(
        (now + JUMPS[number % len(JUMPS)]).astimezone(zone).date().isoformat() for number in range(len(said))
    )
    found = Counter[str]()
    for activity in survey.db.activity.find():
        found[activity["_id"]["day"]] += sum(activity[effect] for effect in EFFECTS)
    assert found == days
