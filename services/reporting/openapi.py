"""/openapi.json of reporting: every address with its parameters, its answers and its refusals (OpenAPI 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from services.common import problems
from services.common.campaign import CODE_PATTERN
from services.common.problems import Kind
from services.reporting import answers, schemas
from services.reporting.answers import Form
from services.reporting.appraisal_history import MOST_CHANGES
from services.reporting.exports import responses_book
from services.reporting.exports.books import PARTS
from services.reporting.exports.csv_file import SEPARATORS
from services.reporting.problem_document import ProblemDocument
from services.reporting.queries import DRAWS, MOST_DRAWS, MOST_SEED, SEED

Json = dict[str, Any]

ABOUT = """Rankings and their details, live.

Every figure belongs to one committed state of the log, which `as_of` names. Exact numbers are texts of decimal digits.
Answers carry a strong ETag: ask again with `If-None-Match`, and an unchanged answer costs a 304. While MongoDB is away
every answer is a 503 with `Retry-After`: an error never looks like an empty table. An unknown parameter is refused, so
that a misspelt one does not give another ranking than the one that was asked for.

Scores of a campaign whose rule `live` is private need a token of the role viewer."""

CAMPAIGN: Json = {
    "in": "path",
    "name": "campaign",
    "required": True,
    "description": "The campaign's code.",
    "schema": {"type": "string", "pattern": CODE_PATTERN},
}
IF_NONE_MATCH: Json = {
    "in": "header",
    "name": "If-None-Match",
    "description": "The ETag of what you have.",
    "schema": {"type": "string"},
}


def document() -> Json:
    """The document."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(
        title="PAR Index: reporting",
        version=version("parindex"),
        openapi_version="3.1.0",
        info={"description": ABOUT, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        plugins=[plugin],
    )
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    for path, operation in _operations().items():
        spec.path(path=path, operations={"get": operation})
    made: Json = spec.to_dict()
    return made


def _operations() -> dict[str, Json]:
    campaign = "/v1/campaigns/{campaign}"
    return {
        "/v1/campaigns": _operation(
            "campaigns",
            "All campaigns",
            _answer("The list.", schemas.Campaigns),
            [IF_NONE_MATCH],
            refused=(problems.INVALID,),
        ),
        "/v1/compare": _operation(
            "compare",
            "Two campaigns side by side: index and rank then and now",
            _answer("The comparison.", schemas.Comparison),
            [_COMPARED, _VIEW[0], IF_NONE_MATCH],
            refused=_SCORES,
        ),
        campaign: _operation(
            "campaign",
            "The public part of the definition in force",
            _answer("The definition.", schemas.Definition),
            [CAMPAIGN, IF_NONE_MATCH],
        ),
        f"{campaign}/rankings": _operation(
            "rankings",
            "A ranking, in the form that Accept asks for",
            _files("The ranking.", schemas.Ranking, answers.FORMS),
            [CAMPAIGN, *_VIEW, *_HOW, IF_NONE_MATCH],
            refused=(*_SCORES, *_FILES),
        ),
        f"{campaign}/rankings.{{form}}": _operation(
            "rankings_file",
            "A ranking as a file; XLSX and PDF without a block have all of them",
            _files("The ranking.", schemas.Ranking, answers.FORMS),
            [CAMPAIGN, _form(answers.FORMS), *_VIEW, *_HOW, IF_NONE_MATCH],
            refused=(*_SCORES, *_FILES),
        ),
        f"{campaign}/fields": _operation(
            "fields",
            "A block at a glance: every unit's sub-index in every field",
            _answer("The figures.", schemas.ByField),
            [CAMPAIGN, _VIEW[0], _query("group", "By the answers of this group alone.", _CODE), IF_NONE_MATCH],
            refused=_SCORES,
        ),
        f"{campaign}/robustness": _operation(
            "robustness",
            "How firm the ranks of a block are when weights and rules are varied",
            _answer("The range of each unit's rank.", schemas.Robustness),
            [CAMPAIGN, _VIEW[0], *_DRAWS, IF_NONE_MATCH],
            refused=_SCORES,
        ),
        f"{campaign}/units/{{unit}}": _operation(
            "unit",
            "A unit in detail, what was lost where, in the form that Accept asks for",
            _files("The unit.", schemas.UnitDetail, answers.FORMS),
            [CAMPAIGN, _UNIT, *_HOW, IF_NONE_MATCH],
            refused=(*_SCORES, *_FILES),
        ),
        f"{campaign}/units/{{unit}}.{{form}}": _operation(
            "unit_file",
            "A unit in detail as a file: a row for each node of its tree",
            _files("The unit.", schemas.UnitDetail, answers.FORMS),
            [CAMPAIGN, _UNIT, _form(answers.FORMS), *_HOW, IF_NONE_MATCH],
            refused=(*_SCORES, *_FILES),
        ),
        f"{campaign}/units/{{unit}}/lost": _operation(
            "lost",
            "The points a unit lost, and what one more step on a leaf would change",
            _answer("What was lost.", schemas.PointsLost),
            [CAMPAIGN, _path("unit", "The unit's code.", CODE_PATTERN), IF_NONE_MATCH],
            refused=_SCORES,
        ),
        f"{campaign}/units/{{unit}}/appraisals": _operation(
            "unit_appraisals",
            "What the council says of a unit, with warnings; needs a token of the role viewer, whatever the rule",
            _answer("The row in force.", schemas.UnitAppraisals),
            [CAMPAIGN, _UNIT, IF_NONE_MATCH],
            refused=_SCORES,
        ),
        f"{campaign}/units/{{unit}}/appraisals/history": _operation(
            "appraisal_history",
            "Every change of that: who, when, why, before and after; the newest first; likewise",
            _answer("A page of changes.", schemas.AppraisalHistory),
            [CAMPAIGN, _UNIT, *_PAGE, IF_NONE_MATCH],
            refused=_SCORES,
        ),
        f"{campaign}/participation": _operation(
            "participation",
            "Forms by group and unit against what was asked for; always public",
            _files("Participation.", schemas.Participation, answers.TABLES),
            [CAMPAIGN, *_HOW, _part(PARTS["participation"]), IF_NONE_MATCH],
            refused=(problems.NOT_FOUND, problems.INVALID, *_FILES),
        ),
        f"{campaign}/participation.{{form}}": _operation(
            "participation_file",
            "The same as a file",
            _files("Participation.", schemas.Participation, answers.TABLES),
            [CAMPAIGN, _form(answers.TABLES), *_HOW, _part(PARTS["participation"]), IF_NONE_MATCH],
            refused=(problems.NOT_FOUND, problems.INVALID, *_FILES),
        ),
        f"{campaign}/appraisals.{{form}}": _operation(
            "appraisals_file",
            "What the council has said of each unit, leaf by leaf; needs a token of the role viewer, whatever the rule",
            _files("The appraisals.", schemas.Appraisals, answers.TABLES),
            [CAMPAIGN, _form(answers.TABLES), *_HOW, _part(PARTS["appraisals"]), IF_NONE_MATCH],
            refused=(*_SCORES, *_FILES),
        ),
        f"{campaign}/responses": _operation(
            "responses",
            "The answers without whoever gave them; needs a token of the role viewer, whatever the campaign's rule",
            _files("The answers.", schemas.Responses, answers.TABLES, tagged=False),
            [CAMPAIGN, *_HOW, _part(responses_book.PARTS)],
            refused=(*_SCORES, *_FILES),
            tagged=False,
        ),
        f"{campaign}/responses.{{form}}": _operation(
            "responses_file",
            "The same as a file",
            _files("The answers.", schemas.Responses, answers.TABLES, tagged=False),
            [CAMPAIGN, _form(answers.TABLES), *_HOW, _part(responses_book.PARTS)],
            refused=(*_SCORES, *_FILES),
            tagged=False,
        ),
        f"{campaign}/responses/{{response}}": _operation(
            "response",
            "What became of a response; asked with its receipt",
            _answer("What became of it.", schemas.ResponseStatus, tagged=False),
            [CAMPAIGN, _path("response", "The response's id, a UUID.", None), *_RECEIPT],
            tagged=False,
        ),
        f"{campaign}/events": _operation(
            "events",
            "New states as server-sent events",
            {
                "description": EVENTS,
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            [CAMPAIGN, _LAST_EVENT],
            tagged=False,
        ),
        "/livez": _probe("livez", "Whether the process lives", {"200": _health("It lives.")}),
        "/readyz": _probe(
            "readyz",
            "Whether figures are current",
            {"200": _health("They are."), "503": _health("They are not; the checks say why.")},
        ),
        "/metrics": _probe(
            "metrics",
            "Metrics for Prometheus",
            {"200": {"description": "The metrics.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
        ),
    }


CSV = (
    "UTF-8 with a byte order mark, lines ended by CR LF, quoted by RFC 4180; the first line names the columns. A text "
    "that a spreadsheet would take for a formula has an apostrophe in front."
)
XLSX = "A sheet for each block, and one that says what they are; figures are numbers, in the format of their decimals."
PARQUET = "Exact numbers are decimals. Refused with 406 where it is not installed."
PDF = "A4, to be printed."
EVENTS = (
    "The state in force at once (unless Last-Event-ID is its id), then an event `state` for each new one: its id is "
    "the state's number, its data {state, version, as_of}. While MongoDB is away an event `unavailable`. A comment "
    "every 15 s shows that the stream lives."
)
_ROWS: Json = {"description": "How many rows the file has.", "schema": {"type": "integer"}}
_NAMED: Json = {"description": "The file's name: campaign, contents, state.", "schema": {"type": "string"}}
_FILES: tuple[Kind, ...] = (problems.NOT_ACCEPTABLE, problems.TOO_MANY)
_ETAG: Json = {"description": "Strong, of the bytes.", "schema": {"type": "string"}}
_SCORES: tuple[Kind, ...] = (problems.UNAUTHENTICATED, problems.FORBIDDEN, problems.NOT_FOUND, problems.INVALID)
_LAST_EVENT: Json = {
    "in": "header",
    "name": "Last-Event-ID",
    "description": "The id of the last event that you have; a browser sends it by itself.",
    "schema": {"type": "string"},
}


def _query(name: str, description: str, schema: Json) -> Json:
    return {"in": "query", "name": name, "description": description, "schema": schema}


def _path(name: str, description: str, pattern: str | None) -> Json:
    schema = {"type": "string", "format": "uuid"} if pattern is None else {"type": "string", "pattern": pattern}
    return {"in": "path", "name": name, "required": True, "description": description, "schema": schema}


_CODE: Json = {"type": "string", "pattern": CODE_PATTERN}
_VIEW: list[Json] = [
    _query("block", "The block; may be left out where the campaign has only one.", _CODE),
    _query("field", "Rank by the sub-index of this field.", _CODE),
    _query("group", "Rank by the answers of this group alone; with a field, within the field.", _CODE),
]
_UNIT = _path("unit", "The unit's code.", CODE_PATTERN)
_HOW: list[Json] = [
    _query("lang", "csv, xlsx, pdf: the language of headings and labels.", {"type": "string", "enum": ["vi", "en"]}),
    _query("separator", "csv: what stands between cells.", {"type": "string", "enum": list(SEPARATORS)}),
]


def _form(forms: Sequence[Form]) -> Json:
    named = "The form, as the end of the address."
    return {
        "in": "path",
        "name": "form",
        "required": True,
        "description": named,
        "schema": {"type": "string", "enum": list(forms)},
    }


def _part(parts: Sequence[str]) -> Json:
    return _query("part", "csv, parquet: which of the tables.", {"type": "string", "enum": list(parts)})


_WHOLE: Json = {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}
_COMPARED: Json = {
    "in": "query",
    "name": "campaigns",
    "required": True,
    "description": "The codes of the earlier and of the later campaign, with a comma between them.",
    "schema": {"type": "string", "pattern": CODE_PATTERN[:-1] + "," + CODE_PATTERN[1:]},
}
_DRAWS: list[Json] = [
    _query(
        "draws",
        "How many draws of field weights; a block of more than 2,000 units is given fewer: 20,000,000 over its units.",
        {"type": "integer", "minimum": 1, "maximum": MOST_DRAWS, "default": DRAWS},
    ),
    _query("seed", "What they are drawn from.", _WHOLE | {"maximum": MOST_SEED, "default": SEED}),
]
_PAGE: list[Json] = [
    _query(
        "limit",
        "The most changes that are shown; 50 if not given.",
        {"type": "integer", "minimum": 1, "maximum": MOST_CHANGES},
    ),
    _query("cursor", "`next` of the page before.", {"type": "string", "pattern": "^[0-9]{1,15}$"}),
]
_RECEIPT: list[Json] = [
    _query("revision", "The receipt's revision; without it, whatever revision counts.", _WHOLE),
    _query("digest", "The receipt's digest; goes with revision.", {"type": "string", "pattern": "^[0-9a-f]{64}$"}),
    _query("partition", "The receipt's partition; goes with offset, revision and digest.", _WHOLE),
    _query("offset", "The receipt's offset: tells a response that is on its way from one never sent.", _WHOLE),
]


def _operation(
    name: str,
    summary: str,
    ok: Json,
    parameters: list[Json],
    *,
    refused: tuple[Kind, ...] = (problems.NOT_FOUND, problems.INVALID),
    tagged: bool = True,
) -> Json:
    """An operation that answers with figures. Those that may be refused for want of a token take one."""
    unchanged: Json = {"304": {"description": "You have it already.", "headers": {"ETag": _ETAG}}} if tagged else {}
    refusals = {str(kind.status): _refusal(kind) for kind in (*refused, problems.UNAVAILABLE)}
    return {
        "operationId": name,
        "summary": summary,
        "parameters": parameters,
        "responses": {"200": ok, **unchanged, **refusals},
        **({"security": [{}, {"token": []}]} if problems.UNAUTHENTICATED in refused else {}),
    }


def _probe(name: str, summary: str, answers: Json) -> Json:
    return {"operationId": name, "summary": summary, "responses": answers}


def _answer(description: str, schema: type[Schema], *, tagged: bool = True) -> Json:
    answer: Json = {"description": description, "content": {"application/json": {"schema": _instance(schema)}}}
    return answer | {"headers": {"ETag": _ETAG}} if tagged else answer


def _files(description: str, schema: type[Schema], forms: Sequence[Form], *, tagged: bool = True) -> Json:
    """An answer in several forms."""
    answer = _answer(description, schema, tagged=tagged)
    said = {"csv": CSV, "xlsx": XLSX, "parquet": PARQUET, "pdf": PDF}
    for form in forms:
        if form != "json":
            binary = {} if form == "csv" else {"format": "binary"}
            text = {"type": "string", "description": said[form], **binary}
            answer["content"][answers.TYPES[form]] = {"schema": text}
    answer["headers"] = answer.get("headers", {}) | {"X-Row-Count": _ROWS, "Content-Disposition": _NAMED}
    return answer


def _instance(schema: type[Schema]) -> Schema:
    return schema(exclude=("layout",)) if issubclass(schema, schemas.Definition) else schema()


def _health(description: str) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schemas.Health()}}}


def _refusal(kind: Kind) -> Json:
    headers = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return {
        "description": kind.title,
        "content": {"application/problem+json": {"schema": ProblemDocument()}},
        **({"headers": headers} if kind.retryable else {}),
    }


def _name(schema: type[Schema] | Schema) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Document")
