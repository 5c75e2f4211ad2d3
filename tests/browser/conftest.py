"""A running stack with campaigns, a public, a private and an earlier one, and Chromium to look at it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.system.stack import DEADLINE_S, parindex, status

ROOT = Path(__file__).parents[2]
AXE = Path(__file__).with_name("axe.min.js")
PUBLIC, PRIVATE, EARLIER = "hanoi", "hanoi-private", "hanoi-earlier"
RESPONSES = 3_000
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
"""Of Chromium in a container: it has no user namespaces, no graphics, and looks for no updates."""


@dataclass
class Running:
    """The stack, as whoever stands in front of it sees it."""

    home: Path
    found: dict[str, Any]
    receipt: dict[str, Any] = field(default_factory=dict)
    """Of a response that is counted in the publication of the private campaign."""

    @property
    def reporting(self) -> str:
        return str(self.found["reporting"])

    @property
    def intake(self) -> str:
        return str(self.found["intake"])

    def token(self, role: str) -> str:
        return str(self.found[f"{role}_token"])


def chromium() -> str:
    """The browser: `CHROMIUM` names another one.

    Without windows and all that belongs to them it takes half the processor time.
    """
    there = (shutil.which(name) for name in ("chromium-headless-shell", "chromium"))
    found = os.environ.get("CHROMIUM") or next(filter(None, there), None)
    if found is None:
        pytest.fail(
            "there is no Chromium: apt-get install -y chromium-headless-shell, or name one: CHROMIUM=/path/to/chromium"
        )
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = chromium()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def stack() -> Iterator[Running]:
    # A short path: MongoDB makes a socket in it.
    home = Path(tempfile.mkdtemp(prefix="parindex-browser-"))
    started = parindex("up", home=home)
    assert started.returncode == 0, started.stderr
    try:
        running = Running(home, status(home))
        text = (ROOT / "examples" / "hanoi-2022.yaml").read_text(encoding="utf-8")
        (home / "private.yaml").write_text(text.replace("live: public", "live: private"), encoding="utf-8")
        _simulate(running, PUBLIC, RESPONSES)
        _simulate(running, PRIVATE, 100, "--campaign", str(home / "private.yaml"))
        earlier = text.replace("2022-11-01", "2021-11-01").replace("max_points: 1.00", "max_points: 1.50", 1)
        (home / "earlier.yaml").write_text(earlier.replace("code: ba-dinh ", "code: ba-dinh-1 "), encoding="utf-8")
        _simulate(running, EARLIER, 300, "--campaign", str(home / "earlier.yaml"))
        running.receipt = _sent(running, PRIVATE)
        for code in (PUBLIC, PRIVATE):
            # They are open, and what the council has to say of the units is not there.
            made = parindex("publication", "make", code, "--force", home=home)
            assert made.returncode == 0, made.stdout + made.stderr
        yield running
    finally:
        parindex("down", home=home)
        shutil.rmtree(home, ignore_errors=True)


def _simulate(running: Running, code: str, responses: int, *more: str) -> None:
    there = ("--intake", running.intake, "--reporting", running.reporting, "--token", running.token("admin"))
    done = parindex("demo", *there, "--code", code, "--responses", str(responses), *more, home=running.home)
    assert done.returncode == 0, done.stdout + done.stderr


def _sent(running: Running, code: str) -> dict[str, Any]:
    """The receipt of a response."""
    body = {"group": "CI", "ratings": {"ba-dinh": {"8-1-1": "A"}}}
    sent = httpx.post(f"{running.intake}/v1/campaigns/{code}/responses", json=body, timeout=30, trust_env=False)
    assert sent.status_code == httpx.codes.ACCEPTED, sent.text
    receipt: dict[str, Any] = sent.json()
    return receipt


@dataclass
class Visit:
    """A page that is open, with what it complained of."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def current(self) -> None:
        """Waits until what is shown is the state in force."""
        self.page.locator('#status[data-state="current"]').wait_for(timeout=DEADLINE_S * 1000)

    def violations(self) -> list[str]:
        """What axe-core finds, with where."""
        self.page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {node['target']} {node['failureSummary']}"
            for one in found["violations"]
            for node in one["nodes"]
        ]


Open = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, stack: Running) -> Iterator[Open]:
    """Opens an address of reporting in a browser that was never there before."""
    contexts: list[BrowserContext] = []

    def open_(path: str, *, width: int = 1440, height: int = 900, dark: bool = False, **options: Any) -> Visit:  # noqa: ANN401 (playwright's own)
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", **options
        )
        contexts.append(context)
        opened = Visit(context.new_page())
        opened.page.on("console", lambda said: said.type == "error" and opened.complaints.append(said.text))
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.goto(stack.reporting + path)
        return opened

    yield open_
    for context in contexts:
        context.close()
