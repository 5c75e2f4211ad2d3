"""`make screenshots`: pictures of the pages into docs/screens, of the example campaign with a simulated survey.

`python -m tests.browser.screens URL CAMPAIGN` takes them of a running stack.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS, chromium

FOLDER = Path(__file__).parents[2] / "docs" / "screens"
QUALITY = 70
UNIT = "ba-dinh"


class Picture(NamedTuple):
    """A page at a size; `ready` is there when it can be taken."""

    name: str
    path: str
    size: tuple[int, int]
    ready: str
    dark: bool = False


PICTURES = (
    Picture("ranking-1440", "/c/{campaign}", (1440, 1000), "#chart canvas"),
    Picture("ranking-1440-dark-en", "/c/{campaign}?lang=en&view=tiles", (1440, 1000), ".tile", dark=True),
    Picture("ranking-768", "/c/{campaign}?view=heat", (768, 1000), "#heat tbody tr"),
    Picture("ranking-320", "/c/{campaign}", (320, 900), "#table tbody tr"),
    Picture("participation-1440", "/c/{campaign}/participation", (1440, 1200), "#chart-units canvas"),
    Picture("participation-320", "/c/{campaign}/participation", (320, 900), "#chart-units canvas"),
    Picture("compare-1440", "/c/{campaign}/compare", (1440, 1200), "#chart canvas"),
    Picture("compare-768-dark-en", "/c/{campaign}/compare?lang=en&view=rank", (768, 1200), "#chart canvas", dark=True),
    Picture("robustness-1440", "/c/{campaign}/robustness", (1440, 1200), "#chart canvas"),
    Picture("unit-1440", "/c/{campaign}/units/{unit}", (1440, 1000), "#groups-chart canvas"),
    Picture("unit-768-dark-en", "/c/{campaign}/units/{unit}?lang=en", (768, 1000), "#groups-chart canvas", dark=True),
    Picture("wall-1440", "/c/{campaign}/wall", (1440, 810), ".line"),
)


def main() -> None:
    """Takes every picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reporting")
    parser.add_argument("campaign")
    asked = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        for picture in PICTURES:
            width, height = picture.size
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if picture.dark else "light",
                reduced_motion="reduce",
            )
            page.goto(asked.reporting + picture.path.format(campaign=asked.campaign, unit=UNIT))
            page.locator(picture.ready).first.wait_for()
            page.locator('#status[data-state="current"]').wait_for()
            page.screenshot(path=FOLDER / f"{picture.name}.jpeg", type="jpeg", quality=QUALITY)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
