"""What readers are shown never goes back in the log, even where a read of the database does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from pymongo import MongoClient

from services.common.campaign import Campaign
from services.common.catalogue import Catalogue
from services.common.settings import Settings
from services.scoring.appraising import Appraising
from services.scoring.ledger import Document
from services.scoring.refresher import Refresher
from tests.integration.conftest import TOPIC_ID, Known, Partition, response

Shown = tuple[int, Mapping[str, int]]
GOOD = {"w1": {"l2": "A"}}


@pytest.fixture
def refreshed(
    client: MongoClient[Document], settings: Settings, small: Campaign, partition: Partition
) -> Callable[[], Shown]:
    """Refreshes as a process that owns no partition of responses; returns number and positions of the state shown."""
    catalogue = Catalogue(settings)
    catalogue._versions = {small.code: {small.version: small}}
    refresher = Refresher(client, catalogue, settings)
    position = partition.ledger.position(settings.topic("appraisals"), 0, TOPIC_ID)
    appraisals = Appraising(partition.ledger, Known(small)).load(position)

    def refresh() -> Shown:
        refresher.refresh(partition.ledger.generation, {}, appraisals)
        state = partition.db.campaign_state.find_one()
        return state["state"], state["positions"]["responses"]

    return refresh


def test_a_read_that_is_older_than_what_was_shown_is_not_shown(
    refreshed: Callable[[], Shown], partition: Partition
) -> None:
    """A primary that has just been elected may not know yet what a majority has."""
    partition.say(response(1, GOOD))
    partition.say(response(2, GOOD))
    assert refreshed() == (1, {"0": 2})
    position = {"_id": partition.owned.position.key}
    partition.db.positions.update_one(position, {"$set": {"next": 1}})
    assert refreshed() == (1, {"0": 2})
    partition.db.positions.update_one(position, {"$set": {"next": 2}})
    partition.say(response(3, GOOD))
    assert refreshed() == (2, {"0": 3})
