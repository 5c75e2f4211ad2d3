"""The Atom feed of a public campaign (RFC 4287): when it opens and closes, and each day's ranking of every block.

An entry's time is the day's beginning, never the moment of an answer: who sees that something changed when a person
answered would know a little of that person.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from services.common.campaign import Block, Campaign
from services.common.ranking import shown
from services.reporting.dashboard.labels import Language, labels, said
from services.reporting.rankings import Row, View, rows
from services.reporting.standing import Standing

FIRST = 10
"""Units of a block that an entry names."""

Entry = dict[str, Any]


def entries(standing: Standing, page: str, lang: Language, now: datetime) -> list[Entry]:
    """The feed's entries, the newest first: `id`, `title`, `updated`, `address`, `lines`."""
    campaign = standing.campaign
    day = min(now, campaign.closes).astimezone(campaign.opens.tzinfo)
    day = day.replace(hour=0, minute=0, second=0, microsecond=0)
    found = [_opening(campaign, "opens", campaign.opens, page, lang)] if campaign.opens <= now else []
    if campaign.opens <= now:
        found += [_day(standing, block, day, page, lang) for block in campaign.blocks]
    if campaign.closes <= now:
        found.append(_opening(campaign, "closes", campaign.closes, page, lang))
    return sorted(found, key=lambda entry: str(entry["updated"]), reverse=True)


def _opening(campaign: Campaign, what: str, moment: datetime, page: str, lang: Language) -> Entry:
    return {
        "id": f"urn:parindex:{campaign.code}:{what}",
        "title": labels(lang)[f"feed.{what}"].format(title=said(campaign.title, lang)),
        "updated": moment.astimezone(UTC).isoformat(),
        "address": page,
        "lines": [],
    }


def _day(standing: Standing, block: Block, day: datetime, page: str, lang: Language) -> Entry:
    campaign = standing.campaign
    words = labels(lang)
    best = [row for row in rows(standing, View(block.code)) if row.index is not None][:FIRST]
    return {
        "id": f"urn:parindex:{campaign.code}:{block.code}:{day.date().isoformat()}",
        "title": words["feed.day"].format(block=said(block.name, lang), day=day.date().strftime("%d/%m/%Y")),
        "updated": day.astimezone(UTC).isoformat(),
        "address": f"{page}?block={block.code}",
        "lines": [_line(row, campaign, lang) for row in best] or [words["feed.nothing"]],
    }


def _line(row: Row, campaign: Campaign, lang: Language) -> str:
    figure = "" if row.index is None else shown(row.index, campaign.rules.decimals)
    return f"{row.rank.rank}. {said(row.unit.name, lang)}: {figure.replace('.', ',') if lang == 'vi' else figure}"
