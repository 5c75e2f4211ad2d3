"""GET /participation and the campaigns: who takes part, against what was asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from services.common.campaign import Campaign, Fieldwork, Live, Quota, Rules
from services.common.settings import Settings
from tests.integration.reporting.conftest import Serve
from tests.integration.reporting.database import DATA, Document, eventually, published, tally, write_state
from tests.unit.surveys import asked, rater, survey

EFFECTS = ("submitted", "edited", "withdrawn", "duplicate", "superseded", "conflict")


def day(p: int, group: str, date: str, *effects: int, campaign: str = "survey") -> Document:
    counts = dict(zip(EFFECTS, effects, strict=True))
    return {"_id": {"p": p, "campaign": campaign, "group": group, "day": date}, "p": p, **counts}


def test_forms_are_held_against_the_quota_of_each_kind(db: Database[Document], serve: Serve) -> None:
    groups = tuple(
        replace(rater(f"g{number}", *blocks), quota=quota)
        for number, (blocks, quota) in enumerate(
            [
                (("b1", "b2"), Quota("unit", 30)),
                (("b1", "b2"), Quota("block", 100)),
                (("b1",), Quota("campaign", 7)),
                (("b2",), None),
            ]
        )
    )
    campaign = survey(
        (asked("q", "1", "g0", "g1", "g2", "g3"),), units={"u1": "b1", "u2": "b1", "v1": "b2"}, groups=groups
    )
    tallies = {
        "u1": {"g0": tally(campaign, "g0", 4, {}), "g2": tally(campaign, "g2", 3, {})},
        "v1": {"g0": tally(campaign, "g0", 2, {})},
    }
    write_state(db, campaign, 1, tallies, counted={"g0": 6, "g2": 3})
    answer = serve().get("/v1/campaigns/survey/participation").json
    assert [(group["group"], group["counted"], group["required"]) for group in answer["groups"]] == [
        ("g0", 6, 90),
        ("g1", 0, 200),
        ("g2", 3, 7),
        ("g3", 0, None),
    ]
    assert answer["groups"][0]["quota"] == {"per": "unit", "forms": 30, "covers": "sample"}
    assert answer["groups"][3]["quota"] is None
    units = {
        unit["unit"]: (unit["n"], {group["group"]: (group["n"], group["required"]) for group in unit["groups"]})
        for unit in answer["units"]
    }
    assert units == {
        "u1": (7, {"g0": (4, 30), "g1": (0, None), "g2": (3, None)}),
        "u2": (0, {"g0": (0, 30), "g1": (0, None), "g2": (0, None)}),
        "v1": (2, {"g0": (2, 30), "g1": (0, None), "g3": (0, None)}),
    }
    assert answer["as_of"]["counted"] == 9


def test_activity_is_summed_over_partitions_and_groups(
    db: Database[Document], settings: Settings, serve: Serve
) -> None:
    campaign = survey((asked("q", "1", "g1"),))
    write_state(db, campaign, 1, {})
    topic = settings.topic("responses")
    db.activity.insert_many(
        [
            day(0, "g1", "2022-11-19", 5, 1, 0, 2, 0, 0),
            day(1, "g1", "2022-11-18", 3, 0, 1, 0, 1, 0),
            day(1, "g2", "2022-11-18", 4, 0, 0, 0, 0, 2),
            day(1, "g1", "2022-11-18", 9, 9, 9, 9, 9, 9, campaign="other"),
        ]
    )
    db.positions.insert_many(
        [
            {"_id": {"topic": topic, "partition": 0}, "p": 0, "next": 8},
            {"_id": {"topic": topic, "partition": 1}, "p": 1, "next": 11},
            {"_id": {"topic": f"x.{topic}", "partition": 2}, "p": 2, "next": 99},
        ]
    )
    letters: list[tuple[str, str, Document]] = [
        (topic, "unknown-unit", {}),
        (topic, "unknown-unit", {}),
        (topic, "conflict", {}),
        # Requeued since, and not among what waits any more.
        (topic, "unknown-unit", {"requeued": 9}),
        (topic, "unknown-group", {"campaign": "other"}),
        (settings.topic("appraisals"), "stale", {"unit": "u1"}),
    ]
    db.rejected.insert_many(
        {
            "_id": {"topic": its_topic, "partition": 0, "offset": offset},
            "campaign": "survey",
            "reason": reason,
            **more,
        }
        for offset, (its_topic, reason, more) in enumerate(letters)
    )
    activity = serve().get("/v1/campaigns/survey/participation").json["activity"]
    assert activity["days"] == [
        {"day": "2022-11-18", **dict(zip(EFFECTS, (7, 0, 1, 0, 1, 2), strict=True))},
        {"day": "2022-11-19", **dict(zip(EFFECTS, (5, 1, 0, 2, 0, 0), strict=True))},
    ]
    assert activity["totals"] == {**dict(zip(EFFECTS, (12, 1, 1, 2, 1, 2), strict=True)), "rejected": 2}
    assert activity["rejected"] == {"unknown-unit": 2}
    assert activity["as_of"] == {"positions": {"responses": {"0": 8, "1": 11}}}


def test_unchanged_participation_is_served_from_memory(db: Database[Document], serve: Serve) -> None:
    write_state(db, survey((asked("q", "1", "g1"),)), 1, {})
    client = serve()
    first = client.get("/v1/campaigns/survey/participation")
    db.activity.insert_one(day(0, "g1", "2022-11-18", 1, 0, 0, 0, 0, 0))
    again = client.get("/v1/campaigns/survey/participation", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    # Whatever scoring notes is followed by a new state, and with it the answer is made anew.
    write_state(db, survey((asked("q", "1", "g1"),)), 2, {})
    eventually(
        "the new day is shown",
        lambda: client.get("/v1/campaigns/survey/participation").json["activity"]["totals"]["submitted"] == 1,
    )


class TestCampaigns:
    @staticmethod
    def at(code: str, opens: timedelta, closes: timedelta) -> Campaign:
        now = datetime.now(UTC)
        return replace(survey((asked("q", "1", "g1"),), code=code), opens=now + opens, closes=now + closes)

    def test_the_list_tells_which_take_responses(self, db: Database[Document], serve: Serve) -> None:
        hour = timedelta(hours=1)
        for code, opens, closes in (("c", hour, 2 * hour), ("a", -2 * hour, -hour), ("b", -hour, hour)):
            write_state(db, self.at(code, opens, closes), 3, {}, counted={"g1": 4, "g2": 1})
        found: list[dict[str, Any]] = serve().get("/v1/campaigns").json["campaigns"]
        assert [(one["campaign"], one["state"]) for one in found] == [("a", "closed"), ("b", "open"), ("c", "upcoming")]
        assert {(one["version"], one["counted"], one["live"]) for one in found} == {(1, 5, "private")}
        assert found[0]["as_of"]["state"] == 3
        assert found[0]["title"] == {"vi": "a"}

    def test_a_campaign_opens_without_a_new_state(self, db: Database[Document], serve: Serve) -> None:
        write_state(db, self.at("a", timedelta(seconds=5), timedelta(hours=1)), 1, {})
        client = serve()

        def state() -> str:
            found: str = client.get("/v1/campaigns").json["campaigns"][0]["state"]
            return found

        assert state() == "upcoming"
        eventually("it opens", lambda: state() == "open")

    def test_the_definition_is_the_public_part_with_what_is_counted(self, db: Database[Document], serve: Serve) -> None:
        campaign = published((DATA / "small_campaign.yaml").read_bytes())
        write_state(db, campaign, 1, {}, counted={"citizen": 2})
        client = serve()
        answer = client.get("/v1/campaigns/small")
        assert "layout" not in answer.json
        assert (answer.json["campaign"], answer.json["version"]) == ("small", 1)
        assert [unit["code"] for unit in answer.json["units"]] == ["w1", "002", "o1"]
        assert answer.json["as_of"]["counted"] == 2
        again = client.get("/v1/campaigns/small", headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304
        assert client.get("/v1/campaigns/large").status_code == 404


class TestFieldwork:
    """Two blocks; g1 owes 10 forms a unit and is asked five questions, g2 is small."""

    LEAVES = tuple(asked(f"l{number}", "1", "g1", "g2") for number in range(5))
    NOW = datetime.now(UTC)

    @classmethod
    def campaign(cls, *, open_: bool, live: Live = "public") -> Campaign:
        groups = (replace(rater("g1", "b1", "b2"), quota=Quota("unit", 10)), rater("g2", "b1"))
        made = survey(cls.LEAVES, units={"u1": "b1", "u2": "b1", "v1": "b2"}, groups=groups, rules=Rules(live=live))
        closes = cls.NOW + timedelta(days=50) if open_ else cls.NOW - timedelta(days=1)
        return replace(made, opens=cls.NOW - timedelta(days=50), closes=closes)

    @staticmethod
    def write(db: Database[Document], campaign: Campaign) -> None:
        told = {f"l{number}": {"A": 5, "N": 3} for number in range(5)}
        tallies = {
            "u1": {"g1": tally(campaign, "g1", 8, told), "g2": tally(campaign, "g2", 2, {"l0": {"N": 2}})},
            "v1": {"g1": tally(campaign, "g1", 3, {})},
        }
        write_state(db, campaign, 1, tallies, counted={"g1": 11, "g2": 2})
        noted: Document = {"long": 8, "straight": 3, "via_web": 9, "via_paper": 4}
        db.activity.insert_many(
            [
                {**day(0, "g1", "2022-11-18", 9, 3, 1, 0, 0, 0), **noted},
                # As an earlier version of scoring wrote it.
                day(1, "g1", "2022-11-19", 3, 0, 0, 0, 0, 1),
                {**day(0, "g2", "2022-11-18", 2, 0, 0, 0, 0, 0), "long": 2, "straight": 2},
                day(0, "", "2022-11-18", 0, 0, 1, 0, 0, 0),
            ]
        )

    def test_blocks_and_missing_cells(self, db: Database[Document], serve: Serve) -> None:
        self.write(db, self.campaign(open_=True))
        answer = serve().get("/v1/campaigns/survey/participation").json
        told = {
            (block["block"], group["group"]): [group[name] for name in ("n", "required", "share", "cells", "missing")]
            for block in answer["blocks"]
            for group in block["groups"]
        }
        assert told == {
            ("b1", "g1"): [8, 20, "40.00", 2, 1],
            ("b1", "g2"): [2, None, None, 2, 2],
            ("b2", "g1"): [3, 10, "30.00", 1, 1],
        }
        assert answer["missing"] == {
            "below": 5,
            "cells": 4,
            "listed": [
                {"unit": "u2", "group": "g1", "n": 0},
                {"unit": "u2", "group": "g2", "n": 0},
                {"unit": "u1", "group": "g2", "n": 2},
                {"unit": "v1", "group": "g1", "n": 3},
            ],
        }
        assert [group["share"] for group in answer["groups"]] == ["36.67", None]

    def test_days_by_group_and_channels(self, db: Database[Document], serve: Serve) -> None:
        self.write(db, self.campaign(open_=True))
        activity = serve().get("/v1/campaigns/survey/participation").json["activity"]
        assert [(found["day"], found["group"], found["submitted"]) for found in activity["by_group"]] == [
            ("2022-11-18", None, 0),
            ("2022-11-18", "g1", 9),
            ("2022-11-18", "g2", 2),
            ("2022-11-19", "g1", 3),
        ]
        assert activity["channels"] == {"web": 9, "tablet": 0, "paper": 4, "import": 0}

    @pytest.mark.parametrize(
        ("live", "when", "who", "told"),
        [
            ("public", "open", "anybody", False),
            ("public", "open", "viewer", True),
            ("public", "closed", "anybody", True),
            ("private", "closed", "anybody", False),
            ("private", "open", "viewer", True),
        ],
    )
    def test_how_forms_are_filled_in_is_for_viewers_and_of_a_public_campaign_for_all_at_its_end(  # noqa: PLR0917
        self,
        db: Database[Document],
        serve: Serve,
        tokens: dict[str, str],
        live: Live,
        when: str,
        who: str,
        told: bool,  # noqa: FBT001
    ) -> None:
        self.write(db, self.campaign(open_=when == "open", live=live))
        headers = {"Authorization": f"Bearer {tokens[who]}"} if who in tokens else {}
        answer = serve().get("/v1/campaigns/survey/participation", headers=headers)
        filled, codes = answer.json["quality"], {warning["code"] for warning in answer.json["warnings"]}
        assert answer.headers["Cache-Control"].startswith("private") == (told and live == "private")
        assert codes & {"no_opinion", "straight_lining"} == ({"no_opinion", "straight_lining"} if told else set())
        if not told:
            assert filled is None
            return
        assert filled == [
            {"group": "g1", "answers": 40, "no_opinion": "37.50", "ratings": 8, "straight_lining": "37.50"},
            {
                "group": "g2",
                "answers": 0,
                "no_opinion": None,
                "ratings": 0,
                "straight_lining": None,
                "suppressed": True,
            },
        ]

    def test_thresholds_are_the_campaigns(self, db: Database[Document], serve: Serve) -> None:
        """Half of the time is over: of 30 forms 15 were due, and 11 are there; 13.33 % are missing."""
        campaign = self.campaign(open_=True)
        self.write(db, replace(campaign, fieldwork=Fieldwork(behind=13, edited=25, withdrawn=9, conflict=100)))
        warnings = serve().get("/v1/campaigns/survey/participation").json["warnings"]
        assert [(warning["code"], warning["where"], warning["limit"]) for warning in warnings] == [
            ("behind", {"group": "g1"}, 13),
            ("edited", {"group": "g1"}, 25),
        ]
        assert warnings[1]["percent"] == "25.00"
        assert warnings[1]["detail"] == {
            "vi": "25.00 % số phiếu đã bị sửa",
            "en": "25.00 % of the forms were changed",
        }
