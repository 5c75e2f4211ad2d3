"""The campaigns there are, and the public part of one's definition."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from services.common import campaign_schema
from services.common.campaign import Campaign
from services.reporting.figures import label
from services.reporting.standing import Standing

Document = dict[str, Any]
Phase = Literal["upcoming", "open", "closed"]


def phase(campaign: Campaign, now: datetime) -> Phase:
    """Whether responses are taken at a moment: not yet, now, or no longer."""
    if now < campaign.opens:
        return "upcoming"
    return "open" if campaign.is_open(now) else "closed"


def listed(standings: Sequence[Standing], now: datetime) -> Document:
    """All campaigns as they travel in JSON."""
    return {
        "campaigns": [
            {
                "campaign": standing.campaign.code,
                "title": label(standing.campaign.title),
                "version": standing.campaign.version,
                "opens": standing.campaign.opens.isoformat(),
                "closes": standing.campaign.closes.isoformat(),
                "state": phase(standing.campaign, now),
                "live": standing.campaign.rules.live,
                "counted": standing.as_of.total,
                "as_of": standing.as_of.document(),
            }
            for standing in standings
        ]
    }


def definition(standing: Standing) -> Document:
    """The definition's public part, with what is counted by it so far."""
    return {**campaign_schema.dump(standing.campaign, public=True), "as_of": standing.as_of.document()}
