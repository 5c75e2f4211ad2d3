"""A gevent worker whose end is not held up by what has no end: event streams, and connections kept for later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, cast

import gevent
from gunicorn.workers.ggevent import GeventWorker

from deploy.gunicorn_manners import Manners

LOOK_S = 0.2

Connection: TypeAlias = "gevent.Greenlet[Any, Any]"
"""Each is served by a greenlet of the worker's pool."""


class Worker(Manners, GeventWorker):  # type: ignore[misc]
    """Greenlets, for reporting."""

    def init_process(self) -> None:
        self._waiting: dict[Connection, gevent.Timeout] = {}
        super().init_process()

    def when_ending(self, close: Callable[[], None]) -> None:
        """Once the worker is asked to end: calls `close`, and takes leave of connections on which nothing is asked."""
        gevent.spawn(self._end, close)

    def _end(self, close: Callable[[], None]) -> None:
        while self.alive:
            gevent.sleep(LOOK_S)
        close()
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
