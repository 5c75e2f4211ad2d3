"""Publications made by hand: of tallies as they are counted, without a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database

from services.common import publication_store
from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign
from services.common.publications import Publication
from services.common.unit_index import GroupTally
from services.publishing.edition import Edition, Issue
from services.publishing.form import FORM
from services.publishing.recount import Counted, Cut
from services.reporting.figures import label
from services.scoring.tallies import Tally

NOON = datetime(2022, 12, 5, 12, tzinfo=UTC)
Tallies = Mapping[str, Mapping[str, GroupTally]]
"""Unit → group → tally."""


def counted(
    campaign: Campaign,
    tallies: Tallies,
    receipts: Sequence[tuple[str, int, str]] = (),
    rows: Mapping[str, AppraisalRow] | None = None,
) -> Counted:
    """A campaign at a cut; as if every response rated one unit."""
    positions = {"responses": {"0": len(receipts)}, "appraisals": {"0": 0}}
    found = Counted(Cut(campaign, positions), receipts=sorted(receipts), appraisals=dict(rows or {}))
    forms: Counter[str] = Counter()
    for unit, groups in tallies.items():
        for group, tally in groups.items():
            of = tally.moments
            found.tallies[campaign.code, group, unit] = Tally(tally.n, of.n, of.s1, of.s2, list(tally.counts))
            forms[group] += tally.n
    found.forms = forms
    return found


def issue(of: Counted, *, is_open: bool = False) -> Issue:
    return Issue(of, is_open, {})


def event(edition: Edition, number: int) -> Publication:
    campaign = edition.campaign
    return Publication(
        campaign=campaign.code,
        number=number,
        version=campaign.version,
        by="an",
        at=NOON,
        positions=edition.counted.cut.positions,
        digest=edition.content.digest,
        root=edition.tree.root,
        size=len(edition.tree.ids),
        form=FORM,
        software="0",
        forced=("pending",) if edition.pending else (),
        title=label(campaign.title),
    )


def write_publication(db: Database[dict[str, Any]], edition: Edition, number: int = 1) -> Publication:
    """Stores a publication as the command does."""
    made = event(edition, number)
    parts = [publication_store.tree_part(*part) for part in edition.tree.parts()]
    publication_store.write(db, made, number - 1, edition.content.pieces, parts)
    return made
