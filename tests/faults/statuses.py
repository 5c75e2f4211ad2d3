"""What the route of status says to holders of receipts, against what the log says became of theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

from tests.faults import campaign
from tests.faults.door import Door
from tests.faults.evidence import Statement
from tests.faults.model import Model
from tests.faults.violation import Found, Violation

ASKED = 400
"""Receipts that are shown, spread over all; the rarer ends (withdrawn, conflict, superseded) are looked for as well."""
TIMEOUT_S = 5.0


def statuses(statements: Iterable[Statement], model: Model, urls: Sequence[str]) -> Found:
    """Asks each reporting for some."""
    for url in urls:
        door = Door([url], TIMEOUT_S)
        for statement, place in _chosen(statements, model):
            response, revision, digest = statement.key
            receipt = {"revision": revision, "digest": digest, "partition": place[0], "offset": place[1]}
            answer = door.ask("GET", f"{campaign.PATH}/responses/{response}?{urlencode(receipt)}")
            row = model.rows[response]
            expected = (200, _became(statement, place, model), row.revision, row.digest)
            said = answer.document()
            found = (answer.status, said.get("status"), said.get("revision"), said.get("digest"))
            if found != expected:
                yield Violation("a status", f"{response}, revision {revision} at {place}", f"{expected}", f"{found}")
        door.close()


def _chosen(statements: Iterable[Statement], model: Model) -> list[tuple[Statement, tuple[int, int]]]:
    """Receipts with a place in the log: as many of each end as there are, up to a share of `ASKED`."""
    by_end: dict[str, list[tuple[Statement, tuple[int, int]]]] = {}
    for statement in statements:
        for partition, offset in statement.receipts:
            if offset is not None and statement.key[0] in model.rows:
                place = partition, offset
                by_end.setdefault(_became(statement, place, model), []).append((statement, place))
    share = ASKED // max(1, len(by_end))
    return [item for items in by_end.values() for item in items[:: max(1, len(items) // share)]]


def _became(statement: Statement, place: tuple[int, int], model: Model) -> str:
    """What became of the record at a place, once all is counted."""
    response, revision, digest = statement.key
    row = model.rows[response]
    if (row.revision, row.digest) == (revision, digest):
        return "withdrawn" if row.withdrawn else "counted"
    if place in model.conflicts:
        return "conflict"
    return "superseded" if row.revision > revision else "conflict"
