"""`parindex rejected`: what could not be applied is found, shown safely, and published again when that helps."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from pymongo import MongoClient

from deploy.embedded.machine import free_ports
from services.cli.main import main
from services.common import kafka
from services.common.appraisals import Change, LeafAppraisal
from services.common.campaign import Campaign
from services.common.events import Response
from services.common.generation import Generation
from services.common.records import SUBMITTED
from services.common.requeued import HEADER, Place
from services.common.settings import Settings
from services.scoring.ledger import Document
from tests.integration.conftest import appraisal, id_of, response
from tests.integration.test_scoring_process import BAD, GOOD, Survey, eventually

HOSTILE = b"\x1b]0;owned\x07\x1b[2J \xc2\x9b31m \xe2\x80\xae nothing\nplace         responses/0/0"
RATER = "the office closed early"


@pytest.fixture
def survey(settings: Settings, client: MongoClient[Document]) -> Iterator[Survey]:
    kafka.create_topics(settings)
    made = Survey(settings, client)
    yield made
    made.producer.close(timeout=2)


class Command:
    """The command on a test's own servers."""

    def __init__(self, settings: Settings) -> None:
        self._environment = {
            "PARINDEX_KAFKA": settings.kafka,
            "PARINDEX_MONGO": settings.mongo,
            "PARINDEX_TOPIC_PREFIX": settings.topic_prefix,
            "PARINDEX_RESPONSE_PARTITIONS": str(settings.response_partitions),
        }

    def __call__(self, *arguments: str, answer: str = "", **environment: str) -> Result:
        return CliRunner().invoke(
            main, ["rejected", *arguments], input=answer, env={**self._environment, "COLUMNS": "200", **environment}
        )

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """What it prints as JSON."""
        ended = self(*arguments, "--json")
        assert ended.exit_code == code, ended.output
        document: dict[str, Any] = json.loads(ended.stdout)
        return document

    def ended(self, command: str) -> int:
        """The exit code of another command."""
        return CliRunner().invoke(main, [command], env=self._environment).exit_code

    def listed(self, *arguments: str) -> list[tuple[str, str, str | None]]:
        """Place, reason and what it was requeued as of the letters that it lists."""
        letters = self.json("list", *arguments)["letters"]
        return [(letter["place"], letter["reason"], letter["requeued"]) for letter in letters]


@pytest.fixture
def rejected(settings: Settings) -> Command:
    return Command(settings)


def applied(survey: Survey) -> int:
    """Records of responses that are applied."""
    topic = survey.settings.topic("responses")
    return sum(found["next"] for found in survey.db.positions.find({"_id.topic": topic}))


def poison(survey: Survey, value: bytes | None, *headers: tuple[str, bytes], key: bytes | None = b"key") -> str:
    """Writes a record past intake; returns its place."""
    stored = survey.producer.send(
        survey.settings.topic("responses"), value, key, list(headers), partition=1, timestamp_ms=1_668_700_800_000
    ).get(timeout=10)
    return str(Place("responses", 1, stored.offset))


def early(number: int, version: int = 2) -> Response:
    """A response by a version of the campaign that is published later."""
    return dataclasses.replace(response(number, GOOD, version=version), comment=RATER)


def place(stored: Any) -> str:  # noqa: ANN401
    return str(Place("responses", stored.partition, stored.offset))


def test_what_came_before_its_definition_is_requeued_and_counted_once(
    survey: Survey, small: Campaign, rejected: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey.publish(small)
    places = {place(stored) for stored in survey.say("responses", early(1), early(2))}
    survey.say("responses", response(3, GOOD))
    with survey.scorer():
        eventually(lambda: applied(survey) == 3)
        assert {row[:2] for row in rejected.listed()} == {(name, "unknown-campaign") for name in places}
        assert rejected.ended("verify") == 0
        survey.publish(dataclasses.replace(small, version=2))
        # They wait although they could be applied now.
        assert rejected.ended("verify") == 1
        assert rejected.json("requeue", "--all", "--yes") == {
            "requeued": 2,
            "passed_over": 0,
            "failed": 0,
            "unsent": 0,
            "problems": [],
        }
        eventually(lambda: survey.counted() == 3)
        assert rejected.listed() == []
        marked = {name: as_ for name, _, as_ in rejected.listed("--all")}
        assert marked.keys() == places
        assert all(as_ is not None and as_ > name for name, as_ in marked.items())
        # Again: passed over, and when it is insisted on, without effect.
        assert rejected.json("requeue", *places, "--yes")["passed_over"] == 2
        assert rejected.json("requeue", "--reason", "unknown-campaign", "--yes")["requeued"] == 0
        assert rejected.json("requeue", *places, "--again", "--yes")["requeued"] == 2
        eventually(lambda: applied(survey) == 7)
        assert survey.counted() == 3
        assert rejected.listed() == []
        assert rejected.ended("verify") == 0
        derived = Generation.current(survey.db)
        assert sum(found["n"] for found in derived.tallies.find({"_id.unit": "w1"})) == 3
        assert derived.responses.find_one({"_id": id_of(1)})["version"] == 2
        # What is made anew from the log counts them where they stood first.
        monkeypatch.setattr("services.scoring.rebuilding.READERS_S", 0.0)
        assert rejected.ended("rebuild") == 0
        assert (survey.counted(), rejected.listed("--all"), rejected.ended("verify")) == (3, [], 0)


def test_the_copy_is_the_record_but_for_the_place_it_came_from(
    survey: Survey, small: Campaign, rejected: Command
) -> None:
    first = poison(survey, b"{", ("a", b"1"), ("a", b""), ("\u00f4", b"\x00\xff"), key=None)
    survey.publish(small)
    with survey.scorer():
        eventually(lambda: rejected.listed() != [])
        for _ in range(2):
            waiting = rejected.listed()
            assert rejected.json("requeue", "--all", "--yes")["requeued"] == 1
            eventually(lambda known=waiting: rejected.listed() not in ([], known))
    _, second, third = (Place.parse(name) for name, _, _ in rejected.listed("--all"))
    assert rejected.listed("--all") == [
        (first, "unreadable", str(second)),
        (str(second), "unreadable", str(third)),
        (str(third), "unreadable", None),
    ]
    records = [found["record"] for found in survey.db.rejected.find().sort("_id")]
    assert [record.pop("headers")[3:] for record in records] == [
        [],
        [[HEADER, first.encode()]],
        [[HEADER, first.encode()], [HEADER, str(second).encode()]],
    ]
    assert records == [{"key": None, "value": b"{", "timestamp": 1_668_700_800_000}] * 3
    shown = rejected.json("show", str(third))
    assert (shown["requeued"], shown["requeued_from"]) == (None, str(second))
    assert shown["record"]["headers"][:3] == [
        ["a", {"text": "1"}],
        ["a", {"text": ""}],
        ["\u00f4", {"base64": base64.b64encode(b"\x00\xff").decode()}],
    ]


def test_nothing_of_a_record_reaches_the_terminal_raw(survey: Survey, rejected: Command) -> None:
    kind = ("ce_type", SUBMITTED.encode())
    places = [
        poison(survey, HOSTILE, kind, (HOSTILE.decode(), HOSTILE), key=HOSTILE),
        poison(survey, b"\xff" + HOSTILE, ("ce_type", HOSTILE)),
        poison(survey, json.dumps({"response": HOSTILE.decode()}).encode(), kind),
        poison(survey, None, kind),
    ]
    with survey.scorer():
        eventually(lambda: len(rejected.listed()) == 4)
    for printed in [rejected("list"), *(rejected("show", name) for name in places)]:
        assert printed.exit_code == 0, printed.output
        assert all(character.isprintable() or character == "\n" for character in printed.stdout)
        assert not [line for line in printed.stdout.splitlines() if line == HOSTILE.decode().splitlines()[1]]
    shown = rejected.json("show", places[1])["record"]["value"]
    assert base64.b64decode(shown["base64"]) == b"\xff" + HOSTILE
    assert rejected.json("show", places[0])["record"]["value"]["text"].encode() == HOSTILE
    assert rejected.json("show", places[3])["record"]["value"] is None


def test_what_a_rater_says_is_shown_only_with_the_record_itself(
    survey: Survey, small: Campaign, rejected: Command
) -> None:
    survey.publish(small)
    (stored,) = survey.say("responses", early(1))
    with survey.scorer():
        eventually(lambda: rejected.listed() != [])
    listed = rejected("list", "--all")
    assert id_of(1) in listed.stdout
    assert "small" in listed.stdout
    assert RATER not in listed.stdout + rejected("list", "--json").stdout
    shown = rejected("show", place(stored)).stdout.splitlines()
    assert f'      "comment": "{RATER}",' in shown
    assert "detail        campaign 'small' has no version 2" in shown
    assert "time          2022-11-18T08:00:00Z" in shown


def test_the_list_is_of_what_waits_for_an_operator(survey: Survey, small: Campaign, rejected: Command) -> None:
    survey.publish(small)
    late = appraisal("w1", Change({"l1": LeafAppraisal(points=Decimal(1))}, {}, 9))
    beyond = appraisal("w1", Change({"l1": LeafAppraisal(points=Decimal(99))}, {}, None))
    survey.say("responses", response(1, GOOD), response(1, BAD), *(early(number) for number in range(2, 6)))
    survey.say("appraisals", late, beyond)
    unreadable = poison(survey, b"{}")
    with survey.scorer():
        eventually(lambda: len(rejected.listed("--all")) == 8)
    assert {reason for _, reason, _ in rejected.listed()} == {"unknown-campaign", "impossible-points", "unreadable"}
    assert {reason for _, reason, _ in rejected.listed("--campaign", "small")} == {
        "unknown-campaign",
        "impossible-points",
    }
    ((conflict, _, _),) = rejected.listed("--reason", "conflict")
    assert [row[:2] for row in rejected.listed("--reason", "stale", "--reason", "impossible-points")] == [
        ("appraisals/0/0", "stale"),
        ("appraisals/0/1", "impossible-points"),
    ]
    # The newest last, by the time that the records tell.
    whole = rejected.json("list", "--all", "--limit", "0")
    assert [letter["time"] for letter in whole["letters"]] == sorted(letter["time"] for letter in whole["letters"])
    assert whole["letters"][0]["place"] == unreadable
    assert rejected.json("list", "--all", "--limit", "3") == {**whole, "letters": whole["letters"][-3:]}
    assert whole["total"] == 8
    assert whole["reasons"]["unknown-campaign"] == {"waiting": 4, "requeued": 0}
    printed = rejected("list", "--limit", "2").stdout
    assert "2 of 6 shown, the newest last. --limit shows more. Left out: 2 that were requeued" in printed
    # A conflict is nothing that requeueing could help.
    refused = rejected.json("requeue", conflict, "responses/2/99", "--yes", code=1)
    assert (refused["requeued"], refused["failed"]) == (0, 2)
    assert "the first in the log stands" in json.dumps(refused["problems"])
    assert rejected("requeue", "--reason", "conflict").exit_code == 2
    assert rejected("show", "responses/2/99").exit_code == 1


def test_it_asks_before_it_publishes(survey: Survey, rejected: Command) -> None:
    poison(survey, b"{")
    with survey.scorer():
        eventually(lambda: rejected.listed() != [])
    for answer in ("n\n", ""):
        asked = rejected("requeue", "--all", answer=answer)
        assert asked.exit_code == 1
        assert "1 unreadable" in asked.stderr
    assert rejected("requeue", "--all", answer="y\n").stdout.startswith("1 published again.")


@pytest.mark.parametrize(
    "arguments",
    [
        ("requeue",),
        ("requeue", "--campaign", "small"),
        ("requeue", "responses/0/1", "--all"),
        ("requeue", "responses/0/1", "--campaign", "small"),
        ("requeue", "--all", "--reason", "unreadable"),
        ("requeue", "responses/0"),
        ("requeue", "--all", "--campaign", "$ne"),
        ("list", "--reason", "unheard-of"),
        ("show", "campaigns/0/1"),
    ],
)
def test_what_is_not_meant_clearly_is_refused(rejected: Command, arguments: tuple[str, ...]) -> None:
    assert rejected(*arguments).exit_code == 2


def test_nothing_to_do_is_done(survey: Survey, rejected: Command) -> None:
    assert survey.db.rejected.count_documents({}) == 0
    assert rejected("requeue", "--all").stdout == "0 published again.\n"
    assert rejected("list").stdout == "0 of 0 shown, the newest last.\n"


def test_servers_that_do_not_answer_end_it_with_3(
    survey: Survey, rejected: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.scoring.requeuing.ANSWER_S", 0.5)
    poison(survey, b"{")
    with survey.scorer():
        eventually(lambda: rejected.listed() != [])
    (nowhere,) = free_ports(1)
    away = rejected("requeue", "--all", "--yes", PARINDEX_KAFKA=f"127.0.0.1:{nowhere}")
    assert (away.exit_code, "nothing was published" in away.stderr) == (3, True), away.output
    uri = f"mongodb://127.0.0.1:{nowhere}/x?replicaSet=rs0&serverSelectionTimeoutMS=200"
    assert rejected("list", PARINDEX_MONGO=uri).exit_code == 3


def test_a_record_that_kafka_refuses_keeps_no_other_back(
    survey: Survey, small: Campaign, rejected: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kafka-python fails all that follows a record that was refused."""
    monkeypatch.setattr("services.scoring.requeuing.WINDOW", 3)
    survey.publish(small)
    survey.say("responses", *(early(number) for number in range(1, 10)))
    large = poison(survey, b"{" * 50_000)
    with survey.scorer():
        eventually(lambda: len(rejected.listed()) == 10)
        survey.publish(dataclasses.replace(small, version=2))
        admin = KafkaAdminClient(bootstrap_servers=survey.settings.kafka, api_version=kafka.API_VERSION)
        topic = survey.settings.topic("responses")
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": "20000"})])
        admin.close()
        outcome = rejected.json("requeue", "--all", "--yes", code=1)
        assert (outcome["requeued"], outcome["failed"]) == (9, 1)
        assert outcome["problems"][0]["place"] == large
        assert "Kafka does not take it" in outcome["problems"][0]["problem"]
        eventually(lambda: survey.counted() == 9)
    assert [row[:2] for row in rejected.listed()] == [(large, "unreadable")]
