"""A database of its own for each test, and reporting on it as it runs in production but for the HTTP server."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pymongo import MongoClient
from pymongo.database import Database

from deploy.embedded.mongo import with_database
from services.common import mongo
from services.common.settings import Settings
from services.common.tokens import new_token
from services.reporting.app import create_app, running
from tests.integration.reporting.database import Document, eventually


@pytest.fixture
def uri(mongo_server: str) -> Iterator[str]:
    name = f"test-{uuid.uuid4().hex[:12]}"
    yield with_database(mongo_server, name)
    with MongoClient[Document](mongo_server) as client:
        client.drop_database(name)


@pytest.fixture
def db(uri: str) -> Iterator[Database[Document]]:
    with mongo.client(uri) as connected:
        mongo.prepare(mongo.database(connected))
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


@pytest.fixture
def serve(
    db: Database[Document],  # noqa: ARG001 (it makes the collections)
    settings: Settings,
) -> Iterator[Callable[[], FlaskClient]]:
    """Starts reporting on what the database holds by then, and waits until it is ready."""
    started = []

    def start() -> FlaskClient:
        app = create_app(settings)
        running(app).start()
        started.append(app)
        client = app.test_client()
        eventually("reporting is ready", lambda: client.get("/readyz").status_code == 200)
        return client

    yield start
    for app in started:
        running(app).stop()
