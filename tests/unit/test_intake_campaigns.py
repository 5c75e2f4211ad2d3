"""What intake says of a campaign it does not know, and how often it looks for news before it says so."""

from __future__ import annotations

import dataclasses
import json
from typing import cast

import pytest

from services.common import campaign_schema
from services.common.campaign import Campaign
from services.common.catalogue import Catalogue
from services.common.problems import Problem
from services.intake.campaigns import Campaigns
from tests.intake import definition, response

SMALL = campaign_schema.parse(json.dumps(definition("small")))


class Known:
    """A catalogue that learns what `news` holds when its follower is asked to catch up."""

    def __init__(self) -> None:
        self.follower = self
        self.ready, self.reaches_end, self.looks = True, True, 0
        self.campaigns: dict[str, Campaign] = {}
        self.news: dict[str, Campaign] = {}

    def current(self, code: str) -> Campaign | None:
        return self.campaigns.get(code)

    def catch_up(self, timeout_s: float) -> bool:
        assert timeout_s <= 1
        self.looks += 1
        self.campaigns |= self.news
        return self.reaches_end


@pytest.fixture
def known() -> Known:
    return Known()


@pytest.fixture
def campaigns(known: Known) -> Campaigns:
    return Campaigns(cast("Catalogue", known))


def status(campaigns: Campaigns, code: str) -> int:
    with pytest.raises(Problem) as caught:
        campaigns.current(code)
    return caught.value.kind.status


def test_a_known_campaign_costs_no_look(known: Known, campaigns: Campaigns) -> None:
    known.campaigns["small"] = SMALL
    assert campaigns.current("small") is SMALL
    assert known.looks == 0


def test_a_campaign_that_was_just_published_is_found(known: Known, campaigns: Campaigns) -> None:
    known.news["small"] = SMALL
    assert campaigns.current("small") is SMALL


def test_an_unknown_campaign_is_not_found_once_the_log_was_read_to_its_end(campaigns: Campaigns) -> None:
    assert status(campaigns, "nowhere") == 404


def test_without_the_log_an_unknown_campaign_is_unknown(known: Known, campaigns: Campaigns) -> None:
    known.reaches_end = False
    assert status(campaigns, "nowhere") == 503
    assert status(campaigns, "nowhere") == 503  # within the pause between looks, too


def test_before_the_definitions_were_read_nothing_is_known(known: Known, campaigns: Campaigns) -> None:
    known.ready = False
    known.campaigns["small"] = SMALL
    assert status(campaigns, "small") == 503


def test_a_flood_of_unknown_names_is_not_a_flood_of_looks(known: Known, campaigns: Campaigns) -> None:
    for number in range(1_000):
        status(campaigns, f"nowhere{number}")
    assert known.looks < 5


@pytest.mark.parametrize("code", ["a b", "-", "x" * 33, "ä", "small\n"])
def test_what_is_no_code_costs_no_look(known: Known, campaigns: Campaigns, code: str) -> None:
    assert status(campaigns, code) == 404
    assert known.looks == 0


def test_a_check_is_compiled_once_per_version(known: Known, campaigns: Campaigns) -> None:
    known.campaigns["small"] = SMALL
    check = campaigns.check(SMALL)
    assert campaigns.check(campaigns.current("small")) is check
    newer = dataclasses.replace(SMALL, version=2)
    assert campaigns.check(newer) is not check
    assert campaigns.check(newer).checked(response())["group"] == "citizen"


def test_a_newer_version_is_found_only_if_there_is_one(known: Known, campaigns: Campaigns) -> None:
    known.campaigns["small"] = SMALL
    assert campaigns.newer(SMALL) is None
    newer = dataclasses.replace(SMALL, version=2)
    known.campaigns["small"] = newer
    assert campaigns.newer(SMALL) is newer
