"""`parindex up`, `status` and `down`: what dies comes back; what is stopped leaves nothing behind but its data."""

from __future__ import annotations

import os
import re
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from pymongo import MongoClient

from tests.system.stack import FAMILIES, parindex, processes, ready, status, until

# Far beyond the 107 bytes that the path of a Unix socket may have, and with a space.
DEEP = "/".join(["a checkout that lies deep"] * 5)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a stack that `parindex up` started, with two scorers."""
    home = tmp_path_factory.mktemp("stack") / DEEP / ".parindex"
    done = parindex("up", "--scorers", "2", home=home)
    assert done.returncode == 0, done.stderr
    yield home
    parindex("down", home=home)
    assert processes(home) == []


def test_without_a_stack_status_says_so_and_exits_with_3(tmp_path: Path) -> None:
    done = parindex("status", "--json", home=tmp_path)
    assert done.returncode == 3
    assert done.stdout == ""
    assert "parindex up" in done.stderr
    assert parindex("down", home=tmp_path).returncode == 0


def test_status_has_what_a_script_needs(home: Path) -> None:
    found = status(home)
    assert set(found) == {"intake", "reporting", "admin_token", "viewer_token", "kafka", "mongo", "pids"}
    assert set(found["pids"]) == set(FAMILIES)
    assert ready(found["intake"])
    assert ready(found["reporting"])
    assert len(found["pids"]["scoring"]) == 2
    # gunicorn's workers are listed beside their master.
    assert len(found["pids"]["intake"]) >= 2
    assert len(found["pids"]["reporting"]) >= 2
    with MongoClient(found["mongo"]) as client:
        assert client.get_default_database().name == "parindex"


def test_everything_listens_on_this_machine_only(home: Path) -> None:
    found = status(home)
    assert urlsplit(found["intake"]).hostname == urlsplit(found["reporting"]).hostname == "127.0.0.1"
    pids = {pid for family in found["pids"].values() for pid in family}
    sockets = {link for pid in pids for link in _open_sockets(pid)}
    listening = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and f"socket:[{line.split()[9]}]" in sockets
    ]
    assert len(listening) >= 6
    # 127.0.0.1 as /proc writes it, also inside an IPv6 address.
    assert [address for address in listening if not address.partition(":")[0].endswith("0100007F")] == []


def test_secrets_are_for_the_owner_only_and_services_are_given_hashes(home: Path) -> None:
    found = status(home)
    for folder in (home, home / "logs", home / "kafka", home / "mongo"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
    for name in ("admin.token", "appraiser.token", "viewer.token", "tokens", "receipt.key", "stack.json"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600, name
    lines = (home / "tokens").read_text().splitlines()
    assert [re.fullmatch(r"stack-(\w+) \1 [0-9a-f]{64}", line) is not None for line in lines] == [True] * 3
    for token in (found["admin_token"], found["viewer_token"]):
        assert token not in (home / "tokens").read_text()
        for pid in [pid for family in found["pids"].values() for pid in family]:
            assert token.encode() not in Path(f"/proc/{pid}/environ").read_bytes()


def test_the_admins_token_is_an_admins_and_the_viewers_is_not(home: Path) -> None:
    found = status(home)
    url = f"{found['intake']}/v1/campaigns/nowhere"
    body = {"content": "campaign: nowhere", "headers": {"Content-Type": "application/yaml"}}
    assert httpx.put(url, **body).status_code == 401
    as_viewer = body["headers"] | {"Authorization": f"Bearer {found['viewer_token']}"}
    assert httpx.put(url, content=body["content"], headers=as_viewer).status_code == 403
    as_admin = body["headers"] | {"Authorization": f"Bearer {found['admin_token']}"}
    assert httpx.put(url, content=body["content"], headers=as_admin).status_code == 422


def test_up_again_changes_nothing(home: Path) -> None:
    before = status(home)
    done = parindex("up", home=home)
    assert done.returncode == 0
    assert "runs already" in done.stderr
    assert before["intake"] in done.stdout
    assert status(home) == before


@pytest.mark.parametrize("family", FAMILIES)
def test_a_part_that_is_killed_comes_back(family: str, home: Path) -> None:
    before = status(home)
    for pid in before["pids"][family]:
        _kill(pid)

    def back() -> bool:
        now = status(home)
        others = [name for name in FAMILIES if name != family]
        return (
            len(now["pids"][family]) == len(before["pids"][family])
            and not set(now["pids"][family]) & set(before["pids"][family])
            and all(now["pids"][name] == before["pids"][name] for name in others)
            and ready(now["intake"])
            and ready(now["reporting"])
        )

    until(f"{family} is back, nothing else was touched, and all is ready", back)
    assert status(home)["intake"] == before["intake"]


def test_down_leaves_no_process_and_up_finds_the_data_at_the_same_addresses(home: Path) -> None:
    before = status(home)
    topic = TopicPartition("responses", 3)
    with MongoClient(before["mongo"]) as client:
        client.get_default_database().kept.insert_one({"_id": "kept"})
    producer = KafkaProducer(bootstrap_servers=before["kafka"], api_version=(4, 1), acks="all")
    offset = producer.send(topic.topic, b"kept", partition=topic.partition).get(timeout=10).offset
    producer.close()

    done = parindex("down", home=home)
    assert done.returncode == 0, done.stderr
    assert processes(home) == []
    assert parindex("status", home=home).returncode == 3

    assert parindex("up", home=home).returncode == 0
    after = status(home)
    assert {name: after[name] for name in after if name != "pids"} == {
        name: before[name] for name in before if name != "pids"
    }
    with MongoClient(after["mongo"]) as client:
        assert client.get_default_database().kept.find_one() == {"_id": "kept"}
    consumer = KafkaConsumer(bootstrap_servers=after["kafka"], api_version=(4, 1))
    consumer.assign([topic])
    consumer.seek(topic, offset)
    assert next(iter(consumer.poll(10_000).values()))[0].value == b"kept"
    consumer.close()


def test_killing_the_supervisor_leaves_no_process(home: Path) -> None:
    _kill(int((home / "supervisord.pid").read_text()))
    until("every part has gone with its supervisor", lambda: processes(home) == [])
    assert parindex("status", home=home).returncode == 3
    assert parindex("up", home=home).returncode == 0


def test_an_address_that_is_taken_is_named_and_nothing_is_left(home: Path, tmp_path: Path) -> None:
    taken = urlsplit(status(home)["intake"])
    done = parindex("up", home=tmp_path, PARINDEX_INTAKE_BIND=f"{taken.hostname}:{taken.port}")
    assert done.returncode == 1
    assert done.stderr.startswith(f"parindex: Port {taken.port} of 127.0.0.1, chosen for intake, is taken")
    assert "Traceback" not in done.stderr
    assert processes(tmp_path) == []


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        # A worker whose master has just died ends by itself.
        return


def _open_sockets(pid: int) -> list[str]:
    links = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.append(str(link.readlink()))
        except FileNotFoundError:
            continue
    return links
