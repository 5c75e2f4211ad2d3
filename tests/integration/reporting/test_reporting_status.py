"""GET /responses/{id}: the fate of one response by its receipt, and nothing else about it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.integration.reporting.conftest import Shared
from tests.integration.reporting.database import Document, write_state
from tests.unit.surveys import asked, survey

CAMPAIGN = survey((asked("q", "1", "g1"),), units={"u1": "b1"})
OLD, NEW, OTHER = "0" * 64, "1" * 64, "2" * 64
NEXT = 100
"""Of partition 3: what is before is applied."""


def id_of(number: int) -> str:
    return str(uuid.UUID(int=number))


COUNTED, WITHDRAWN, ELSEWHERE, REJECTED, UNREADABLE, UNKNOWN, REQUEUED, AGAIN = map(id_of, range(8))


@pytest.fixture(scope="module")
def client(shared: Shared) -> FlaskClient:
    db, topic = shared.db, shared.settings.topic("responses")
    write_state(db, CAMPAIGN, 1, {})
    write_state(db, survey((asked("q", "1", "g1"),), code="other"), 1, {})

    def row(id_: str, **changed: object) -> Document:
        kept = {"p": 3, "campaign": "survey", "version": 1, "group": "g1", "revision": 2, "digest": NEW}
        return {"_id": id_, **kept, "ratings": {"u1": {"q": "A"}}, "withdrawn": False, **changed}

    def letter(offset: int, reason: str, response: str, revision: int, digest: str, **requeued: int) -> Document:
        place = {"topic": topic, "partition": 3, "offset": offset}
        record = {"key": response.encode(), "value": b"{}", "headers": [], "timestamp": 0}
        about = {"campaign": "survey", "response": response, "revision": revision, "digest": digest}
        if reason == "unreadable":
            about = {}
        return {"_id": place, "p": 3, "reason": reason, "detail": "secret", "record": record, **about, **requeued}

    db.responses.insert_many(
        [
            row(COUNTED),
            row(WITHDRAWN, withdrawn=True, ratings={}),
            row(ELSEWHERE, campaign="other"),
            row(REQUEUED),
        ]
    )
    db.rejected.insert_many(
        [
            letter(10, "conflict", COUNTED, 1, OTHER),
            letter(11, "unknown-unit", REJECTED, 1, NEW),
            letter(12, "unreadable", UNREADABLE, 1, NEW),
            letter(13, "unknown-unit", COUNTED, 3, OTHER),
            # Requeued and counted, the first of them until the other came.
            letter(14, "unknown-campaign", REQUEUED, 1, OLD, requeued=24),
            letter(15, "unreadable", REQUEUED, 2, NEW, requeued=25),
            # Requeued and rejected again, twice.
            letter(16, "unreadable", AGAIN, 1, NEW, requeued=26),
            letter(26, "unknown-campaign", AGAIN, 1, NEW, requeued=36),
            letter(36, "unknown-unit", AGAIN, 1, NEW),
        ]
    )
    db.positions.insert_one({"_id": {"topic": topic, "partition": 3}, "p": 3, "next": NEXT, "counted": {}})
    return shared.serve()


def ask(client: FlaskClient, response: str, *receipt: object, campaign: str = "survey") -> TestResponse:
    names = ("revision", "digest", "partition", "offset")
    query = dict(zip(names, receipt, strict=False))
    return client.get(f"/v1/campaigns/{campaign}/responses/{response}", query_string=query)


@pytest.mark.parametrize(
    ("response", "receipt", "status", "counting"),
    [
        # Without a receipt: whatever counts now.
        (COUNTED, (), "counted", 2),
        (WITHDRAWN, (), "withdrawn", 2),
        (REJECTED, (), "rejected", None),
        # The receipt of what counts.
        (COUNTED, (2,), "counted", 2),
        (COUNTED, (2, NEW), "counted", 2),
        (COUNTED, (2, NEW, 3, 50), "counted", 2),
        # Sent again after an answer that was lost: a second record of the same content, applied or not.
        (COUNTED, (2, NEW, 3, 500), "counted", 2),
        # A later revision counts.
        (COUNTED, (1, OLD, 3, 5), "superseded", 2),
        (COUNTED, (1, OLD), "superseded", 2),
        (WITHDRAWN, (1, OLD, 3, 5), "superseded", 2),
        # Another content came first.
        (COUNTED, (2, OTHER, 3, 60), "conflict", 2),
        (COUNTED, (2, OTHER), "conflict", 2),
        (COUNTED, (1, OTHER, 3, 10), "conflict", 2),
        (COUNTED, (1, OTHER), "conflict", 2),
        # It could not be applied.
        (REJECTED, (1, NEW, 3, 11), "rejected", None),
        (REJECTED, (1, NEW), "rejected", None),
        (UNREADABLE, (1, NEW, 3, 12), "rejected", None),
        (COUNTED, (3, OTHER, 3, 13), "rejected", 2),
        (COUNTED, (3, OTHER), "rejected", 2),
        # An operator has requeued it: what became of it then.
        (REQUEUED, (2, NEW, 3, 15), "counted", 2),
        (REQUEUED, (1, OLD, 3, 14), "superseded", 2),
        (REQUEUED, (1, OLD), "superseded", 2),
        (AGAIN, (1, NEW, 3, 16), "rejected", None),
        (AGAIN, (1, NEW, 3, 26), "rejected", None),
        (AGAIN, (1, NEW), "rejected", None),
        (AGAIN, (), "rejected", None),
        # The withdrawal's own receipt.
        (WITHDRAWN, (2, NEW, 3, 20), "withdrawn", 2),
        # On its way.
        (COUNTED, (3, NEW, 3, NEXT), "pending", 2),
        (UNKNOWN, (1, NEW, 3, NEXT + 5), "pending", None),
        (UNKNOWN, (1, NEW, 4, 0), "pending", None),
    ],
)
def test_what_became_of_a_response(
    client: FlaskClient, response: str, receipt: tuple[Any, ...], status: str, counting: int | None
) -> None:
    answer = ask(client, response, *receipt)
    assert (answer.status_code, answer.json["status"], answer.json["revision"]) == (200, status, counting)
    assert answer.json["digest"] == (NEW if counting else None)


@pytest.mark.parametrize(
    ("response", "receipt"),
    [
        (UNKNOWN, ()),
        (UNKNOWN, (1, NEW)),
        (COUNTED, (3, NEW)),
        # The log is applied up to there, and holds nothing of the kind.
        (UNKNOWN, (1, NEW, 3, 50)),
        (COUNTED, (3, NEW, 3, 50)),
        # The place of another's record.
        (UNKNOWN, (1, NEW, 3, 11)),
        (UNKNOWN, (1, NEW, 3, 12)),
        # Of another campaign: not even that it is there.
        (ELSEWHERE, ()),
        (ELSEWHERE, (2, NEW, 3, 50)),
    ],
)
def test_what_there_is_not_is_not_found(client: FlaskClient, response: str, receipt: tuple[Any, ...]) -> None:
    assert ask(client, response, *receipt).status_code == 404


def test_nothing_of_the_answers_or_the_record_is_told(client: FlaskClient) -> None:
    assert ask(client, COUNTED).json == {"response": COUNTED, "status": "counted", "revision": 2, "digest": NEW}
    rejected = ask(client, REJECTED).json
    assert rejected == {
        "response": REJECTED,
        "status": "rejected",
        "revision": None,
        "digest": None,
        "reason": "unknown-unit",
    }


@pytest.mark.parametrize("receipt", [(1, NEW, 3, 16), (1, NEW, 3, 26), (1, NEW)])
def test_of_what_was_rejected_again_the_last_reason_is_told(client: FlaskClient, receipt: tuple[Any, ...]) -> None:
    assert ask(client, AGAIN, *receipt).json["reason"] == "unknown-unit"


def test_it_is_asked_anew_each_time(client: FlaskClient, shared: Shared) -> None:
    id_ = "abcdefab-0000-4000-8000-abcdefabcdef"
    shared.db.responses.insert_one({**(shared.db.responses.find_one({"_id": COUNTED}) or {}), "_id": id_})
    answer = ask(client, id_)
    assert (answer.json["status"], answer.headers["Cache-Control"]) == ("counted", "no-store")
    shared.db.responses.update_one({"_id": id_}, {"$set": {"withdrawn": True}})
    assert ask(client, id_.upper()).json == {**answer.json, "status": "withdrawn"}  # an id may be written in capitals


@pytest.mark.parametrize("response", ["x", "00000000000000000000000000000001", f"{COUNTED}0", "%7B%22$gt%22:1%7D"])
def test_what_is_no_id_is_not_found(client: FlaskClient, response: str) -> None:
    assert ask(client, response).status_code == 404


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ("revision=x", ["/revision"]),
        ("revision=-1", ["/revision"]),
        ("revision=1&digest=abc", ["/digest"]),
        (f"digest={NEW}", ["/revision"]),
        (f"revision=1&digest={NEW}&partition=1", ["/offset"]),
        (f"revision=1&digest={NEW}&offset=1", ["/partition"]),
        ("partition=1&offset=1", ["/digest"]),
        ("reciept=1", ["/reciept"]),
    ],
)
def test_what_is_no_receipt_is_refused_by_name(client: FlaskClient, query: str, pointers: list[str]) -> None:
    answer = client.get(f"/v1/campaigns/survey/responses/{COUNTED}?{query}")
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json["errors"]] == pointers
