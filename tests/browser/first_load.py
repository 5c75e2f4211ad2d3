"""`python -m tests.browser.first_load URL`: how much a first visit loads, and when it can be used on a slow phone.

The phone is Chromium with a quarter of this machine's speed behind a slow 4G line (Lighthouse's figures: 1.6 Mbit/s
down, 0.75 up, 150 ms). The page can be used when the table has its rows; the chart comes after it.
"""

from __future__ import annotations

import argparse
import statistics
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import ARGUMENTS, chromium

SLOWER = 4
LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 0.75e6 / 8,
}
ROWS, CHART = "#table tbody tr", "#chart canvas"
SEEN = f"""() => {{
  const look = () => {{
    for (const [what, where] of [["table", "{ROWS}"], ["chart", "{CHART}"]])
      if (!(what in seen) && document.querySelector(where)) seen[what] = performance.now();
    requestAnimationFrame(look);
  }};
  window.seen = {{}};
  const seen = window.seen;
  look();
}}"""


def visit(browser: Browser, address: str, *, slow: bool) -> dict[str, float]:
    """One first visit: bytes over the wire, and milliseconds until table and chart are there."""
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    if slow:
        session.send("Network.emulateNetworkConditions", LINE)
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.add_init_script(f"({SEEN})()")
    page.goto(address)
    page.locator(CHART).wait_for()
    seen: dict[str, Any] = page.evaluate("window.seen")
    context.close()
    return {"bytes": sum(sizes), **seen}


def main() -> None:
    """Prints the medians of several visits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", help="of a ranking: http://127.0.0.1:8002/c/hanoi-2022")
    parser.add_argument("--visits", type=int, default=5)
    asked = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        for name, slow in (("this machine", False), ("slow phone", True)):
            visits = [visit(browser, asked.address, slow=slow) for _ in range(asked.visits)]
            size, table, chart = (
                statistics.median(one[what] for one in visits) for what in ("bytes", "table", "chart")
            )
            print(f"{name}: {size / 1000:.0f} KB, table after {table:.0f} ms, chart after {chart:.0f} ms")  # noqa: T201
        browser.close()


if __name__ == "__main__":
    main()
