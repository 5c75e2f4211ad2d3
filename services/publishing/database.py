"""What the database says beside the log: what is served now, what was released, which publications it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymongo.database import Database

from services.common import publication_store, release
from services.common.campaign import Campaign
from services.publishing.edition import Edition, Withheld
from services.publishing.recount import Cut
from services.publishing.register import Made
from services.scoring.audit.difference import Difference, compare

Document = dict[str, Any]
Known = Mapping[int, Made]
"""A campaign's publications by number."""


def compared(db: Database[Document], edition: Edition, cut: Cut) -> tuple[bool, list[Difference]]:
    """Whether what is served is of the same cut, and where it then differs."""
    campaign = cut.campaign
    state = db.campaign_state.find_one({"_id": campaign.code})
    if state is None or state["version"] != campaign.version or _plain(state["positions"]) != _plain(cut.positions):
        return False, []
    forms = {group: n for group, n in state["counted"].items() if n}
    counted = dict(+edition.counted.forms)
    found = [compare("campaign_state", campaign.code, {"counted": forms}, {"counted": counted})]
    served = {document["unit"]: document for document in db.indices.find({"campaign": campaign.code})}
    for unit in campaign.unit:
        kept = {name: value for name, value in served.get(unit, {}).items() if name not in ("state", "released")}
        found.append(compare("indices", unit, kept, edition.document(unit)))
    return True, [difference for difference in found if difference is not None]


def near_released(db: Database[Document], campaign: Campaign) -> Withheld:
    """The cells that withdrawals brought near to what was released of them."""
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    if not release.in_steps(campaign):
        return found
    for document in db.indices.find({"campaign": campaign.code, "released": {"$exists": True}}):
        released = release.read(document["released"])
        cells = [
            (leaf, group)
            for leaf, result in document["leaves"].items()
            for group, cell in result["groups"].items()
            if group in released and release.near(campaign, leaf, released[group], group, cell["answers"])
        ]
        if cells:
            found[document["unit"]] = tuple(cells)
    return found


def unstored(db: Database[Document], known: Mapping[str, Known]) -> list[tuple[str, int]]:
    """Campaign and number of what the log knows and the database does not hold."""
    found = []
    for code in sorted(known):
        heads = {event.number: event for event, _ in publication_store.heads(db, code)}
        for number, made in known[code].items():
            pieces = publication_store.pieces(db, code, number)
            if heads.get(number) != made.event or publication_store.digest(pieces) != made.event.digest:
                found.append((code, number))
    return found


def _plain(positions: Mapping[str, Mapping[str, int]]) -> dict[tuple[str, str], int]:
    """Positions without those where nothing was read yet."""
    return {(topic, at): next_ for topic, found in positions.items() for at, next_ in found.items() if next_}
