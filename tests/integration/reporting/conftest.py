"""A database of its own for each test, and reporting on it as it runs in production but for the HTTP server."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import httpx
import pytest
from flask.testing import FlaskClient
from pymongo import MongoClient
from pymongo.database import Database

from deploy.embedded.machine import free_ports
from deploy.embedded.mongo import with_database
from services.common import mongo
from services.common.settings import Settings
from services.common.tokens import new_token
from services.reporting.app import create_app, running
from tests.integration.reporting.database import Document, eventually


@contextmanager
def fresh_uri(mongo_server: str) -> Iterator[str]:
    """The URI of a database that nobody else uses."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    yield with_database(mongo_server, name)
    with MongoClient[Document](mongo_server) as client:
        client.drop_database(name)


@pytest.fixture
def uri(mongo_server: str) -> Iterator[str]:
    with fresh_uri(mongo_server) as made:
        yield made


@pytest.fixture
def db(uri: str) -> Iterator[Database[Document]]:
    """Reporting needs no collection to be there: what is not there has no campaigns."""
    with mongo.client(uri) as connected:
        yield mongo.database(connected)


@pytest.fixture
def tokens(tmp_path: Path) -> dict[str, str]:
    """Secrets by role; their hashes stand in the file that `settings` names."""
    made = {role: new_token(f"the-{role}", role) for role in ("admin", "appraiser", "viewer")}
    lines = (f"{token.name} {token.role} {token.sha256}\n" for _, token in made.values())
    (tmp_path / "tokens").write_text("".join(lines))
    return {role: secret for role, (secret, _) in made.items()}


@pytest.fixture
def settings(uri: str, tokens: dict[str, str], tmp_path: Path) -> Settings:  # noqa: ARG001 (it writes the file)
    return Settings(mongo=uri, tokens_file=tmp_path / "tokens")


class Serve(Protocol):
    """Starts reporting on what the database holds by then, and waits until it is ready."""

    def __call__(self, *, ready: bool = True) -> FlaskClient: ...


@contextmanager
def serving(settings: Settings) -> Iterator[Serve]:
    started = []

    def start(*, ready: bool = True) -> FlaskClient:
        app = create_app(settings)
        running(app).start()
        started.append(app)
        client = app.test_client()
        eventually("reporting is ready", lambda: not ready or client.get("/readyz").status_code == 200)
        return client

    yield start
    for app in started:
        running(app).stop()


@pytest.fixture
def serve(settings: Settings) -> Iterator[Serve]:
    with serving(settings) as start:
        yield start


class Shared(NamedTuple):
    """A database for all tests of a module, which only read it."""

    db: Database[Document]
    settings: Settings
    serve: Serve


@pytest.fixture(scope="module")
def shared(mongo_server: str) -> Iterator[Shared]:
    with fresh_uri(mongo_server) as uri, mongo.client(uri) as connected:
        settings = Settings(mongo=uri)
        with serving(settings) as start:
            yield Shared(mongo.database(connected), settings, start)


@dataclass
class Process:
    """Reporting as it runs in production."""

    url: str
    process: subprocess.Popen[bytes]

    def get(self, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 (httpx' own)
        return httpx.get(self.url + path, timeout=10, trust_env=False, **options)

    def status(self, path: str) -> int:
        """The status of a request; 0 while nothing listens."""
        try:
            return self.get(path).status_code
        except httpx.TransportError:
            return 0

    def stop(self) -> int:
        """Ends it as a supervisor does; returns its exit code."""
        self.process.terminate()
        return self.process.wait(20)


class Launch(Protocol):
    """Starts the command `parindex reporting` on a database."""

    def __call__(self, mongo_uri: str, **environment: str) -> Process: ...


@pytest.fixture
def launch(tokens: dict[str, str], tmp_path: Path) -> Iterator[Launch]:
    assert tokens
    started: list[Process] = []

    def start(mongo_uri: str, **environment: str) -> Process:
        (port,) = free_ports(1)
        given = {
            "PARINDEX_MONGO": mongo_uri,
            "PARINDEX_REPORTING_BIND": f"127.0.0.1:{port}",
            "PARINDEX_TOKENS_FILE": str(tmp_path / "tokens"),
        }
        with (tmp_path / f"reporting-{port}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", "from services.cli.main import main; main()", "reporting"],
                env=os.environ | given | environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        made = Process(f"http://127.0.0.1:{port}", process)
        started.append(made)
        eventually("reporting lives", lambda: made.status("/livez") == 200)
        return made

    yield start
    for made in started:
        if made.process.poll() is None:
            made.process.kill()
            made.process.wait()
