"""A database as scoring leaves it, written by hand: definitions, indices and states for the tests of reporting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pymongo.database import Database

from services.common import campaign_schema, index_document
from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign
from services.common.campaign_versions import extended_layout
from services.common.index import Formula
from services.common.uncertainty import SamplingErrors
from services.common.unit_index import GroupTally
from tests import waiting

DATA = Path(__file__).parents[2] / "data"
DEADLINE_S = 20.0

Document = dict[str, Any]

Tallies = Mapping[str, Mapping[str, GroupTally]]
"""Unit → group → tally."""


def published(text: str | bytes, version: int = 1) -> Campaign:
    """A definition as it is after its publication."""
    campaign = campaign_schema.parse(text)
    return replace(campaign, version=version, layout=extended_layout(campaign, {}))


def tally(campaign: Campaign, group: str, n: int, answers: Mapping[str, Mapping[str, int]]) -> GroupTally:
    """A tally of n responses with so many answers by leaf and option."""
    return GroupTally(n, [answers.get(leaf, {}).get(option, 0) for leaf, option in campaign.layout[group]])


def index_documents(
    campaign: Campaign, state: int, tallies: Tallies, rows: Mapping[str, AppraisalRow] | None = None
) -> list[Document]:
    formula, errors = Formula(campaign), SamplingErrors(campaign)

    def result(unit: str) -> Document:
        found = formula.compute(unit, tallies.get(unit, {}), (rows or {}).get(unit, AppraisalRow()))
        return index_document.write(found) | errors.of(unit, found).document()

    return [
        {
            "_id": {"campaign": campaign.code, "unit": unit.code},
            "campaign": campaign.code,
            "unit": unit.code,
            "block": unit.block,
            "version": campaign.version,
            "state": state,
            **result(unit.code),
        }
        for unit in campaign.units
    ]


def state_document(campaign: Campaign, state: int, counted: Mapping[str, int], next_: int) -> Document:
    return {
        "_id": campaign.code,
        "state": state,
        "version": campaign.version,
        "positions": {"responses": {"0": next_}, "appraisals": {"0": 0}},
        "counted": dict(counted),
    }


def write_state(
    db: Database[Document],
    campaign: Campaign,
    state: int,
    tallies: Tallies,
    rows: Mapping[str, AppraisalRow] | None = None,
    *,
    counted: Mapping[str, int] | None = None,
) -> None:
    """Writes a whole state, as a refresh does: definition, then indices, then the state."""
    write_definition(db, campaign)
    write_indices(db, index_documents(campaign, state, tallies, rows))
    forms = counted if counted is not None else _forms(tallies)
    document = state_document(campaign, state, forms, sum(forms.values()))
    db.campaign_state.replace_one({"_id": campaign.code}, document, upsert=True)


def write_definition(db: Database[Document], campaign: Campaign) -> None:
    db.campaigns.update_one(
        {"_id": {"campaign": campaign.code, "version": campaign.version}},
        {"$setOnInsert": {"definition": campaign_schema.dump(campaign)}},
        upsert=True,
    )


def write_indices(db: Database[Document], documents: list[Document]) -> None:
    for document in documents:
        db.indices.replace_one({"_id": document["_id"]}, document, upsert=True)


def _forms(tallies: Tallies) -> dict[str, int]:
    """As if every response rated one unit."""
    forms: dict[str, int] = {}
    for groups in tallies.values():
        for group, found in groups.items():
            forms[group] = forms.get(group, 0) + found.n
    return forms


def eventually(what: str, condition: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
    """Waits until a condition holds.

    Raises:
        AssertionError: it did not in time.
    """
    waiting.eventually(condition, what, deadline_s)
