"""What no service would write but stands in the log is kept whole with its reason, and all around it is counted."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from kafka import KafkaProducer
from pymongo import MongoClient

from services.common import kafka
from services.common.campaign import Campaign
from services.common.records import SUBMITTED, encode
from services.common.settings import Settings
from services.scoring.ledger import Document
from tests.integration.conftest import NOW, id_of, response
from tests.integration.reckoning import GOOD
from tests.integration.test_scoring_process import Survey, eventually

HUGE = 17_000_000
HEADERS = [("ce_type", SUBMITTED.encode())]


def content(**changes: object) -> bytes:
    document = json.loads(encode(response(900, GOOD), NOW, source="/test").value)
    return json.dumps(document | changes).encode()


POISON: dict[str, tuple[bytes | None, list[tuple[str, bytes]], str]] = {
    "broken JSON": (b'{"response": "', HEADERS, "unreadable"),
    "nothing": (None, HEADERS, "unreadable"),
    "no headers": (content(), [], "unreadable"),
    "a header that is no text": (content(), [("ce_type", b"\xff\xfe")], "unreadable"),
    "a later type of event": (content(), [("ce_type", b"parindex.response.submitted.v2")], "unreadable"),
    "a lone surrogate": (content(group="\ud800"), HEADERS, "unreadable"),
    "a lone surrogate in bytes": (content().replace(b"citizen", b"\xed\xa0\x80"), HEADERS, "unreadable"),
    "an integer of 64 bits": (content(revision=2**63), HEADERS, "unreadable"),
    "an integer of 4,000 digits": (
        content().replace(b'"revision": 1', b'"revision": 1' + b"0" * 4_000),
        HEADERS,
        "unreadable",
    ),
    "a number that is none": (content().replace(b'"revision": 1', b'"revision": NaN'), HEADERS, "unreadable"),
    "a nesting of 100,000": (b"[" * 100_000, HEADERS, "unreadable"),
    "a list for ratings": (content(ratings=[]), HEADERS, "unreadable"),
    "NUL in a unit": (content(ratings={"w1\0": {"l2": "A"}}), HEADERS, "unknown-unit"),
    "an operator for a unit": (content(ratings={"$set": {"l2": "A"}}), HEADERS, "unknown-unit"),
    "a path for a leaf": (content(ratings={"w1": {"l2.x": "A"}}), HEADERS, "unknown-answer"),
    "an unknown version": (content(campaign_version=999), HEADERS, "unknown-campaign"),
    "a megabyte": (content(comment="x" * 1_000_000, group="nobody"), HEADERS, "unknown-group"),
}


@pytest.fixture
def survey(settings: Settings, client: MongoClient[Document]) -> Iterator[Survey]:
    kafka.create_topics(settings)
    made = Survey(settings, client)
    yield made
    made.producer.close(timeout=2)


def test_every_poison_is_kept_whole_and_the_rest_is_counted(survey: Survey, small: Campaign) -> None:
    survey.publish(small)
    topic = survey.settings.topic("responses")
    places = {}
    for number, (name, (value, headers, _)) in enumerate(POISON.items(), 1):
        sent = survey.producer.send(topic, value, b"k", headers, partition=number % 3).get(timeout=10)
        places[sent.partition, sent.offset] = name
        survey.say("responses", response(number, GOOD))
    without_key = survey.producer.send(topic, b"{", None, HEADERS, partition=0).get(timeout=10)
    with survey.scorer() as scorer:
        eventually(lambda: survey.counted() == len(POISON))
        assert httpx.get(f"http://{scorer.bind}/readyz").status_code == 200
    letters = {(letter["_id"]["partition"], letter["_id"]["offset"]): letter for letter in survey.db.rejected.find()}
    assert letters.pop((without_key.partition, without_key.offset))["record"]["key"] is None
    assert letters.keys() == places.keys()
    for place, name in places.items():
        value, headers, reason = POISON[name]
        letter = letters[place]
        assert (name, letter["reason"]) == (name, reason)
        assert letter["record"]["value"] == value
        assert letter["record"]["headers"] == [list(header) for header in headers]
    assert {row["_id"] for row in survey.db.responses.find()} == {id_of(number) for number in range(1, len(POISON) + 1)}


def test_of_a_record_that_fits_no_document_its_place_is_kept(survey: Survey, small: Campaign) -> None:
    """The broker measures what comes compressed."""
    survey.publish(small)
    packed = KafkaProducer(
        bootstrap_servers=survey.settings.bootstrap,
        api_version=kafka.API_VERSION,
        compression_type="zstd",
        max_request_size=2**25,
    )
    huge = packed.send(survey.settings.topic("responses"), b"x" * HUGE, b"k", HEADERS).get(timeout=30)
    packed.close()
    survey.say("responses", *(response(number, GOOD) for number in range(1, 31)))
    with survey.scorer():
        eventually(lambda: survey.counted() == 30)
    letter = survey.db.rejected.find_one()
    assert (letter["_id"]["partition"], letter["_id"]["offset"]) == (huge.partition, huge.offset)
    assert letter["record"]["value"] is None
    assert "stand in the log only" in letter["detail"]
