"""Whatever is sent, the answer is a problem that names the place: nothing is stored, echoed or broken."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse

import httpx
import pytest

from tests.intake import Intake, definition, response

GOOD = json.dumps(response()).encode()
DEEP = 100_000


def with_revision(text: str) -> bytes:
    return GOOD[:-1] + b', "revision": ' + text.encode() + b"}"


def rating(unit: str, leaf: str = "l2", option: str = '"A"') -> bytes:
    return f'{{"group": "citizen", "ratings": {{"{unit}": {{"{leaf}": {option}}}}}}}'.encode()


BODIES = {
    "nested 100,000 deep": (b"[" * DEEP + b"]" * DEEP, 400),
    "an object nested 900 deep": (b'{"a":' * 900 + b"1" + b"}" * 900, 422),
    "a repeated key": (b'{"group": "citizen", "group": "deputy", "ratings": {}}', 400),
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD, 400),
    "UTF-16": (GOOD.decode().encode("utf-16"), 400),
    "latin-1": ('{"group": "citizen", "comment": "é"}'.encode("latin-1"), 400),
    "invalid UTF-8": (GOOD[:-1] + b', "comment": "\xff"}', 400),
    "an overlong UTF-8 slash": (GOOD[:-1] + b', "comment": "\xc0\xaf"}', 400),
    "a raw control character": (GOOD[:-1] + b', "comment": "\x01"}', 400),
    "junk after the object": (GOOD + b"x", 400),
    "a second object": (GOOD + GOOD, 400),
    "nothing": (b"", 400),
    "NaN": (with_revision("NaN"), 400),
    "Infinity": (with_revision("Infinity"), 400),
    "1e999": (with_revision("1e999"), 422),
    "a number of 4,000 digits": (with_revision("1" * 4_000), 422),
    "a number of 5,001 digits": (with_revision("1" * 5_001), 400),
    "2^63": (with_revision(str(2**63)), 422),
    "2^64": (with_revision(str(2**64)), 422),
    "a revision in quotes": (with_revision('"7"'), 422),
    "a revision of 7.9": (with_revision("7.9"), 422),
    "a revision of 7.0": (with_revision("7.0"), 422),
    "a revision of true": (with_revision("true"), 422),
    "a revision in full-width digits": (with_revision('"\N{FULLWIDTH DIGIT SEVEN}"'), 422),
    "a revision of 1_0": (with_revision('"1_0"'), 422),
    "revision 0": (with_revision("0"), 422),
    "a negative revision": (with_revision("-1"), 422),
    "a revision above a million": (with_revision("1000001"), 422),
    "half a surrogate pair": (GOOD[:-1] + b', "comment": "\\ud800"}', 422),
    "half a surrogate pair in a key": (rating("\\udc00"), 422),
    "NUL in a text": (GOOD[:-1] + b', "comment": "a\\u0000b"}', 422),
    "NUL in a key": (rating("w1\\u0000"), 422),
    "a unit named $gt": (rating("$gt"), 422),
    "a unit named a.b": (rating("a.b"), 422),
    "a unit without a name": (rating(""), 422),
    "a leaf named __proto__": (rating("w1", "__proto__"), 422),
    "an option that is an object": (rating("w1", "l2", '{"$gt": ""}'), 422),
    "an option that is a list": (rating("w1", "l2", '["A"]'), 422),
    "an id that is a query": (GOOD[:-1] + b', "response": {"$gt": ""}}', 422),
    "an unknown field": (GOOD[:-1] + b', "user_agent": "x"}', 422),
    "a field named __class__": (GOOD[:-1] + b', "__class__": "x"}', 422),
    "a list": (b"[]", 422),
    "null": (b"null", 422),
    "a text": (b'"x"', 422),
    "a comment of 2,001 characters": (GOOD[:-1] + b', "comment": "' + b"x" * 2_001 + b'"}', 422),
    "a comment that is null": (GOOD[:-1] + b', "comment": null}', 422),
}


@pytest.fixture(scope="module")
def address(intake: Intake) -> str:
    return f"{intake.campaign()}/responses"


@pytest.fixture(scope="module", autouse=True)
def nothing_is_stored(intake: Intake, address: str) -> Iterator[None]:
    """After all of this module's requests, the log holds what the good ones said and nothing else."""
    yield
    code = address.split("/")[3]
    stored = [content for content in intake.contents("responses") if content["campaign"] == code]
    assert {json.dumps(content["ratings"]) for content in stored} <= {json.dumps(response()["ratings"])}
    assert not any("comment" in content for content in stored)


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused(intake: Intake, address: str, name: str) -> None:
    body, status = BODIES[name]
    answer = intake.http.post(address, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert_problem(answer)


def test_a_repeated_key_is_named(intake: Intake, address: str) -> None:
    body = b'{"group": "citizen", "ratings": {"w1": {"l2": "A", "l2": "B"}, "w~/2": 1, "w~/2": 2}}'
    answer = intake.http.post(address, content=body, headers={"Content-Type": "application/json"})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/ratings/w~0~12", "/ratings/w1/l2"]


def test_all_faults_are_listed_with_their_places(intake: Intake, address: str) -> None:
    document = response(ratings={"w1": {"l2": "Z", "l1": "A"}, "o1": {"l2": "A"}, "w2": {}}, channel="fax", extra=1)
    answer = intake.http.post(address, json=document)
    assert {(error["pointer"], error["code"]) for error in answer.json()["errors"]} == {
        ("/ratings/w1/l2", "unknown-option"),
        ("/ratings/w1/l1", "unknown-leaf"),
        ("/ratings/o1", "unknown-unit"),
        ("/ratings/w2", "not-answers"),
        ("/channel", "not-a-choice"),
        ("/extra", "unknown-field"),
    }


def test_a_flood_of_faults_is_answered_shortly(intake: Intake, address: str) -> None:
    document = response(ratings={f"u{number}": {"l2": "A"} for number in range(8_000)})
    answer = intake.http.post(address, json=document)
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) <= 201
    assert len(answer.content) < 40_000


@dataclass(frozen=True)
class Answer:
    status: int
    head: str
    body: bytes


@contextmanager
def connection(intake: Intake) -> Iterator[socket.socket]:
    host, _, port = intake.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as opened:
        yield opened


def exchange(intake: Intake, text: bytes) -> Answer:
    """Sends bytes as they are and reads one answer."""
    with connection(intake) as opened:
        opened.sendall(text)
        return received(opened)


def received(opened: socket.socket) -> Answer:
    answer = HTTPResponse(opened)
    answer.begin()
    head = "".join(f"{name}: {value}\r\n" for name, value in answer.getheaders())
    return Answer(answer.status, head, answer.read())


def head(address: str, *headers: str, method: str = "POST") -> bytes:
    lines = [f"{method} {address} HTTP/1.1", "Host: x", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


LENGTH = f"Content-Length: {len(GOOD)}"

FRAMINGS = {
    "20 MB announced": (["Content-Length: 20000000"], b"{", 413),
    "one byte more than is taken": (["Content-Length: 262145"], b"{", 413),
    "chunks": (["Transfer-Encoding: chunked"], b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD), 411),
    "a bad chunk size": (["Transfer-Encoding: chunked"], b"zz\r\n", 411),
    "no length": ([], b"", 411),
    "a length shorter than the body": ([f"Content-Length: {len(GOOD) - 5}"], GOOD, 400),
    "two lengths": ([LENGTH, "Content-Length: 3"], GOOD, 400),
    "a length and chunks": ([LENGTH, "Transfer-Encoding: chunked"], GOOD, 400),
    "a negative length": (["Content-Length: -1"], GOOD, 400),
    "a length with a sign": ([f"Content-Length: +{len(GOOD)}"], GOOD, 400),
    "zipped chunks": (["Transfer-Encoding: gzip, chunked"], GOOD, 411),
    "an unknown transfer coding": (["Transfer-Encoding: rot13"], GOOD, 400),
    "a gzipped body": ([LENGTH, "Content-Encoding: gzip"], GOOD, 415),
    "a header of 9,000 bytes": ([LENGTH, f"X-Long: {'x' * 9_000}"], GOOD, 431),
    "101 headers": ([LENGTH, *(f"X-{number}: x" for number in range(101))], GOOD, 431),
    "an expectation": ([LENGTH, "Expect: 200-maybe"], GOOD, 417),
}


@pytest.mark.parametrize("name", FRAMINGS)
def test_a_bad_framing_is_refused(intake: Intake, address: str, name: str) -> None:
    headers, body, status = FRAMINGS[name]
    answer = exchange(intake, head(address, *headers) + body)
    assert answer.status == status
    assert_raw_problem(answer)


LINES = {
    "an address of 5,000 bytes": (head("/" + "x" * 5_000, method="GET"), 414),
    "no host": (b"GET /v1/campaigns HTTP/1.1\r\n\r\n", 400),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
    "an unknown version": (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 400),
    "bare line feeds": (b"GET /v1/campaigns HTTP/1.1\nHost: x\n\n", 400),
    "TRACE": (head("/v1/campaigns", method="TRACE"), 405),
    "line breaks in the address": (head("/v1/campaigns/a%0d%0aSet-Cookie:x=1", method="GET"), 404),
    "a path out of the tree": (head("/docs/..%2f..%2fetc%2fpasswd", method="GET"), 404),
    "NUL in the address": (head("/v1/campaigns/a%00b", method="GET"), 404),
    "an invalid escape": (head("/v1/campaigns/%ff%fe", method="GET"), 404),
}


@pytest.mark.parametrize("name", LINES)
def test_a_bad_request_is_refused(intake: Intake, name: str) -> None:
    text, status = LINES[name]
    answer = exchange(intake, text)
    assert answer.status == status
    assert "Set-Cookie" not in answer.head
    assert_raw_problem(answer)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"]
)
def test_another_type_of_body_is_refused(intake: Intake, address: str, kind: str) -> None:
    answer = intake.http.post(address, content=GOOD, headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert_problem(answer)


@pytest.mark.parametrize(("method", "tail"), [("PUT", ""), ("PATCH", ""), ("GET", "/batch"), ("DELETE", "")])
def test_another_method_is_refused_with_those_that_are_taken(
    intake: Intake, address: str, method: str, tail: str
) -> None:
    answer = intake.http.request(method, address + tail)
    assert answer.status_code == 405
    assert answer.headers["Allow"]
    assert_problem(answer)


def test_stalled_bodies_hold_no_thread_for_long(intake: Intake, address: str) -> None:
    """More connections than there are threads stop in the middle of a body: they are told, and others get through."""
    with ExitStack() as stack:
        stalled = [stack.enter_context(connection(intake)) for _ in range(36)]
        for opened in stalled:
            opened.sendall(head(address, "Content-Length: 1000") + b"{")
        start = time.monotonic()
        assert intake.http.post(address, json=response()).status_code == 202
        assert time.monotonic() - start < 20
        answer = received(stalled[0])
    assert answer.status == 408
    assert_raw_problem(answer)


def test_a_page_of_another_origin_gets_no_permission(intake: Intake, address: str) -> None:
    asked = {"Access-Control-Request-Method": "POST"}
    foreign = intake.http.options(address, headers={"Origin": "https://evil.example", **asked})
    assert not any(name.lower().startswith("access-control") for name in foreign.headers)
    own = intake.http.options(address, headers={"Origin": "https://survey.example", **asked})
    assert own.status_code == 204
    assert own.headers["Access-Control-Allow-Origin"] == "https://survey.example"
    assert "Access-Control-Allow-Credentials" not in own.headers
    sent = intake.http.post(address, json=response(), headers={"Origin": "https://survey.example"})
    assert sent.headers["Access-Control-Allow-Origin"] == "https://survey.example"


def test_the_log_has_only_whole_lines_and_nothing_of_what_was_sent(intake: Intake, address: str) -> None:
    marked = "b7a1c9d2-0000-4000-8000-0123456789ab"
    forged = intake.http.get("/v1/campaigns/x%0a%7B%22event%22%3A%22forged%22%7D")
    assert forged.status_code == 404
    assert intake.http.put(f"{address}/{marked}", json=response()).status_code == 202
    assert intake.http.put(f"{address}/{marked}", json=response(comment=1)).status_code == 422
    exchange(intake, b"SECRET-WORD " + marked.encode() + b"\r\n\r\n")
    written = intake.log.read_text()
    for line in written.splitlines():
        assert isinstance(json.loads(line), dict)
    for word in ("forged", marked, "SECRET-WORD", *intake.tokens.values()):
        assert word not in written
    assert written.count("127.0.0.1") == 1  # where it listens


def assert_problem(answer: httpx.Response) -> None:
    document = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in answer.headers
    assert document["status"] == answer.status_code
    assert document["type"].startswith("urn:parindex:problem:")
    assert ("Retry-After" in answer.headers) == document["retryable"]


def assert_raw_problem(answer: Answer) -> None:
    document = json.loads(answer.body)
    assert "application/problem+json" in answer.head
    assert "nosniff" in answer.head
    assert "Server:" not in answer.head
    assert document["status"] == answer.status


def test_a_definition_is_read_as_strictly(intake: Intake) -> None:
    bomb = "a: &a [1]\nb: [*a, *a]\n"
    headers = intake.bearer("admin") | {"Content-Type": "application/yaml"}
    answer = intake.http.put("/v1/campaigns/bomb", content=bomb, headers=headers)
    assert answer.status_code == 422
    assert {error["code"] for error in answer.json()["errors"]} >= {"alias", "anchor"}
    assert all(error["line"] for error in answer.json()["errors"])
    misnamed = intake.http.put("/v1/campaigns/other", json=definition("one"), headers=intake.bearer("admin"))
    assert [error["pointer"] for error in misnamed.json()["errors"]] == ["/campaign"]
