"""The demo: shows a true ranking, counts each response once, and leaves nothing behind however it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from kafka import KafkaAdminClient
from pymongo import MongoClient

from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
START_S = 120
END_S = 60


def processes_of(home: Path) -> list[str]:
    """Command lines of the processes that name a folder."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid():
            try:
                told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            except OSError:
                continue
            if str(home).encode() in told:
                found.append(told.decode(errors="replace")[:200])
    return found


class Demo:
    """A demo that runs, and what it has said."""

    def __init__(self, home: Path, environment: dict[str, str], *arguments: str) -> None:
        self.home = home
        self.output = home.with_suffix(".out")
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                ["parindex", "demo", "--home", str(home), *arguments],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    def await_words(self, words: str) -> None:
        def have_come() -> bool:
            assert self.process.poll() is None, self.said
            return words in self.said

        eventually(have_come, f"it says {words!r}", START_S)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(END_S)


@pytest.fixture
def environment(kafka_server: str, mongo_server: str) -> Iterator[dict[str, str]]:
    """Runs demos on the servers of the tests, on which they must leave nothing."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PARINDEX_")}
    yield kept | {
        "PATH": f"{Path(sys.executable).parent}:{kept['PATH']}",
        "TERM": "dumb",
        "PARINDEX_KAFKA": kafka_server,
        "PARINDEX_MONGO": mongo_server,
    }
    admin = KafkaAdminClient(bootstrap_servers=kafka_server, api_version=(4, 1))
    assert not [topic for topic in admin.list_topics() if topic.startswith("parindex-demo-")]
    admin.close()
    with MongoClient(mongo_server) as client:
        assert not [name for name in client.list_database_names() if name.startswith("parindex-demo-")]


@pytest.fixture
def start(tmp_path: Path, environment: dict[str, str]) -> Iterator[Callable[..., Demo]]:
    started: list[Demo] = []

    def begin(*arguments: str) -> Demo:
        started.append(Demo(tmp_path / "demo", environment, *arguments))
        return started[-1]

    yield begin
    for demo in started:
        if demo.process.poll() is None:
            demo.end(signal.SIGTERM)
        assert processes_of(demo.home) == []


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["parindex", "demo", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=START_S, check=False)


def test_it_begins_anew_and_ends_by_itself_when_each_response_counted_once(
    start: Callable[..., Demo], tmp_path: Path
) -> None:
    (tmp_path / "demo").mkdir()
    for left in ("of-a-demo", "of the last demo"):
        (tmp_path / "demo" / left).write_text("")
    demo = start("--once", "--responses", "2000")
    assert demo.process.wait(START_S) == 0, demo.said
    sent = re.search(r"Acknowledged: ([\d,]+) responses, (\d+) .* twice, (\d+) edited, (\d+) withdrawn", demo.said)
    counted = re.search(r"Counted: ([\d,]+); .*: ([\d,]+)\.", demo.said)
    assert sent is not None
    assert counted is not None
    responses, again, edited, withdrawn = (int(figure.replace(",", "")) for figure in sent.groups())
    assert min(again, edited, withdrawn) > 0
    assert {int(figure.replace(",", "")) for figure in counted.groups()} == {responses - withdrawn}
    assert "Every index equals" in demo.said
    assert "Quận, huyện, thị xã (Districts and town): 30 units" in demo.said
    assert "22 units" in demo.said
    for correlation in re.findall(r"Spearman (\S+),", demo.said):
        assert float(correlation) > 0.9
    assert "\x1b" not in demo.said
    assert not (demo.home / "of the last demo").exists()
    assert (demo.home / "logs" / "intake.log").exists()
    assert not (demo.home / "kafka").exists()


def test_it_stays_up_until_it_is_interrupted(start: Callable[..., Demo]) -> None:
    demo = start("--responses", "200")
    demo.await_words("until Ctrl-C")
    (ranking, *_) = re.findall(r"^ranking +(\S+)", demo.said, re.MULTILINE)
    assert httpx.get(ranking).json()["as_of"]["counted"] > 0
    (dashboard,) = re.findall(r"^dashboard +(\S+)", demo.said, re.MULTILINE)
    assert httpx.get(dashboard).headers["Content-Type"].startswith("text/html")
    assert processes_of(demo.home)
    assert demo.end(signal.SIGINT) == 0, demo.said
    assert processes_of(demo.home) == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(ranking)


@pytest.mark.parametrize("words", ["Starting", "Sending responses in batches"])
def test_it_can_be_interrupted_at_any_stage(start: Callable[..., Demo], words: str) -> None:
    demo = start("--responses", "40000")
    demo.await_words(words)
    assert demo.end(signal.SIGINT) == 1
    assert processes_of(demo.home) == []


def test_it_sends_to_a_running_system_under_a_code_of_its_own_and_ends_when_it_is_told_to(
    start: Callable[..., Demo], environment: dict[str, str]
) -> None:
    demo = start("--responses", "200")
    demo.await_words("until Ctrl-C")
    (ranking, *_) = re.findall(r"^ranking +(\S+)", demo.said, re.MULTILINE)
    before = httpx.get(ranking).json()
    intake, reporting = re.findall(r"(http://\S+)/docs", demo.said)
    there = ("--intake", intake, "--reporting", reporting, "--token", str(demo.home / "admin.token"))
    done = run(environment, *there, "--responses", "300")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"/v1/campaigns/hanoi-2022-demo-[0-9a-f]{6}/rankings", done.stdout)
    after = httpx.get(ranking).json()
    assert (after["rows"], after["as_of"]["counted"]) == (before["rows"], before["as_of"]["counted"])
    # The same survey under the same code again: every response is a duplicate of one that counts.
    again = [run(environment, *there, "--responses", "300", "--code", "twice") for _ in range(2)]
    assert [each.returncode for each in again] == [0, 0], again[1].stdout + again[1].stderr
    refused = run(environment, "--intake", intake, "--reporting", reporting, "--token", "wrong", "--responses", "10")
    assert (refused.returncode, "401" in refused.stderr) == (1, True)
    assert demo.end(signal.SIGTERM) == 128 + signal.SIGTERM, demo.said


def test_a_system_that_does_not_answer_is_named(environment: dict[str, str]) -> None:
    done = run(environment, "--intake", "http://127.0.0.1:1", "--token", "any", "--responses", "10")
    assert (done.returncode, "http://127.0.0.1:1" in done.stderr) == (3, True), done.stderr


def test_a_folder_that_is_not_a_demos_is_not_touched(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    done = run(environment, "--home", str(tmp_path), "--once")
    assert (done.returncode, "--home" in done.stderr) == (1, True)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--campaign", str(ROOT / "tests" / "data" / "small_campaign.yaml")), "2022-12-01"),
        (("--campaign", str(ROOT / "pyproject.toml")), "campaign check"),
        (("--intake", "http://127.0.0.1:1"), "--token"),
        (("--intake", "127.0.0.1:1", "--token", "any"), "--intake"),
        (("--code", "no code"), "--code"),
        (("--responses", "0"), "--responses"),
    ],
)
def test_bad_input_is_refused_before_anything_starts(
    tmp_path: Path, environment: dict[str, str], arguments: tuple[str, ...], said: str
) -> None:
    done = run(environment, "--home", str(tmp_path / "demo"), *arguments)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "demo").exists()
