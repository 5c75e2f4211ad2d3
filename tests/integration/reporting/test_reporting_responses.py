"""The answers without whoever gave them: all that counts, once each, with nothing that leads back to a person."""

from __future__ import annotations

import csv
import io
import re
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

import pyarrow.parquet
import pytest
from flask.testing import FlaskClient
from pymongo.database import Database
from pymongo.errors import PyMongoError
from python_calamine import CalamineWorkbook

from services.common import mongo
from services.common.campaign import Campaign, Rules
from services.common.settings import Settings
from services.common.unit_index import GroupTally
from services.reporting.exports import responses
from tests.integration.reporting.conftest import Launch, Serve
from tests.integration.reporting.database import Document, eventually, write_state
from tests.proxy import Proxy
from tests.unit.surveys import asked, rater, survey

BASE = "/v1/campaigns/survey"
CAMPAIGN = survey(
    (asked("q", "2", "g1", "g2"), asked("r", "1", "g1")),
    units={"u1": "b1", "u2": "b1", "v1": "b2"},
    groups=(rater("g1", "b1", "b2"), rater("g2", "b1")),
    rules=Rules(live="public"),
)
Ratings = Mapping[str, Mapping[str, str]]
SAID: tuple[tuple[str, Ratings], ...] = (
    *(("g1", {"u1": {"q": option, "r": "A"}, "u2": {"q": "B", "r": option}}) for option in "AABBCCDE"),
    *(("g1", {"v1": {"q": "C"}}) for _ in range(6)),
    *(("g2", {"u1": {"q": option}}) for option in "ABCDEN"),
    *(("g2", {"u2": {"q": "E"}}) for _ in range(3)),
)
"""Of g2 too few rate u2."""


def write(db: Database[Document], campaign: Campaign, said: Sequence[tuple[str, Ratings]]) -> None:
    """What scoring leaves of some responses, in two partitions; one more was withdrawn."""
    tallies: dict[tuple[int, str, str], GroupTally] = {}
    rows = []
    for number, (group, ratings) in enumerate(said):
        p = number % 2
        head = {"p": p, "campaign": "survey", "version": 1, "group": group, "revision": 1, "digest": "a" * 64}
        rows.append({"_id": str(uuid.UUID(int=number)), **head, "ratings": ratings, "withdrawn": False})
        for unit, answers in ratings.items():
            before = tallies.get((p, group, unit), GroupTally(0, [0] * len(campaign.layout[group])))
            counts = list(before.counts)
            for leaf, option in answers.items():
                counts[campaign.place[group][leaf][option]] += 1
            tallies[p, group, unit] = replace(before, n=before.n + 1, counts=counts)
    gone = {"_id": str(uuid.uuid4()), "p": 0, "campaign": "survey", "version": 1, "group": "g1", "revision": 2}
    rows.append({**gone, "digest": "b" * 64, "ratings": {}, "withdrawn": True})
    db.responses.insert_many(rows)
    db.tallies.insert_many(
        [
            {
                "_id": {"p": p, "campaign": "survey", "group": group, "unit": unit},
                "p": p,
                "n": found.n,
                "counts": list(found.counts),
            }
            for (p, group, unit), found in tallies.items()
        ]
    )
    forms = Counter(group for group, _ in said)
    positions = {"topic": Settings().topic("responses")}
    db.positions.insert_many(
        [
            {"_id": positions | {"partition": 1}, "p": 1, "next": 12, "counted": {}},
            {"_id": positions | {"partition": 0}, "p": 0, "next": 12, "counted": {"survey": dict(forms)}},
        ]
    )
    of_units: dict[str, dict[str, GroupTally]] = {}
    for (_, group, unit), found in tallies.items():
        before = of_units.setdefault(unit, {}).get(group, GroupTally(0, [0] * len(found.counts)))
        counts = [a + b for a, b in zip(before.counts, found.counts, strict=True)]
        of_units[unit][group] = replace(before, n=before.n + found.n, counts=counts)
    write_state(db, campaign, 5, of_units, counted=dict(forms))


@pytest.fixture
def client(db: Database[Document], serve: Serve, tokens: dict[str, str]) -> FlaskClient:
    assert tokens
    write(db, CAMPAIGN, SAID)
    return serve()


@pytest.fixture
def viewer(tokens: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['viewer']}"}


def expected() -> Counter[tuple[str, str, tuple[tuple[str, str | None], ...]]]:
    rows = ((unit, group, answers) for group, ratings in SAID for unit, answers in ratings.items())
    return Counter((unit, group, tuple(sorted(a.items()))) for unit, group, a in rows if (unit, group) != ("u2", "g2"))


def test_every_answer_that_counts_is_there_once(client: FlaskClient, viewer: dict[str, str]) -> None:
    answer = client.get(f"{BASE}/responses.json", headers=viewer)
    assert answer.status_code == 200, answer.text
    found = answer.json
    rows = Counter((row["unit"], row["group"], tuple(sorted(row["answers"].items()))) for row in found["rows"])
    hidden = {(row["unit"], row["group"]) for row in found["rows"] if None in row["answers"].values()}
    assert hidden == {("u2", "g1")}  # beside the cell of g2 that is too small
    assert {key: n for key, n in rows.items() if key[:2] not in hidden} == {
        key: n for key, n in expected().items() if key[:2] not in hidden
    }
    assert rows.total() == expected().total() == found["row_count"] == int(answer.headers["X-Row-Count"]) == 28
    assert found["left_out"] == [{"block": "b1", "unit": "u2", "group": "g2", "n": 3}]
    assert found["as_of"] == {"state": 5, "counted": 23, "positions": {"responses": {"0": 12, "1": 12}}}


def test_what_is_hidden_in_the_detail_is_hidden_here(client: FlaskClient, viewer: dict[str, str]) -> None:
    detail = client.get(f"{BASE}/units/u2", headers=viewer).json
    shown = {
        (leaf["leaf"], cell["group"]): not cell.get("suppressed", False)
        for field in detail["fields"]
        for criterion in field["criteria"]
        for leaf in criterion["leaves"]
        for cell in leaf["groups"]
    }
    rows = client.get(f"{BASE}/responses.json", headers=viewer).json["rows"]
    given = [row["answers"] for row in rows if (row["unit"], row["group"]) == ("u2", "g1")]
    assert shown["q", "g1"] is False
    for answers in given:
        assert {leaf: option is not None for leaf, option in answers.items()} == {
            leaf: shown[leaf, "g1"] for leaf in answers
        }


@pytest.mark.parametrize("form", ["json", "csv", "xlsx", "parquet"])
def test_they_need_a_token_even_where_scores_are_public(client: FlaskClient, tokens: dict[str, str], form: str) -> None:
    assert client.get(f"{BASE}/rankings?block=b1").status_code == 200
    for path in (f"/responses.{form}", "/responses"):
        assert client.get(BASE + path).status_code == 401
        appraiser = {"Authorization": f"Bearer {tokens['appraiser']}"}
        assert client.get(BASE + path, headers=appraiser).status_code == 403
    answer = client.get(f"{BASE}/responses.{form}", headers={"Authorization": f"Bearer {tokens['viewer']}"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in answer.headers
    assert answer.headers["Content-Disposition"] == f'attachment; filename="survey-responses-state-5.{form}"'
    assert int(answer.headers["Content-Length"]) == len(answer.data)


@pytest.mark.parametrize("form", ["json", "csv"])
def test_nothing_leads_back_to_a_person(client: FlaskClient, viewer: dict[str, str], form: str) -> None:
    text = client.get(f"{BASE}/responses.{form}", headers=viewer).text
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", text)
    for word in ("digest", "revision", "channel", "comment", "time", "a" * 64):
        assert word not in text


def test_the_order_is_drawn_anew_and_does_not_tie_the_rows_of_a_response(
    client: FlaskClient, viewer: dict[str, str]
) -> None:
    orders = []
    for _ in range(4):
        rows = client.get(f"{BASE}/responses.json", headers=viewer).json["rows"]
        orders.append([(row["unit"], row["answers"].get("q"), row["answers"].get("r")) for row in rows])
    assert len({tuple(order) for order in orders}) == 4
    assert len({tuple(sorted(order, key=str)) for order in orders}) == 1


def test_csv_has_a_column_for_each_leaf_and_parts_that_explain(client: FlaskClient, viewer: dict[str, str]) -> None:
    def read(query: str = "") -> list[dict[str, str]]:
        answer = client.get(f"{BASE}/responses.csv{query}", headers=viewer)
        rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))
        assert int(answer.headers["X-Row-Count"]) == len(rows)
        return rows

    rows = read()
    assert len(rows) == 28
    assert list(rows[0]) == ["campaign", "version", "state", "counted", "block", "unit", "group", "q", "r"]
    assert {(row["unit"], row["n"]) for row in read("?part=left_out")} == {("u2", "3")}
    codes = read("?part=codes")
    assert [(row["leaf"], row["option"], row["percent"]) for row in codes][:2] == [("q", "A", "100"), ("q", "B", "75")]
    assert ("r", "N", "") in [(row["leaf"], row["option"], row["percent"]) for row in codes]


def test_a_spreadsheet_has_a_sheet_for_each_group_with_its_leaves(client: FlaskClient, viewer: dict[str, str]) -> None:
    answer = client.get(f"{BASE}/responses.xlsx?lang=en", headers=viewer)
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    assert workbook.sheet_names == ["g1", "g2", "Codes", "Left out", "About"]
    sheets = {name: workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names}
    assert [len(sheets[name]) - 1 for name in ("g1", "g2", "Left out")] == [22, 6, 1]
    assert sheets["g2"][0] == ["Block", "Unit code", "Group", "q q"]


def test_parquet_has_the_same_rows(client: FlaskClient, viewer: dict[str, str]) -> None:
    answer = client.get(f"{BASE}/responses.parquet", headers=viewer)
    read = pyarrow.parquet.read_table(io.BytesIO(answer.data)).to_pylist()
    assert len(read) == 28
    assert Counter(row["q"] for row in read if row["unit"] == "v1") == {"C": 6}


class TestWhatIsShort:
    def test_a_row_that_is_counted_and_missing_is_a_refusal(
        self, db: Database[Document], client: FlaskClient, viewer: dict[str, str]
    ) -> None:
        assert db.responses.delete_one({"group": "g2"}).deleted_count == 1
        for form in ("json", "csv", "xlsx", "parquet"):
            answer = client.get(f"{BASE}/responses.{form}", headers=viewer)
            assert (answer.status_code, answer.content_type) == (503, "application/problem+json")

    def test_a_row_too_many_is_one_too(
        self, db: Database[Document], client: FlaskClient, viewer: dict[str, str]
    ) -> None:
        row = db.responses.find_one({"group": "g2"})
        assert row is not None
        db.responses.insert_one({**row, "_id": str(uuid.uuid4())})
        assert client.get(f"{BASE}/responses.csv", headers=viewer).status_code == 503

    def test_a_cursor_that_breaks_in_the_middle_raises(self, db: Database[Document], uri: str) -> None:
        many = [("g1", {"v1": {"q": "C"}})] * 2_500
        write(db, CAMPAIGN, many)
        host = re.search(r"//([^/:]+):(\d+)/", uri)
        assert host is not None
        with Proxy(int(host[2])) as proxy:
            through = f"mongodb://127.0.0.1:{proxy.port}/{db.name}?directConnection=true"
            with mongo.client(through, patience_s=2) as broken, broken.start_session(snapshot=True) as session:
                topic = Settings().topic("responses")
                rows = responses.answers(mongo.database(broken), "survey", topic, session).rows("g1")
                seen = [next(rows)]
                proxy.mode = "refuse"
                with pytest.raises(PyMongoError):
                    seen.extend(rows)
        assert 0 < len(seen) < 2_500

    def test_when_the_network_breaks_while_it_is_made_there_is_no_file(
        self, db: Database[Document], uri: str, launch: Launch, viewer: dict[str, str]
    ) -> None:
        write(db, CAMPAIGN, [("g1", {"v1": {"q": "C"}})] * 2_500)
        host = re.search(r"//([^/:]+):(\d+)/", uri)
        assert host is not None
        with Proxy(int(host[2])) as proxy, ThreadPoolExecutor(1) as pool:
            reporting = launch(f"mongodb://127.0.0.1:{proxy.port}/{db.name}?directConnection=true")
            eventually("it is ready", lambda: reporting.status("/readyz") == 200)
            assert reporting.get(f"{BASE}/responses.csv", headers=viewer).headers["X-Row-Count"] == "2500"
            proxy.mode = "delay"
            asked = pool.submit(reporting.get, f"{BASE}/responses.csv", headers=viewer)
            while not wait([asked], 0.05).done:
                proxy.cut()
            answer = asked.result()
        assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
