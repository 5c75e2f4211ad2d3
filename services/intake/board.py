"""The appraisal rows in force, kept in memory from the log, so that an outdated change is refused at once."""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import Final

from kafka.consumer.fetcher import ConsumerRecord

from services.common.appraisals import AppraisalRow, Stale, Unfit, check
from services.common.campaign import Campaign
from services.common.catalogue import Catalogue
from services.common.events import Appraisal, Event
from services.common.follower import Follower
from services.common.requeued import first_place
from services.common.settings import Settings

log = logging.getLogger(__name__)

OUTCOMES: Final = 1_000
DEFINITION_S: Final = 5.0

Outcome = AppraisalRow | Stale | Unfit


class Board:
    """Applies the changes in the order of the log by the rules of `common.appraisals`, as scoring does."""

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self.follower = Follower(settings, "appraisals", self._learn)
        self._catalogue = catalogue
        self._rows: dict[tuple[str, str], AppraisalRow] = {}
        self._outcomes: OrderedDict[int, Outcome] = OrderedDict()

    def row(self, campaign: str, unit: str) -> AppraisalRow:
        """The row in force; version 0 when nothing was said yet."""
        return self._rows.get((campaign, unit), AppraisalRow())

    def outcome(self, offset: int) -> Outcome | None:
        """What became of a change that has been read back: the row it made, or why it made none."""
        return self._outcomes.get(offset)

    def _learn(self, record: ConsumerRecord, event: Event) -> None:
        if not isinstance(event, Appraisal):
            log.error("passed over an event that is no appraisal", extra={"offset": record.offset})
            return
        outcome = self._applied(event, first_place(record))
        if isinstance(outcome, AppraisalRow):
            self._rows[event.campaign, event.unit] = outcome
        self._outcomes[record.offset] = outcome
        while len(self._outcomes) > OUTCOMES:
            self._outcomes.popitem(last=False)

    def _applied(self, event: Appraisal, at: int) -> Outcome:
        campaign = self._definition(event)
        if campaign is None:
            return Unfit("unknown-campaign", f"version {event.campaign_version} of {event.campaign!r}")
        try:
            check(campaign, event.unit, event.change)
            return self.row(event.campaign, event.unit).changed(event.change, at)
        except (Stale, Unfit) as refusal:
            return refusal

    def _definition(self, event: Appraisal) -> Campaign | None:
        """The version that the change was made by; it stands before it in time, but in another topic."""
        found = self._catalogue.version(event.campaign, event.campaign_version)
        if found is None:
            self._catalogue.follower.catch_up(DEFINITION_S)
            found = self._catalogue.version(event.campaign, event.campaign_version)
        return found
