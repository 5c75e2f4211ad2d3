"""Greenlets and threads serve alike: a ring is heard, what takes long holds up nobody, answers are passed on whole."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest

from services.common.problems import Problem
from services.intake import body
from services.intake.serving import PIECE_BYTES, Greenlets, Serving, Threads

TWO = 2


@pytest.fixture(params=["threads", "greenlets"])
def serving(request: pytest.FixtureRequest) -> Serving:
    return Threads() if request.param == "threads" else Greenlets(TWO)


def ask(application: Any, **environ: object) -> tuple[list[object], list[bytes]]:  # noqa: ANN401 - WSGI
    """What start_response was called with, and the pieces of the answer."""
    heads: list[object] = []
    pieces = list(application({"wsgi.input": io.BytesIO(), **environ}, lambda *head: heads.append(head)))
    return heads, pieces


def test_a_bell_that_another_thread_rings_is_heard(serving: Serving) -> None:
    bell = serving.bell()
    threading.Timer(0.05, bell.ring).start()
    began = time.monotonic()
    bell.wait(10)
    assert 0.04 < time.monotonic() - began < 5


def test_a_bell_that_was_rung_before_keeps_nobody(serving: Serving) -> None:
    bell = serving.bell()
    bell.ring()
    began = time.monotonic()
    bell.wait(10)
    assert time.monotonic() - began < 5


def test_nobody_waits_longer_than_said_and_a_late_ring_does_no_harm(serving: Serving) -> None:
    bell = serving.bell()
    bell.wait(0.02)
    bell.ring()
    # They are heard in the order in which they were rung.
    other = serving.bell()
    other.ring()
    other.wait(10)


def test_all_who_wait_side_by_side_are_called_by_many_threads() -> None:
    greenlets, heard = Greenlets(TWO), []
    bells = [greenlets.bell() for _ in range(500)]

    def wait(number: int) -> None:
        bells[number].wait(20)
        heard.append(number)

    waiting = [gevent.spawn(wait, number) for number in range(len(bells))]
    gevent.sleep(0)

    def ring(first: int) -> None:
        for bell in bells[first::4]:
            bell.ring()

    began = time.monotonic()
    ringers = [threading.Thread(target=ring, args=(first,)) for first in range(4)]
    for ringer in ringers:
        ringer.start()
    gevent.joinall(waiting, timeout=30)
    for ringer in ringers:
        ringer.join()
    assert sorted(heard) == list(range(len(bells)))
    # None was overheard: it would have waited for 20 s.
    assert time.monotonic() - began < 15


def test_a_thread_beside_waits_without_the_greenlets() -> None:
    greenlets = Greenlets(TWO)
    found: list[float] = []

    def elsewhere() -> None:
        bell = greenlets.bell()
        threading.Timer(0.05, bell.ring).start()
        began = time.monotonic()
        bell.wait(10)
        found.append(time.monotonic() - began)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert found[0] < 5


def test_an_answer_comes_as_it_was_given(serving: Serving) -> None:
    closed: list[int] = []

    class Answer:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"a", b"b" * PIECE_BYTES, b"c"])

        def close(self) -> None:
            closed.append(threading.get_ident())

    def app(_: object, start_response: Callable[..., object]) -> Answer:
        start_response("200 OK", [("X", "y")])
        return Answer()

    heads, pieces = ask(serving.beside(app, lambda _: None))
    assert heads == [("200 OK", [("X", "y")])]
    assert b"".join(pieces) == b"a" + b"b" * PIECE_BYTES + b"c"
    if isinstance(serving, Greenlets):
        assert len(pieces) == 2
        assert len(closed) == 1
        assert closed != [threading.get_ident()]


def test_an_answer_without_a_body_has_a_head() -> None:
    def app(_: object, start_response: Callable[..., object]) -> list[bytes]:
        start_response("204 NO CONTENT", [])
        return []

    assert ask(Greenlets(TWO).beside(app, lambda _: None)) == ([("204 NO CONTENT", [])], [])


def test_what_an_application_raises_arrives() -> None:
    def app(_: object, __: object) -> list[bytes]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(Greenlets(TWO).beside(app, lambda _: None))


def test_an_answer_that_nobody_reads_to_its_end_is_closed() -> None:
    closed = []

    def app(_: object, start_response: Callable[..., object]) -> Iterator[bytes]:
        start_response("200 OK", [])
        try:
            for _number in range(1_000):
                yield b"x" * PIECE_BYTES
        finally:
            closed.append(1)

    answer: Any = Greenlets(TWO).beside(app, lambda _: None)({}, lambda *_: None)
    next(answer)
    answer.close()
    assert closed == [1]


def test_what_takes_long_holds_up_nobody_and_takes_a_place_before_it_is_read() -> None:
    greenlets, go_on = Greenlets(TWO), threading.Event()
    prepared: list[int] = []

    def app(_: object, start_response: Callable[..., object]) -> list[bytes]:
        go_on.wait(20)
        start_response("200 OK", [])
        return [b"done"]

    application = greenlets.beside(app, lambda environ: prepared.append(environ["number"]))  # type: ignore[typeddict-item]
    asked = [gevent.spawn(ask, application, number=number) for number in range(TWO + 1)]
    # All three come as far as they can before this goes on.
    gevent.sleep(0)
    assert prepared == [0, 1]
    go_on.set()
    gevent.joinall(asked, timeout=20)
    assert [greenlet.value[1] for greenlet in asked] == [[b"done"]] * (TWO + 1)
    assert prepared == [0, 1, 2]


def test_a_body_is_received_ahead_once_and_only_as_much_as_is_taken() -> None:
    environ: dict[str, Any] = {"CONTENT_LENGTH": "3", "wsgi.input": io.BytesIO(b"abcd")}
    body.receive_ahead(environ)
    assert environ[body.RECEIVED] == b"abc"
    body.receive_ahead(environ)
    assert environ[body.RECEIVED] == b"abc"

    large: dict[str, Any] = {"CONTENT_LENGTH": str(body.BATCH_BYTES + 1), "wsgi.input": io.BytesIO(b"abcd")}
    body.receive_ahead(large)
    assert body.RECEIVED not in large

    short: dict[str, Any] = {"CONTENT_LENGTH": "9", "wsgi.input": io.BytesIO(b"abcd")}
    body.receive_ahead(short)
    assert isinstance(short[body.RECEIVED], Problem)

    for length in ({}, {"CONTENT_LENGTH": ""}, {"CONTENT_LENGTH": "-1"}):
        none: dict[str, Any] = {**length, "wsgi.input": io.BytesIO(b"abcd")}
        body.receive_ahead(none)
        assert body.RECEIVED not in none
        assert none["wsgi.input"].read() == b""
