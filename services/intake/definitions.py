"""Definitions: published by an admin into the log, and shown to everybody who rates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

import orjson
from flask import Response as Answer

from services.common import campaign_schema, events, problems
from services.common.campaign import Campaign
from services.common.campaign_versions import extended_layout, forbidden_changes
from services.common.campaign_yaml import MAX_BYTES
from services.common.catalogue import Catalogue
from services.common.http import json_response
from services.common.openapi import revalidated
from services.common.problems import Fault, Problem
from services.common.records import encode
from services.intake import body, forms
from services.intake.campaigns import Campaigns
from services.intake.publisher import Publisher
from services.intake.responses import SOURCE

TYPES: Final = ("application/yaml", "application/json", "application/x-yaml", "text/yaml", "text/x-yaml")
LOOK_S: Final = 2.5
"""For the version in force, before anything is written."""
READ_BACK_S: Final = 10.0
"""For what was written: reading a definition of 20,000 units takes a second or two."""


class Definitions:
    """The routes of campaigns and their forms."""

    def __init__(self, catalogue: Catalogue, campaigns: Campaigns, publisher: Publisher, topic: str) -> None:
        self._catalogue = catalogue
        self._campaigns = campaigns
        self._publisher = publisher
        self._topic = topic
        self._kept: dict[tuple[str, ...], tuple[Campaign, bytes]] = {}

    def put(self, campaign: str) -> Answer:
        """Publishes a version: checked, numbered, written, and read back: of two, the first in the log stands."""
        written = _parsed(body.read(MAX_BYTES, *TYPES), campaign)
        before = self._in_force(campaign)
        if before is not None and _same(written, before):
            return _standing(before, HTTPStatus.OK)
        after = _successor(written, before)
        document = campaign_schema.dump(after)
        record = encode(events.Definition(campaign, after.version, document), datetime.now(UTC), source=SOURCE)
        position = self._publisher.publish(self._topic, record)
        return self._outcome(after, position.offset)

    def get_all(self) -> Answer:
        self._require_known()
        now = datetime.now(UTC)
        listed = [_summary(campaign, now) for campaign in sorted(self._catalogue, key=lambda found: found.code)]
        return revalidated(json_response({"campaigns": listed}))

    def get(self, campaign: str) -> Answer:
        found = self._campaigns.current(campaign)
        return self._shown(found, ("definition",), lambda: campaign_schema.dump(found, public=True))

    def get_form(self, campaign: str, group: str) -> Answer:
        found = self._campaigns.current(campaign)
        if group not in found.group:
            raise Problem(problems.NOT_FOUND, "the campaign has no such group")
        return self._shown(found, ("form", group), lambda: forms.survey(found, found.group[group]))

    def _in_force(self, code: str) -> Campaign | None:
        """The version in force at this moment, which another worker may have published."""
        if not self._catalogue.follower.catch_up(LOOK_S):
            raise Problem(problems.UNAVAILABLE, "the log does not answer, so the version in force is unknown")
        return self._catalogue.current(code)

    def _require_known(self) -> None:
        if not self._catalogue.follower.ready:
            raise Problem(problems.UNAVAILABLE, "the definitions have not been read from the log yet")

    def _outcome(self, sent: Campaign, offset: int | None) -> Answer:
        """What the log decided: whether the version that was sent is the one that stands."""
        follower = self._catalogue.follower
        if not (follower.catch_up(READ_BACK_S) if offset is None else follower.await_offset(offset, READ_BACK_S)):
            raise Problem(problems.UNAVAILABLE, "it is unknown whether the definition was published: send it again")
        standing = self._catalogue.version(sent.code, sent.version)
        if standing is None or (
            self._catalogue.offset(sent.code, sent.version) != offset and not _same(sent, standing)
        ):
            raise Problem(
                problems.CONFLICT,
                f"another definition became version {sent.version} first: look at it, then send yours again",
            )
        return _standing(standing, HTTPStatus.CREATED)

    def _shown(self, campaign: Campaign, part: tuple[str, ...], make: Callable[[], Mapping[str, Any]]) -> Answer:
        """A part of a version as JSON; its bytes are kept while the version is in force."""
        key = (campaign.code, *part)
        kept = self._kept.get(key)
        if kept is None or kept[0] is not campaign:
            kept = campaign, orjson.dumps(make())
            self._kept[key] = kept
        return revalidated(Answer(kept[1], content_type="application/json"))


def _parsed(text: bytes, code: str) -> Campaign:
    try:
        written = campaign_schema.parse(text)
    except campaign_schema.DefinitionError as error:
        faults = [Fault(found.pointer, found.code, found.detail, found.line) for found in error.problems]
        raise Problem(problems.INVALID, "the definition cannot be used", faults) from error
    if written.code != code:
        raise Problem(
            problems.INVALID,
            "the definition is of another campaign than the address",
            [Fault("/campaign", "not-the-address", f"send it to /v1/campaigns/{written.code}, or correct the code")],
        )
    return written


def _same(written: Campaign, standing: Campaign) -> bool:
    return replace(written, version=standing.version, layout=standing.layout) == standing


def _successor(written: Campaign, before: Campaign | None) -> Campaign:
    if before is None:
        return replace(written, version=1, layout=extended_layout(written, {}))
    if forbidden := forbidden_changes(before, written):
        raise Problem(
            problems.CONFLICT,
            f"version {before.version} was published; a new one may not remove or re-map what responses refer to",
            [Fault(change.pointer, "forbidden-change", change.detail) for change in forbidden],
        )
    return replace(written, version=before.version + 1, layout=extended_layout(written, before.layout))


def _standing(campaign: Campaign, status: HTTPStatus) -> Answer:
    answer = json_response({"campaign": campaign.code, "version": campaign.version}, status)
    answer.headers["Location"] = f"/v1/campaigns/{campaign.code}"
    return answer


def _summary(campaign: Campaign, now: datetime) -> dict[str, Any]:
    state = "open" if campaign.is_open(now) else "announced" if now < campaign.opens else "closed"
    return {
        "campaign": campaign.code,
        "version": campaign.version,
        "title": forms.languages(campaign.title),
        "opens": campaign.opens.isoformat(),
        "closes": campaign.closes.isoformat(),
        "state": state,
        "groups": [group.code for group in campaign.groups],
    }
