"""The index documents of a campaign's units, made anew only where a tally or an appraisal has changed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from services.common import index_document, release
from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign
from services.common.index import Formula, Known
from services.common.release import NOTHING, Release, Steps
from services.common.uncertainty import SamplingErrors
from services.common.unit_index import GroupTally
from services.scoring.tallies import Tally, TallyKey, added, total

Document = dict[str, Any]
Sources = Sequence[Mapping[TallyKey, Tally]]
"""By partition, its tallies: objects that are replaced, never changed."""

MOST_KEPT = 500
"""Units whose last result is at hand, some 70 kB each: the ones that responses come for just now."""


class _Sum(NamedTuple):
    """A group's sum over all partitions, and what it is the sum of."""

    tallies: Sequence[Tally | None]
    total: GroupTally


class _Kept(NamedTuple):
    sums: Mapping[str, _Sum]
    known: Known
    document: Document
    releases: Mapping[str, Release]


class Indices:
    """Makes the documents of one version of a campaign.

    It keeps what it made of a unit last. A tally that is the same object as then, and what follows from it alone, is
    taken over: after one response one group's shares, their leaves and the sums above are computed, not the unit.
    """

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self._formula = Formula(campaign)
        self._errors = SamplingErrors(campaign)
        self._steps = Steps(campaign)
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def forgotten(self, units: Iterable[str]) -> list[str]:
        """The units of which nothing is kept: what is released of them must be read."""
        return [unit for unit in units if unit not in self._kept]

    def document(
        self,
        unit: str,
        state: int,
        sources: Sources,
        row: AppraisalRow,
        releases: Mapping[str, Release] = MappingProxyType({}),
    ) -> Document:
        """A unit's document of `indices` for a state of that number.

        Args:
            unit: code of a unit of the campaign.
            state: the number of the refresh.
            sources: of every partition the tallies as they stand.
            row: the council's appraisal in force.
            releases: of a unit of which nothing is kept, those of its last document.
        """
        campaign, kept = self.campaign, self._kept.pop(unit, None)
        before = None if kept is None else kept.sums
        sums = {
            group: _sum(sources, (campaign.code, group, unit), None if before is None else before[group])
            for group in campaign.group
        }
        tallies = {group: sum_.total for group, sum_ in sums.items()}
        result = self._formula.compute(unit, tallies, row, None if kept is None else kept.known)
        document = {
            "_id": {"campaign": campaign.code, "unit": unit},
            "campaign": campaign.code,
            "unit": unit,
            "block": campaign.unit[unit].block,
            "version": campaign.version,
            "state": state,
            **index_document.write(result, None if kept is None else (kept.known.result, kept.document)),
            **self._errors.of(unit, result).document(),
        }
        now = self._released(sums, releases if kept is None else kept.releases, before)
        if now:
            document["released"] = release.write(now)
        self._kept[unit] = _Kept(sums, Known(tallies, row, result), document, now)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return document

    def _released(
        self, sums: Mapping[str, _Sum], releases: Mapping[str, Release], before: Mapping[str, _Sum] | None
    ) -> Mapping[str, Release]:
        """By group what is released now; the same where the sum is, and nothing of a group without any release."""
        found = {}
        for group, sum_ in sums.items():
            last = releases.get(group, NOTHING)
            same = before is not None and before[group] is sum_
            now = last if same else self._steps.next(group, sum_.total.counts, last)
            if now is not NOTHING:
                found[group] = now
        return found


def _sum(sources: Sources, key: TallyKey, before: _Sum | None) -> _Sum:
    """The sum over all partitions: of the one before, if most of what it was made of stands."""
    tallies = [source.get(key) for source in sources]
    if before is None or len(before.tallies) != len(tallies):
        return _Sum(tallies, total(sources, key))
    changed = [(old, new) for old, new in zip(before.tallies, tallies, strict=True) if old is not new]
    if not changed:
        return before
    if 2 * len(changed) > len(tallies):
        return _Sum(tallies, total(sources, key))
    n, counts = before.total.n, before.total.counts
    moments = before.total.moments
    for old, new in changed:
        if old is not None:
            n -= old.n
            counts = added(counts, [-count for count in old.counts])
            moments -= old.moments
        if new is not None:
            n += new.n
            counts = added(counts, new.counts)
            moments += new.moments
    return _Sum(tallies, GroupTally(n, counts, moments))
