"""What a page knows of its campaign before it asks for any figure: names, order and rules, as a script reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from services.common.campaign import Campaign
from services.reporting.campaigns import phase
from services.reporting.figures import label

Json = dict[str, Any]


def model(campaign: Campaign) -> Json:
    """The part of a definition that pages need, a tenth of all; `tiles` by unit, where a block has a tile map."""
    rules = campaign.rules
    return {
        "campaign": campaign.code,
        "version": campaign.version,
        "title": label(campaign.title),
        "opens": campaign.opens.isoformat(),
        "closes": campaign.closes.isoformat(),
        "phase": phase(campaign, datetime.now(UTC)),
        "blocks": [
            {
                "code": block.code,
                "name": label(block.name),
                "groups": [group.code for group in campaign.groups if block.code in group.rates],
                "units": sum(unit.block == block.code for unit in campaign.units),
            }
            for block in campaign.blocks
        ],
        "groups": [{"code": group.code, "name": label(group.name)} for group in campaign.groups],
        "fields": [{"code": field.code, "name": label(field.name)} for field in campaign.fields],
        "bands": [{"from": str(band.floor), "name": label(band.name)} for band in campaign.bands],
        "tiles": {unit.code: list(unit.tile) for unit in campaign.units if unit.tile is not None},
        "live": rules.live,
        "decimals": rules.decimals,
        "suppress_below": rules.suppress_below,
    }
