"""The demo's own stack: a folder begun anew each time, and on given servers topics and a database of its own."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kafka import KafkaAdminClient

from deploy.embedded.errors import StartError
from deploy.embedded.jars import FileProgress, Jar
from deploy.embedded.mongo import with_database
from deploy.stack import Stack
from services.cli.stages import Advance, Stages, Unit
from services.common import kafka, mongo
from services.common.settings import TOPICS, Settings, read_settings

MARK = "of-a-demo"
DATA = ("kafka", "mongo")
"""What nobody reads any more when the servers have ended; logs and tokens stay until the next start."""
MARK_TEXT = "`parindex demo` makes this folder and removes all of it when it starts again.\n"


class StepsAsStages:
    """Shows the steps of a stack's start and stop as stages."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._open = ExitStack()

    def step(self, text: str) -> None:
        """Ends the stage before and begins one."""
        self._begin(text)

    @contextmanager
    def fetching(self, missing: list[Jar]) -> Iterator[FileProgress]:
        """One stage for all files, counted in bytes."""
        size = sum(jar.size for jar in missing)
        advance = self._begin(f"Fetching {len(missing)} of Kafka's jars, once", size, "bytes")

        @contextmanager
        def file(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
            yield advance

        yield file

    def end(self) -> None:
        """Ends the stage at hand."""
        self._open.close()

    def _begin(self, title: str, total: int | None = None, unit: Unit = "things") -> Advance:
        self.end()
        return self._open.enter_context(self._stages.stage(title, total, unit))


@contextmanager
def running(home: Path, stages: Stages, scorers: int = 1) -> Iterator[Stack]:
    """A fresh stack that ends with the block, and with this process.

    Args:
        home: its folder, begun anew.
        stages: shows how it starts and stops.
        scorers: how many scoring processes it has.

    Raises:
        StartError: it cannot be started; the message says what to do.
    """
    _begin_anew(home)
    steps = StepsAsStages(stages)
    with _own_corner_of_given_servers():
        stack = Stack(home, scorers=scorers, progress=steps)
        try:
            stack.start(tied=True)
            steps.end()
            yield stack
        finally:
            stack.stop()
            steps.end()
            for data in DATA:
                shutil.rmtree(home / data, ignore_errors=True)


def _begin_anew(home: Path) -> None:
    """Removes what an earlier demo left; another folder is not touched."""
    mark = home / MARK
    try:
        if mark.exists():
            if Stack(home).home.held():
                raise StartError(f"A demo runs in {home} already: end it with Ctrl-C, or name another folder: --home.")
            shutil.rmtree(home)
        elif home.is_dir() and any(home.iterdir()):
            raise StartError(f"{home} is not the folder of a demo, which would be removed: name another with --home.")
        home.mkdir(parents=True, exist_ok=True)
        mark.write_text(MARK_TEXT)
    except OSError as error:
        raise StartError(f"{home} cannot be used ({error.strerror}): name another folder with --home.") from error


@contextmanager
def _own_corner_of_given_servers() -> Iterator[None]:
    """Keeps simulated responses apart from what else the given servers hold, and removes them at the end."""
    name = f"parindex-demo-{secrets.token_hex(4)}"
    own = {}
    if os.environ.get("PARINDEX_KAFKA"):
        own["PARINDEX_TOPIC_PREFIX"] = f"{name}."
    if uri := os.environ.get("PARINDEX_MONGO"):
        own["PARINDEX_MONGO"] = with_database(uri, name)
    before = {key: os.environ.get(key) for key in own}
    os.environ.update(own)
    try:
        try:
            yield
        finally:
            settings = read_settings()
            if "PARINDEX_TOPIC_PREFIX" in own:
                _delete_topics(settings)
            if "PARINDEX_MONGO" in own:
                with mongo.client(settings.mongo) as client:
                    client.drop_database(name)
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value


def _delete_topics(settings: Settings) -> None:
    admin = KafkaAdminClient(
        bootstrap_servers=settings.bootstrap, api_version=kafka.API_VERSION, bootstrap_timeout_ms=10_000
    )
    try:
        present = set(admin.list_topics())
        admin.delete_topics([topic for name in TOPICS if (topic := settings.topic(name)) in present])
    finally:
        admin.close()
