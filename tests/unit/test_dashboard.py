"""The frames of the dashboard: safe to show, the same for everybody, in both languages, and small."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient
from surveys import asked, survey

from services.common import http
from services.common.campaign import Rules, Text, Unit
from services.reporting.dashboard.assets import FOLDER, Assets
from services.reporting.dashboard.joined import CannotJoin, joined
from services.reporting.dashboard.labels import LANGUAGES, labels, labels_of
from services.reporting.dashboard.pages import OF_CAMPAIGN, OWN_LABELS, Pages
from services.reporting.standing import AsOf, Standing
from services.reporting.standings import Standings

ROOT = Path(__file__).parents[2]
NASTY = Text('</script><script>alert("1")</script>')
OPEN = survey((asked("q", "1", "g1"),), units={}, rules=Rules(live="public"))
LISTED = replace(survey((asked("q", "1", "g1"),), rules=Rules(live="public")), code="listed")
CAMPAIGNS = (
    OPEN,
    LISTED,
    replace(OPEN, code="private", rules=Rules(live="private")),
    replace(OPEN, code="nasty", title=NASTY, units=(Unit("u1", NASTY, "b1"),)),
)
ADDRESSES = [
    "/",
    *(
        f"/c/{'listed' if 'unit' in page.path else 'survey'}{re.sub('<.*>', '1', page.path.replace('<unit>', 'u1'))}"
        for page in OF_CAMPAIGN
    ),
    "/embed/survey",
]


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    standings = Standings(lambda: 0.0)
    for campaign in CAMPAIGNS:
        standings.take(campaign.code, Standing(campaign, AsOf(1, 1, {}, {}), {}))
    standings.complete()
    standings.confirm(0.0)
    app = Flask("services.reporting", static_folder=None, template_folder="dashboard/templates")
    http.install(app, [])
    for address, name, view in Pages(standings).routes():
        app.add_url_rule(address, endpoint=name, view_func=view)
    return app.test_client()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_runs_nothing_but_this_services_scripts(client: FlaskClient, address: str, lang: str):
    answer = client.get(address, query_string={"lang": lang})
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert policy.endswith("frame-ancestors *" if address.startswith("/embed") else "frame-ancestors 'none'")
    assert f'<html lang="{lang}">' in answer.text
    assert not re.findall(r"\son\w+=|\sstyle=|<style", answer.text)
    for attributes, content in re.findall(r"<script([^>]*)>(.*?)</script>", answer.text, re.DOTALL):
        assert "json" in attributes or not content
    for loaded in re.findall(r'(?:src|href)="([^"]+)"', answer.text):
        assert loaded.startswith(("/", "#"))
        if loaded.startswith("/static/"):
            kept = client.get(loaded)
            assert (kept.status_code, kept.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")


def test_a_title_cannot_break_out_of_a_page(client: FlaskClient):
    assert "<script>alert" not in client.get("/c/nasty/units/u1").text
    page = client.get("/c/nasty").text
    assert "<script>alert" not in page
    (data,) = re.findall(r'id="page">(.*?)</script>', page)
    assert json.loads(data)["model"]["title"]["vi"] == NASTY.vi


def test_a_campaign_that_is_not_there_is_a_page_that_says_so(client: FlaskClient):
    answer = client.get("/c/nothing")
    assert answer.status_code == 404
    assert "nothing" in answer.text
    assert answer.content_type.startswith("text/html")


def test_a_unit_has_a_page_of_its_name_and_one_that_is_not_there_says_so(client: FlaskClient):
    page = client.get("/c/listed/units/u1").text
    assert "<h1>u1</h1>" in page
    assert 'href="/c/listed?block=b1&amp;lang=vi"' in page
    assert '<link rel="preload" as="fetch" crossorigin href="/v1/campaigns/listed/units/u1">' in page
    answer = client.get("/c/listed/units/nobody")
    assert answer.status_code == 404
    assert "nobody" in answer.text
    assert "<title>Không có đơn vị này" in answer.text
    assert 'href="/c/listed?lang=vi"' in answer.text


def test_a_private_campaign_has_a_page_but_no_frame_feed_or_dataset(client: FlaskClient):
    page = client.get("/c/private")
    assert page.status_code == 200
    assert "application/ld+json" not in page.text
    assert "feed.atom" not in page.text
    assert [client.get(address).status_code for address in ("/embed/private", "/c/private/feed.atom")] == [403, 403]


def test_a_public_one_tells_search_engines_where_its_files_are(client: FlaskClient):
    (data,) = re.findall(r'ld\+json">(.*?)</script>', client.get("/c/listed").text)
    found = json.loads(data)
    assert found["@type"] == "Dataset"
    assert "http://localhost/v1/campaigns/listed/rankings.csv?block=b1" in [
        one["contentUrl"] for one in found["distribution"]
    ]


def test_the_feed_is_atom_and_tells_no_moment_but_days(client: FlaskClient):
    feed = ET.fromstring(client.get("/c/survey/feed.atom").data)  # noqa: S314 (our own)
    name = "{http://www.w3.org/2005/Atom}"
    assert feed.tag == f"{name}feed"
    entries = feed.findall(f"{name}entry")
    assert entries
    ids = [entry.findtext(f"{name}id") for entry in entries]
    assert len(set(ids)) == len(ids)
    for entry in entries:
        moment = entry.findtext(f"{name}updated")
        assert moment is not None
        assert moment.endswith(":00:00+00:00")


def test_what_has_not_changed_is_not_sent_again(client: FlaskClient):
    for address in ("/c/survey", "/static/parindex-ranking.js"):
        first = client.get(address, headers={"Accept-Encoding": "gzip"})
        assert first.headers["Content-Encoding"] == "gzip"
        again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


def test_no_file_is_served_from_outside_the_folder(client: FlaskClient):
    for name in ("../pages.py", "%2e%2e/labels.json", "js/", "js/none.js"):
        assert client.get(f"/static/{name}").status_code == 404


def test_every_label_is_there_in_both_languages_and_is_used():
    keys = set(labels("vi"))
    assert keys == set(labels("en"))
    sources = [*FOLDER.rglob("*.js"), *(FOLDER.parent / "templates").glob("*"), *FOLDER.parent.glob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources if path.parent.name != "vendor")
    named = set(
        re.findall(
            r"""["'`]([a-z_]+(?:\.[a-z_]+)+|product|skip|language|theme|noscript|counted|period|version|exports)["'`]""",
            text,
        )
    )
    # Made of a family and a part that is known when it is shown: `page.{name}`, `view.${view}`.
    families = set(re.findall(r"""["'`f]([a-z]+)\.(?:\$\{|\{|["'] ~)""", text))
    assert not {key for key in keys if key not in named and key.partition(".")[0] not in families}
    assert not set(re.findall(r"""\bt\(\s*["']([a-z_.]+)["']""", text)) - keys


@pytest.mark.parametrize("name", sorted(path.stem for path in (FOLDER / "js" / "pages").glob("*.js")))
def test_a_page_is_sent_the_labels_that_its_scripts_say(name: str):
    script = Assets().find(f"joined/{name}.js")
    assert script is not None
    said = set(re.findall(r"""\bt\(\s*["']([a-z_.]+)["']""", script.content.decode()))
    assert said <= set(labels_of(name, "vi", OWN_LABELS))


def test_the_library_is_the_one_that_was_recorded():
    for line in (ROOT / "deploy" / "assets" / "SHA256SUMS").read_text().splitlines():
        digest, _, path = line.partition("  ")
        assert hashlib.sha256((ROOT / path).read_bytes()).hexdigest() == digest, path
    pinned = json.loads((ROOT / "deploy" / "assets" / "package.json").read_text())["dependencies"]
    notice = (ROOT / "NOTICE").read_text()
    assert f"Apache ECharts {pinned['echarts']}" in notice
    assert f"axe-core {pinned['axe-core']}" in notice


def test_a_first_visit_to_the_ranking_stays_below_450_kb():
    assets = Assets()
    found = [
        assets.find(name) for name in ("joined/ranking.js", "css/dashboard.css", "js/theme.js", "vendor/echarts.js")
    ]
    assert sum(len(one.compressed) for one in found if one is not None) < 400_000
    assert all(found)


def test_comments_are_not_sent():
    sources = {"a.js": '// One.\n/**\n * Two.\n */\nexport const a = "// three";\n  // Four.\n'}
    assert joined("a.js", sources.__getitem__) == (
        '// a.js\nconst m0 = (() => {\nconst a = "// three";\nreturn { a };\n})();\n'
    )


@pytest.mark.parametrize("page", sorted(path.stem for path in (FOLDER / "js" / "pages").glob("*.js")))
def test_the_modules_of_every_page_can_be_joined(page: str):
    found = Assets().find(f"joined/{page}.js")
    assert found is not None
    # What remains in front of a line is no import or export: the one module has all.
    assert not re.findall(rb"^(?:import|export)\b.*", found.content, re.MULTILINE)


@pytest.mark.parametrize(
    "said",
    ["export default 1;", 'export * from "./b.js";', 'import * as b from "./b.js";', 'const b = import("./b.js");'],
)
def test_what_cannot_be_joined_is_refused_by_name(said: str):
    sources = {"a.js": f"{said}\n", "b.js": "export const b = 1;\n"}
    with pytest.raises(CannotJoin, match=r"a\.js: "):
        joined("a.js", sources.__getitem__)


def test_modules_that_need_each_other_in_a_circle_are_refused():
    sources = {"a.js": 'import { b } from "./b.js";\n', "b.js": 'import { a } from "./a.js";\n'}
    with pytest.raises(CannotJoin, match=r"a\.js imports itself"):
        joined("a.js", sources.__getitem__)


def test_a_module_that_two_need_runs_once_and_first():
    sources = {
        "p/a.js": 'import { b } from "../b.js";\nimport { one as c } from "../c.js";\nb(c);\n',
        "b.js": 'import { one } from "./c.js";\nexport function b(c) {\n  return c + one;\n}\n',
        "c.js": "export const one = 1;\n",
    }
    text = joined("p/a.js", sources.__getitem__)
    assert re.findall(r"^// (.*)", text, re.MULTILINE) == ["c.js", "b.js", "p/a.js"]
    assert "const { one: c } = m0;" in text
