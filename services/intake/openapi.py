"""The OpenAPI 3.1 document of intake: schemas from marshmallow, and every route with every status it can answer."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from services.common import problems
from services.common.appraisal_document import AppraisalDocument, AppraisalSetDocument, LeafAppraisalDocument
from services.common.campaign import CODE_PATTERN
from services.common.campaign_document import CampaignDocument, StoredDocument
from services.intake.definitions import TYPES
from services.intake.openapi_parts import (
    Json,
    accepted,
    answer,
    dry_run,
    health,
    if_match,
    in_address,
    operation,
    ref,
    revision,
    row,
    rows,
    shown,
    text,
)
from services.intake.openapi_schemas import EXAMPLES, SCHEMAS
from services.intake.ratings import UUID_PATTERN, ResponseDocument

ONE: Final = "/v1/campaigns/{campaign}"
ABOUT: Final = """\
Takes the answers of a survey. **202 means counted exactly once**: all in-sync replicas of the log have it.

Every refusal is `application/problem+json` (RFC 9457) with a stable `type` and `retryable`. Not retryable: correct
what `errors` name. Retryable (408, 425, 429, 5xx): it is unknown whether it was stored, so **send the same body with
the same id and revision again**, later and later, without an end; a repeat has no effect.
"""

_TAKEN: Final = (problems.NOT_FOUND, problems.CLOSED, problems.NOT_OPEN, problems.INTERNAL, problems.UNAVAILABLE)
_CONTENT: Final = (problems.CONFLICT, problems.INVALID)
_BODY: Final = (
    problems.MALFORMED,
    problems.SLOW,
    problems.LENGTH_REQUIRED,
    problems.TOO_LARGE,
    problems.UNSUPPORTED,
)
_FAULTS: Final = (problems.INTERNAL, problems.UNAVAILABLE)
_SHOWN: Final = (problems.NOT_FOUND, *_FAULTS)
_OPERATOR: Final = (problems.UNAUTHENTICATED, problems.FORBIDDEN)


def document() -> Json:
    """The document as plain data."""
    spec = APISpec(
        title="PAR Index intake",
        version=version("parindex"),
        openapi_version="3.1.0",
        plugins=[MarshmallowPlugin(schema_name_resolver=_name)],
        info={"description": ABOUT, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        tags=[{"name": name} for name in ("responses", "campaigns", "appraisals", "service")],
    )
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    spec.components.schema("Response", {"examples": [EXAMPLES["response"]]}, schema=ResponseDocument)
    spec.components.schema("LeafAppraisal", {"minProperties": 1}, schema=LeafAppraisalDocument)
    spec.components.schema("Appraisal", {"examples": [EXAMPLES["appraisal"]]}, schema=AppraisalDocument)
    spec.components.schema("AppraisalSet", {"examples": [EXAMPLES["appraisals"]]}, schema=AppraisalSetDocument)
    spec.components.schema("Campaign", schema=CampaignDocument)
    spec.components.schema("PublishedCampaign", schema=StoredDocument(exclude=("layout",)))
    for name, schema in SCHEMAS.items():
        spec.components.schema(name, schema)
    for path, operations in {**_responses(), **_campaigns(), **_appraisals(), **_service()}.items():
        spec.path(path=path, operations=operations)
    made: Json = spec.to_dict()
    return made


def _name(schema: type[Schema] | Schema) -> str:
    return (schema if isinstance(schema, type) else type(schema)).__name__.removesuffix("Document")


def _responses() -> dict[str, Json]:
    campaign, id_ = in_address("campaign", CODE_PATTERN), in_address("response", UUID_PATTERN)
    said = {"application/json": ref("Response")}
    return {
        f"{ONE}/responses": {
            "post": operation(
                "responses",
                "Send a response",
                parameters=[campaign],
                body=said,
                answers=accepted(),
                refusals=(*_TAKEN, *_BODY, *_CONTENT),
            )
        },
        f"{ONE}/responses/{{response}}": {
            "put": operation(
                "responses",
                "Send a response under an id of one's own, or an edit of it with the next revision",
                parameters=[campaign, id_],
                body=said,
                answers=accepted(),
                refusals=(*_TAKEN, *_BODY, *_CONTENT),
            ),
            "delete": operation(
                "responses",
                "Withdraw a response",
                parameters=[campaign, id_, revision()],
                answers=accepted(),
                refusals=(*_TAKEN, *_CONTENT),
            ),
        },
        f"{ONE}/responses/batch": {
            "post": operation(
                "responses",
                "Send many responses, one JSON object a line; each is answered on its own, in order",
                parameters=[campaign],
                body={"application/x-ndjson": {"type": "string", "examples": [EXAMPLES["batch"]]}},
                answers={"200": answer("One BatchResult a line.", "application/x-ndjson", {"type": "string"})},
                refusals=(*_TAKEN, *_BODY),
            )
        },
    }


def _campaigns() -> dict[str, Json]:
    campaign, group = in_address("campaign", CODE_PATTERN), in_address("group", CODE_PATTERN)
    published = ("application/json", ref("Published"))
    return {
        "/v1/campaigns": {
            "get": operation("campaigns", "List the campaigns", answers=shown(ref("CampaignList")), refusals=_FAULTS)
        },
        ONE: {
            "get": operation(
                "campaigns",
                "The definition in force",
                parameters=[campaign],
                answers=shown(ref("PublishedCampaign")),
                refusals=_SHOWN,
            ),
            "put": operation(
                "campaigns",
                "Publish a definition (role admin)",
                parameters=[campaign],
                body=dict.fromkeys(TYPES, ref("Campaign")),
                answers={
                    "200": answer("This is the definition in force already.", *published),
                    "201": answer("Published as a new version.", *published),
                },
                refusals=(*_OPERATOR, *_BODY, *_CONTENT, *_FAULTS),
                role=True,
            ),
        },
        f"{ONE}/forms/{{group}}": {
            "get": operation(
                "campaigns",
                "The form of a group, as SurveyJS JSON",
                parameters=[campaign, group],
                answers=shown(ref("Form")),
                refusals=_SHOWN,
            )
        },
    }


def _appraisals() -> dict[str, Json]:
    campaign, unit = in_address("campaign", CODE_PATTERN), in_address("unit", CODE_PATTERN)
    return {
        f"{ONE}/appraisals": {
            "get": operation(
                "appraisals",
                "The appraisals of all units that the caller may appraise (role appraiser)",
                parameters=[campaign],
                answers=rows("The rows in force."),
                refusals=(*_OPERATOR, *_SHOWN),
                role=True,
            ),
            "patch": operation(
                "appraisals",
                "Change the appraisals of many units (role appraiser): all changes are made, or none is",
                parameters=[campaign, dry_run()],
                body={"application/json": ref("AppraisalSet")},
                answers=rows("The rows as they are now; of a dry run, as they would be."),
                refusals=(*_OPERATOR, *_SHOWN, *_BODY, problems.STALE, problems.INVALID),
                role=True,
            ),
        },
        f"{ONE}/appraisals/{{unit}}": {
            "get": operation(
                "appraisals",
                "The appraisal of a unit (role appraiser)",
                parameters=[campaign, unit],
                answers=row(),
                refusals=(*_OPERATOR, *_SHOWN),
                role=True,
            ),
            "patch": operation(
                "appraisals",
                "Change the appraisal of a unit (role appraiser): named leaves are replaced, null clears",
                parameters=[campaign, unit, if_match()],
                body={"application/json": ref("Appraisal")},
                answers=row(),
                refusals=(*_OPERATOR, *_SHOWN, *_BODY, problems.STALE, problems.INVALID),
                role=True,
            ),
        },
    }


def _service() -> dict[str, Json]:
    return {
        "/livez": {"get": operation("service", "Whether the process runs", answers=health("200"))},
        "/readyz": {"get": operation("service", "Whether it can do its work", answers=health("200") | health("503"))},
        "/metrics": text("Metrics in Prometheus' text form", "text/plain"),
        "/openapi.json": {"get": operation("service", "This document", answers=shown({"type": "object"}))},
        "/docs": text("A page to read and try this API", "text/html"),
    }
