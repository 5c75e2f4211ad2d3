"""What is shown is what is in force, or said to be old: while responses come in, and while reporting is away."""

from __future__ import annotations

import os
import signal
import time

import httpx
from playwright.sync_api import expect

from tests.browser.conftest import PUBLIC, Open, Running
from tests.system.stack import DEADLINE_S, status

WAIT_MS = DEADLINE_S * 1000
FIRST = "ba-dinh"


def _respond(stack: Running, option: str, times: int) -> None:
    """Citizens who give one district the same answer to all they are asked."""
    form = httpx.get(f"{stack.intake}/v1/campaigns/{PUBLIC}", timeout=10, trust_env=False).json()
    leaves = [
        leaf["code"]
        for field in form["fields"]
        for criterion in field["criteria"]
        for leaf in criterion["leaves"]
        if "CI" in leaf.get("groups", [])
    ]
    body = {"group": "CI", "ratings": {FIRST: dict.fromkeys(leaves, option)}}
    for _ in range(times):
        sent = httpx.post(f"{stack.intake}/v1/campaigns/{PUBLIC}/responses", json=body, timeout=10, trust_env=False)
        assert sent.status_code == 202, sent.text


def test_responses_move_the_figures_without_a_reload(visit: Open, stack: Running):
    opened = visit(f"/c/{PUBLIC}?lang=en", height=600)
    page = opened.page
    opened.current()
    row = page.locator("#table tbody tr", has_text="Ba Đình")
    row.wait_for()
    unit = visit(f"/c/{PUBLIC}/units/{FIRST}?lang=en").page
    index = unit.locator("#summary [data-key=index] .value")
    index.wait_for()
    page.evaluate("window.unloaded = false; scrollTo(0, 500)")
    before = row.locator(".figure").text_content()
    forms = row.locator("td").last.text_content()
    scrolled = page.evaluate("scrollY")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    _respond(stack, "A", 20)
    began = time.monotonic()
    expect(row.locator(".figure")).not_to_have_text(str(before), timeout=WAIT_MS)
    assert time.monotonic() - began < 5
    expect(row.locator("td").last).to_have_text(str(int(str(forms).replace(",", "")) + 20), timeout=WAIT_MS)
    assert page.evaluate("window.unloaded") is False
    assert asked == [], "the stream brings the ranking"
    assert abs(page.evaluate("scrollY") - scrolled) <= 80
    expect(page.locator("#announcer")).to_contain_text("Updated", timeout=WAIT_MS)
    expect(index).to_have_text(str(row.locator(".figure").text_content()), timeout=WAIT_MS)
    expect(unit.locator("#announcer")).to_contain_text("Updated", timeout=WAIT_MS)
    assert opened.complaints == []


def test_what_is_shown_is_said_to_be_old_while_reporting_is_away(visit: Open, stack: Running):
    opened = visit(f"/c/{PUBLIC}")
    page = opened.page
    opened.current()
    page.locator("#table tbody tr").first.wait_for()
    figure = page.locator("#table .figure").first.text_content()
    reporting = status(stack.home)["pids"]["reporting"]
    for pid in reporting:
        os.kill(pid, signal.SIGSTOP)
    try:
        page.context.set_offline(True)
        page.locator('#status[data-state="old"]').wait_for()
        assert page.locator("#table .figure").first.text_content() == figure
    finally:
        for pid in reporting:
            os.kill(pid, signal.SIGCONT)
        page.context.set_offline(False)
    opened.current()
    os.kill(reporting[0], signal.SIGKILL)
    page.locator('#status[data-state="old"]').wait_for(timeout=WAIT_MS)
    opened.current()
    expect(page.locator("#table .figure").first).to_have_text(str(figure))
