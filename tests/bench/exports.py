"""How long a file of all answers takes and how much memory: `python -m tests.bench.exports [RESPONSES]`.

Fills a MongoDB of its own with made-up answers of examples/hanoi-2022.yaml (2,000 by default and a hundred times as
many, or as many as are named), has reporting make each form, and prints of each: rows, size, seconds, the most that
the process that makes the file held in memory, the most that the worker held, and the longest that the worker let
another reader wait meanwhile.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from pymongo.database import Database

from deploy.embedded.machine import free_ports
from deploy.embedded.mongo import mongo, with_database
from deploy.embedded.server import running
from services.common import mongo as database
from services.common.campaign import Campaign
from services.common.settings import Settings
from services.common.tokens import new_token
from services.common.unit_index import GroupTally
from tests.bench.memory import resident
from tests.integration.reporting.database import published, write_state
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
FORMS = ("csv", "json", "parquet", "xlsx")
BATCH = 5_000
MB = 1e6
LOOK_S = 0.02


def main() -> None:
    campaign = published((ROOT / "examples" / "hanoi-2022.yaml").read_bytes())
    sizes = [int(size) for size in sys.argv[1:]] or [2_000, 200_000]
    say("| responses | form | rows | MB | seconds | file process, MB | worker, MB | longest wait, ms |")
    say("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            measure(campaign, size, Path(folder))


def measure(campaign: Campaign, size: int, home: Path) -> None:
    (port, listen) = free_ports(2)
    server = mongo(home / "mongo", port, home / "mongo.log")
    with running(server):
        uri = with_database(server.address, "parindex")
        with database.client(uri) as client:
            db = database.database(client)
            database.prepare(db)
            fill(db, campaign, size)
        secret, token = new_token("bench", "viewer")
        (home / "tokens").write_text(f"{token.name} {token.role} {token.sha256}\n")
        environment = {
            "PARINDEX_MONGO": uri,
            "PARINDEX_REPORTING_BIND": f"127.0.0.1:{listen}",
            "PARINDEX_TOKENS_FILE": str(home / "tokens"),
        }
        command = [sys.executable, "-c", "from services.cli.main import main; main()", "reporting"]
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log)
        try:
            ask(f"http://127.0.0.1:{listen}", secret, process.pid, size)
        finally:
            process.terminate()
            process.wait(30)


def fill(db: Database[dict[str, Any]], campaign: Campaign, size: int) -> None:
    """Responses that rate one unit each, with every question of their group answered, and their tallies."""
    chance = random.Random(7)  # noqa: S311 (made-up answers)
    raters = [
        (unit.code, group.code) for unit in campaign.units for group in campaign.groups if unit.block in group.rates
    ]
    tallies = {key: [0, [0] * len(campaign.layout[key[1]])] for key in raters}
    rows: list[dict[str, Any]] = []
    for _ in range(size):
        unit, group = chance.choice(raters)
        answers = {leaf: chance.choice(list(options)) for leaf, options in campaign.place[group].items()}
        tally: Any = tallies[unit, group]
        tally[0] += 1
        for leaf, option in answers.items():
            tally[1][campaign.place[group][leaf][option]] += 1
        head = {"p": 0, "campaign": campaign.code, "version": 1, "group": group, "revision": 1, "digest": "a" * 64}
        rows.append({"_id": str(uuid.uuid4()), **head, "ratings": {unit: answers}, "withdrawn": False})
        if len(rows) == BATCH:
            db.responses.insert_many(rows, ordered=False)
            rows = []
    if rows:
        db.responses.insert_many(rows, ordered=False)
    of_units: dict[str, dict[str, GroupTally]] = {}
    forms: dict[str, int] = {}
    for (unit, group), (n, counts) in tallies.items():
        key = {"p": 0, "campaign": campaign.code, "group": group, "unit": unit}
        db.tallies.insert_one({"_id": key, "p": 0, "n": n, "counts": counts})
        of_units.setdefault(unit, {})[group] = GroupTally(n, counts)  # type: ignore[arg-type]
        forms[group] = forms.get(group, 0) + n  # type: ignore[operator]
    place = {"topic": Settings().topic("responses"), "partition": 0}
    db.positions.insert_one({"_id": place, "p": 0, "next": size, "counted": {campaign.code: forms}})
    write_state(db, campaign, 1, of_units, counted=forms)


def ask(url: str, secret: str, master: int, size: int) -> None:
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {secret}"}, timeout=300) as client:
        eventually(lambda: ready(client), "reporting is ready", 60)
        for form in FORMS:
            watch = Watch(url, master)
            began = time.monotonic()
            length = 0
            with watch, client.stream("GET", f"/v1/campaigns/hanoi-2022/responses.{form}") as answer:
                answer.raise_for_status()
                length = sum(len(piece) for piece in answer.iter_raw())
            took = time.monotonic() - began
            rows = int(answer.headers["X-Row-Count"])
            figures = (
                f"{length / MB:.1f}",
                f"{took:.1f}",
                f"{watch.file:.0f}",
                f"{watch.worker:.0f}",
                f"{watch.wait:.0f}",
            )
            say(f"| {size:,} | {form} | {rows:,} | {' | '.join(figures)} |")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


class Watch:
    """Looks at the processes below a master, and asks the worker something small again and again."""

    def __init__(self, url: str, master: int) -> None:
        self._url, self._master = url, master
        self.file = self.worker = self.wait = 0.0
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._look), threading.Thread(target=self._ask)]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _look(self) -> None:
        while not self._ended.wait(LOOK_S):
            for worker in children(self._master):
                self.worker = max(self.worker, resident(worker) / MB)
                for file in children(worker):
                    self.file = max(self.file, resident(file) / MB)

    def _ask(self) -> None:
        with httpx.Client(base_url=self._url) as client:
            while not self._ended.wait(LOOK_S):
                began = time.monotonic()
                client.get("/livez")
                self.wait = max(self.wait, 1_000 * (time.monotonic() - began))


def children(pid: int) -> Iterator[int]:
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            yield from map(int, (task / "children").read_text().split())
    except (FileNotFoundError, ProcessLookupError):
        return


if __name__ == "__main__":
    main()
