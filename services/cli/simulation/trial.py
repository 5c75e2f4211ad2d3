"""A simulated survey from end to end against running services: publish, appraise, send, wait, hold to the reckoning."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from services.cli.connection import Answer, Connection, crew
from services.cli.simulation.course import Course
from services.cli.simulation.population import Population
from services.cli.simulation.reckoning import indices, shares
from services.cli.simulation.sender import Delivery, Progress, Sender
from services.common import campaign_schema
from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign
from services.common.events import leaf_document
from services.common.ranking import exact

JSON = {"Content-Type": "application/json"}
APPRAISAL_CONNECTIONS = 8
SINGLE_CONNECTIONS = 16
BATCH_CONNECTIONS = 4
FIRST_ANSWER_S = 15.0
"""A wrong address must be told soon."""
STANDSTILL_S = 30.0
"""Scoring moves several times a second; a scorer that dies is replaced within seconds."""
LOOK_S = 0.1
OK = 200
MOST_QUOTED = 800

Rankings = Mapping[str, Mapping[str, Any]]
"""By block: the ranking as reporting serves it."""


class Failed(Exception):
    """The services did not do what they promise, or refused; the message says what was seen."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What reporting shows against what must be: empty lists mean that all is well."""

    expected: int
    counted: int
    differing: Sequence[str]
    """Units whose served index is not the one reckoned from what was acknowledged."""

    @property
    def right(self) -> bool:
        return self.counted == self.expected and not self.differing


class Trial:
    """One campaign on one deployment.

    Args:
        intake, reporting: addresses of the services.
        token: an admin's, for the definition and the appraisals; also shown where results are private.
    """

    def __init__(self, intake: str, reporting: str, token: str) -> None:
        self._intake = intake
        self._token = token
        self._operator = Connection(intake, token, patience_s=FIRST_ANSWER_S)
        self._reader = Connection(reporting, token)

    def close(self) -> None:
        self._operator.close()
        self._reader.close()

    def publish(self, campaign: Campaign) -> Campaign:
        """Publishes the definition; returns the campaign with the version it got.

        Raises:
            Failed: it was refused.
            GaveUp: intake does not answer.
        """
        document = campaign_schema.dump(campaign, public=True)
        del document["version"]
        answer = self._operator.exchange("PUT", f"/v1/campaigns/{campaign.code}", orjson.dumps(document), JSON)
        return dataclasses.replace(campaign, version=int(_said(answer, "the definition")["version"]))

    def appraise(self, campaign: Campaign, appraisals: Mapping[str, AppraisalRow], progress: Progress) -> None:
        """Sends the council's row of every unit.

        Raises:
            Failed, GaveUp: as `publish`.
        """

        def send(unit: str, row: AppraisalRow, connection: Connection) -> None:
            changes = {
                "leaves": {code: leaf_document(leaf) for code, leaf in row.leaves.items()},
                "bonus": str(row.bonus),
                "penalty": str(row.penalty),
            }
            path = f"/v1/campaigns/{campaign.code}/appraisals/{unit}"
            _said(connection.exchange("PATCH", path, orjson.dumps(changes), JSON), f"the appraisal of {unit}")
            progress(len(row.leaves))

        with crew(self._intake, APPRAISAL_CONNECTIONS, self._token) as run:
            for sent in [run(partial(send, unit, row)) for unit, row in appraisals.items()]:
                sent.result()

    def send_singly(self, campaign: Campaign, courses: Sequence[Course], progress: Progress) -> Delivery:
        """Sends courses by single POSTs."""
        return Sender(self._intake, campaign.code, SINGLE_CONNECTIONS).singly(courses, progress)

    def send_in_batches(self, campaign: Campaign, courses: Sequence[Course], progress: Progress) -> Delivery:
        """Sends courses by batches."""
        return Sender(self._intake, campaign.code, BATCH_CONNECTIONS).in_batches(courses, progress)

    def await_counted(self, campaign: Campaign, delivery: Delivery) -> Rankings:
        """Waits until all that was acknowledged is in the rankings; returns these.

        What reporting says of itself decides: its positions in the log against those of the receipts, and the number
        of responses it counts.

        Raises:
            Failed: nothing moved any more before it was so.
            GaveUp: reporting does not answer.
        """
        moved_at = time.monotonic()
        before: Mapping[str, Any] = {}
        while True:
            rankings = {block.code: self._ranking(campaign, block.code) for block in campaign.blocks}
            now = min((ranking["as_of"] for ranking in rankings.values()), key=lambda as_of: as_of["counted"])
            if now != before:
                before, moved_at = now, time.monotonic()
            if all(_complete(campaign, ranking, delivery) for ranking in rankings.values()):
                return rankings
            if time.monotonic() - moved_at > STANDSTILL_S:
                raise Failed(
                    f"nothing was counted for {STANDSTILL_S:.0f} s: {now['counted']:,} of {len(delivery.counted):,} "
                    f"responses, positions {now['positions']}, acknowledged up to {delivery.ends}; is scoring running?"
                )
            time.sleep(LOOK_S)

    def _ranking(self, campaign: Campaign, block: str) -> Mapping[str, Any]:
        answer = self._reader.exchange("GET", f"/v1/campaigns/{campaign.code}/rankings?block={block}")
        return _said(answer, f"the ranking of {block}")


def judge(campaign: Campaign, population: Population, delivery: Delivery, rankings: Rankings) -> Verdict:
    """Holds what is served to what follows from what was acknowledged, reckoned apart from the services."""
    reckoned = indices(campaign, shares(campaign, delivery.counted), population.appraisals)
    served = {row["unit"]: row["index_exact"] for ranking in rankings.values() for row in ranking["rows"]}
    differing = [
        unit for unit, index in reckoned.items() if served.get(unit) != (None if index is None else exact(index))
    ]
    counted = min(int(ranking["as_of"]["counted"]) for ranking in rankings.values())
    return Verdict(len(delivery.counted), counted, differing)


def _complete(campaign: Campaign, ranking: Mapping[str, Any], delivery: Delivery) -> bool:
    as_of = ranking["as_of"]
    positions = as_of["positions"]["responses"]
    return (
        as_of["counted"] == len(delivery.counted)
        and all(int(positions.get(str(partition), 0)) >= end for partition, end in delivery.ends.items())
        # A unit's appraisal is one record: it is applied when none of its leaves waits for points.
        and all(campaign.leaf[leaf].method == "survey" for row in ranking["rows"] for leaf in row["pending"])
    )


def _said(answer: Answer, what: str) -> Mapping[str, Any]:
    """The document of an answer that says yes.

    Raises:
        Failed: it says no.
    """
    document = answer.document()
    if not OK <= answer.status < OK + 100 or not isinstance(document, dict):
        said = f"{document}"
        raise Failed(f"{what} was answered with {answer.status}: {said[:MOST_QUOTED]}")
    return document
