"""What became of one response, for whoever holds its receipt: asked of MongoDB each time, and nothing but that is told.

A receipt names the response's id, the revision, the digest of its content, and its place in the log. In this order:
the counted row holds exactly this content → counted, or withdrawn when the row is a withdrawal; a record buried at this
place, or with this revision and content → conflict or rejected; the row has a higher revision → superseded; it has this
revision with other content → conflict; the log is not applied up to this place → pending. What then remains was never
in the log at this place: there is no such receipt.

A buried record that an operator has requeued since, and that is applied again, is spoken for by the record it was
requeued as.

Without a place in the log an id that is on its way cannot be told from one that was never sent; both are not found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pymongo.client_session import ClientSession
from pymongo.database import Database

from services.common import problems
from services.common.generation import Generation
from services.common.problems import Problem
from services.reporting.database import snapshot

Document = dict[str, Any]
Status = Literal["counted", "superseded", "withdrawn", "conflict", "rejected", "pending"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What its holder knows of a response. A digest goes with a revision, a place in the log with both."""

    campaign: str
    response: str
    revision: int | None = None
    digest: str | None = None
    partition: int | None = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it. `revision` and `digest` are those that count now; None when nothing of this id counts."""

    status: Status
    revision: int | None = None
    digest: str | None = None
    reason: str | None = None

    def document(self, response: str) -> Document:
        written = {"response": response, "status": self.status, "revision": self.revision, "digest": self.digest}
        return written if self.reason is None else written | {"reason": self.reason}


def outcome(db: Database[Document], responses_topic: str, receipt: Receipt) -> Outcome:
    """What became of a response, in one snapshot.

    Raises:
        Problem: 404, nothing is known of it; 503, MongoDB does not answer.
    """
    with snapshot(db) as (derived, session):
        row = derived.responses.find_one(
            {"_id": receipt.response, "campaign": receipt.campaign},
            {"_id": 0, "revision": 1, "digest": 1, "withdrawn": 1},
            session=session,
        )
        if row is not None and _is_of(row, receipt):
            return _seen(row, "withdrawn" if row["withdrawn"] else "counted")
        if (letter := _letter(derived, responses_topic, receipt, session)) is not None:
            reason = letter["reason"]
            return _seen(row, "conflict") if reason == "conflict" else _seen(row, "rejected", reason)
        if row is not None and receipt.revision is not None and row["revision"] >= receipt.revision:
            return _seen(row, "superseded" if row["revision"] > receipt.revision else "conflict")
        if receipt.offset is not None and not _applied(derived, responses_topic, receipt, session):
            return _seen(row, "pending")
    raise Problem(problems.NOT_FOUND, _UNKNOWN if receipt.offset is None else _NOT_THERE)


_UNKNOWN = (
    "nothing is known of this response; it may not have been applied yet: send partition and offset of the receipt to "
    "tell the two apart"
)
_NOT_THERE = "the log is applied up to this place, and there is no response with this receipt"


def _is_of(row: Mapping[str, Any], receipt: Receipt) -> bool:
    """Whether the row holds what the receipt was given for; where it does not say, whatever the row holds."""
    return receipt.revision in (None, row["revision"]) and receipt.digest in (None, row["digest"])


def _seen(row: Mapping[str, Any] | None, status: Status, reason: str | None = None) -> Outcome:
    if row is None:
        return Outcome(status, reason=reason)
    return Outcome(status, row["revision"], row["digest"], reason)


def _letter(
    derived: Generation, responses_topic: str, receipt: Receipt, session: ClientSession
) -> Mapping[str, Any] | None:
    """The record of this response that could not be applied: at the receipt's place, else with its content."""
    wanted = {"reason": 1, "campaign": 1, "response": 1, "record.key": 1, "requeued": 1}
    if receipt.offset is not None:
        place = {"topic": responses_topic, "partition": receipt.partition, "offset": receipt.offset}
        found = derived.rejected.find_one({"_id": place}, wanted, session=session)
        found = found if found is not None and _is_about(found, receipt) else None
    else:
        known: Document = {"campaign": receipt.campaign, "response": receipt.response}
        known |= {"revision": receipt.revision} if receipt.revision is not None else {}
        known |= {"digest": receipt.digest} if receipt.digest is not None else {}
        found = derived.rejected.find_one(known, wanted, sort=[("_id.offset", -1)], session=session)
    while found is not None and "requeued" in found:
        again = found["_id"] | {"offset": found["requeued"]}
        found = derived.rejected.find_one({"_id": again}, wanted, session=session)
    return found


def _is_about(letter: Mapping[str, Any], receipt: Receipt) -> bool:
    """Whether a buried record is the receipt's. Of one that could not even be read only the key is known."""
    if "response" not in letter:
        return bool(letter["record"]["key"] == receipt.response.encode())
    return (letter["campaign"], letter["response"]) == (receipt.campaign, receipt.response)


def _applied(derived: Generation, responses_topic: str, receipt: Receipt, session: ClientSession) -> bool:
    key = {"topic": responses_topic, "partition": receipt.partition}
    stored = derived.positions.find_one({"_id": key}, {"next": 1}, session=session)
    return stored is not None and receipt.offset is not None and stored["next"] > receipt.offset
