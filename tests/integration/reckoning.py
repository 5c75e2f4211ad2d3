"""Whether a database says what the log says, reckoned apart: rows, tallies, positions, the state and the indices."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from kafka import TopicPartition

from services.common import events, index_document, kafka, mongo
from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign
from services.common.settings import Settings
from services.scoring.ledger import Document
from tests.integration.conftest import response, withdrawal
from tests.integration.test_scoring_process import Survey
from tests.unit.surveys import plain_index, plain_moments

GOOD = {"w1": {"l2": "A", "l3": "B"}}
BAD = {"w1": {"l2": "C", "l3": "C"}, "002": {"l2": "N"}}
DEPUTY = {"w1": {"l2": "B"}, "o1": {"l2": "A"}}


Said = events.Response | events.Withdrawal


def course(first: int, last: int) -> list[Said]:
    """What raters number `first` to `last` say about the small campaign: responses, edits, withdrawals, repeats."""
    said: list[Said] = []
    for number in range(first, last + 1):
        if number % 4 == 0:
            said.append(response(number, DEPUTY, group="deputy"))
        else:
            said.append(response(number, BAD if number % 3 else GOOD))
        if number % 5 == 0:
            said.append(response(number, GOOD, revision=2))
        if number % 7 == 0:
            said.append(withdrawal(number - 1, revision=3))
        if number % 2 == 0:
            said.append(said[-1])
    return said


@dataclass
class Account:
    """A survey, and all that was acknowledged in it."""

    survey: Survey
    said: list[Said] = field(default_factory=list)

    def say(self, count: int, first: int | None = None) -> None:
        """So many raters more say something, the first of them with a number that may have been there before."""
        first = first or 1 + len({event.response for event in self.said})
        said = course(first, first + count - 1)
        self.survey.say("responses", *said)
        self.said += said

    def is_through(self) -> bool:
        """Whether the state that readers are shown is that of the whole log."""
        state = self.survey.db.campaign_state.find_one()
        return state is not None and sum(state["positions"]["responses"].values()) == len(self.said)

    def check(self, campaign: Campaign) -> None:
        """As the function `check`."""
        check(self.survey.db, self.survey.settings, campaign, {event.response for event in self.said})


@dataclass
class Reckoned:
    """What the topic of responses comes to: of each id the first content of its highest revision."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)

    def take(self, value: bytes) -> None:
        content = json.loads(value)
        stands = self.rows.get(content["response"])
        if stands is None or content["revision"] > stands["revision"]:
            self.rows[content["response"]] = content

    @property
    def counting(self) -> list[dict[str, Any]]:
        """The responses that are not withdrawn."""
        return [content for content in self.rows.values() if "ratings" in content]


def reckon(settings: Settings, until: Mapping[int, int] | None = None) -> Reckoned:
    """Reads the topic of responses from its first record to its end, or by partition to the first offset not wanted."""
    topic = settings.topic("responses")
    consumer = kafka.reader(settings, "reckoning")
    found = Reckoned()
    try:
        partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        while any(consumer.position(partition) < ends[partition] for partition in partitions):
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    if until is None or record.offset < until.get(record.partition, 0):
                        found.take(record.value)
        found.ends = {partition.partition: end for partition, end in ends.items()}
        return found
    finally:
        consumer.close()


def check(db: mongo.Database[Document], settings: Settings, campaign: Campaign, ids: set[str]) -> Reckoned:
    """Every response that was sent has exactly one row and there is no other; all figures are those of the log.

    Args:
        db: without appraisals.
        settings: where the log is.
        campaign: the only one.
        ids: of all responses that were acknowledged.
    """
    log = reckon(settings)
    assert log.rows.keys() == ids
    rows = {row["_id"]: row for row in db.responses.find()}
    assert rows.keys() == ids
    for id_, content in log.rows.items():
        assert rows[id_]["revision"] == content["revision"]
        assert rows[id_]["ratings"] == content.get("ratings", {})
        assert rows[id_]["withdrawn"] == ("ratings" not in content)
    _check_tallies(db, campaign, log.counting)
    stored = {
        found["_id"]["partition"]: found["next"]
        for found in db.positions.find({"_id.topic": settings.topic("responses")})
    }
    # A partition without a record may never have been loaded.
    assert {p: stored.get(p, 0) for p in log.ends} == log.ends
    _check_indices(db, campaign, log)
    return log


def recounted(db: mongo.Database[Document]) -> dict[str, list[Document]]:
    """All that is derived record by record, and the indices: without what depends on how the records came together.

    That is the numbers of states, and where the chunk ended that last changed a tally.
    """
    names = ("positions", "responses", "tallies", "activity", "rejected", "indices")
    return {name: list(db[name].find({}, {"state": 0, "at": 0}).sort("_id")) for name in names}


def check_rows_are_those_of_the_positions(db: mongo.Database[Document], settings: Settings) -> None:
    """At any moment: what is stored is exactly the log up to the stored positions."""
    with db.client.start_session(snapshot=True) as session:
        found = db.positions.find({"_id.topic": settings.topic("responses")}, session=session)
        positions = {stored["_id"]["partition"]: stored["next"] for stored in found}
        rows = {row["_id"]: (row["revision"], row["ratings"]) for row in db.responses.find({}, session=session)}
    log = reckon(settings, positions)
    assert rows == {id_: (content["revision"], content.get("ratings", {})) for id_, content in log.rows.items()}


def _check_tallies(db: mongo.Database[Document], campaign: Campaign, counting: Iterable[Mapping[str, Any]]) -> None:
    forms, answers = Counter[tuple[str, str]](), Counter[tuple[str, ...]]()
    for content in counting:
        for unit, given in content["ratings"].items():
            forms[content["group"], unit] += 1
            answers.update((content["group"], unit, leaf, option) for leaf, option in given.items())
    found_forms, found_answers = Counter[tuple[str, str]](), Counter[tuple[str, ...]]()
    for tally in db.tallies.find():
        group, unit = tally["_id"]["group"], tally["_id"]["unit"]
        assert tally["n"] >= 0
        assert min(tally["counts"], default=0) >= 0
        found_forms[group, unit] += tally["n"]
        for place, n in zip(campaign.layout[group], tally["counts"], strict=False):
            found_answers[group, unit, *place] += n
    assert +found_forms == forms
    assert +found_answers == answers


def _check_indices(db: mongo.Database[Document], campaign: Campaign, log: Reckoned) -> None:
    state = db.campaign_state.find_one({"_id": campaign.code})
    assert {int(p): next_ for p, next_ in state["positions"]["responses"].items() if next_} == {
        p: end for p, end in log.ends.items() if end
    }
    assert +Counter(state["counted"]) == Counter(content["group"] for content in log.counting)
    for unit in campaign.unit:
        answers = Counter[tuple[str, str, str]]()
        for content in log.counting:
            answers.update(
                (content["group"], leaf, option) for leaf, option in content["ratings"].get(unit, {}).items()
            )
        stored = db.indices.find_one({"_id": {"campaign": campaign.code, "unit": unit}})
        assert stored["state"] <= state["state"]
        for group in index_document.read(stored).groups:
            said = [
                content["ratings"][unit]
                for content in log.counting
                if content["group"] == group and unit in content["ratings"]
            ]
            moments = plain_moments(campaign, group, campaign.unit[unit].block, said)
            assert index_document.read(stored).groups[group].moments == moments
        earned, attainable, _ = plain_index(campaign, unit, answers, AppraisalRow())
        expected = 100 * Fraction(earned) / attainable if attainable else None
        assert index_document.read(stored).index == expected
