"""Intake answers as /openapi.json says, whatever is sent, to campaigns that exist and others."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from services.common import campaign_schema
from services.common.campaign import Campaign
from services.common.settings import Settings
from services.intake.app import create_app
from services.intake.openapi import document
from tests.intake import Intake, definition, fresh_topics, response, running_intake
from tests.unit.campaigns import campaigns

CODE = "contract"
KNOWN = {"campaign": CODE, "group": "citizen", "unit": "w1", "response": str(uuid.UUID(int=1))}
# No schema of the API can say which units, leaves and options a campaign has: what fits the schema may still be 422.
UNTOLD = [positive_data_acceptance]
DEFINITION = "^/v1/campaigns/{campaign}$"


@schemathesis.serializer("application/x-ndjson")
def lines_of(_: schemathesis.SerializationContext, value: object) -> bytes:
    """What schemathesis makes is the text itself, or for a negative test anything else."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else json.dumps(value).encode()


@pytest.fixture(scope="module")
def intake(kafka_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    with (
        fresh_topics(kafka_server) as made,
        running_intake(made, tmp_path_factory.mktemp("intake")) as started,
    ):
        assert started.define(definition(CODE)).status_code == 201
        yield started


# Definitions are made by a strategy of their own below: schemathesis would break limits with megabytes of YAML.
schema = schemathesis.openapi.from_dict(document()).exclude(path_regex=DEFINITION, method="PUT")
modest = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@schema.parametrize()
@modest
def test_whatever_is_sent_is_answered_as_described(case: schemathesis.Case, intake: Intake) -> None:
    case.call_and_validate(base_url=intake.url, excluded_checks=UNTOLD)


@schema.exclude(path_regex="^/(livez|readyz|metrics|openapi.json|docs)$").parametrize()
@modest
def test_what_is_sent_to_a_campaign_is_answered_as_described(case: schemathesis.Case, intake: Intake) -> None:
    """The same with names that exist and a token that allows it, so that the answers are not all refusals."""
    case.path_parameters = {name: KNOWN[name] for name in case.path_parameters or {}}
    # What was wrong in the address is right now; only a body can still be wrong on purpose, and any text is a batch.
    worded = case.method in {"POST", "PUT", "PATCH"} and not case.path.endswith("/batch")
    untold = UNTOLD if worded else [*UNTOLD, negative_data_rejection]
    case.call_and_validate(base_url=intake.url, headers=intake.bearer("admin"), excluded_checks=untold)


@modest
@given(campaigns(), st.booleans())
def test_a_definition_is_published_as_described(intake: Intake, campaign: Campaign, as_yaml: bool) -> None:  # noqa: FBT001
    """Any definition that is valid becomes a version, or is told what of the last one it removes."""
    content = campaign_schema.dump(dataclasses.replace(campaign, code="made"))
    del content["version"], content["layout"]
    text = yaml.safe_dump(content, allow_unicode=True) if as_yaml else json.dumps(content)
    headers = {"Content-Type": "application/yaml" if as_yaml else "application/json"} | intake.bearer("admin")
    answer = intake.http.put("/v1/campaigns/made", content=text.encode(), headers=headers)
    assert answer.status_code in {200, 201, 409}, answer.text
    if answer.status_code == 409:
        described("Problem").validate(answer.json())
    else:
        described("Published").validate(answer.json())
        described("PublishedCampaign").validate(intake.http.get("/v1/campaigns/made").json())


def test_the_document_is_openapi_3_1() -> None:
    validate(document())


def test_every_route_is_described_and_nothing_else() -> None:
    described = {(method.upper(), path) for path, operations in document()["paths"].items() for method in operations}
    routes = {
        (method, rule.rule.replace("<response:", "<").replace("<", "{").replace(">", "}"))
        for rule in create_app(Settings()).url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint != "docs_asset"
    }
    assert described == routes


def described(name: str) -> jsonschema.Draft202012Validator:
    parts = document()["components"]
    return jsonschema.Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": parts})


def test_the_examples_are_taken(intake: Intake) -> None:
    """Those of the document, on the campaign from which they are."""
    text = (Path(__file__).parents[2] / "examples" / "hanoi-2022.yaml").read_bytes()
    headers = intake.bearer("admin") | {"Content-Type": "application/yaml"}
    address = "/v1/campaigns/hanoi-2022"
    assert intake.http.put(address, content=text, headers=headers).status_code in {200, 201}
    schemas: dict[str, Any] = document()["components"]["schemas"]
    (said,) = schemas["Response"]["examples"]
    assert intake.http.post(f"{address}/responses", json=said).status_code == 202
    (change,) = schemas["Appraisal"]["examples"]
    changed = intake.http.patch(f"{address}/appraisals/ba-dinh", json=change, headers=intake.bearer("admin"))
    assert changed.status_code == 200
    (changes,) = schemas["AppraisalSet"]["examples"]
    changed = intake.http.patch(f"{address}/appraisals", json=changes, headers=intake.bearer("admin"))
    assert changed.status_code == 200, changed.text
    batch = document()["paths"]["/v1/campaigns/{campaign}/responses/batch"]["post"]["requestBody"]["content"]
    (lines,) = batch["application/x-ndjson"]["schema"]["examples"]
    answer = intake.http.post(
        f"{address}/responses/batch", content=lines, headers={"Content-Type": "application/x-ndjson"}
    )
    assert [json.loads(line)["status"] for line in answer.text.splitlines()] == [202, 202]


def test_the_results_of_a_batch_are_as_described(intake: Intake) -> None:
    """A stream of lines is one text to OpenAPI; each line has a schema nevertheless."""
    lines = b"\n".join([json.dumps(response()).encode(), b"{", json.dumps(response(group="x")).encode()])
    answer = httpx.post(
        f"{intake.url}/v1/campaigns/{CODE}/responses/batch",
        content=lines,
        headers={"Content-Type": "application/x-ndjson"},
        trust_env=False,
    )
    for line in answer.text.splitlines():
        described("BatchResult").validate(json.loads(line))
