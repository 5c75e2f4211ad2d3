"""What was published is served as it is kept: whole or bit by bit, in every language, and not when MongoDB is away."""

from __future__ import annotations

import uuid
from dataclasses import replace
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database
from pypdf import PdfReader

from services.common import merkle, release
from services.common.campaign import Rules, Text
from services.common.release import Release
from services.publishing.database import near_released
from services.publishing.edition import Edition, Issue
from services.reporting import publication_views, publications
from services.reporting.figures import Figures
from services.reporting.loading import RAW
from services.reporting.suppression import cell_key
from tests.integration.reporting.conftest import Shared
from tests.integration.reporting.database import Document, tally, write_state
from tests.publications import counted, issue, write_publication
from tests.unit.surveys import asked, survey

CAMPAIGN = replace(
    survey(
        (asked("q", "2", "g1", "g2"), asked("r", "1", "g1", "g2")),
        units={"u1": "b1", "u2": "b1", "v1": "b2"},
        rules=Rules(live="private", suppress_below=5),
    ),
    title=Text("Khảo sát", "Survey"),
)
MANY = 10_000
PUBLICATIONS = "/v1/campaigns/survey/publications"


def receipt(number: int) -> tuple[str, int, str]:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))), 1, f"{number:064x}"


@pytest.fixture(scope="module")
def client(shared: Shared) -> FlaskClient:
    """Two publications, the first of so many responses that its tree has several parts."""
    said = {"q": {"A": 6, "C": 4}, "r": {"B": 8, "N": 2}}
    tallies = {unit: {group: tally(CAMPAIGN, group, 10, said) for group in ("g1", "g2")} for unit in ("u1", "v1")}
    write_state(shared.db, CAMPAIGN, 4, tallies)
    first = counted(CAMPAIGN, tallies, [receipt(number) for number in range(MANY)])
    write_publication(shared.db, Edition([issue(first)]))
    write_publication(shared.db, Edition([issue(first), issue(first)]), 2)
    return shared.serve()


def test_every_response_is_proved_whichever_part_of_the_tree_it_is_in(client: FlaskClient) -> None:
    for number in range(0, MANY, 1_111):
        response, revision, digest = receipt(number)
        proof = client.get(f"{PUBLICATIONS}/1/proof/{response.upper()}").json
        leaf = merkle.leaf(response, revision, digest)
        head = proof["publication"]
        assert (proof["leaf"], head["counted"]) == (leaf.hex(), MANY)
        path, root = [bytes.fromhex(node) for node in proof["path"]], bytes.fromhex(head["root"])
        assert merkle.proves(leaf, proof["place"], MANY, path, root)
    for unknown in ("0" * 8 + "-0000-4000-8000-" + "0" * 12, "f" * 8 + "-ffff-4fff-bfff-" + "f" * 12):
        assert client.get(f"{PUBLICATIONS}/1/proof/{unknown}").status_code == 404


def test_what_is_large_is_sent_bit_by_bit_and_is_the_same(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = client.get(f"{PUBLICATIONS}/1.json")
    monkeypatch.setattr(publication_views, "LARGE", 0)
    monkeypatch.setattr(publications, "PIECES", 2)
    sent = client.get(f"{PUBLICATIONS}/1.json")
    assert sent.data == whole.data
    assert int(sent.headers["Content-Length"]) == len(whole.data)
    again = client.get(f"{PUBLICATIONS}/1.json", headers={"If-None-Match": sent.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_publications_of_the_same_have_the_same_digest(client: FlaskClient) -> None:
    first, second = client.get(PUBLICATIONS).json["publications"]
    assert (first["number"], second["number"]) == (1, 2)
    assert first["digest"] == second["digest"]


def test_the_pages_of_the_campaign_lead_to_the_newest(client: FlaskClient) -> None:
    for lang, words in (("vi", "Kết quả công bố lần 2</a>: Khảo sát"), ("en", "Publication 2</a>: Survey")):
        page = client.get(f"/c/survey?lang={lang}").text
        assert f'<a href="/c/survey/publications/2?lang={lang}">{words}' in page
    assert 'class="published"' in client.get("/c/survey/publications/1").text
    assert 'class="published"' not in client.get("/c/survey/publications/2").text


def test_a_page_of_a_publication_that_there_is_not_says_so(client: FlaskClient) -> None:
    for number in ("3", "0", "01", "first"):
        page = client.get(f"/c/survey/publications/{number}?lang=en")
        assert page.status_code == 404
        assert "There is no such publication" in page.text


def test_a_blocks_ranking_is_had_without_the_details_of_its_units(client: FlaskClient) -> None:
    whole = client.get(f"{PUBLICATIONS}/1").json
    for block, query in (("b1", ""), ("b2", "?block=b2")):
        answer = client.get(f"{PUBLICATIONS}/1/rankings{query}")
        content = whole["content"]
        said = {"about": content["about"], "block": block, "rows": content["rankings"][block]}
        assert answer.json == {"publication": whole["publication"], **said}
        assert "immutable" in answer.headers["Cache-Control"]
    assert client.get(f"{PUBLICATIONS}/1/rankings?block=b3").status_code == 404
    assert client.get(f"{PUBLICATIONS}/1/rankings?field=f").status_code == 422


def test_a_report_names_number_and_digest_in_the_language_that_is_asked_for(client: FlaskClient) -> None:
    digest = client.get(PUBLICATIONS).json["publications"][0]["digest"]
    for lang, words in (("vi", "Công bố lần 1, 10000 phiếu đã tính"), ("en", "Publication 1, 10000 responses counted")):
        answer = client.get(f"{PUBLICATIONS}/1.pdf?lang={lang}")
        text = "".join(page.extract_text() for page in PdfReader(BytesIO(answer.data)).pages)
        assert words in text
        assert digest in text
    named = client.get(f"{PUBLICATIONS}/1.csv").headers["Content-Disposition"]
    assert named == 'attachment; filename="survey-publication-1.csv"'
    assert client.get(f"{PUBLICATIONS}/1?separator=x").status_code == 422


def test_what_withdrawals_brought_near_to_what_was_released_is_not_published(db: Database[Document]) -> None:
    """As it is not shown at the end of a public campaign."""
    public = replace(CAMPAIGN, rules=Rules(live="public", suppress_below=5))
    said = {"q": {"A": 12}, "r": {"B": 20}}
    tallies = {
        "u1": {"g1": tally(public, "g1", 20, said), "g2": tally(public, "g2", 20, {"q": {"A": 20}, "r": {"B": 20}})}
    }
    write_state(db, public, 1, tallies)
    shown = tally(public, "g1", 20, {"q": {"A": 10}, "r": {"B": 10}}).counts
    releases = {"g1": Release(tuple(shown), tuple(shown))}
    db.indices.update_one({"unit": "u1"}, {"$set": {"released": release.write(releases)}})
    near = near_released(db, public)
    assert near == {"u1": (("q", "g1"),)}, "two more than were shown"
    published = Edition([Issue(counted(public, tallies), is_open=False, withheld=near)]).figures["u1"]
    raw = db.get_collection("indices", codec_options=RAW).find_one({"unit": "u1"})
    assert raw is not None
    assert published.hidden == Figures(public, bytes(raw.raw)).hidden
    assert cell_key("q", "g1") in published.hidden
    assert near_released(db, CAMPAIGN) == {}, "nothing is released of a private one"
