"""Kafka's jars: each by pinned coordinate and SHA-256, in the usual local Maven repository."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.embedded.errors import StartError, cannot_write
from deploy.embedded.machine import require_package

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTIONS = 4
ATTEMPTS = 3
TIMEOUT_S = 20
OTHER_REPOSITORY = "name another local Maven repository with M2_REPO"

FileProgress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Called with a file's name and size in bytes; yields what is called with the bytes of each piece that came."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned artifact; `size` is in bytes."""

    group: str
    artifact: str
    version: str
    sha256: str
    size: int

    @property
    def coordinate(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"

    def path(self, repository: Path) -> Path:
        """Where a local Maven repository keeps it."""
        name = f"{self.artifact}-{self.version}.jar"
        return repository.joinpath(*self.group.split("."), self.artifact, self.version, name)

    def is_in(self, path: Path) -> bool:
        """Whether the file is there and is exactly the pinned one."""
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256
        except FileNotFoundError:
            return False


def pinned() -> list[Jar]:
    """The jars of kafka-jars.txt."""
    lines = (files("deploy.embedded") / "kafka-jars.txt").read_text().splitlines()
    rows = (re.split(r"[: ]", line) for line in lines if line and not line.startswith("#"))
    return [Jar(group, artifact, version, sha256, int(size)) for group, artifact, version, sha256, size in rows]


def local_repository() -> Path:
    """Where Maven keeps its files: M2_REPO, `maven.repo.local` as Maven itself is given it, or ~/.m2/repository."""
    if named := os.environ.get("M2_REPO"):
        return Path(named).expanduser()
    given = " ".join(os.environ.get(name, "") for name in ("MAVEN_OPTS", "MAVEN_ARGS"))
    if found := re.search(r"-Dmaven\.repo\.local=(\S+)", given):
        return Path(found[1]).expanduser()
    return Path.home() / ".m2" / "repository"


def ensure(
    repository: Path,
    progress: Callable[[list[Jar]], AbstractContextManager[FileProgress | None]] | None = None,
    remotes: dict[str, str] | None = None,
) -> list[Path]:
    """Checks all jars (0.1 s) and fetches what is missing or is not the pinned file.

    Args:
        repository: the local Maven repository.
        progress: called with the jars to fetch, when there are any; gives the display of each file.
        remotes: name to URL of the repositories asked; else Maven Central and those of jgo's own configuration.

    Returns:
        The class path.

    Raises:
        StartError: a jar cannot be had or written.
    """
    jars = pinned()
    try:
        missing = [jar for jar in jars if not jar.is_in(jar.path(repository))]
    except OSError as error:
        raise StartError(f"{error.filename} could not be read ({error.strerror}): {OTHER_REPOSITORY}.") from error
    if missing:
        with progress(missing) if progress else nullcontext() as display:
            _fetch_all(missing, repository, display, remotes)
    return [jar.path(repository) for jar in jars]


def _fetch_all(jars: list[Jar], repository: Path, display: FileProgress | None, remotes: dict[str, str] | None) -> None:
    require_package("jgo")
    with _workshop(repository) as workshop, ThreadPoolExecutor(CONNECTIONS) as pool:
        fetched = [
            pool.submit(_fetch, jar, repository, workshop / str(n), display, remotes) for n, jar in enumerate(jars)
        ]
        try:
            for future in fetched:
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


@contextmanager
def _workshop(repository: Path) -> Iterator[Path]:
    """A folder on the repository's own disk, so that a whole file moves into its place in one step."""
    try:
        repository.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".parindex-", dir=repository))
    except OSError as error:
        raise cannot_write(repository, error, OTHER_REPOSITORY) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fetch(
    jar: Jar, repository: Path, workshop: Path, display: FileProgress | None, remotes: dict[str, str] | None
) -> None:
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext, PythonResolver
    from requests import RequestException

    asked = remotes or {"central": MAVEN_CENTRAL_URL} | GlobalSettings.load().repositories
    where = ", ".join(asked.values())
    problem = ""
    for attempt in range(ATTEMPTS):
        context = MavenContext(
            resolver=PythonResolver(progress_callback=display),
            repo_cache=workshop / str(attempt),
            remote_repos=asked,
            timeout=TIMEOUT_S,
        )
        artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
        try:
            # One artifact, without its dependencies: jgo's own resolution of Kafka takes another kafka-clients.
            arrived = artifact.resolve()
            if jar.is_in(arrived):
                place = jar.path(repository)
                place.parent.mkdir(parents=True, exist_ok=True)
                arrived.replace(place)
                return
            problem = "what arrived is not the pinned file (its SHA-256 differs)"
        except (RequestException, RuntimeError) as error:
            # RuntimeError is jgo's word for: no repository has it.
            problem = str(error)
        except OSError as error:
            raise cannot_write(repository, error, OTHER_REPOSITORY) from error
    raise StartError(
        f"{jar.coordinate} could not be fetched from {where}: {problem}. The first start needs the internet once: "
        "check the connection (HTTPS_PROXY names a proxy, [repositories] in ~/.config/jgo.conf a mirror) and start "
        "again, or name a running Kafka with PARINDEX_KAFKA."
    )
