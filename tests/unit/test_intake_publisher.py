"""The breaker: one wait that is over closes the door, a sign of life opens it, and an ill producer is replaced."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future as Running
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError
from kafka.future import Future
from kafka.producer.future import RecordMetadata

from services.common.problems import Problem
from services.common.records import Record
from services.intake import publisher as module
from services.intake.publisher import Position, Publisher
from services.intake.serving import Threads
from tests.intake import eventually

RECORD = Record(b"k", b"v", [], 0)
LARGE = Record(b"k", b"large", [], 0)


class Sent(Future):
    """A record on its way, acknowledged when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self._over = threading.Event()
        self.add_both(lambda _: self._over.set())

    def acknowledge(self, offset: int = 0, partition: int = 0) -> None:
        self.success(RecordMetadata("t", partition, None, offset, 0, None, 0, 0, 0))

    def get(self, timeout: float) -> RecordMetadata:
        if not self._over.wait(timeout):
            raise KafkaTimeoutError
        if self.exception is not None:
            raise self.exception
        return self.value


class Producer:
    """What the publisher needs of a producer. `answers`: acknowledges what is sent; `reachable`: Kafka names the topic.

    As the real one, it sends what was appended when it is woken or has an answer.
    """

    def __init__(self, *, answers: bool = True, reachable: bool = True) -> None:
        self.answers, self.reachable = answers, reachable
        self.appended: list[Sent] = []
        self.sent: list[Sent] = []
        self.requests: list[int] = []
        self.closed = False

    def knows(self, topic: str) -> bool:
        return topic == "t"

    def append(self, _: str, record: Record) -> Sent:
        if not self.reachable:
            raise KafkaTimeoutError("no metadata")
        if record.value == LARGE.value:
            raise MessageSizeTooLargeError
        self.appended.append(Sent())
        return self.appended[-1]

    def wake(self) -> None:
        leaving, self.appended = self.appended, []
        if leaving:
            self.requests.append(len(leaving))
        for sent in leaving:
            self.sent.append(sent)
            if self.answers:
                sent.acknowledge(len(self.sent) - 1)

    def answer(self) -> None:
        """Acknowledges the last request, and so sends what was appended since."""
        for number, sent in enumerate(self.sent):
            if not sent.is_done:
                sent.acknowledge(number)
        self.wake()

    def partitions_for(self, _: str) -> set[int]:
        if not self.reachable:
            raise KafkaTimeoutError("no metadata")
        return {0}

    def close(self, timeout: float) -> None:
        assert timeout >= 0
        self.closed = True
        for sent in self.sent + self.appended:
            if not sent.is_done:
                sent.failure(KafkaError("closed"))


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("WAIT_S", 0.05), ("PROBE_S", 0.01), ("REPLACE_S", 0.3)):
        monkeypatch.setattr(module, name, seconds)


@pytest.fixture
def started() -> Iterator[Callable[..., tuple[Publisher, list[Producer]]]]:
    """Starts a publisher with these producers, one after the other as they are replaced."""
    publishers: list[Publisher] = []

    def start(*producers: Producer) -> tuple[Publisher, list[Producer]]:
        left: Iterator[Any] = iter(producers)
        publishers.append(Publisher(lambda: next(left), "t", Threads()))
        publishers[-1].start()
        return publishers[-1], list(producers)

    yield start
    for publisher in publishers:
        publisher.stop()


Started = Callable[..., tuple[Publisher, list[Producer]]]


def refused(publisher: Publisher) -> Problem:
    with pytest.raises(Problem) as caught:
        publisher.publish("t", RECORD)
    return caught.value


def test_an_acknowledged_record_has_a_position(started: Started) -> None:
    publisher, _ = started(Producer())
    assert publisher.publish("t", RECORD) == Position(0, 0)
    assert publisher.publish_many("t", [RECORD, RECORD]) == [Position(0, 1), Position(0, 2)]


def test_a_record_that_kafka_had_already_has_a_position_without_an_offset(started: Started) -> None:
    publisher, (producer,) = started(Producer(answers=False))
    threading.Timer(0.01, lambda: producer.sent[0].acknowledge(-1, 2)).start()
    assert publisher.publish("t", RECORD) == Position(2, None)


def test_a_wait_that_is_over_is_a_retryable_503_and_closes_the_door(started: Started) -> None:
    publisher, (producer,) = started(Producer(answers=False))
    problem = refused(publisher)
    assert (problem.kind.status, problem.kind.retryable, problem.retry_after_s) == (503, True, 1)
    assert not publisher.available
    assert refused(publisher).kind.status == 503
    assert len(producer.sent) == 1


def test_the_record_that_was_waited_for_in_vain_opens_the_door_again(started: Started) -> None:
    publisher, (producer,) = started(Producer(answers=False))
    refused(publisher)
    producer.answers = True
    producer.sent[0].acknowledge()
    assert publisher.available
    assert publisher.publish("t", RECORD) == Position(0, 1)


def test_without_a_record_on_its_way_the_door_opens_when_kafka_names_the_topic(started: Started) -> None:
    publisher, (producer,) = started(Producer(reachable=False))
    refused(publisher)
    assert not publisher.available
    producer.reachable = True
    eventually(lambda: publisher.available, "the breaker closes", 2)
    assert not producer.closed


def test_a_producer_that_stays_silent_is_replaced(started: Started) -> None:
    publisher, (old, new) = started(Producer(answers=False), Producer())
    refused(publisher)
    eventually(lambda: publisher.available, "another took its place", 2)
    assert publisher.publish("t", RECORD) == Position(0, 0)
    eventually(lambda: old.closed, "the old one is closed", 2)
    assert len(new.sent) == 1


def test_a_new_producer_that_stays_silent_is_replaced_too(started: Started) -> None:
    publisher, (_, second, _) = started(Producer(answers=False), Producer(reachable=False), Producer())
    refused(publisher)
    eventually(lambda: publisher.available, "a third took its place", 3)
    eventually(lambda: second.closed, "the second is closed", 2)


def test_a_producer_that_gave_a_record_up_is_replaced_although_it_knows_the_topic(started: Started) -> None:
    """kafka-python resets the producer's id then and never sends again, but goes on answering from its memory."""
    publisher, (old, new) = started(Producer(answers=False), Producer())
    refused(publisher)
    old.sent[0].failure(KafkaTimeoutError("expired"))
    eventually(lambda: publisher.available, "another took its place", 2)
    publisher.publish("t", RECORD)
    assert len(new.sent) == 1


def test_a_record_given_up_after_the_wait_closes_the_door_by_itself(started: Started) -> None:
    publisher, (old, _) = started(Producer(answers=False), Producer())
    refused(publisher)
    old.sent[0].acknowledge()
    assert publisher.available
    threading.Timer(0.01, lambda: old.sent[1].failure(KafkaError("fatal"))).start()
    refused(publisher)
    eventually(lambda: old.closed, "the ill one is replaced", 2)


def test_a_record_that_is_too_large_is_refused_alone(started: Started) -> None:
    publisher, _ = started(Producer())
    first, problem, second = publisher.publish_many("t", [RECORD, LARGE, RECORD])
    assert (first, second) == (Position(0, 0), Position(0, 1))
    assert isinstance(problem, Problem)
    assert problem.kind.status == 413
    assert publisher.available


def test_no_more_records_are_on_their_way_than_memory_allows(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OPEN", 3)
    publisher, (producer,) = started(Producer(answers=False))
    outcomes = publisher.publish_many("t", [RECORD] * 5)
    assert len(producer.sent) == 3
    assert all(isinstance(outcome, Problem) for outcome in outcomes)


def test_a_place_is_free_again_when_its_record_is_acknowledged(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_OPEN", 1)
    publisher, _ = started(Producer())
    assert all(isinstance(outcome, Position) for outcome in publisher.publish_many("t", [RECORD] * 5))


def test_before_the_start_everything_is_refused() -> None:
    publisher = Publisher(Producer, "t", Threads())
    assert not publisher.available
    assert refused(publisher).kind.status == 503


def test_the_producer_is_made_at_the_start_and_not_before() -> None:
    """A producer does not survive the fork between the two."""
    made = []
    publisher = Publisher(lambda: made.append(1) or Producer(), "t", Threads())
    assert not made
    publisher.start()
    assert made
    publisher.stop()


@pytest.fixture
def publish() -> Iterator[Callable[..., Running[Any]]]:
    """Publishes from a thread of its own."""
    with ThreadPoolExecutor() as pool:
        yield lambda publisher, records=1: pool.submit(publisher.publish_many, "t", [RECORD] * records)


Publish = Callable[..., Running[Any]]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WAIT_S", "GATHER_S"):
        monkeypatch.setattr(module, name, 5)


@pytest.mark.usefixtures("patient")
def test_what_comes_in_while_a_request_is_on_its_way_shares_the_next(started: Started, publish: Publish) -> None:
    publisher, (producer,) = started(Producer(answers=False))
    first = publish(publisher)
    eventually(lambda: producer.requests == [1], "the first leaves at once")
    later = [publish(publisher), publish(publisher, 3), publish(publisher)]
    eventually(lambda: len(producer.appended) == 5, "the others are handed over")
    assert producer.requests == [1]
    producer.answer()
    assert first.result(5) == [Position(0, 0)]
    assert producer.requests == [1, 5]
    producer.answer()
    positions = [position for call in later for position in call.result(5)]
    assert sorted(positions) == [Position(0, number) for number in range(1, 6)]


@pytest.mark.usefixtures("patient")
def test_what_comes_in_when_all_is_answered_leaves_at_once(started: Started) -> None:
    publisher, (producer,) = started(Producer())
    for _ in range(3):
        publisher.publish("t", RECORD)
    assert producer.requests == [1, 1, 1]


def test_an_answer_that_does_not_come_holds_up_nobody(
    started: Started, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker of one partition may be gone while those of the others answer."""
    monkeypatch.setattr(module, "WAIT_S", 5)
    publisher, (producer,) = started(Producer(answers=False))
    first = publish(publisher)
    eventually(lambda: producer.requests == [1], "the first leaves at once")
    monkeypatch.setattr(module, "GATHER_S", 0)
    second = publish(publisher)
    eventually(lambda: producer.requests == [1, 1], "the second does not wait for it")
    producer.answer()
    assert first.result(5) + second.result(5) == [Position(0, 0), Position(0, 1)]


def test_at_once_is_without_a_wait_or_not_at_all(
    started: Started, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_OPEN", 1)
    publisher, (producer,) = started(Producer())
    assert publisher.publish_at_once("t", RECORD) == Position(0, 0)
    assert publisher.publish_at_once("of partitions that are not known yet", RECORD) is None
    producer.answers = False
    monkeypatch.setattr(module, "WAIT_S", 5)
    first = publish(publisher)
    eventually(lambda: len(producer.sent) == 2, "the only place is taken")
    assert publisher.publish_at_once("t", RECORD) is None
    assert len(producer.appended) == 0
    producer.answer()
    assert first.result(5) == [Position(0, 1)]


def test_records_for_which_there_was_no_place_left_do_not_keep_those_before_them(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_OPEN", 2)
    publisher, (producer,) = started(Producer())
    assert [type(outcome) for outcome in publisher.publish_many("t", [RECORD] * 5)] == [Position] * 5
    assert producer.requests == [2, 2, 1]
