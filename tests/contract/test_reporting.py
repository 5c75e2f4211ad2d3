"""Reporting answers as /openapi.json says, whatever is asked, of campaigns that exist and others."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, settings
from openapi_spec_validator import validate
from pymongo import MongoClient

from deploy.embedded.mongo import with_database
from services.common import mongo
from services.common.campaign import Rules
from services.common.settings import Settings
from services.common.tokens import new_token
from services.publishing.edition import Edition
from services.reporting.app import create_app, running
from services.reporting.openapi import document
from tests.integration.reporting.database import eventually, tally, write_state
from tests.publications import counted, issue, write_publication
from tests.unit.surveys import appraised, asked, survey

RESPONSE = str(uuid.UUID(int=1))
CAMPAIGN = survey(
    (asked("q", "2", "g1", "g2"), appraised("a", "1")),
    (asked("r", "1", "g1"),),
    units={"u1": "b1", "u2": "b1", "u3": "b1"},
    rules=Rules(live="public"),
)
PRIVATE = survey((asked("q", "2", "g1"),), code="private", rules=Rules(live="private"))
KNOWN = {"campaign": "survey", "unit": "u1", "response": RESPONSE, "number": 1}
MEANT = {"block": "b1", "field": "f1", "group": "g1", "campaigns": "survey,second"}
RECEIPT = {"revision": 1, "digest": "a" * 64, "partition": 0, "offset": 7}


@pytest.fixture(scope="module")
def app(mongo_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    name = f"test-{uuid.uuid4().hex[:12]}"
    uri = with_database(mongo_server, name)
    with mongo.client(uri) as client:
        db = mongo.database(client)
        mongo.prepare(db)
        options = {"q": {"A": 7, "B": 5, "N": 1}, "r": {"C": 2}}
        tallies = {
            unit: {group: tally(CAMPAIGN, group, 14, options) for group in ("g1", "g2")} for unit in ("u1", "u2")
        }
        write_state(db, CAMPAIGN, 3, tallies)
        write_state(db, PRIVATE, 1, {})
        write_state(db, replace(CAMPAIGN, code="second"), 2, tallies)
        row = {"p": 0, "campaign": "survey", "version": 1, "group": "g1", "revision": 1, "digest": "a" * 64}
        db.responses.insert_one({"_id": RESPONSE, **row, "ratings": {}, "withdrawn": False})
        said = {"leaves": {"a": {"points": "1", "note": "x"}}, "bonus": "1", "penalty": "0", "notes": {"bonus": "y"}}
        nothing: dict[str, Any] = {"leaves": {}, "bonus": "0", "penalty": "0"}
        db.appraisals.insert_one({"_id": {"campaign": "survey", "unit": "u1"}, "p": 0, "version": 2, "at": 9, **said})
        db.appraisal_changes.insert_many(
            {
                "_id": {"topic": "appraisals", "partition": 0, "offset": version},
                "p": 0,
                "campaign": "survey",
                "unit": "u1",
                "version": version,
                "by": "an",
                "time": datetime.now(UTC),
                "before": nothing,
                "after": said,
            }
            for version in (1, 2)
        )
        at_cut = counted(CAMPAIGN, tallies, [(RESPONSE, 1, "a" * 64)])
        write_publication(db, Edition([issue(at_cut)]))
        tokens = tmp_path_factory.mktemp("tokens") / "tokens"
        _, token = new_token("viewer", "viewer")
        tokens.write_text(f"{token.name} {token.role} {token.sha256}\n")
        made = create_app(Settings(mongo=uri, tokens_file=tokens))
        running(made).start()
        eventually("reporting is ready", lambda: made.test_client().get("/readyz").status_code == 200)
        yield made
        running(made).stop()
    with MongoClient[dict[str, Any]](mongo_server) as client:
        client.drop_database(name)


# The stream of events has no end; tests/integration/reporting/test_reporting_events.py reads it.
schema = schemathesis.openapi.from_dict(document()).exclude(path_regex="/events$")
modest = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@schema.parametrize()
@modest
def test_whatever_is_asked_is_answered_as_described(case: schemathesis.Case, app: Flask) -> None:
    case.call_and_validate(app=app)


@schema.parametrize()
@modest
@pytest.mark.parametrize("campaign", ["survey", "private"])
def test_what_there_is_is_answered_as_described(case: schemathesis.Case, app: Flask, campaign: str) -> None:
    """The same with names that exist, so that the answers are not all refusals."""
    known = KNOWN | {"campaign": campaign}
    case.path_parameters = {name: known.get(name, value) for name, value in (case.path_parameters or {}).items()}
    if isinstance(case.query, dict) and case.query:
        case.query = {name: MEANT.get(name, value) for name, value in case.query.items()}
        if "/responses/{response}" in case.path:
            # What no schema can say: the parts of a receipt go together.
            case.query = RECEIPT | case.query
    case.call_and_validate(app=app)


def test_the_document_is_valid_and_names_every_address(app: Flask) -> None:
    served = app.test_client().get("/openapi.json").json
    validate(served)
    addresses = {rule.rule.replace("<", "{").replace(">", "}") for rule in app.url_map.iter_rules()}
    pages = ("/docs", "/openapi.json", "/c/", "/embed/", "/static/")
    api = {address for address in addresses if address != "/" and not address.startswith(pages)}
    assert set(served["paths"]) == api


def test_the_docs_load_nothing_from_elsewhere(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/docs")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "//" not in page.text.replace("</", "<")
