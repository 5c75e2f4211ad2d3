"""A TCP proxy that can fail: faults of a network in milliseconds, where stopping the real server takes many seconds."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Literal, Self

LOOPBACK = "127.0.0.1"

Mode = Literal["pass", "delay", "refuse", "hole", "eatack"]
DELAY_S = 0.1


class Proxy:
    """Forwards connections to a server, in one of the modes

    pass    both ways
    delay   both ways, each piece 100 ms late
    refuse  nothing listens, what was open is reset
    hole    connections are accepted and kept, and nothing passes either way
    eatack  what clients send passes, what the server answers is dropped
    """

    def __init__(self, target: int, port: int = 0) -> None:
        self.target = target
        self.port = port
        self._mode: Mode = "pass"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._prepare())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def mode(self) -> Mode:
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self._run(self._change(mode))

    def cut(self) -> None:
        """Resets every open connection."""
        self._run(self._cut())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _prepare(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        await self._listen()

    async def _end(self) -> None:
        await self._close()
        await self._cut()
        self._open.set()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _change(self, mode: Mode) -> None:
        before, self._mode = self._mode, mode
        if mode == "hole":
            self._open.clear()
        else:
            self._open.set()
        if mode == "refuse":
            await self._close()
            await self._cut()
        elif before == "refuse":
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accepted, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        upstream: asyncio.StreamWriter | None = None
        try:
            answers, upstream = await asyncio.open_connection(LOOPBACK, self.target)
            self._writers.add(upstream)
            await asyncio.gather(self._pump(reader, upstream, eaten=False), self._pump(answers, writer, eaten=True))
        except OSError:
            writer.transport.abort()
        finally:
            for end in (writer, upstream):
                if end is not None:
                    self._writers.discard(end)
                    end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, eaten: bool) -> None:
        while data := await reader.read(65_536):
            if self._mode == "delay":
                await asyncio.sleep(DELAY_S)
            await self._open.wait()
            if not (eaten and self._mode == "eatack"):
                writer.write(data)
                await writer.drain()
        raise ConnectionResetError  # one end is enough to end both
