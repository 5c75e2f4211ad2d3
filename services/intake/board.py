"""The appraisal rows in force, kept in memory from the log, so that an outdated change is refused at once."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from kafka.consumer.fetcher import ConsumerRecord

from services.common.appraisals import NO_ROW, AppraisalRow, Stale, Unfit, appraised
from services.common.campaign import Campaign
from services.common.catalogue import Catalogue
from services.common.events import Appraisal, Event
from services.common.follower import Follower
from services.common.requeued import first_place
from services.common.settings import Settings

log = logging.getLogger(__name__)

OUTCOMES: Final = 1_000
DEFINITION_S: Final = 5.0

Rows = Mapping[str, AppraisalRow]
"""By unit."""
Outcome = Rows | Stale | Unfit


class Board:
    """Applies the changes in the order of the log by the rules of `common.appraisals`, as scoring does."""

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self.follower = Follower(settings, "appraisals", self._learn)
        self._catalogue = catalogue
        self._rows: dict[str, dict[str, AppraisalRow]] = {}
        self._outcomes: OrderedDict[int, Outcome] = OrderedDict()

    def row(self, campaign: str, unit: str) -> AppraisalRow:
        """The row in force; version 0 when nothing was said yet."""
        return self._rows.get(campaign, {}).get(unit, NO_ROW)

    def rows(self, campaign: str) -> Rows:
        """The rows in force of a campaign's units of which something was said: never some of a set of changes only."""
        return dict(self._rows.get(campaign, {}))

    def outcome(self, offset: int) -> Outcome | None:
        """What became of changes that have been read back: the rows they made, or why they made none."""
        return self._outcomes.get(offset)

    def _learn(self, record: ConsumerRecord, event: Event) -> None:
        if not isinstance(event, Appraisal):
            log.error("passed over an event that is no appraisal", extra={"offset": record.offset})
            return
        outcome = self._applied(event, first_place(record))
        if isinstance(outcome, dict):
            # One step for those who read on other threads: no code of Python runs in the middle of either.
            self._rows.setdefault(event.campaign, {}).update(outcome)
        self._outcomes[record.offset] = outcome
        while len(self._outcomes) > OUTCOMES:
            self._outcomes.popitem(last=False)

    def _applied(self, event: Appraisal, at: int) -> Outcome:
        campaign = self._definition(event)
        if campaign is None:
            return Unfit("unknown-campaign", f"version {event.campaign_version} of {event.campaign!r}")
        try:
            return appraised(campaign, lambda unit: self.row(event.campaign, unit), event.changes, at)
        except (Stale, Unfit) as refusal:
            return refusal

    def _definition(self, event: Appraisal) -> Campaign | None:
        """The version that the change was made by; it stands before it in time, but in another topic."""
        found = self._catalogue.version(event.campaign, event.campaign_version)
        if found is None:
            self._catalogue.follower.catch_up(DEFINITION_S)
            found = self._catalogue.version(event.campaign, event.campaign_version)
        return found
