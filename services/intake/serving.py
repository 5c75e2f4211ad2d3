"""How requests are served side by side: in threads, each of which waits by itself, or as greenlets of one thread.

A single response costs little and then waits for Kafka. Threads take turns for that: each wait wakes another one, with
everything that a change of threads costs on a busy machine. Greenlets wait at hardly any cost, and those whose answers
come together go on together. What they must not do is to hold up their thread: whatever else is asked than a plain
response goes to a thread of its own, as many at a time as there are threads.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, Protocol

import gevent
from gevent.hub import Waiter
from gevent.lock import Semaphore
from gevent.threadpool import ThreadPool

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    Application = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]
    Prepare = Callable[[WSGIEnvironment], None]

PIECE_BYTES: Final = 64 * 1024
"""What an answer brings is taken from its thread in pieces of that size at least, if it does not make a pause."""


class Bell(Protocol):
    """What somebody waits for who has handed something over: rung once, from any thread."""

    def ring(self) -> None: ...

    def wait(self, seconds: float) -> None:
        """Returns when it was rung, at the latest after some seconds."""


class Serving(Protocol):
    """How requests are served."""

    def bell(self) -> Bell:
        """For the caller to wait for."""

    def beside(self, app: Application, prepare: Prepare) -> Application:
        """An application that holds up no other request, whatever it does.

        Args:
            app: what answers.
            prepare: reads what there is to be read from the connection, which no other thread can do.
        """


class Threads:
    """Each request has a thread."""

    def bell(self) -> Bell:
        return _Lock()

    def beside(self, app: Application, prepare: Prepare) -> Application:  # noqa: ARG002 - it reads by itself
        return app


class Greenlets:
    """Each request has a greenlet of the thread that makes this.

    Args:
        threads: how many requests at a time are served beside it.
    """

    def __init__(self, threads: int) -> None:
        self._thread = threading.get_ident()
        self._hub = gevent.get_hub()
        self._pool = ThreadPool(threads)
        # All at once: from then on their number stays.
        self._pool.size = threads
        self._places = Semaphore(threads)
        self._rung: deque[Waiter[None]] = deque()
        self._call = self._hub.loop.async_()
        self._call.start(self._answer)

    def bell(self) -> Bell:
        return _Greenlet(self) if threading.get_ident() == self._thread else _Lock()

    def waiter(self) -> Waiter[None]:
        return Waiter(self._hub)

    def ring(self, waiter: Waiter[None]) -> None:
        """Has a greenlet go on."""
        self._rung.append(waiter)
        # Whoever finds another before it knows that the thread has been called, and has not yet come to the end.
        if len(self._rung) == 1:
            self._call.send()

    def _answer(self) -> None:
        while self._rung:
            self._rung.popleft().switch(None)

    def beside(self, app: Application, prepare: Prepare) -> Application:
        def served(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
            # A place is taken before the body is read: what lies in memory is bounded.
            with self._places:
                prepare(environ)
                answer = _Answer(app, environ)
                try:
                    piece = self._pool.apply(answer.pull)
                    start_response(*answer.head)
                    while True:
                        if piece:
                            yield piece
                        if answer.over:
                            break
                        piece = self._pool.apply(answer.pull)
                finally:
                    if not answer.over:
                        self._pool.apply(answer.close)

        return served


class _Lock:
    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def ring(self) -> None:
        self._lock.release()

    def wait(self, seconds: float) -> None:
        self._lock.acquire(timeout=seconds)


class _Greenlet:
    __slots__ = ("_greenlets", "_waiter")

    def __init__(self, greenlets: Greenlets) -> None:
        self._greenlets = greenlets
        self._waiter = greenlets.waiter()

    def ring(self) -> None:
        self._greenlets.ring(self._waiter)

    def wait(self, seconds: float) -> None:
        with gevent.Timeout(seconds, False):  # type: ignore[arg-type]  # noqa: FBT003 - it ends the block in silence
            self._waiter.get()


class _Answer:
    """The answer of an application, which runs in whatever thread calls `pull` and `close`."""

    def __init__(self, app: Application, environ: WSGIEnvironment) -> None:
        self._app, self._environ = app, environ
        self._pieces: Iterator[bytes] | None = None
        self._close: Callable[[], None] = lambda: None
        self.head: tuple[Any, ...] = ()
        """What the application has called start_response with."""
        self.over = False

    def pull(self) -> bytes:
        """The next bytes; `over` says whether they are the last."""
        if self._pieces is None:
            answer = self._app(self._environ, self._start)
            self._close = getattr(answer, "close", self._close)
            self._pieces = iter(answer)
        taken = bytearray()
        for piece in self._pieces:
            taken += piece
            if len(taken) >= PIECE_BYTES:
                return bytes(taken)
        self.close()
        return bytes(taken)

    def close(self) -> None:
        self.over = True
        self._close()

    def _start(self, *head: Any) -> Callable[[bytes], object]:  # noqa: ANN401 - status, headers and exception
        self.head = head
        return _not_this_way


def _not_this_way(_: bytes) -> object:
    raise NotImplementedError("an application gives its answer back, it does not write it")
