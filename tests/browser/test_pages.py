"""Every page in a real browser: both languages, both appearances, from a phone to a wall, without a complaint."""

from __future__ import annotations

import itertools
import json
import random
import re
import threading
import uuid
from collections.abc import Iterator
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from playwright.sync_api import Route, expect

from services.common.ranking import shown
from tests.browser.conftest import EARLIER, PRIVATE, PUBLIC, ROOT, Open, Running
from tests.system.stack import until

RANKING = f"/c/{PUBLIC}"
UNIT = f"{RANKING}/units/ba-dinh"
PUBLISHED = f"/c/{PRIVATE}/publications/1"
"""Of a campaign whose running figures are for viewers: what was published is for everybody."""
PAGES = {
    "campaigns": "/?",
    "ranking": f"{RANKING}?",
    "tiles": f"{RANKING}?view=tiles&",
    "heat": f"{RANKING}?view=heat&block=department&",
    "participation": f"{RANKING}/participation?",
    "unit": f"{UNIT}?",
    "unit-tree": f"{UNIT}?view=tree&open=field.1+criterion.1-1+leaf.1-1-1&",
    "compare": f"{RANKING}/compare?",
    "robustness": f"{RANKING}/robustness?draws=100&",
    "publications": f"{RANKING}/publications?",
    "publication": f"{PUBLISHED}?",
    "wall": f"{RANKING}/wall?",
    "embed": f"/embed/{PUBLIC}?",
    "missing": "/c/nothing?",
    "private": f"/c/{PRIVATE}?",
}
READY = {
    "campaigns": ".card",
    "ranking": "#chart canvas",
    "tiles": ".tile",
    "heat": "#heat tbody tr",
    "participation": "#chart-units canvas",
    "unit": "#groups-chart canvas",
    "unit-tree": ".leaf .facts",
    "compare": "#chart canvas",
    "robustness": "#chart canvas",
    "publications": ".card",
    "publication": "#table tbody tr",
    "wall": ".line",
    "embed": "#table tbody tr",
    "missing": "h1",
    "private": "#token",
}


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_complains_of_nothing(visit: Open, name: str, lang: str):
    for dark in (False, True):
        opened = visit(f"{PAGES[name]}lang={lang}", dark=dark, reduced_motion="reduce")
        opened.page.locator(READY[name]).first.wait_for()
        assert opened.page.locator("html").get_attribute("lang") == lang
        assert opened.violations() == []
        # A page that is not there is a 404, which the browser says too.
        assert [said for said in opened.complaints if name != "missing"] == []


@pytest.mark.parametrize("width", [320, 768, 1440, 3840])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_its_screen(visit: Open, name: str, width: int):
    page = visit(PAGES[name], width=width, height=round(width * 0.6) if width > 600 else 640).page
    page.locator(READY[name]).first.wait_for()
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert over <= 0


def test_the_address_says_what_is_shown(visit: Open):
    page = visit(f"{RANKING}?block=department&sort=unit-descending&q=so+y&lang=en").page
    rows = page.locator("#table tbody tr")
    expect(rows).to_have_count(1)
    expect(page.locator("#table th[aria-sort]")).to_have_attribute("aria-sort", "descending")
    expect(page.locator("#blocks input:checked")).to_have_value("department")
    page.locator("#filter").fill("")
    expect(rows).to_have_count(22)
    page.locator("#field").select_option("3")
    expect(page.locator("#chart-title")).to_contain_text("Administrative procedure reform")
    assert "field=3" in page.url
    page.locator("#views input[value=tiles]").check()
    expect(page.locator("#panel-tiles")).to_be_visible()
    page.go_back()
    expect(page.locator("#panel-chart")).to_be_visible()
    page.go_back()
    expect(page.locator("#field")).to_have_value("")


def test_the_table_sorts_by_keyboard(visit: Open):
    page = visit(RANKING).page
    page.locator("#table tbody tr").first.wait_for()
    page.locator("#table thead button").nth(1).focus()
    page.keyboard.press("Enter")
    names = page.locator("#table tbody .unit").all_text_contents()
    assert names == page.evaluate("(names) => [...names].sort(new Intl.Collator('vi').compare)", names)
    assert len(names) == 30


def test_a_private_campaign_asks_for_a_token_and_keeps_it_for_the_tab(visit: Open, stack: Running):
    opened = visit(f"/c/{PRIVATE}")
    page = opened.page
    page.locator("#token").fill("wrong")
    page.keyboard.press("Enter")
    page.locator(".wrong").wait_for()
    expect(page.locator("#panels")).to_be_hidden()
    page.locator("#token").fill(stack.token("viewer"))
    page.keyboard.press("Enter")
    expect(page.locator("#table tbody tr")).to_have_count(30)
    page.reload()
    expect(page.locator("#table tbody tr")).to_have_count(30)
    another = page.context.new_page()
    another.goto(page.url)
    another.locator("#token").wait_for()
    page.locator("#forget").click()
    page.locator("#token").wait_for()


def test_participation_says_where_forms_are_missing(visit: Open, stack: Running):
    path = f"/c/{PUBLIC}/participation?lang=en&block=department&group=DD&sort=n-descending"
    page = visit(path).page
    rows = page.locator("#units tbody tr")
    expect(rows).to_have_count(22)
    counts = [int(text) for text in rows.locator("td:first-of-type").all_text_contents()]
    assert counts == sorted(counts, reverse=True)
    expect(page.locator("#group")).to_have_value("DD")
    expect(page.locator("#groups tbody tr")).to_have_count(5)
    # Shares of answers are for viewers while responses come in: they are said to be hidden, and shown with a token.
    opinions = page.locator("#quality tbody tr").first.locator("td").nth(1)
    expect(opinions).to_have_text("needs a token")
    page.locator("#viewer").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#wrong")).to_be_visible()
    page.locator("#viewer").fill(stack.token("viewer"))
    page.keyboard.press("Enter")
    expect(opinions).to_contain_text("%")
    page.locator("#blocks input[value='']").check()
    expect(rows).to_have_count(52)
    assert "block=" not in page.url
    page.go_back()
    expect(rows).to_have_count(22)


def test_participation_of_a_private_campaign_is_everybodys_and_warns(visit: Open):
    page = visit(f"/c/{PRIVATE}/participation?lang=en").page
    expect(page.locator("#attention [data-warning=missing]")).to_contain_text("cells lack forms")
    expect(page.locator("#missing tbody tr")).to_have_count(200)
    expect(page.locator("#missing-more")).to_be_visible()


def test_years_side_by_side_by_address(visit: Open, stack: Running):
    page = visit(f"{RANKING}/compare?lang=en&sort=difference-ascending&view=rank").page
    rows = page.locator("#table tbody tr")
    expect(rows).to_have_count(30)
    # Of several the year before is taken; what it measured otherwise is said, and who came and went.
    expect(page.locator("#with")).to_have_value(EARLIER)
    expect(page.locator("#definition")).to_contain_text("1.5 → 1")
    expect(page.locator("#gone")).to_contain_text("Ba Đình")
    expect(page.locator("#table .mark.new")).to_have_count(1)
    gained = [
        float(text.replace("\N{MINUS SIGN}", "-"))
        for text in page.locator("#table td .figure").all_text_contents()
        if "." in text
    ]
    assert gained == sorted(gained)
    assert len(gained) == 29
    with page.expect_download() as saved:
        page.locator("#exports [data-form=csv]").click()
    lines = saved.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 31
    page.locator("#blocks input[value=department]").check()
    expect(rows).to_have_count(22)
    # A private campaign is compared with a token only, also on a public one's page.
    page.locator("#with").select_option(PRIVATE)
    page.locator("#token").fill(stack.token("viewer"))
    page.keyboard.press("Enter")
    expect(page.locator("#earlier")).to_contain_text("forms counted")
    expect(page.locator("#definition")).to_contain_text("alike")
    page.go_back()
    expect(page.locator("#with")).to_have_value(EARLIER)


def test_robustness_says_how_long_it_reckons_and_what_moves_ranks(visit: Open):
    opened = visit(f"{RANKING}/robustness?lang=en&block=department&sort=range-descending&draws=100")
    page = opened.page
    rows = page.locator("#table tbody tr")
    expect(rows).to_have_count(22)
    said = page.locator("#table td:nth-child(3)").all_text_contents()
    ranges = [[int(end) for end in text.split("\N{EN DASH}")] for text in said]
    widths = [ends[-1] - ends[0] for ends in ranges]
    assert widths == sorted(widths, reverse=True)
    # One assumption for each of five groups left out, three more; the strongest comes first.
    means = [float(text) for text in page.locator("#effects .figure").all_text_contents()]
    assert len(means) == 8
    assert means == sorted(means, reverse=True)
    page.route("**/robustness?*draws=1000*", lambda route: page.locator("#progress").wait_for() or route.abort())
    page.locator("#draws").select_option("1000")
    expect(page.locator("#notice")).to_contain_text("cannot be reached")
    expect(page.locator("#progress")).to_be_hidden()
    expect(page.locator("body")).to_have_class("page-robustness stale")
    page.unroute_all()
    page.locator("#notice button").click()
    expect(page.locator("#notice")).to_be_empty()
    expect(page.locator("#effects")).to_contain_text("1,000 draws")
    page.go_back()
    expect(page.locator("#effects")).to_contain_text("100 draws")


def test_whoever_has_a_receipt_sees_that_it_is_counted_and_the_browser_checks_it(visit: Open, stack: Running):
    page = visit(f"{PUBLISHED}?lang=en&block=department&sort=unit-ascending").page
    expect(page.locator("#table tbody tr")).to_have_count(22)
    expect(page.locator("#forced")).to_contain_text("The campaign was open")
    assert page.locator("#table a").count() == 0  # there are no pages of units without a token
    verdict = page.locator("#verdict")

    def check(pasted: object) -> None:
        page.locator("#receipt").fill(pasted if isinstance(pasted, str) else json.dumps(pasted))
        page.locator("#proof button").click()

    receipt = stack.receipt.get("receipt", stack.receipt)
    check(stack.receipt)
    expect(verdict).to_contain_text("The very content that the receipt names is counted")
    check(receipt["response"].upper())
    expect(verdict).to_contain_text("only the whole receipt proves")
    check(receipt | {"digest": "0" * 64})
    expect(verdict).to_contain_text("counted, but with another content")
    check(str(uuid.UUID(int=7)))
    expect(verdict).to_contain_text("No: this response is not among those")
    check("my form")
    expect(verdict).to_contain_text("There is no response id")
    # A server that gives another way to the root is not believed.
    page.route("**/proof/*", _with_another_path)
    page.reload()
    check(receipt)
    expect(verdict).to_contain_text("does not lead to the root")
    page.locator("#compute").click()
    expect(page.locator("#computed")).to_contain_text("It is equal")
    # On a page of plain HTTP a browser reckons no hashes.
    page.evaluate("Object.defineProperty(crypto, 'subtle', { value: undefined })")
    check(receipt)
    expect(verdict).to_contain_text("not opened over a secure connection")


def _with_another_path(route: Route) -> None:
    proof = route.fetch().json()
    route.fulfill(json=proof | {"path": [*proof["path"][:-1], "0" * 64]})


def test_a_units_page_says_how_it_stood_in_each_publication(visit: Open):
    page = visit(f"{UNIT}?lang=en").page
    expect(page.locator("#published tbody tr")).to_have_count(1)
    page.locator("#published a").click()
    row = page.locator("#table tbody tr", has_text="Ba Đình")
    expect(row).to_be_visible()
    row.locator("a").click()
    expect(page.locator("h1")).to_contain_text("Ba Đình")


@pytest.fixture
def another_site(stack: Running) -> Iterator[str]:
    """A page of another origin that uses the component. A real one: what is made up may not reach this machine."""
    script = f'<script src="{stack.reporting}/static/parindex-ranking.js" defer></script>'
    tag = f'<parindex-ranking campaign="{PUBLIC}" block="district" top="5"></parindex-ranking>'
    content = f"<!doctype html><title>x</title>{script}{tag}".encode()

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_another_site_shows_the_ranking_by_a_frame_where_its_origin_is_not_let_in(visit: Open, another_site: str):
    page = visit("/").page
    page.goto(another_site)
    frame = page.frame_locator("parindex-ranking iframe")
    expect(frame.locator("#table tbody tr")).to_have_count(5)


def test_the_component_draws_the_ranking_itself_where_it_may(visit: Open):
    page = visit("/c/nothing").page
    page.evaluate(
        """async (campaign) => {
          const script = document.createElement("script");
          script.src = "/static/parindex-ranking.js";
          document.head.append(script);
          await new Promise((done) => script.addEventListener("load", done));
          const made = document.createElement("parindex-ranking");
          made.setAttribute("campaign", campaign);
          made.setAttribute("block", "district");
          document.querySelector("main").append(made);
        }""",
        PUBLIC,
    )
    expect(page.locator("parindex-ranking tbody tr")).to_have_count(30)


def test_every_unit_of_a_ranking_leads_to_its_page_and_on_to_the_next(visit: Open):
    opened = visit(f"{RANKING}?lang=en")
    page = opened.page
    first = page.locator("#table tbody tr a").first
    first.wait_for()
    names = page.locator("#table tbody .unit").all_text_contents()
    first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(names[0])
    expect(page.locator("#summary [data-key=rank] .value")).to_have_text("1 / 30")
    expect(page.locator("#previous")).to_be_hidden()
    page.locator("#next").click()
    expect(page.locator("h1")).to_have_text(names[1])
    expect(page.locator("#previous")).to_contain_text(names[0])
    page.locator("#back").click()
    expect(page.locator("#blocks input:checked")).to_have_value("district")
    for view, place in (("tiles", "a.tile"), ("heat", "#heat tbody a")):
        page.locator(f"#views input[value={view}]").check()
        expect(page.locator(f'{place}[href*="/units/"]')).to_have_count(30)
    page.goto(page.url.partition("/c/")[0] + f"/embed/{PUBLIC}?lang=en")
    with page.expect_popup() as beside:
        page.locator("#table tbody a").first.click()
    expect(beside.value.locator("h1")).to_have_text(names[0])
    assert opened.complaints == []


def test_the_address_says_what_is_shown_of_a_unit(visit: Open):
    page = visit(f"{UNIT}?sort=step-descending&field=1&group=council&lang=en").page
    rows = page.locator("#lost tbody tr")
    expect(rows.first).to_contain_text("Appraisal")
    expect(page.locator("#lost th[aria-sort]")).to_contain_text("One more step")
    assert all(code.startswith("1-") for code in page.locator("#lost tbody a").all_text_contents())
    name = str(rows.first.locator("a").text_content())
    rows.first.locator("a").click()
    leaf = page.locator(".leaf[open]")
    expect(leaf.locator("summary .what")).to_have_text(name)
    expect(leaf.locator("> summary")).to_be_focused()
    assert "view=tree" in page.url
    page.keyboard.press("Enter")
    expect(page.locator(".leaf[open]")).to_have_count(0)
    expect(page).not_to_have_url(re.compile(r"leaf\."))
    page.reload()
    expect(page.locator(".criterion[open]")).to_have_count(1)
    page.go_back()
    expect(page.locator("#group")).to_have_value("council")
    expect(rows.first).to_be_visible()


def test_who_appraised_a_unit_is_shown_to_viewers_alone(visit: Open, stack: Running):
    page = visit(f"{UNIT}?lang=en").page
    page.locator("#viewer-token").fill("wrong")
    page.keyboard.press("Enter")
    page.locator(".wrong").wait_for()
    expect(page.locator("#lost tbody tr").first).to_be_visible()
    expect(page.locator("#released")).to_be_visible()
    page.locator("#viewer-token").fill(stack.token("viewer"))
    page.keyboard.press("Enter")
    expect(page.locator("#history tbody tr")).to_have_count(1)
    expect(page.locator("#history tbody tr")).to_contain_text("stack-admin")
    # Viewers are shown the present, also where the page has begun to load what everybody is shown.
    page.reload()
    page.locator("#history tbody tr").wait_for()
    expect(page.locator("#released")).to_be_hidden()
    page.locator("#history summary").click()
    expect(page.locator("#history li").first).to_contain_text("none →")


def test_what_a_unit_has_no_points_for_is_not_drawn_as_zero(visit: Open, stack: Running):
    address, token = f"{stack.intake}/v1/campaigns/hanoi-empty", stack.token("admin")
    text = (ROOT / "examples" / "hanoi-2022.yaml").read_text(encoding="utf-8").replace("hanoi-2022", "hanoi-empty")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/yaml"}
    sent = httpx.put(address, content=text.encode(), headers=headers, timeout=30, trust_env=False)
    assert sent.status_code in {200, 201}, sent.text
    until("the campaign is there", lambda: httpx.get(f"{stack.reporting}/c/hanoi-empty", trust_env=False).is_success)
    page = visit("/c/hanoi-empty/units/ba-dinh?lang=en&view=tree&open=field.1+criterion.1-1").page
    expect(page.locator("#summary [data-key=index] .value")).to_have_text("no figure yet")
    expect(page.locator(".criterion[open] > summary .nums")).to_have_text("no figure yet")
    expect(page.locator(".leaf .nums").first).to_have_text("waits for the council")
    expect(page.locator("#pending summary")).to_contain_text("Leaves that have no points yet: 80")
    for part in ("#summary .value", "#fields td", "#groups td.num", "#lost-note"):
        assert not [text for text in page.locator(part).all_text_contents() if re.search(r"\b0[.,]0", text)]


def test_a_unit_of_a_private_campaign_asks_for_a_token_and_hands_files_over_with_it(visit: Open, stack: Running):
    page = visit(f"/c/{PRIVATE}/units/ba-dinh").page
    page.locator("#token").fill(stack.token("viewer"))
    expect(page.locator("#panels")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.locator("#fields tbody tr")).to_have_count(8)
    with page.expect_download() as found:
        page.locator("[data-form=csv]").click()
    assert found.value.suggested_filename.endswith(".csv")


def test_figures_of_a_page_are_reckoned_exactly(visit: Open):
    page = visit("/c/nothing").page
    draw = random.Random(7)  # noqa: S311 (no secret)
    texts = [f"{draw.uniform(-200, 200):.{draw.randrange(30)}f}" for _ in range(200)] + [
        "-0.005",
        "0.005",
        "79.575",
        "-0.004",
    ]
    pairs = list(itertools.pairwise(texts))
    found = page.evaluate(
        """async ([module, pairs]) => {
          const { difference, rounded } = await import(module);
          return pairs.map(([a, b]) => rounded(difference(a, b), 2));
        }""",
        [f"{json.loads(page.locator('#page').text_content() or '')['static']}/js/exact.js", pairs],
    )
    assert found == [shown(Fraction(a) - Fraction(b), 2) for a, b in pairs]
