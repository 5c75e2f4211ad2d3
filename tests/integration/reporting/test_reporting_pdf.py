"""Reports to print, read back by pypdf: the figures of the JSON, on every page what it belongs to, plain texts."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from services.common.appraisals import AppraisalRow, LeafAppraisal
from services.common.campaign import Block, Rules, Text
from services.common.ranking import shown
from services.reporting.participation import EFFECTS
from tests.integration.reporting.conftest import Shared
from tests.integration.reporting.database import tally, write_state
from tests.unit.surveys import appraised, asked, rater, survey

BASE = "/v1/campaigns/survey"
CAMPAIGN = survey(
    (asked("q", "2", "g1", "g2"), appraised("a", "1")),
    (asked("r", "3", "g1"),),
    units={"u1": "b1", "u2": "b1", "u3": "b1", "v1": "b2"},
    groups=(rater("g1", "b1", "b2"), rater("g2", "b1")),
    rules=Rules(live="public"),
)
NAMES = {
    "u1": Text('Sở Giáo dục và Đào tạo: ắằẳẵặ ứừửữự ỡợ "Đ"', "Department of Education"),
    "u2": Text('#panic("x") *đậm* _nghiêng_ $x^2$ @ref <nhãn> \\', "#let x = 1"),
    "u3": Text("Ủy ban nhân dân " * 60),
    "v1": Text("Một"),
}


@pytest.fixture(scope="module")
def client(shared: Shared) -> Iterator[FlaskClient]:
    made = replace(
        CAMPAIGN,
        title=Text('Chỉ số #panic("đ") cải cách hành chính', "Reform index"),
        blocks=(Block("b1", Text("Quận, huyện", "Districts")), Block("b2", Text("Sở, ngành"))),
        units=tuple(replace(unit, name=NAMES[unit.code]) for unit in CAMPAIGN.units),
    )
    tallies = {
        "u1": {
            "g1": tally(made, "g1", 12, {"q": {"A": 7, "B": 5}, "r": {"B": 6, "C": 1}}),
            "g2": tally(made, "g2", 20, {"q": {"C": 20}}),
        },
        "u2": {
            "g1": tally(made, "g1", 9, {"q": {"A": 3, "E": 6}, "r": {"A": 6, "N": 2}}),
            "g2": tally(made, "g2", 4, {"q": {"A": 4}}),
        },
    }
    noted = dict(zip(EFFECTS, (48, 31, 3, 5, 2, 1), strict=True)) | {"long": 20, "straight": 7, "via_paper": 45}
    key = {"p": 0, "campaign": "survey", "group": "g1", "day": "2022-11-18"}
    shared.db.activity.insert_one({"_id": key, "p": 0, **noted})
    write_state(shared.db, made, 7, tallies, {"u1": AppraisalRow(1, {"a": LeafAppraisal(Decimal("0.5"))})})
    return shared.serve()


def pages(client: FlaskClient, path: str) -> list[str]:
    """The texts of the pages, without spaces: where a line is broken says nothing."""
    answer = client.get(BASE + path)
    assert (answer.status_code, answer.content_type) == (200, "application/pdf"), answer.text
    return [squeezed(page.extract_text()) for page in PdfReader(io.BytesIO(answer.data)).pages]


def squeezed(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


def figure(text: str | None, lang: str) -> str:
    written = "—" if text is None else shown(Fraction(text), 2)
    return written if lang == "en" else written.replace(".", ",")


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_ranking_has_every_row_of_every_block(client: FlaskClient, lang: str) -> None:
    text = "".join(pages(client, f"/rankings.pdf?lang={lang}"))
    for block in ("b1", "b2"):
        for row in client.get(f"{BASE}/rankings?block={block}").json["rows"]:
            assert squeezed(row["name"].get(lang, row["name"]["vi"])) in text
            if row["index"] is not None:
                earned, attainable = (figure(row[name], lang) for name in ("earned", "attainable"))
                assert figure(row["index"], lang) in text
                assert f"{earned}/{attainable}{row['n']}" in text
    assert squeezed({"vi": "Tạm tính", "en": "Provisional"}[lang]) in text


def test_a_ranking_without_lang_is_in_vietnamese_and_of_one_block_where_that_is_asked_for(client: FlaskClient) -> None:
    text = "".join(pages(client, "/rankings.pdf?block=b2"))
    assert "Bảngxếphạng" in text
    assert "Một" in text
    assert "SởGiáodục" not in text


@pytest.mark.parametrize("path", ["/rankings.pdf", "/units/u1.pdf", "/units/u3.pdf?lang=en"])
def test_every_page_says_what_it_belongs_to(client: FlaskClient, path: str) -> None:
    found = pages(client, path)
    assert len(found) >= 2
    for number, text in enumerate(found, 1):
        english = "en" in path
        assert f"{'Page' if english else 'Trang'}{number}/{len(found)}" in text
        assert ("Figuresofstate7,45responses" if english else "Sốliệuởtrạngthái7,45phiếu") in text
        assert squeezed("survey, version 1" if english else "survey, phiên bản 1") in text


def leaves(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for field in document["fields"]:
        for criterion in field["criteria"]:
            yield from criterion["leaves"]


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("unit", ["u1", "u2"])
def test_a_unit_has_its_whole_tree_and_says_what_is_hidden(client: FlaskClient, unit: str, lang: str) -> None:
    document = client.get(f"{BASE}/units/{unit}").json
    text = "".join(pages(client, f"/units/{unit}.pdf?lang={lang}"))
    assert squeezed(document["name"].get(lang, document["name"]["vi"])) in text
    hidden = squeezed({"vi": "không công bố", "en": "suppressed"}[lang])
    for field in document["fields"]:
        if field["index"] is not None:
            assert figure(field["index"], lang) + figure(field["block_mean"], lang) in text
    for leaf in leaves(document):
        maximum, points, lost = (figure(leaf[name], lang) for name in ("max_points", "points", "lost"))
        assert f"{maximum}{hidden if leaf.get('suppressed') else points}{lost}" in text
    for group in document["groups"]:
        assert (hidden in text) or not group.get("suppressed")
    assert (unit == "u2") == (hidden in text)


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_participation_has_groups_blocks_days_warnings_and_what_is_missing(client: FlaskClient, lang: str) -> None:
    document = client.get(f"{BASE}/participation").json
    text = "".join(pages(client, f"/participation.pdf?lang={lang}"))

    def figure_of(percent: str | None) -> str:
        return "—" if percent is None else percent if lang == "en" else percent.replace(".", ",")

    filled = {group["group"]: group for group in document["quality"]}
    for group in document["groups"]:
        said = [figure_of(filled[group["group"]][name]) for name in ("no_opinion", "straight_lining")]
        assert squeezed(f"{group['group']}{group['counted']}——{''.join(said)}") in text
    for block in document["blocks"]:
        name = squeezed(block["name"].get(lang, block["name"]["vi"]))
        for group in block["groups"]:
            assert f"{name}{group['group']}{group['n']}——{group['cells']}{group['missing']}" in text
    assert "18/11/20224831" in text
    for warning in document["warnings"]:
        assert squeezed(figure_of(warning["detail"][lang])) in text
    assert {warning["code"] for warning in document["warnings"]} >= {"edited", "withdrawn", "conflict"}
    names = {unit["unit"]: unit["name"] for unit in document["units"]}
    for cell in document["missing"]["listed"]:
        unit = names[cell["unit"]]
        # A name of many lines may go on on the next page.
        named = unit.get(lang, unit["vi"]) + (f"{cell['group']}{cell['n']}" if cell["unit"] != "u3" else "")
        assert squeezed(named[:200]) in text
    assert squeezed({"vi": "phiếu giấy 45", "en": "paper 45"}[lang]) in text


def test_a_text_is_never_run(client: FlaskClient) -> None:
    text = "".join(pages(client, "/rankings.pdf?block=b1"))
    assert squeezed('#panic("x") *đậm* _nghiêng_ $x^2$ @ref <nhãn> \\') in text


def test_the_fonts_are_inside(client: FlaskClient) -> None:
    answer = client.get(f"{BASE}/units/u1.pdf")
    for page in PdfReader(io.BytesIO(answer.data)).pages:
        for font in page["/Resources"]["/Font"].values():
            (below,) = font.get_object()["/DescendantFonts"]
            descriptor = below.get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile3", "/FontFile2"} & set(descriptor)
            assert "Libertinus" in descriptor["/FontName"]
