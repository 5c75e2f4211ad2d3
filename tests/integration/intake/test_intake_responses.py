"""A response answered with 202 stands in the log, once and as it was said; the receipt proves it."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from services.common import events
from services.common.events import Response, Withdrawal
from services.common.records import decode
from services.common.requeued import HEADER
from services.intake.receipts import Receipts
from tests.intake import Intake, definition, response


def stored(intake: Intake, id_: str) -> list[Any]:
    return [record for record in intake.records("responses") if record.key == id_.encode()]


def test_an_accepted_response_stands_where_the_receipt_says(intake: Intake) -> None:
    address = intake.campaign()
    answer = intake.http.post(f"{address}/responses", json=response(comment="Tốt: \U0001f44d", channel="paper"))
    assert answer.status_code == 202
    document = answer.json()
    id_, receipt = document["response"], document["receipt"]
    assert answer.headers["Location"] == f"{address}/responses/{id_}"
    assert document == {"status": 202, "response": id_, "revision": 1, "receipt": receipt}
    (record,) = stored(intake, id_)
    assert (record.partition, record.offset) == (receipt["partition"], receipt["offset"])
    event = decode(record.value, record.headers)
    assert isinstance(event, Response)
    assert event.ratings == response()["ratings"]
    assert (event.comment, event.channel, event.revision) == ("Tốt: \U0001f44d", "paper", 1)
    assert receipt["digest"] == events.digest(event)


def test_the_digest_is_that_of_the_canonical_content(intake: Intake) -> None:
    """SHA-256 over RFC 8785: sorted members, no white space, UTF-8 as it is; computed here by the standard library."""
    address = intake.campaign()
    said = response(response=str(uuid.uuid4()), comment='"é"\n\u2028', ratings={"w2": {"l3": "N"}, "w1": {"l2": "A"}})
    receipt = intake.http.post(f"{address}/responses", json=said).json()["receipt"]
    content = said | {"revision": 1, "channel": "web", "campaign": address.rpartition("/")[2]}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert receipt["digest"] == hashlib.sha256(canonical.encode()).hexdigest()


def test_only_intake_can_make_a_receipt(intake: Intake) -> None:
    receipt = intake.http.post(f"{intake.campaign()}/responses", json=response()).json()["receipt"]
    receipts = Receipts(b"k" * 32)
    assert receipts.verify(receipt)
    assert not receipts.verify(receipt | {"offset": receipt["offset"] + 1})
    assert not Receipts(b"x" * 32).verify(receipt)


def test_no_header_of_a_request_becomes_one_of_the_log(intake: Intake) -> None:
    """Only an operator can say that a record was requeued."""
    address, sent = intake.campaign(), {HEADER: "responses/0/0", "ce_type": "x", "ce-type": "x"}
    id_ = str(uuid.uuid4())
    intake.http.put(f"{address}/responses/{id_}", json=response(), headers=sent)
    intake.http.delete(f"{address}/responses/{id_}?revision=2", headers=sent)
    line = json.dumps(response(response=id_, revision=3))
    ndjson = {"Content-Type": "application/x-ndjson"}
    intake.http.post(f"{address}/responses/batch", content=line, headers=sent | ndjson)
    intake.http.patch(f"{address}/appraisals/w1", json={"bonus": "1"}, headers=sent | intake.bearer("appraiser"))
    changes = [
        record for record in intake.records("appraisals") if record.key.startswith(address.split("/")[3].encode())
    ]
    records = [*stored(intake, id_), *changes]
    assert len(records) == 4
    written = ["ce_specversion", "ce_type", "ce_id", "ce_source", "ce_time", "content-type"]
    assert [[name for name, _ in record.headers] for record in records] == [written] * 4


def test_a_record_says_nothing_of_who_and_when(intake: Intake) -> None:
    address = intake.campaign()
    headers = {"User-Agent": "phone-of-mrs-nga", "X-Forwarded-For": "203.0.113.9", "Cookie": "name=nga"}
    id_ = intake.http.post(f"{address}/responses", json=response(), headers=headers).json()["response"]
    (record,) = stored(intake, id_)
    said = record.value + b"".join(name.encode() + value for name, value in record.headers)
    assert b"nga" not in said
    assert b"203.0.113.9" not in said
    stamp = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    assert (stamp.minute, stamp.second, stamp.microsecond) == (0, 0, 0)
    assert dict(record.headers)["ce_source"] == b"/intake"
    assert json.loads(record.value).keys() == {
        "response",
        "revision",
        "campaign",
        "campaign_version",
        "group",
        "channel",
        "ratings",
    }


def test_all_revisions_of_a_response_share_a_partition_in_their_order(intake: Intake) -> None:
    address, id_ = intake.campaign(), str(uuid.uuid4())
    for revision in (1, 2):
        answer = intake.http.put(f"{address}/responses/{id_}", json=response(revision=revision))
        assert answer.status_code == 202
    assert intake.http.delete(f"{address}/responses/{id_}", params={"revision": 3}).status_code == 202
    records = stored(intake, id_)
    assert len({record.partition for record in records}) == 1
    said = [decode(record.value, record.headers) for record in records]
    assert [event.revision for event in said if isinstance(event, Response | Withdrawal)] == [1, 2, 3]
    assert isinstance(said[2], Withdrawal)


def test_the_same_sent_again_has_the_same_digest(intake: Intake) -> None:
    address = f"{intake.campaign()}/responses/{uuid.uuid4()}"
    first, second = (intake.http.put(address, json=response()).json()["receipt"] for _ in range(2))
    assert first["digest"] == second["digest"]


def test_an_id_is_kept_in_lower_case(intake: Intake) -> None:
    address, id_ = intake.campaign(), "ABCDEF01-2345-4678-89AB-CDEF01234567"
    answer = intake.http.put(f"{address}/responses/{id_}", json=response(response=id_))
    assert answer.json()["response"] == id_.lower()


@pytest.mark.parametrize("named", ["3fa85f64-5717-4562-b3fc-2c963f66afa6", 7, None])
def test_the_body_may_not_name_another_response_than_the_address(intake: Intake, named: object) -> None:
    answer = intake.http.put(f"{intake.campaign()}/responses/{uuid.uuid4()}", json=response(response=named))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/response"]


@pytest.mark.parametrize("id_", ["7", "3fa85f64-5717-4562-b3fc-2c963f66afa", "{3fa85f64-5717-4562-b3fc-2c963f66afa6}"])
def test_an_address_must_name_a_response_by_its_uuid(intake: Intake, id_: str) -> None:
    answer = intake.http.put(f"{intake.campaign()}/responses/{id_}", json=response())
    assert answer.status_code == 422


@pytest.mark.parametrize("revision", [None, "", "0", "x", "1.0", "1000001", "-1", "\N{FULLWIDTH DIGIT ONE}"])
def test_a_withdrawal_says_its_revision(intake: Intake, revision: str | None) -> None:
    query = {} if revision is None else {"revision": revision}
    answer = intake.http.delete(f"{intake.campaign()}/responses/{uuid.uuid4()}", params=query)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/revision"]


def test_a_campaign_without_edits_takes_neither_edits_nor_withdrawals(intake: Intake) -> None:
    address = f"{intake.campaign(rules={'edits': 'none'})}/responses/{uuid.uuid4()}"
    assert intake.http.put(address, json=response()).status_code == 202
    assert intake.http.put(address, json=response(revision=2)).status_code == 409
    assert intake.http.delete(address, params={"revision": 2}).status_code == 409


def test_before_a_campaign_opens_a_response_is_to_be_sent_again(intake: Intake) -> None:
    address = intake.campaign(opens="2099-01-01T00:00:00+07:00")
    answer = intake.http.post(f"{address}/responses", json=response())
    assert (answer.status_code, answer.json()["retryable"]) == (425, True)
    assert int(answer.headers["Retry-After"]) > 0


def test_after_a_campaign_closed_nothing_is_taken(intake: Intake) -> None:
    address = f"{intake.campaign(closes='2022-12-01T00:00:00+07:00')}/responses"
    withdrawn = intake.http.delete(f"{address}/{uuid.uuid4()}", params={"revision": 2})
    batch = intake.http.post(f"{address}/batch", content=b"{}", headers={"Content-Type": "application/x-ndjson"})
    for answer in (intake.http.post(address, json=response()), withdrawn, batch):
        assert answer.status_code == 403
        assert answer.json()["type"] == "urn:parindex:problem:campaign-closed"
        assert not answer.json()["retryable"]


def test_an_unknown_campaign_is_told_apart_from_a_bad_body(intake: Intake) -> None:
    assert intake.http.post("/v1/campaigns/nowhere/responses", json=response()).status_code == 404
    assert intake.http.post("/v1/campaigns/nowhere/responses", content=b"{").status_code == 415


def test_a_definition_counts_in_every_worker_as_soon_as_it_is_published(intake: Intake) -> None:
    """Each request takes a connection of its own, so that every worker gets its turn."""
    for _ in range(5):
        address = intake.campaign()
        for _ in range(6):
            answer = httpx.post(f"{intake.url}{address}/responses", json=response(), trust_env=False)
            assert answer.status_code == 202


def test_a_unit_that_was_just_added_is_taken_by_every_worker(intake: Intake) -> None:
    address = intake.campaign()
    document = definition(address.rpartition("/")[2])
    for number in range(4):
        document["units"] += [{"code": f"new{number}", "name": {"vi": "Mới"}, "block": "ward"}]
        assert intake.define(document).json()["version"] == number + 2
        for _ in range(6):
            said = response(ratings={f"new{number}": {"l2": "A"}})
            answer = httpx.post(f"{intake.url}{address}/responses", json=said, trust_env=False)
            assert answer.status_code == 202, answer.text


def test_a_campaign_that_was_just_extended_is_taken_by_every_worker(intake: Intake) -> None:
    """A final refusal would cost the response, so it is not given by the version before."""
    for _ in range(4):
        address = intake.campaign(closes="2022-12-01T00:00:00+07:00")
        assert intake.define(definition(address.rpartition("/")[2])).json()["version"] == 2
        for _ in range(6):
            answer = httpx.post(f"{intake.url}{address}/responses", json=response(), trust_env=False)
            assert answer.status_code == 202, answer.text
