"""A batch answers each line on its own, in order; a bad line never harms its neighbours."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace

import httpx
import pytest

from tests.intake import Intake, response


def send(intake: Intake, address: str, lines: list[bytes]) -> httpx.Response:
    headers = {"Content-Type": "application/x-ndjson"}
    return intake.http.post(f"{address}/responses/batch", content=b"\n".join(lines), headers=headers)


def results(answer: httpx.Response) -> list[dict[str, object]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def good(**changes: object) -> bytes:
    return json.dumps(response(**changes)).encode()


def test_bad_lines_leave_the_good_ones_whole(intake: Intake) -> None:
    address = intake.campaign()
    lines = [
        good(),
        b"{",
        good(group="nobody"),
        b"",
        good(comment="x" * 2_001),
        b'{"a": 1, "a": 2}',
        b"[]",
        b"\xff",
        good(comment="\ud800"),
        b"[" * 100_000,
        b"  ",
        good(ratings={"w1": {"l2": "A"}}) + b"\r",
        b'{"comment": "' + b"x" * 262_144 + b'"}',
        good(),
    ]
    found = results(send(intake, address, lines))
    assert [(result["line"], result["status"]) for result in found] == [
        (1, 202),
        (2, 400),
        (3, 422),
        (5, 422),
        (6, 400),
        (7, 422),
        (8, 400),
        (9, 422),
        (10, 400),
        (12, 202),
        (13, 413),
        (14, 202),
    ]
    for result in found:
        if result["status"] != 202:
            assert result["problem"]["status"] == result["status"]  # type: ignore[index]
    code = address.rpartition("/")[2]
    ids = {result["response"] for result in found if result["status"] == 202}
    assert {content["response"] for content in intake.contents("responses") if content["campaign"] == code} == ids


def test_the_full_number_of_lines_is_taken(intake: Intake) -> None:
    address = intake.campaign()
    found = results(send(intake, address, [good(ratings={"w1": {"l2": "A"}})] * 5_000))
    assert [result["line"] for result in found] == list(range(1, 5_001))
    assert {result["status"] for result in found} == {202}
    assert len({result["response"] for result in found}) == 5_000
    code = address.rpartition("/")[2]
    assert sum(content["campaign"] == code for content in intake.contents("responses")) == 5_000


def test_one_line_too_many_is_refused_before_anything_is_stored(intake: Intake) -> None:
    address = intake.campaign()
    answer = send(intake, address, [good()] * 5_001)
    assert answer.status_code == 413
    code = address.rpartition("/")[2]
    assert not any(content["campaign"] == code for content in intake.contents("responses"))


def test_a_batch_that_is_too_large_is_refused(intake: Intake) -> None:
    address = intake.campaign()
    # A connection of its own: what is not read of a body ends the connection, perhaps after another request.
    with httpx.Client(base_url=intake.url, trust_env=False, timeout=20) as alone:
        answer = send(replace(intake, http=alone), address, [good() + b" " * (8 * 1024 * 1024)])
    assert answer.status_code == 413


def test_lines_of_one_response_keep_their_order(intake: Intake) -> None:
    address, id_ = intake.campaign(), str(uuid.uuid4())
    lines = [good(response=id_, revision=revision) for revision in range(1, 1_201)]
    found = results(send(intake, address, lines))
    assert {result["status"] for result in found} == {202}
    said = [content["revision"] for content in intake.contents("responses") if content["response"] == id_]
    assert said == list(range(1, 1_201))


def test_a_batch_of_an_unknown_campaign_is_refused_as_a_whole(intake: Intake) -> None:
    assert send(intake, "/v1/campaigns/nowhere", [good()]).status_code == 404


def test_an_empty_batch_has_no_results(intake: Intake) -> None:
    assert results(send(intake, intake.campaign(), [b"", b" "])) == []


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_a_batch_is_ndjson(intake: Intake, kind: str) -> None:
    answer = intake.http.post(f"{intake.campaign()}/responses/batch", content=good(), headers={"Content-Type": kind})
    assert answer.status_code == 415
