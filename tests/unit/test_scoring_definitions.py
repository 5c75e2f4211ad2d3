"""A version that is not there is looked for in the log once for all records that were read before."""

from __future__ import annotations

import pytest
from surveys import asked, survey

from services.common.campaign import Campaign
from services.scoring.definitions import Definitions
from services.scoring.ledger import Unavailable
from services.scoring.revisions import Rejected

FIRST = survey((asked("q", "1", "g1"),))


class Log:
    """A catalogue that knows what was published once its follower has caught up."""

    def __init__(self) -> None:
        self.follower = self
        self.published: set[int] = set()
        self.known: set[int] = set()
        self.looks = 0
        self.away = False

    def version(self, _campaign: str, version: int) -> Campaign | None:
        return FIRST if version in self.known else None

    def catch_up(self, _timeout_s: float) -> bool:
        self.looks += 1
        self.known |= self.published
        return not self.away


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def definitions(log: Log) -> Definitions:
    return Definitions(log)  # type: ignore[arg-type]


def test_what_is_not_there_is_looked_for_once(log: Log, definitions: Definitions) -> None:
    for _ in range(3):
        with pytest.raises(Rejected, match="campaign 'survey' has no version 2"):
            definitions.find("survey", 2)
    assert log.looks == 1


def test_what_was_published_after_the_look_is_found_for_records_that_came_after_it(
    log: Log, definitions: Definitions
) -> None:
    with pytest.raises(Rejected):
        definitions.find("survey", 2)
    log.published.add(2)
    definitions.look_again()
    assert definitions.find("survey", 2) is FIRST


def test_what_cannot_be_looked_for_is_not_rejected(log: Log, definitions: Definitions) -> None:
    log.away = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            definitions.find("survey", 2)
