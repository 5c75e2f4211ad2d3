"""A block at a glance: every unit's sub-index in every field, in one answer."""

from __future__ import annotations

from typing import Any

from services.common.ranking import exact, shown
from services.reporting.figures import label
from services.reporting.rankings import Places, View, of_releases, places
from services.reporting.standing import Standing
from services.reporting.turns import in_turns

Document = dict[str, Any]


def document(standing: Standing, chosen: View) -> Document:
    """As it travels in JSON: the units in the order of the ranking, each with a cell for each field in its order.

    Args:
        standing: the state.
        chosen: of a block, by the whole index or by a group; every cell is the ranking of the same by a field.
    """
    campaign = standing.campaign
    decimals = campaign.rules.decimals
    views = [chosen._replace(field=field.code) for field in campaign.fields]
    found = [places(standing, view) for view in views]
    whole = places(standing, chosen)
    return {
        "campaign": campaign.code,
        "version": campaign.version,
        "block": chosen.block,
        **({} if chosen.group is None else {"group": chosen.group}),
        "as_of": standing.as_of.document(),
        **({"released": True} if any(of_releases(standing, view) for view in views) else {}),
        "fields": [
            {
                "field": field.code,
                "name": label(field.name),
                "mean": None if of_field.mean is None else shown(of_field.mean, decimals),
            }
            for field, of_field in zip(campaign.fields, found, strict=True)
        ],
        "rows": [
            {
                "unit": unit,
                "name": label(campaign.unit[unit].name),
                **_cell(whole, unit, decimals),
                "cells": [_cell(of_field, unit, decimals) for of_field in found],
            }
            for unit in in_turns(whole.ranks)
        ],
    }


def _cell(of_view: Places, unit: str, decimals: int) -> Document:
    index = of_view.indices[unit]
    return {
        "rank": of_view.ranks[unit].rank,
        "index": None if index is None else shown(index, decimals),
        "index_exact": None if index is None else exact(index),
        **({"suppressed": True} if of_view.points[unit] is None else {}),
    }
