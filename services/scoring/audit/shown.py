"""What readers are shown, as of one snapshot: states and indices, to be compared with the log up to each state."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from pymongo.client_session import ClientSession
from pymongo.database import Database

from services.common import index_document
from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign
from services.common.index import Formula
from services.common.uncertainty import SamplingErrors
from services.scoring.appraisal_chunk import RowKey
from services.scoring.audit.difference import Difference, canonical, compare, digest
from services.scoring.audit.replay import ResponsesReplay
from services.scoring.audit.report import Report
from services.scoring.revisions import Rejected
from services.scoring.tallies import Tally, TallyKey, total

Document = dict[str, Any]
FindVersion = Callable[[str, int], Campaign | None]


@dataclass(slots=True)
class _Shown:
    """A campaign's state, its indices, and what the log says up to the state's positions."""

    state: Document
    indices: dict[str, bytes] = field(default_factory=dict)
    """By unit, as packed text: those of a large campaign would not fit into memory otherwise."""
    sums: dict[TallyKey, Tally] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)
    appraisals: dict[str, AppraisalRow] = field(default_factory=dict)
    beyond: bool = False
    """Whether the log does not reach to its positions."""


class Shown:
    """States and indices of one snapshot."""

    def __init__(self, db: Database[Document], session: ClientSession) -> None:
        self._campaigns = {found["_id"]: _Shown(found) for found in db.campaign_state.find({}, session=session)}
        self.settled = True
        """Whether the snapshot does not stand between the transactions of one refresh."""
        self._without_state: list[Any] = []
        for found in db.indices.find({}, session=session):
            code, unit = (found["_id"].get(name) for name in ("campaign", "unit"))
            shown = self._campaigns.get(code)
            if found.get("state", 0) > (0 if shown is None else shown.state.get("state", 0)):
                self.settled = False
            if shown is None:
                self._without_state.append(found["_id"])
            else:
                shown.indices[unit] = zlib.compress(canonical(found), level=1)

    @property
    def versions(self) -> Iterator[tuple[str, int]]:
        """Campaign and version of every state."""
        return ((code, shown.state.get("version", 0)) for code, shown in self._campaigns.items())

    @property
    def units(self) -> int:
        """How many indices there are."""
        return sum(len(shown.indices) for shown in self._campaigns.values())

    def stops(self, topic: str, partition: int) -> dict[str, int]:
        """How far each campaign's state reaches in a partition."""
        return {
            code: shown.state.get("positions", {}).get(topic, {}).get(str(partition), 0)
            for code, shown in self._campaigns.items()
        }

    def lose(self, campaign: str | None = None) -> None:
        """The log cannot tell what a campaign's indices must be; None: of any."""
        for code, shown in self._campaigns.items():
            shown.beyond |= campaign in (None, code)

    def add_responses(self, campaign: str, target: ResponsesReplay) -> None:
        """Adds what a partition has counted up to the state's position in it, weighed by the state's version."""
        shown = self._campaigns[campaign]
        try:
            tallies = target.tallies_by(campaign, shown.state.get("version", 0))
        except Rejected:
            # That the log has no such version is said by `compare`.
            return
        for key in tallies:
            sums = total((shown.sums, tallies), key)
            moments = sums.moments
            shown.sums[key] = Tally(sums.n, moments.n, moments.s1, moments.s2, list(sums.counts))
        shown.counted.update(target.counts.counted.get(campaign, {}))

    def add_appraisals(self, campaign: str, rows: Mapping[RowKey, AppraisalRow]) -> None:
        """Takes the rows in force up to the state's position in the topic of appraisals."""
        self._campaigns[campaign].appraisals = {unit: row for (code, unit), row in rows.items() if code == campaign}

    def compare(self, find_version: FindVersion, report: Report, advance: Callable[[int], None]) -> None:
        """Computes every index anew and notes what differs.

        Args:
            find_version: finds a version of a campaign in the log.
            report: where it is noted.
            advance: is told how many indices were computed.
        """
        for id_ in self._without_state:
            report.note(Difference("indices", id_, "", {}, None))
        for code in sorted(self._campaigns):
            shown = self._campaigns[code]
            version = shown.state.get("version", 0)
            campaign = find_version(code, version)
            if campaign is None:
                report.note(Difference("campaign_state", code, "version", version, "one that the log has"))
            elif not shown.beyond:
                _compare_campaign(shown, campaign, report, advance)


def _compare_campaign(shown: _Shown, campaign: Campaign, report: Report, advance: Callable[[int], None]) -> None:
    counted = {group: n for group, n in shown.state.get("counted", {}).items() if n}
    report.note(compare("campaign_state", campaign.code, {"counted": counted}, {"counted": dict(+shown.counted)}))
    formula, errors = Formula(campaign), SamplingErrors(campaign)
    for unit in sorted({*campaign.unit, *shown.indices}):
        id_ = {"campaign": campaign.code, "unit": unit}
        packed = shown.indices.get(unit)
        found = None if packed is None else orjson.loads(zlib.decompress(packed))
        expected = None if unit not in campaign.unit else _index(shown, campaign, formula, errors, unit)
        if found is not None:
            # Which refresh wrote it does not follow from the log.
            number = found.pop("state", None)
            # Nor when it found enough new answers to release some.
            found.pop("released", None)
            if not isinstance(number, int) or number > shown.state.get("state", 0):
                report.note(Difference("indices", id_, "state", number, shown.state.get("state")))
            report.absorb("indices", [digest(found)])
            report.compared["indices"] += 1
        report.note(compare("indices", id_, found, expected))
        advance(1)


def _index(shown: _Shown, campaign: Campaign, formula: Formula, errors: SamplingErrors, unit: str) -> Document:
    tallies = {group: total((shown.sums,), (campaign.code, group, unit)) for group in campaign.group}
    result = formula.compute(unit, tallies, shown.appraisals.get(unit, AppraisalRow()))
    return {
        "_id": {"campaign": campaign.code, "unit": unit},
        "campaign": campaign.code,
        "unit": unit,
        "block": campaign.unit[unit].block,
        "version": campaign.version,
        **index_document.write(result),
        **errors.of(unit, result).document(),
    }
