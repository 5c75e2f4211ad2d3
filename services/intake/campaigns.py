"""The campaigns that intake knows, each with its compiled check. When in doubt it looks whether there is news first."""

from __future__ import annotations

import threading
import time
from typing import Final

from services.common import problems
from services.common.campaign import CODE, Campaign
from services.common.catalogue import Catalogue
from services.common.problems import Problem
from services.intake.quick import Quick
from services.intake.ratings import ResponseDocument

LOOK_S: Final = 1.0
"""How long a request may wait for news."""
PAUSE_S: Final = 0.5
"""Between two looks for news: a flood of unknown names must not become a flood of questions to Kafka."""


class Campaigns:
    """Definitions in force. Another worker may have published one a moment ago, so an unknown name is looked for."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._checks: dict[str, tuple[Campaign, ResponseDocument, Quick]] = {}
        self._looking = threading.Lock()
        self._looked_at = float("-inf")
        self._all_read = False

    def current(self, code: str) -> Campaign:
        """The version of a campaign that is in force.

        Raises:
            Problem: 404 there is no such campaign; 503 it is not known whether there is.
        """
        if not self._catalogue.follower.ready:
            raise Problem(problems.UNAVAILABLE, "the definitions have not been read from the log yet")
        found = self._catalogue.current(code)
        if found is None and CODE.fullmatch(code):
            all_read = self._look()
            found = self._catalogue.current(code)
            if found is None and not all_read:
                raise Problem(
                    problems.UNAVAILABLE, "the log does not answer; it is unknown whether this campaign exists"
                )
        if found is None:
            raise Problem(problems.NOT_FOUND, "there is no such campaign; GET /v1/campaigns lists them")
        return found

    def known(self, code: str) -> Campaign | None:
        """The same without a question to anybody."""
        return self._catalogue.current(code) if self._catalogue.follower.ready else None

    def newer(self, campaign: Campaign) -> Campaign | None:
        """A version that replaced `campaign` meanwhile; asked before something is refused because of the version."""
        self._look()
        found = self._catalogue.current(campaign.code)
        return found if found is not None and found.version > campaign.version else None

    def check(self, campaign: Campaign) -> ResponseDocument:
        """The check of responses."""
        return self._compiled(campaign)[1]

    def quick(self, campaign: Campaign) -> Quick | None:
        """What can be taken without it; None before `check` was asked for, which takes a while for a large campaign."""
        known = self._checks.get(campaign.code)
        return known[2] if known is not None and known[0] is campaign else None

    def _compiled(self, campaign: Campaign) -> tuple[Campaign, ResponseDocument, Quick]:
        """Both, made once per version."""
        known = self._checks.get(campaign.code)
        if known is None or known[0] is not campaign:
            check = ResponseDocument(campaign)
            known = campaign, check, Quick(check.forms)
            self._checks[campaign.code] = known
        return known

    def _look(self) -> bool:
        """Whether all that stood in the log a moment ago has been read; one request asks, others wait for it."""
        if not self._looking.acquire(timeout=LOOK_S):
            return False
        try:
            if time.monotonic() - self._looked_at >= PAUSE_S:
                self._all_read = self._catalogue.follower.catch_up(LOOK_S)
                self._looked_at = time.monotonic()
            return self._all_read
        finally:
            self._looking.release()
