"""Workers know who has fewer connections, and leave the next one to them for a moment."""

from __future__ import annotations

import os
import time
from types import SimpleNamespace

import gevent
import pytest
from gevent import socket
from gevent.pool import Pool

from deploy.gunicorn_greenlets import LEFT_S, _Server
from deploy.gunicorn_shares import SPARE, Shares


def workers(shares: Shares, count: int) -> list[SimpleNamespace]:
    found = [SimpleNamespace() for _ in range(count)]
    for worker in found:
        shares.begin(worker)
    return found


def test_who_has_more_than_another_knows() -> None:
    a, b, c = workers(Shares(3), 3)
    assert not any(worker.share.is_above_another for worker in (a, b, c))
    a.share.connections += 1
    assert a.share.is_above_another
    assert not b.share.is_above_another
    b.share.connections += 1
    c.share.connections += 1
    assert not a.share.is_above_another
    b.share.connections -= 1
    assert [worker.share.is_above_another for worker in (a, b, c)] == [True, False, True]


def test_a_worker_that_ended_counts_no_more_and_its_place_is_used_again() -> None:
    shares = Shares(2)
    a, b = workers(shares, 2)
    a.share.connections = 5
    assert a.share.is_above_another
    shares.end(b)
    shares.end(b)
    assert not a.share.is_above_another
    for _ in range(100):
        (replaced,) = workers(shares, 1)
        assert a.share.is_above_another
        shares.end(replaced)


def test_more_workers_than_places_do_without() -> None:
    shares = Shares(0)
    *_, last = workers(shares, SPARE + 1)
    last.share.connections += 3
    assert last.share.connections == 3
    assert not last.share.is_above_another


def test_another_process_sees_it() -> None:
    a, b = workers(Shares(2), 2)
    child = os.fork()
    if not child:
        b.share.connections = 7
        os._exit(0)
    os.waitpid(child, 0)
    a.share.connections = 6
    assert not a.share.is_above_another
    a.share.connections = 8
    assert a.share.is_above_another


@pytest.mark.parametrize("above", [False, True])
def test_a_connection_is_left_to_others_for_a_moment_and_taken_if_nobody_wants_it(*, above: bool) -> None:
    served: list[float] = []
    worker = SimpleNamespace(
        share=SimpleNamespace(is_above_another=above), handle=lambda *_: served.append(time.monotonic())
    )
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = _Server(worker, listener, spawn=Pool(10), application=None)  # type: ignore[arg-type]
    server.start()
    try:
        began = time.monotonic()
        connections = []
        for number in range(3):
            connections.append(socket.create_connection(listener.getsockname()))
            with gevent.Timeout(10):
                while len(served) <= number:
                    gevent.sleep(0.001)
        if above:
            assert served[-1] - began >= 3 * LEFT_S
        for connection in connections:
            connection.close()
    finally:
        server.stop()
