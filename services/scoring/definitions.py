"""The definitions as scoring needs them: a version that a record names, waited for when it may still be on its way."""

from __future__ import annotations

from services.common.campaign import Campaign
from services.common.catalogue import Catalogue
from services.scoring.ledger import Unavailable
from services.scoring.revisions import Rejected

PATIENCE_S = 5.0


class Definitions:
    """Finds definitions in the catalogue; looks once for what is not there, until `look_again`."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._absent: set[tuple[str, int]] = set()

    def look_again(self) -> None:
        """Records were read since: what they name may have been published after it was last looked for."""
        self._absent.clear()

    def newest(self, campaign: str) -> int:
        """The newest version of a campaign that is known by now; 0 where none is."""
        found = self._catalogue.current(campaign)
        return 0 if found is None else found.version

    def find(self, campaign: str, version: int) -> Campaign:
        """A version of a campaign.

        Intake publishes a definition before it accepts a response by it, so what is not there once the topic has been
        read to its end never was.

        Raises:
            Rejected: there is no such version.
            Unavailable: the topic cannot be read to its end now.
        """
        found = self._catalogue.version(campaign, version)
        if found is None and (campaign, version) not in self._absent:
            if not self._catalogue.follower.catch_up(PATIENCE_S):
                raise Unavailable("the definitions cannot be read to their end")
            found = self._catalogue.version(campaign, version)
            if found is None:
                self._absent.add((campaign, version))
        if found is None:
            raise Rejected("unknown-campaign", f"campaign {campaign!r} has no version {version}")
        return found
