"""A mongod of a test's own: it fails the commands it is told to, may be killed, and starts again on its data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from deploy.embedded.machine import free_ports
from deploy.embedded.mongo import mongo, with_database
from deploy.embedded.server import running


class Mongod:
    """A replica set of one."""

    def __init__(self, home: Path) -> None:
        self._home = home
        (self.port,) = free_ports(1)
        self._running = ExitStack()
        self.start()

    def start(self) -> None:
        server = mongo(self._home, self.port, self._home / "mongo.log")
        # Without them there is no failCommand.
        server = replace(server, command=(*server.command, "--setParameter=enableTestCommands=1"))
        self._process = self._running.enter_context(running(server))["MongoDB"]
        self.address = server.address

    def uri(self, database: str, app: str = "") -> str:
        """Of a database, for clients that say that they are an application."""
        uri = with_database(self.address, database)
        return f"{uri}&appName={app}" if app else uri

    @contextmanager
    def failing(self, *commands: str, app: str, mode: object = "alwaysOn", **how: Any) -> Iterator[None]:  # noqa: ANN401
        """Fails commands of an application.

        Args:
            commands: by name.
            app: what the clients say they are.
            mode: always, or {"times": n}.
            how: what becomes of the commands, as in MongoDB's failpoint `failCommand`.
        """
        with MongoClient[dict[str, Any]](self.address) as client:
            configure = {"configureFailPoint": "failCommand"}
            data = {"failCommands": list(commands), "appName": app, **how}
            client.admin.command({**configure, "mode": mode, "data": data})
            try:
                yield
            finally:
                client.admin.command({**configure, "mode": "off"})

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        self._running.close()
