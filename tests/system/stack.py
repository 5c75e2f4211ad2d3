"""Starting and watching a one-machine stack from outside, as its operator does."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests import waiting
from tests.command import PARINDEX

DEADLINE_S = 60.0
FAMILIES = ("intake", "scoring", "reporting", "kafka", "mongo")


def parindex(*arguments: str, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs a command on the stack of a folder, with embedded servers."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PARINDEX_")}
    return subprocess.run(
        [*PARINDEX, *arguments],
        env=environment | {"PARINDEX_HOME": str(home)} | more,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def status(home: Path) -> dict[str, Any]:
    """What `parindex status --json` prints of a running stack."""
    done = parindex("status", "--json", home=home)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def until(what: str, holds: Callable[[], object]) -> None:
    """Waits until something holds, at most `DEADLINE_S`."""
    waiting.eventually(holds, what, DEADLINE_S)


def ready(url: str) -> bool:
    """Whether a service says that it can do its work."""
    try:
        return httpx.get(f"{url}/readyz", timeout=5, trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def processes(home: Path) -> list[str]:
    """The command lines of all processes that run with the settings of this stack, whoever started them."""
    mark = f"PARINDEX_TOKENS_FILE={home.resolve()}/tokens\0".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found
