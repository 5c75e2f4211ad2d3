"""`parindex publication`: results are frozen, stand for ever, and follow from the log to the last digit."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from services.cli.main import main
from services.common import index_document, kafka, mongo
from services.common.appraisals import Change, LeafAppraisal
from services.common.campaign import Campaign
from services.common.ranking import exact, shown
from services.common.settings import Settings
from services.common.tokens import new_token
from services.publishing.making import Making, Words
from services.publishing.recount import Cut, Recount
from services.publishing.register import Taken
from tests.conftest import environment
from tests.integration.conftest import appraisal, id_of, response, settings_of, withdrawal
from tests.integration.reporting.conftest import serving
from tests.integration.test_scoring_process import BAD, GOOD, Survey, eventually

POINTS = {"l1": LeafAppraisal(points=Decimal("1.5"))}
CODE = "small"
ADDRESS = f"/v1/campaigns/{CODE}/publications"


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The file of the tokens, and the secret of an admin's."""
    secret, token = new_token("chi.pham", "admin")
    _, viewer = new_token("viewer", "viewer")
    file = tmp_path_factory.mktemp("tokens") / "tokens"
    file.write_text(token.line + viewer.line)
    return file, secret


def all_counted(survey: Survey) -> bool:
    state = survey.db.campaign_state.find_one({"_id": CODE})
    return state is not None and [sum(ends.values()) for ends in state["positions"].values()] == [95, 1]


@pytest.fixture(scope="module")
def survey(kafka_server: str, mongo_server: str, small: Campaign, tokens: tuple[Path, str]) -> Iterator[Survey]:
    """Ninety responses of which one is edited and one withdrawn, a duplicate, a conflict, and what is no event."""
    with environment(kafka_server, mongo_server) as made:
        settings = replace(settings_of(made), tokens_file=tokens[0])
        with mongo.client(settings.mongo) as client:
            mongo.prepare(mongo.database(client))
            kafka.create_topics(settings)
            survey = Survey(settings, client)
            survey.publish(small)
            survey.say("responses", *(response(number, GOOD if number % 3 else BAD) for number in range(1, 91)))
            survey.say("responses", response(1, BAD, revision=2), withdrawal(2, revision=2))
            survey.say("responses", response(4, GOOD), response(5, BAD))
            survey.producer.send(settings.topic("responses"), key=b"no response", value=b"{").get(timeout=10)
            survey.say("appraisals", appraisal("w1", Change(POINTS)))
            with survey.scorer():
                eventually(lambda: all_counted(survey))
            yield survey
            survey.producer.close(timeout=2)


def variables(settings: Settings, token: str = "") -> dict[str, str]:
    return {
        "PARINDEX_KAFKA": settings.kafka,
        "PARINDEX_MONGO": settings.mongo,
        "PARINDEX_TOPIC_PREFIX": settings.topic_prefix,
        "PARINDEX_RESPONSE_PARTITIONS": str(settings.response_partitions),
        "PARINDEX_TOKENS_FILE": str(settings.tokens_file),
        "PARINDEX_TOKEN": token,
    }


def parindex(settings: Settings, *arguments: str, token: str = "") -> Result:
    return CliRunner().invoke(main, ["publication", *arguments], env=variables(settings, token))


def make(survey: Survey, tokens: tuple[Path, str], *options: str) -> Any:  # noqa: ANN401 - JSON
    done = parindex(survey.settings, "make", CODE, "--json", "--force", *options, token=tokens[1])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def first(survey: Survey, tokens: tuple[Path, str]) -> Any:  # noqa: ANN401 - JSON
    """The first publication."""
    return make(
        survey, tokens, "--title-vi", "Kết quả chính thức", "--title-en", "Final results", "--note", "No. 12/QĐ"
    )


@pytest.fixture(scope="module")
def web(survey: Survey, first: Any) -> Iterator[FlaskClient]:  # noqa: ANN401 - JSON
    assert first["made"]
    with serving(survey.settings) as serve:
        yield serve()


@pytest.fixture(scope="module")
def published(web: FlaskClient) -> Any:  # noqa: ANN401 - JSON
    answer = web.get(f"{ADDRESS}/1.json")
    assert answer.status_code == 200, answer.text
    return answer.json


def test_nothing_is_published_that_has_pending_leaves_or_by_who_is_no_admin(
    survey: Survey, tokens: tuple[Path, str]
) -> None:
    refused = parindex(survey.settings, "make", CODE, token=tokens[1])
    assert refused.exit_code == 1
    assert "2 units have leaves without points:\n  002: l1 l2 l3\n  o1: l1 l2\n" in refused.stderr
    assert parindex(survey.settings, "make", CODE, "--force", token="x").exit_code == 3
    assert parindex(survey.settings, "make", "none", "--force", token=tokens[1]).exit_code == 2
    tried = parindex(survey.settings, "make", CODE, "--dry-run", "--json", token=tokens[1])
    assert (tried.exit_code, json.loads(tried.stdout)["made"]) == (0, False)
    assert survey.db.publications.count_documents({}) == 0


def test_what_was_served_is_what_is_published(survey: Survey, first: Any, published: Any) -> None:  # noqa: ANN401
    assert first["compared"]
    assert published["publication"]["title"] == {"vi": "Kết quả chính thức", "en": "Final results"}
    assert published["publication"]["forced"] == ["pending"]
    assert "chi.pham" not in json.dumps(published)
    about = published["content"]["about"]
    assert about["as_of"]["counted"] == 89
    state = survey.db.campaign_state.find_one({"_id": CODE})
    assert state is not None
    assert about["as_of"]["positions"] == state["positions"]
    (w1, other) = published["content"]["rankings"]["ward"]
    index = index_document.read(survey.index("w1")).points.index
    assert index is not None
    assert (w1["unit"], w1["index"], w1["index_exact"]) == ("w1", shown(index, 3), exact(index))
    assert (other["unit"], other["rank"]) == ("002", None)
    assert published["content"]["units"]["w1"]["fields"][0]["criteria"][0]["leaves"][0]["points"] == "1.5"


def test_everybody_sees_it_and_only_viewers_the_running_figures(web: FlaskClient, tokens: tuple[Path, str]) -> None:
    assert web.get(f"/v1/campaigns/{CODE}/rankings?block=ward").status_code == 401
    listed = web.get(ADDRESS).json
    assert [one["number"] for one in listed["publications"]] == [1]
    answer = web.get(f"{ADDRESS}/1")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    again = web.get(f"{ADDRESS}/1", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    viewer = {"Authorization": f"Bearer {tokens[1]}"}
    now = web.get(f"/v1/campaigns/{CODE}/units/w1", headers=viewer).json
    (then,) = now["publications"]
    assert (then["number"], then["rank"], then["index_exact"]) == (1, now["rank"], now["index_exact"])
    assert [web.get(f"{ADDRESS}/{number}").status_code for number in ("2", "0", "x", "1.doc")] == [404] * 4


def test_the_digest_is_of_what_everybody_has(published: Any, first: Any, web: FlaskClient) -> None:  # noqa: ANN401
    content = json.dumps(published["content"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(content.encode()).hexdigest() == first["digest"] == published["publication"]["digest"]
    assert content.encode() in web.get(f"{ADDRESS}/1.json").data
    assert web.get(f"{ADDRESS}/1/units/w1").json["unit"] == published["content"]["units"]["w1"]
    assert web.get(f"{ADDRESS}/1/units/none").status_code == 404


def test_its_files_are_the_same_whenever_they_are_made(survey: Survey, web: FlaskClient, first: Any) -> None:  # noqa: ANN401
    made = {form: web.get(f"{ADDRESS}/1.{form}") for form in ("csv", "xlsx", "pdf")}
    with serving(survey.settings) as serve:
        other = serve()
        for form, answer in made.items():
            assert answer.status_code == 200, form
            assert other.get(f"{ADDRESS}/1.{form}").headers["ETag"] == answer.headers["ETag"], form
    rows = list(csv.DictReader(made["csv"].data.decode("utf-8-sig").splitlines()))
    assert [(row["publication"], row["unit"]) for row in rows] == [("1", "w1"), ("1", "002"), ("1", "o1")]
    sheets = CalamineWorkbook.from_filelike(BytesIO(made["xlsx"].data))
    assert sheets.sheet_names[:2] == ["Phường", "Phòng"]
    assert first["digest"] in str(sheets.get_sheet_by_name("Thông tin").to_python())
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(made["pdf"].data)).pages)
    assert first["digest"] in text
    assert "Công bố lần 1, 89 phiếu đã tính" in text


def test_a_rater_checks_alone_that_a_form_counts(survey: Survey, web: FlaskClient, tmp_path: Path) -> None:
    def receipt(number: int, revision: int = 1) -> Path:
        row = survey.db.responses.find_one({"_id": id_of(number)})
        assert row is not None
        file = tmp_path / "receipt.json"
        file.write_text(json.dumps({"response": id_of(number), "revision": revision, "digest": row["digest"]}))
        return file

    def check(*arguments: str) -> Result:
        return parindex(survey.settings, "check-receipt", *arguments)

    saved, proof = tmp_path / "published.json", tmp_path / "proof.json"
    saved.write_bytes(web.get(f"{ADDRESS}/1.json").data)
    for number in (1, 3, 90):
        proof.write_bytes(web.get(f"{ADDRESS}/1/proof/{id_of(number)}").data)
        file = str(receipt(number, 2 if number == 1 else 1))
        done = check(file, "--publication", str(saved), "--proof", str(proof))
        assert done.exit_code == 0, done.output
        assert f"Response {id_of(number)}, revision {2 if number == 1 else 1}, is counted" in done.stdout
        assert check(file, "--publication", str(proof)).exit_code == 0
    assert check(str(receipt(4)), "--publication", str(saved), "--proof", str(proof)).exit_code == 1
    assert check(str(receipt(90, 2)), "--publication", str(saved), "--proof", str(proof)).exit_code == 1
    changed = json.loads(saved.read_bytes())
    changed["content"]["rankings"]["ward"][0]["n"] += 1
    saved.write_text(json.dumps(changed))
    assert check(str(receipt(90)), "--publication", str(saved), "--proof", str(proof)).exit_code == 1
    assert check(str(receipt(90)), "--publication", str(saved)).exit_code == 1


def test_of_what_is_not_counted_there_is_no_proof_but_the_reason(web: FlaskClient) -> None:
    withdrawn, unknown = (web.get(f"{ADDRESS}/1/proof/{id_of(number)}") for number in (2, 999))
    assert (withdrawn.status_code, unknown.status_code) == (404, 404)
    assert "withdrawn" in withdrawn.json["detail"]
    assert unknown.json["detail"] == "nothing is known of this response"
    assert web.get(f"{ADDRESS}/1/proof/x").status_code == 404


def test_it_stands_while_the_campaign_goes_on_and_the_next_has_its_own_number(
    survey: Survey,
    tokens: tuple[Path, str],
    web: FlaskClient,
    published: Any,  # noqa: ANN401
) -> None:
    survey.say("responses", *(response(number, GOOD) for number in range(101, 111)))
    survey.say("responses", withdrawal(3, revision=2))
    second = make(survey, tokens)
    assert (second["number"], second["counted"], second["compared"]) == (2, 98, False)
    # Nine more rate w1, which is not few; but of 002 one answer has gone, and deputies are asked a single question.
    assert (second["without_breakdown"], second["without_index"]) == ([], ["002"])
    assert second["forced"] == ["pending", "withheld"]
    assert parindex(survey.settings, "verify", CODE, "1").exit_code == 0
    assert parindex(survey.settings, "verify", CODE, "2").exit_code == 0
    assert web.get(f"{ADDRESS}/1.json").json == published
    eventually(lambda: web.get(f"{ADDRESS}/2").status_code == 200)
    later = web.get(f"{ADDRESS}/2.json").json["content"]
    assert [later["units"][unit].get("withheld") for unit in ("w1", "002")] == [None, "index"]
    late = web.get(f"{ADDRESS}/1/proof/{id_of(101)}")
    assert (late.status_code, web.get(f"{ADDRESS}/2/proof/{id_of(101)}").status_code) == (404, 200)
    assert web.get(f"{ADDRESS}/2/proof/{id_of(3)}").status_code == 404


def test_it_survives_the_loss_of_the_database(
    survey: Survey,
    published: Any,  # noqa: ANN401
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    survey.db.client.drop_database(survey.db.name)
    lost = parindex(survey.settings, "verify", CODE, "1")
    assert lost.exit_code == 1
    assert "The database does not hold it" in lost.stdout
    monkeypatch.setattr("services.scoring.rebuilding.READERS_S", 0.0)
    done = CliRunner().invoke(main, ["rebuild", "--wait", "0"], env=variables(survey.settings))
    assert done.exit_code == 0, done.output
    assert [parindex(survey.settings, "verify", CODE, number).exit_code for number in "12"] == [0, 0]
    assert json.loads(parindex(survey.settings, "restore", "--json").stdout) == {"restored": [], "failed": []}
    with survey.scorer(), serving(survey.settings) as serve:
        other = serve()
        eventually(lambda: other.get(ADDRESS).status_code == 200)
        assert other.get(f"{ADDRESS}/1.json").json == published
    survey.db.publication_parts.delete_one({"_id": f"{CODE}/1/unit/w1"})
    assert parindex(survey.settings, "verify", CODE, "1").exit_code == 1
    told = CliRunner().invoke(main, ["verify", "--json"], env=variables(survey.settings))
    assert json.loads(told.stdout)["differences"] == {"publications": 1}
    assert json.loads(parindex(survey.settings, "restore", "--json").stdout)["restored"] == [f"{CODE}/1"]


def test_a_record_that_was_rejected_then_is_not_counted_though_it_could_be_now(survey: Survey) -> None:
    making = Making(survey.settings)
    try:
        making.open()
        (made,) = (one.event for number, one in making.known(CODE).items() if number == 1)
        assert [len(offsets) for offsets in made.rejected["responses"].values()] == [1], "what is no event"
        recount = Recount(survey.settings)
        recount.open()
        cut = Cut(recount.catalogue.version(CODE, 1), made.positions)  # type: ignore[arg-type]
        (now,) = recount.count([cut], lambda _: None)
        # The tenth record of a partition is some response's only one.
        rejected = {"responses": {**made.rejected["responses"], "0": (10,)}}
        (then,) = recount.count([cut], lambda _: None, rejected)
        recount.close()
    finally:
        making.close()
    assert now.rejected == made.rejected
    assert len(now.receipts) == made.size
    assert len(then.receipts) == made.size - 1
    assert then.rejected == rejected


def test_of_two_at_once_the_first_in_the_log_stands(survey: Survey) -> None:
    making = Making(survey.settings)
    other = Making(survey.settings)
    try:
        for one in (making, other):
            one.open()
        drafts = [
            one.draft(CODE, Words(by), datetime.now(UTC), lambda _: None)
            for one, by in ((making, "an"), (other, "binh"))
        ]
        making.publish(drafts[0])
        with pytest.raises(Taken, match="an made publication 3 of 'small' at the same time"):
            other.publish(drafts[1])
        assert making.check(CODE, 3, lambda _: None).stored
    finally:
        making.close()
        other.close()
