"""Every answer belongs to one committed state: never to two, and never to one that was taken back."""

from __future__ import annotations

import threading
from dataclasses import replace
from decimal import Decimal

import pytest
from pymongo import ReplaceOne
from pymongo.database import Database

from services.common.appraisals import AppraisalRow, LeafAppraisal
from services.common.campaign import Campaign, Rules
from services.reporting import loading, rankings
from tests.integration.reporting.conftest import Serve
from tests.integration.reporting.database import (
    Document,
    eventually,
    index_documents,
    state_document,
    write_indices,
    write_state,
)
from tests.unit.surveys import appraised, survey

UNITS = {f"u{number}": "b1" for number in range(6)}
CAMPAIGN = survey((appraised("a", "1000"),), units=UNITS, groups=(), rules=Rules(live="public"))
ADDRESS = "/v1/campaigns/survey/rankings"


def given(points: int, units: dict[str, str] = UNITS) -> dict[str, AppraisalRow]:
    return {unit: AppraisalRow(1, {"a": LeafAppraisal(Decimal(points))}) for unit in units}


def write(db: Database[Document], state: int, campaign: Campaign = CAMPAIGN) -> None:
    """A whole state in which every unit has as many points as the state's number."""
    write_state(db, campaign, state, {}, given(state))


def half_written(db: Database[Document], state: int) -> list[Document]:
    """Writes the first half of a refresh that takes several transactions; returns what is still to be written."""
    documents = index_documents(CAMPAIGN, state, {}, given(state))
    write_indices(db, documents[:3])
    return documents[3:]


def test_half_of_a_refresh_is_not_shown_and_the_whole_is(db: Database[Document], serve: Serve) -> None:
    write(db, 1)
    client = serve()
    rest = half_written(db, 2)
    # Makes reporting look again while the refresh is half-way.
    db.campaign_state.update_one({"_id": "survey"}, {"$set": {"looked": 1}})
    write(db, 1, replace(CAMPAIGN, code="other"))
    eventually("reporting has looked again", lambda: client.get("/v1/campaigns/other/rankings").status_code == 200)
    answer = client.get(ADDRESS).json
    assert (answer["as_of"]["state"], {row["earned"] for row in answer["rows"]}) == (1, {"1"})
    write_indices(db, rest)
    db.campaign_state.replace_one({"_id": "survey"}, state_document(CAMPAIGN, 2, {}, 0))
    eventually("the whole refresh is shown", lambda: client.get(ADDRESS).json["as_of"]["state"] == 2)
    assert {row["earned"] for row in client.get(ADDRESS).json["rows"]} == {"2"}


def test_a_start_in_the_middle_of_a_refresh_answers_503_until_its_end(db: Database[Document], serve: Serve) -> None:
    write(db, 1)
    rest = half_written(db, 2)
    client = serve(ready=False)
    eventually("the campaign is known", lambda: "survey" in client.get("/readyz").json["checks"]["campaigns"])
    for address in (ADDRESS, "/v1/campaigns", "/v1/campaigns/survey/events", "/v1/campaigns/survey/participation"):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1"), address
    assert client.get("/readyz").status_code == 503
    assert client.get("/livez").status_code == 200
    write_indices(db, rest)
    db.campaign_state.replace_one({"_id": "survey"}, state_document(CAMPAIGN, 2, {}, 0))
    eventually("the state is shown", lambda: client.get(ADDRESS).status_code == 200)
    assert client.get(ADDRESS).json["as_of"]["state"] == 2
    assert client.get("/readyz").status_code == 200


def test_under_a_stream_of_refreshes_every_answer_is_one_state_and_states_only_rise(
    db: Database[Document], serve: Serve
) -> None:
    """Refreshes in two transactions each, as those of a large campaign; every unit's points are the state's number."""
    write(db, 1)
    client = serve()
    last, done = 60, threading.Event()

    def refresh() -> None:
        with db.client.start_session() as session:
            for state in range(2, last + 1):
                documents = index_documents(CAMPAIGN, state, {}, given(state))
                for part in (documents[:3], documents[3:]):
                    with session.start_transaction():
                        db.indices.bulk_write(
                            [ReplaceOne({"_id": document["_id"]}, document) for document in part], session=session
                        )
                        if part == documents[3:]:
                            written = state_document(CAMPAIGN, state, {}, 0)
                            db.campaign_state.replace_one({"_id": "survey"}, written, session=session)
        done.set()

    writer = threading.Thread(target=refresh)
    writer.start()
    seen = []
    while not done.is_set():
        answer = client.get(ADDRESS).json
        seen.append(answer["as_of"]["state"])
        assert {row["earned"] for row in answer["rows"]} == {str(seen[-1])}
    writer.join()
    eventually("the last state is shown", lambda: client.get(ADDRESS).json["as_of"]["state"] == last)
    assert seen == sorted(seen)
    assert len(set(seen)) > 5


def test_a_new_version_is_shown_with_its_own_units(db: Database[Document], serve: Serve) -> None:
    write(db, 1)
    client = serve()
    more = replace(CAMPAIGN, version=2, units=(*CAMPAIGN.units, replace(CAMPAIGN.units[0], code="new")))
    write_state(db, more, 2, {}, given(2, {**UNITS, "new": "b1"}))
    eventually("the new version is shown", lambda: client.get(ADDRESS).json["version"] == 2)
    assert len(client.get(ADDRESS).json["rows"]) == len(UNITS) + 1
    assert client.get("/v1/campaigns/survey").json["version"] == 2


def test_a_campaign_whose_definition_is_missing_is_not_shown_as_empty(db: Database[Document], serve: Serve) -> None:
    write(db, 1)
    db.campaigns.delete_many({})
    client = serve(ready=False)
    eventually("the campaign is known", lambda: "definition" in client.get("/readyz").json["checks"]["campaigns"])
    assert client.get(ADDRESS).status_code == 503


def test_a_unit_without_an_index_is_not_left_out(db: Database[Document], serve: Serve) -> None:
    write(db, 1)
    db.indices.delete_one({"unit": "u3"})
    client = serve(ready=False)
    eventually("the campaign is known", lambda: "u3" in client.get("/readyz").json["checks"]["campaigns"])
    assert client.get(ADDRESS).status_code == 503


def test_an_index_of_an_earlier_version_waits_until_scoring_has_written_it_anew(
    db: Database[Document], serve: Serve
) -> None:
    write(db, 1)
    db.indices.update_one({"unit": "u3"}, {"$unset": {"pending": 1}})
    client = serve(ready=False)
    eventually("it is told", lambda: "earlier version" in client.get("/readyz").json["checks"]["campaigns"])
    assert client.get(ADDRESS).status_code == 503
    write(db, 2)
    eventually("the new state is shown", lambda: client.get(ADDRESS).status_code == 200)


def test_the_details_of_a_large_campaign_are_read_after_its_ranking(
    db: Database[Document], serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "LARGE", len(UNITS))
    write(db, 1)
    brief = loading.load(db, "survey", None, briefly=True)
    assert brief is not None
    assert not brief.detailed
    client = serve()
    assert client.get(ADDRESS).data == rankings.document(brief, rankings.View("b1"))
    eventually("a unit is shown", lambda: client.get("/v1/campaigns/survey/units/u1").status_code == 200)
    assert client.get("/v1/campaigns/survey/units/u1").json["fields"][0]["earned"] == "1"


def test_a_state_that_comes_before_the_details_brings_all_of_them(
    db: Database[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read without details is not handed on as if it had them."""
    monkeypatch.setattr(loading, "LARGE", len(UNITS))
    write(db, 1)
    brief = loading.load(db, "survey", None, briefly=True)
    write_indices(db, [one for one in index_documents(CAMPAIGN, 2, {}, given(2)) if one["unit"] == "u4"])
    db.campaign_state.replace_one({"_id": "survey"}, state_document(CAMPAIGN, 2, {}, 0))
    whole = loading.load(db, "survey", brief)
    assert whole is not None
    assert whole.detailed
    found = {unit: figures.result.leaves["a"].points for unit, figures in whole.units.items()}
    assert found == {unit: 2 if unit == "u4" else 1 for unit in UNITS}


def test_a_database_that_is_made_anew_is_followed_from_its_beginning(db: Database[Document], serve: Serve) -> None:
    write(db, 7)
    client = serve()
    for name in ("campaign_state", "indices", "campaigns"):
        db.drop_collection(name)
    eventually("the old state is gone", lambda: client.get(ADDRESS).status_code == 404)
    write(db, 1)
    eventually("the new state is shown", lambda: client.get(ADDRESS).status_code == 200)
    answer = client.get(ADDRESS).json
    assert (answer["as_of"]["state"], {row["earned"] for row in answer["rows"]}) == (1, {"1"})


def test_a_state_that_is_deleted_is_no_longer_shown(db: Database[Document], serve: Serve) -> None:
    write(db, 1)
    client = serve()
    db.campaign_state.delete_one({"_id": "survey"})
    eventually("it is gone", lambda: client.get(ADDRESS).status_code == 404)
    assert client.get("/v1/campaigns").json == {"campaigns": []}


def test_a_campaign_that_comes_later_is_shown(db: Database[Document], serve: Serve) -> None:
    client = serve()
    assert client.get(ADDRESS).status_code == 404
    write(db, 1)
    eventually("it is shown", lambda: client.get(ADDRESS).status_code == 200)


def test_only_what_has_changed_is_read_again(db: Database[Document], serve: Serve) -> None:
    """A unit whose index was not written in a refresh keeps the figures it had."""
    write(db, 1)
    client = serve()
    write_indices(db, [one for one in index_documents(CAMPAIGN, 2, {}, given(2)) if one["unit"] in ("u1", "u4")])
    db.campaign_state.replace_one({"_id": "survey"}, state_document(CAMPAIGN, 2, {}, 0))
    eventually("the state is shown", lambda: client.get(ADDRESS).json["as_of"]["state"] == 2)
    earned = {row["unit"]: row["earned"] for row in client.get(ADDRESS).json["rows"]}
    assert earned == {unit: "2" if unit in ("u1", "u4") else "1" for unit in UNITS}
