"""The definitions in force, followed from the topic: of two with the same version the first in the log stands."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping

from kafka.consumer.fetcher import ConsumerRecord

from services.common import campaign_schema
from services.common.campaign import Campaign
from services.common.events import Definition, Event
from services.common.follower import Follower
from services.common.settings import Settings

log = logging.getLogger(__name__)


class Catalogue:
    """All versions of all campaigns. Read from any thread; written by the follower's alone.

    `on_definition` is called on the follower's thread for each version that stands.
    """

    def __init__(self, settings: Settings, on_definition: Callable[[Campaign], None] | None = None) -> None:
        self.follower = Follower(settings, "campaigns", self._learn)
        self._versions: Mapping[str, Mapping[int, Campaign]] = {}
        self._offsets: dict[tuple[str, int], int] = {}
        self._on_definition = on_definition

    def current(self, campaign: str) -> Campaign | None:
        """The newest version of a campaign."""
        versions = self._versions.get(campaign)
        return versions[max(versions)] if versions else None

    def version(self, campaign: str, version: int) -> Campaign | None:
        return self._versions.get(campaign, {}).get(version)

    def offset(self, campaign: str, version: int) -> int | None:
        """Where in the log the version that stands was defined."""
        return self._offsets.get((campaign, version))

    def __iter__(self) -> Iterator[Campaign]:
        """The newest version of every campaign."""
        return (versions[max(versions)] for versions in self._versions.values())

    def _learn(self, record: ConsumerRecord, event: Event) -> None:
        offset = record.offset
        if not isinstance(event, Definition):
            log.error("passed over an event that is no definition", extra={"offset": offset})
            return
        known = self._versions.get(event.campaign, {})
        if event.version in known:
            return
        try:
            campaign = campaign_schema.load(event.document)
        except campaign_schema.DefinitionError as error:
            log.error("passed over a definition", extra={"offset": offset, "error": str(error)})
            return
        self._offsets[event.campaign, event.version] = offset
        # Replaced whole, so that a reader on another thread sees either state.
        self._versions = {**self._versions, event.campaign: {**known, event.version: campaign}}
        if self._on_definition is not None:
            self._on_definition(campaign)
