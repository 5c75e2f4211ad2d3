"""Who may see what: scores of a private campaign need a token, and nobody sees figures that are not current."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import request

from services.common.tokens import Authority
from services.reporting.standing import Standing
from services.reporting.standings import Standings


class Access:
    """Hands out a campaign's state in force to those who may see it."""

    def __init__(self, standings: Standings, authority: Authority) -> None:
        self._standings = standings
        self._authority = authority

    def open(self, campaign: str) -> Standing:
        """For what everybody may see.

        Raises:
            Problem: 503 when nothing is current, 404 for an unknown campaign.
        """
        self._standings.require()
        return self._standings.of(campaign)

    def scores(self, campaign: str) -> Standing:
        """For scores: of a campaign whose live results are private they need a viewer's token.

        Of a public one everybody gets the state; its breakdowns, while responses come in, as far as they are released.

        Raises:
            Problem: as `open`, and 401 or 403.
        """
        standing = self.open(campaign)
        if is_private(standing):
            self._authority.require(request.headers.get("Authorization"), "viewer")
            return standing
        return standing if self._is_viewer() else standing.for_everybody(datetime.now(UTC))

    def quality(self, standing: Standing) -> bool:
        """Whether it may be told how forms are filled in: to viewers; of a public campaign to everybody at its end."""
        if self._is_viewer():
            return True
        return not is_private(standing) and standing.for_everybody(datetime.now(UTC)) is standing

    def _is_viewer(self) -> bool:
        token = self._authority.holder(request.headers.get("Authorization"))
        return token is not None and token.allows("viewer")

    def restricted(self, campaign: str) -> Standing:
        """For what is never everybody's, whatever the rule: it needs a viewer's token.

        Raises:
            Problem: as `open`, and 401 or 403.
        """
        self._authority.require(request.headers.get("Authorization"), "viewer")
        return self.open(campaign)


def is_private(standing: Standing) -> bool:
    return standing.campaign.rules.live == "private"
