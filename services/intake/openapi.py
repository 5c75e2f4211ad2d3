"""The OpenAPI 3.1 document of intake: schemas from marshmallow, and every route with every status it can answer."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from services.common import problems
from services.common.campaign import CODE_PATTERN
from services.common.campaign_document import CampaignDocument, StoredDocument
from services.common.problems import Kind
from services.intake.appraisal_document import AppraisalDocument, LeafAppraisalDocument
from services.intake.definitions import TYPES
from services.intake.openapi_parts import EXAMPLES, SCHEMAS
from services.intake.ratings import MAX_REVISION, UUID_PATTERN, ResponseDocument

Json = dict[str, Any]

ABOUT: Final = """\
Takes the answers of a survey. **202 means counted exactly once**: all in-sync replicas of the log have it.

Every refusal is `application/problem+json` (RFC 9457) with a stable `type` and `retryable`. Not retryable: correct
what `errors` name. Retryable (408, 425, 429, 5xx): it is unknown whether it was stored, so **send the same body with
the same id and revision again**, later and later, without an end; a repeat has no effect.
"""

_TAKEN: Final = (problems.NOT_FOUND, problems.CLOSED, problems.NOT_OPEN, problems.INTERNAL, problems.UNAVAILABLE)
_BODY: Final = (
    problems.MALFORMED,
    problems.SLOW,
    problems.LENGTH_REQUIRED,
    problems.TOO_LARGE,
    problems.UNSUPPORTED,
)
_SHOWN: Final = (problems.NOT_FOUND, problems.INTERNAL, problems.UNAVAILABLE)
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
    spec.components.schema("Response", schema=ResponseDocument, examples=[EXAMPLES["response"]])
    spec.components.schema("LeafAppraisal", {"minProperties": 1}, schema=LeafAppraisalDocument)
    spec.components.schema("Appraisal", schema=AppraisalDocument, examples=[EXAMPLES["appraisal"]])
    spec.components.schema("Campaign", schema=CampaignDocument)
    spec.components.schema("PublishedCampaign", schema=StoredDocument(exclude=("layout",)))
    for name, schema in SCHEMAS.items():
        spec.components.schema(name, schema)
    for path, operations in _paths().items():
        spec.path(path=path, operations=operations)
    made: Json = spec.to_dict()
    return made


def _name(schema: type[Schema] | Schema) -> str:
    return (schema if isinstance(schema, type) else type(schema)).__name__.removesuffix("Document")


def _paths() -> dict[str, Json]:
    campaign, id_ = _parameter("campaign", CODE_PATTERN), _parameter("response", UUID_PATTERN)
    unit, group = _parameter("unit", CODE_PATTERN), _parameter("group", CODE_PATTERN)
    one = "/v1/campaigns/{campaign}"
    said = {"application/json": _ref("Response")}
    return {
        f"{one}/responses": {
            "post": _operation(
                "responses",
                "Send a response",
                [campaign],
                said,
                _accepted(),
                (*_TAKEN, *_BODY, problems.CONFLICT, problems.INVALID),
            )
        },
        f"{one}/responses/{{response}}": {
            "put": _operation(
                "responses",
                "Send a response under an id of one's own, or an edit of it with the next revision",
                [campaign, id_],
                said,
                _accepted(),
                (*_TAKEN, *_BODY, problems.CONFLICT, problems.INVALID),
            ),
            "delete": _operation(
                "responses",
                "Withdraw a response",
                [campaign, id_, _revision()],
                None,
                _accepted(),
                (*_TAKEN, problems.CONFLICT, problems.INVALID),
            ),
        },
        f"{one}/responses/batch": {
            "post": _operation(
                "responses",
                "Send many responses, one JSON object a line; each is answered on its own, in order",
                [campaign],
                {"application/x-ndjson": {"type": "string", "examples": [EXAMPLES["batch"]]}},
                {"200": _answer("One BatchResult a line.", "application/x-ndjson", {"type": "string"})},
                (*_TAKEN, *_BODY),
            )
        },
        "/v1/campaigns": {
            "get": _operation("campaigns", "List the campaigns", [], None, _shown("CampaignList"), _SHOWN[1:])
        },
        one: {
            "get": _operation(
                "campaigns", "The definition in force", [campaign], None, _shown("PublishedCampaign"), _SHOWN
            ),
            "put": _operation(
                "campaigns",
                "Publish a definition (role admin)",
                [campaign],
                dict.fromkeys(TYPES, _ref("Campaign")),
                {
                    "200": _answer("This is the definition in force already.", "application/json", _ref("Published")),
                    "201": _answer("Published as a new version.", "application/json", _ref("Published")),
                },
                (*_OPERATOR, *_BODY, problems.CONFLICT, problems.INVALID, problems.INTERNAL, problems.UNAVAILABLE),
                role=True,
            ),
        },
        f"{one}/forms/{{group}}": {
            "get": _operation(
                "campaigns", "The form of a group, as SurveyJS JSON", [campaign, group], None, _shown("Form"), _SHOWN
            )
        },
        f"{one}/appraisals/{{unit}}": {
            "get": _operation(
                "appraisals",
                "The appraisal of a unit (role appraiser)",
                [campaign, unit],
                None,
                _row(),
                (*_OPERATOR, *_SHOWN),
                role=True,
            ),
            "patch": _operation(
                "appraisals",
                "Change the appraisal of a unit (role appraiser): named leaves are replaced, null clears",
                [campaign, unit, _if_match()],
                {"application/json": _ref("Appraisal")},
                _row(),
                (*_OPERATOR, *_SHOWN, *_BODY, problems.STALE, problems.INVALID),
                role=True,
            ),
        },
        "/livez": {"get": _operation("service", "Whether the process runs", [], None, _health("200"), ())},
        "/readyz": {
            "get": _operation("service", "Whether it can do its work", [], None, _health("200") | _health("503"), ())
        },
        "/metrics": _text("Metrics in Prometheus' text form", "text/plain"),
        "/openapi.json": {
            "get": _operation(
                "service", "This document", [], None, _shown_as("application/json", {"type": "object"}), ()
            )
        },
        "/docs": _text("A page to read and try this API", "text/html"),
    }


def _operation(
    tag: str,
    summary: str,
    parameters: list[Json],
    body: Json | None,
    answers: Json,
    refusals: Sequence[Kind],
    *,
    role: bool = False,
) -> Json:
    operation: Json = {"tags": [tag], "summary": summary, "parameters": parameters}
    if body is not None:
        content = {media: {"schema": schema} for media, schema in body.items()}
        operation["requestBody"] = {"required": True, "content": content}
    operation["responses"] = answers | _refused(refusals)
    operation["security"] = [{"token": []}] if role else []
    return operation


def _refused(kinds: Sequence[Kind]) -> Json:
    """The problems an operation can answer, by status; two kinds of one status stand together."""
    statuses = sorted({kind.status for kind in kinds})
    return {str(status): _problem([kind for kind in kinds if kind.status == status]) for status in statuses}


def _problem(kinds: Sequence[Kind]) -> Json:
    text = "; ".join(dict.fromkeys(f"{kind.title} (`{kind.type}`)" for kind in kinds))
    answer = _answer(text, "application/problem+json", _ref("Problem"))
    if any(kind.retryable for kind in kinds):
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
    return answer


def _answer(text: str, media: str, schema: Json) -> Json:
    return {"description": text, "content": {media: {"schema": schema}}}


def _accepted() -> Json:
    answer = _answer("Counted exactly once. Keep the receipt.", "application/json", _ref("Accepted"))
    answer["headers"] = {
        "Location": {"schema": {"type": "string"}, "description": "Where reporting tells what became of it."}
    }
    return {"202": answer}


def _shown(schema: str) -> Json:
    return _shown_as("application/json", _ref(schema))


def _shown_as(media: str, schema: Json) -> Json:
    answer = _answer("As it is now.", media, schema)
    answer["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "For If-None-Match."}}
    return {"200": answer, "304": {"description": "The client has it already."}}


def _row() -> Json:
    answer = _answer("The row in force.", "application/json", _ref("AppraisalRow"))
    answer["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "The row's version, for If-Match."}}
    return {"200": answer}


def _health(status: str) -> Json:
    text = "All is well." if status == "200" else "Something is wrong; `checks` says what."
    return {status: _answer(text, "application/json", _ref("Health"))}


def _text(summary: str, media: str) -> Json:
    answer = _answer(summary, media, {"type": "string"})
    return {"get": _operation("service", summary, [], None, {"200": answer}, ())}


def _parameter(name: str, pattern: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": pattern}}


def _revision() -> Json:
    schema = {"type": "integer", "minimum": 1, "maximum": MAX_REVISION}
    text = "The revision that withdraws: one more than the last."
    return {"name": "revision", "in": "query", "required": True, "schema": schema, "description": text}


def _if_match() -> Json:
    text = "The ETag of the row that the change was made for; without it the change applies to whatever is in force."
    return {"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"}, "description": text}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
