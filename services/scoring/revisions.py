"""What a record about a response does to what is counted of it. Pure: the heart of "exactly once"."""

from __future__ import annotations

from typing import Literal, NamedTuple

from services.common.events import Ratings, Response, Withdrawal

Effect = Literal["submitted", "edited", "withdrawn", "duplicate", "superseded", "conflict"]
EFFECTS: tuple[Effect, ...] = ("submitted", "edited", "withdrawn", "duplicate", "superseded", "conflict")


class Rejected(Exception):
    """This record can never be applied: it goes to the collection `rejected`, whole, with a reason and a detail."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Row(NamedTuple):
    """The counted revision of a response; `ratings` is empty when it is withdrawn."""

    campaign: str
    version: int
    group: str
    revision: int
    digest: str
    ratings: Ratings
    withdrawn: bool


def effect(row: Row | None, event: Response | Withdrawal, digest: str) -> Effect:
    """What the next record of an id does, given the row that the records before it left.

    The highest revision counts. The same revision with the same content is a duplicate; with other content it is a
    conflict, and the first in the log stands. A withdrawal is a revision too, and may be followed by a later one.

    Raises:
        Rejected: the id belongs to a response of another campaign.
    """
    if row is None:
        return "submitted" if isinstance(event, Response) else "withdrawn"
    if row.campaign != event.campaign:
        raise Rejected("other-campaign", f"the id belongs to a response of campaign {row.campaign!r}")
    if event.revision < row.revision:
        return "superseded"
    if event.revision == row.revision:
        return "duplicate" if digest == row.digest else "conflict"
    if isinstance(event, Withdrawal):
        return "withdrawn"
    return "submitted" if row.withdrawn else "edited"


def after(row: Row | None, event: Response | Withdrawal, digest: str) -> Row:
    """The row that an effect of submitted, edited or withdrawn leaves."""
    if isinstance(event, Response):
        return Row(
            event.campaign, event.campaign_version, event.group, event.revision, digest, event.ratings, withdrawn=False
        )
    group = row.group if row is not None else ""
    return Row(event.campaign, event.campaign_version, group, event.revision, digest, {}, withdrawn=True)
