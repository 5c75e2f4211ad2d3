"""The two ends of a check: what the log holds, and what scoring has stored of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kafka.consumer.fetcher import ConsumerRecord

from services.common import campaign_schema, mongo
from services.common.campaign import Campaign
from services.common.events import Definition
from services.common.generation import Generation
from services.common.records import decode
from services.common.settings import Settings
from services.scoring.revisions import EFFECTS
from tests.faults import log
from tests.faults.campaign import CODE
from tests.faults.model import Row, Tally

Partitions = Mapping[int, list[ConsumerRecord]]


@dataclass(frozen=True)
class Stored:
    """What MongoDB holds, as read at one time after the run."""

    positions: Mapping[str, Mapping[int, int]]
    """By topic: partition → next."""
    counted: Mapping[tuple[int, str], int]
    rows: Mapping[str, Row]
    tallies: Mapping[tuple[int, str, str], Tally]
    activity: Mapping[tuple[int, str, str, str], int]
    appraised: Mapping[str, dict[str, Any]]
    rejected: Mapping[tuple[int, int], str]
    """Partition and offset in responses → reason."""


@dataclass(frozen=True)
class Logged:
    """The log at the end of a run."""

    campaign: Campaign
    responses: Partitions
    appraisals: list[ConsumerRecord]

    @classmethod
    def of(cls, settings: Settings) -> Logged:
        (definitions,) = log.records(settings, "campaigns").values()
        first = decode(definitions[0].value, definitions[0].headers)
        if not isinstance(first, Definition):
            raise TypeError("the first record of the campaigns is no definition")
        (appraisals,) = log.records(settings, "appraisals").values()
        return cls(campaign_schema.load(first.document), log.records(settings, "responses"), appraisals)


def stored(settings: Settings, campaign: Campaign) -> Stored:
    """Reads what scoring has stored."""
    with mongo.client(settings.mongo) as client:
        generation = Generation.current(mongo.database(client))
        positions: dict[str, dict[int, int]] = defaultdict(dict)
        counted: Counter[tuple[int, str]] = Counter()
        for found in generation.positions.find():
            positions[found["_id"]["topic"]][found["_id"]["partition"]] = found["next"]
            for group, n in found["counted"].get(CODE, {}).items():
                counted[found["_id"]["partition"], group] += n
        responses = settings.topic("responses")
        return Stored(
            positions,
            counted,
            {found["_id"]: _row(found) for found in generation.responses.find()},
            {
                (found["_id"]["p"], found["_id"]["group"], found["_id"]["unit"]): _tally(campaign, found)
                for found in generation.tallies.find()
            },
            {
                (found["_id"]["p"], found["_id"]["group"], found["_id"]["day"], effect): n
                for found in generation.activity.find()
                for effect, n in found.items()
                if effect in EFFECTS and n
            },
            {found["_id"]["unit"]: found for found in generation.appraisals.find()},
            {
                (found["_id"]["partition"], found["_id"]["offset"]): found["reason"]
                for found in generation.rejected.find()
                if found["_id"]["topic"] == responses
            },
        )


def _row(document: Mapping[str, Any]) -> Row:
    return Row(
        document["p"],
        document["group"],
        document["revision"],
        document["digest"],
        document["ratings"],
        document["withdrawn"],
    )


def _tally(campaign: Campaign, document: Mapping[str, Any]) -> Tally:
    layout = campaign.layout[document["_id"]["group"]]
    counts = Counter({place: count for place, count in zip(layout, document["counts"], strict=False) if count})
    return Tally(document["n"], document["opinions"], int(document["s1"]), int(document["s2"]), counts)
