"""The ranking on paper, and in colours that somebody has set for everything: nothing is lost, nothing in the way."""

from __future__ import annotations

import io
import unicodedata
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.conftest import PUBLIC, Open

RANKING = f"/c/{PUBLIC}?block=district&lang=vi"
CONTROLS = "button:visible, input:visible, select:visible, textarea:visible, [role=tab]:visible"
INK = """(selector) => {
  const light = (color) => {
    const [r, g, b, a = 1] = color.match(/[0-9.]+/g).map(Number);
    return a === 0 ? null : [r, g, b].reduce((sum, c, n) => sum + [0.2126, 0.7152, 0.0722][n] * (c / 255) ** 2.2, 0);
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const found = light(getComputedStyle(one).backgroundColor);
      if (found !== null) return found;
    }
    return 1;
  };
  return [...document.querySelectorAll(selector)]
    .filter((one) => one.textContent.trim() && one.getClientRects().length)
    .map((one) => [one.textContent.trim().slice(0, 30), light(getComputedStyle(one).color), behind(one)]);
}"""
"""Of each element with text that is seen: what it says, its lightness (0-1), and that of what is behind it."""


def squeezed(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


def table(page: Page) -> list[tuple[str, str]]:
    """Names and indices of the table."""
    rows = page.locator("#table tbody tr")
    expect(rows).to_have_count(30)
    names = rows.locator(".unit").all_text_contents()
    indices = rows.locator("td.index").all_text_contents()
    return list(zip(names, indices, strict=True))


@pytest.mark.parametrize("dark", [False, True])
def test_a_ranking_on_paper_is_whole_black_on_white_and_without_controls(visit: Open, dark: bool):  # noqa: FBT001
    page = visit(RANKING, dark=dark).page
    page.locator("#chart canvas").wait_for()
    shown = table(page)
    page.emulate_media(media="print")
    # What sorts is the heading of a column, too, and stays.
    assert page.locator(CONTROLS).locator("xpath=self::*[not(ancestor::thead)]").all_text_contents() == []
    inks = page.evaluate(INK, "#table th, #table td, h1, h2, .status")
    assert len(inks) > 100
    assert [said for said, ink, paper in inks if ink > 0.2 or paper < 0.9] == []
    pdf = PdfReader(io.BytesIO(page.pdf(format="A4")))
    text = squeezed("".join(found.extract_text() for found in pdf.pages))
    assert [name for name, _ in shown if squeezed(name) not in text] == []
    place = 0
    for name, index in shown:
        place = text.index(squeezed(name), place)
        place = text.index(squeezed(index), place)
    assert len(pdf.pages) <= 4
    page.emulate_media(media="screen")
    expect(page.locator("#controls")).to_be_visible()


FOCUS = """() => {
  const one = document.activeElement;
  const seen = (element) => {
    const style = element && getComputedStyle(element);
    return style && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
  };
  const name = one.id || one.className || one.textContent.trim().slice(0, 20);
  return [one.tagName, name, seen(one) || seen(one.nextElementSibling)];
}"""


@pytest.mark.parametrize("dark", [False, True])
def test_in_forced_colours_figures_focus_and_state_are_seen(visit: Open, dark: bool):  # noqa: FBT001
    page = visit(RANKING, dark=dark, forced_colors="active", reduced_motion="reduce").page
    page.locator("#chart canvas").wait_for()
    table(page)
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    inks: list[tuple[str, float, float]] = page.evaluate(INK, "#table th, #table td, h1, h2, .status, .unit, .mark")
    assert [said for said, ink, behind in inks if abs(ink - behind) < 0.3] == []
    seen: list[Any] = []
    for _ in range(25):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUS))
    assert len({(tag, what) for tag, what, _ in seen}) > 10
    assert [(tag, what) for tag, what, outlined in seen if not outlined] == []
    borders = "(one) => getComputedStyle(one.nextElementSibling).border"
    chosen = page.locator("#blocks input:checked").evaluate(borders)
    assert chosen != page.locator("#blocks input:not(:checked)").first.evaluate(borders)
    line = "(one) => getComputedStyle(one).borderBottomColor"
    current = page.locator(".tabs a[aria-current]").evaluate(line)
    assert current not in {one.evaluate(line) for one in page.locator(".tabs a:not([aria-current])").all()}
    marks = page.locator("#bands .band").evaluate_all(
        "(all) => all.map((one) => getComputedStyle(one, '::before').backgroundColor)"
    )
    assert len(set(marks)) == 5
    # A state is told in words, and its dot is not of the colour of the page.
    expect(page.locator("#status")).not_to_have_text("")
    colour = "(one) => getComputedStyle(one).backgroundColor"
    assert page.locator("#status .dot").evaluate(colour) != page.locator("body").evaluate(colour)
    assert drawn(page) > 0.01


def drawn(page: Page) -> float:
    """The part of the chart's pixels whose lightness differs from that of the page by a third and more."""
    part: float = page.evaluate("""() => {
      const canvas = document.querySelector('#chart canvas');
      const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).map(Number);
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let far = 0;
      for (let at = 0; at < data.length; at += 4) {
        const light = (data[at] + data[at + 1] + data[at + 2]) / 3;
        if (data[at + 3] > 128 && Math.abs(light - (r + g + b) / 3) > 85) far += 1;
      }
      return far / (data.length / 4);
    }""")
    return part
