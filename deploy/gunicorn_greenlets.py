"""gunicorn's gevent worker, for intake and for reporting: thousands of connections wait in it at hardly any cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias, cast

import gevent
from gevent import socket
from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn.workers.ggevent import GeventWorker

from deploy.gunicorn_manners import Manners
from deploy.gunicorn_shares import Share

LOOK_S = 0.2
LEFT_S = 0.005
"""How long a connection is left to the workers that have fewer."""

Connection: TypeAlias = "gevent.Greenlet[Any, Any]"
"""Each is served by a greenlet of the worker's pool."""


class Worker(Manners, GeventWorker):  # type: ignore[misc]
    """Greenlets in the place of threads, locks and sleep, for reporting."""

    share: Share
    """Of the service's connections; the master sets it before it forks."""

    def init_process(self) -> None:
        self._waiting: dict[Connection, gevent.Timeout] = {}
        self._at_end: Callable[[], None] = lambda: None
        # gunicorn calls it to make a server.
        self.server_class = partial(_Server, self)
        super().init_process()

    def run(self) -> None:
        gevent.spawn(self._end)
        super().run()

    def handle(self, listener: object, client: object, address: object) -> None:
        """Serves a connection until it ends."""
        self.share.connections += 1
        try:
            super().handle(listener, client, address)
        finally:
            self.share.connections -= 1

    def when_ending(self, close: Callable[[], None]) -> None:
        """Has `close` called once the worker is asked to end."""
        self._at_end = close

    def _end(self) -> None:
        """Once the worker is asked to end, takes leave of connections on which nothing is asked."""
        while self.alive:
            gevent.sleep(LOOK_S)
        self._at_end()
        while True:
            for greenlet, timeout in list(self._waiting.items()):
                # As if it had waited long enough.
                greenlet.kill(timeout, block=False)
            gevent.sleep(LOOK_S)

    @contextmanager
    def timeout_ctx(self) -> Iterator[None]:
        """Around the wait for a connection's next request.

        Before it the others have their turn: as long as a client is quick to ask again there would be no wait, and
        the worker would serve it alone.
        """
        gevent.sleep(0)
        connection = cast("Connection", gevent.getcurrent())
        # False: it ends the block in silence.
        with gevent.Timeout(self.cfg.keepalive, False) as timeout:  # type: ignore[arg-type]  # noqa: FBT003
            self._waiting[connection] = timeout
            try:
                yield
            finally:
                del self._waiting[connection]


class WorkerWithThreads(Worker):
    """Greenlets for connections only, for intake: threads are threads, and Kafka's client has its own."""

    sockets: list[Any]

    def patch(self) -> None:
        """Does nothing of what it does elsewhere, but that greenlets may wait for the connections."""
        self.sockets = [
            socket.socket(found.FAMILY, socket.SOCK_STREAM, fileno=found.sock.detach()) for found in self.sockets
        ]


class _Server(StreamServer):
    """Accepts connections of a worker; one for which another worker has more room it leaves alone for a moment.

    For every connection all workers are woken, and the first takes it: left to chance, one of two has twice as many as
    the other as often as not, and is busy while the other idles.
    """

    def __init__(self, worker: Worker, listener: socket.socket, *, spawn: Pool, **_: object) -> None:
        super().__init__(listener, handle=partial(worker.handle, listener), spawn=spawn)
        self.max_accept = 1
        self._share = worker.share
        self._left = False

    def do_read(self) -> tuple[socket.socket, Any] | None:  # type: ignore[override]  # it may find nothing
        self._left = not self._left and self._share.is_above_another
        if not self._left:
            return super().do_read()
        self.stop_accepting()
        gevent.spawn_later(LEFT_S, self._go_on)
        return None

    def _go_on(self) -> None:
        if self.started:
            self.start_accepting()
