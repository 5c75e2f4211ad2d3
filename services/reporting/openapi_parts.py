"""The pieces of which the operations of the OpenAPI document are put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema

from services.common import problems
from services.common.campaign import CODE_PATTERN
from services.common.problems import Kind
from services.reporting import answers
from services.reporting.answers import Form
from services.reporting.appraisal_history import MOST_CHANGES
from services.reporting.exports.csv_file import SEPARATORS
from services.reporting.problem_document import ProblemDocument
from services.reporting.queries import DRAWS, MOST_DRAWS, MOST_SEED, SEED
from services.reporting.schemas.campaigns import Definition
from services.reporting.schemas.parts import Health

Json = dict[str, Any]

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
CSV = (
    "UTF-8 with a byte order mark, lines ended by CR LF, quoted by RFC 4180; the first line names the columns. A text "
    "that a spreadsheet would take for a formula has an apostrophe in front."
)
XLSX = "A sheet for each block, and one that says what they are; figures are numbers, in the format of their decimals."
PARQUET = "Exact numbers are decimals. Refused with 406 where it is not installed."
PDF = "A4, to be printed."
EVENTS = (
    "The state in force at once (unless Last-Event-ID is its id), then an event `state` for each new one: its id is "
    "the state's number, its data {state, version, as_of}. With a block, and field and group as of a ranking, an event "
    "`ranking` comes before each new one, with {etag, ranking} as everybody may see it. While MongoDB is away an event "
    "`unavailable`. A comment every 15 s shows that the stream lives."
)
ROWS: Json = {"description": "How many rows the file has.", "schema": {"type": "integer"}}
NAMED: Json = {"description": "The file's name: campaign, contents, state.", "schema": {"type": "string"}}
FILES: tuple[Kind, ...] = (problems.NOT_ACCEPTABLE, problems.TOO_MANY)
ETAG: Json = {"description": "Strong, of the bytes.", "schema": {"type": "string"}}
SCORES: tuple[Kind, ...] = (problems.UNAUTHENTICATED, problems.FORBIDDEN, problems.NOT_FOUND, problems.INVALID)
LAST_EVENT: Json = {
    "in": "header",
    "name": "Last-Event-ID",
    "description": "The id of the last event that you have; a browser sends it by itself.",
    "schema": {"type": "string"},
}


def query(name: str, description: str, schema: Json) -> Json:
    return {"in": "query", "name": name, "description": description, "schema": schema}


def path(name: str, description: str, pattern: str | None) -> Json:
    schema = {"type": "string", "format": "uuid"} if pattern is None else {"type": "string", "pattern": pattern}
    return {"in": "path", "name": name, "required": True, "description": description, "schema": schema}


CODE: Json = {"type": "string", "pattern": CODE_PATTERN}
BLOCK = query("block", "The block; may be left out where the campaign has only one.", CODE)
GROUP = query("group", "By the answers of this group alone.", CODE)
VIEW: list[Json] = [
    BLOCK,
    query("field", "Rank by the sub-index of this field.", CODE),
    query("group", "Rank by the answers of this group alone; with a field, within the field.", CODE),
]
NUMBER: Json = {
    "in": "path",
    "name": "number",
    "required": True,
    "description": "The publication's number.",
    "schema": {"type": "integer", "minimum": 1, "maximum": 10**9},
}
UNIT = path("unit", "The unit's code.", CODE_PATTERN)
HOW: list[Json] = [
    query("lang", "csv, xlsx, pdf: the language of headings and labels.", {"type": "string", "enum": ["vi", "en"]}),
    query("separator", "csv: what stands between cells.", {"type": "string", "enum": list(SEPARATORS)}),
]


def form(forms: Sequence[Form]) -> Json:
    named = "The form, as the end of the address."
    return {
        "in": "path",
        "name": "form",
        "required": True,
        "description": named,
        "schema": {"type": "string", "enum": list(forms)},
    }


def part(parts: Sequence[str]) -> Json:
    return query("part", "csv, parquet: which of the tables.", {"type": "string", "enum": list(parts)})


WHOLE: Json = {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}
COMPARED: Json = {
    "in": "query",
    "name": "campaigns",
    "required": True,
    "description": "The codes of the earlier and of the later campaign, with a comma between them.",
    "schema": {"type": "string", "pattern": CODE_PATTERN[:-1] + "," + CODE_PATTERN[1:]},
}
VARIED: list[Json] = [
    query(
        "draws",
        "How many draws of field weights; a block of more than 2,000 units is given fewer: 20,000,000 over its units.",
        {"type": "integer", "minimum": 1, "maximum": MOST_DRAWS, "default": DRAWS},
    ),
    query("seed", "What they are drawn from.", WHOLE | {"maximum": MOST_SEED, "default": SEED}),
]
PAGE: list[Json] = [
    query(
        "limit",
        "The most changes that are shown; 50 if not given.",
        {"type": "integer", "minimum": 1, "maximum": MOST_CHANGES},
    ),
    query("cursor", "`next` of the page before.", {"type": "string", "pattern": "^[0-9]{1,15}$"}),
]
RECEIPT: list[Json] = [
    query("revision", "The receipt's revision; without it, whatever revision counts.", WHOLE),
    query("digest", "The receipt's digest; goes with revision.", {"type": "string", "pattern": "^[0-9a-f]{64}$"}),
    query("partition", "The receipt's partition; goes with offset, revision and digest.", WHOLE),
    query("offset", "The receipt's offset: tells a response that is on its way from one never sent.", WHOLE),
]


def operation(
    name: str,
    summary: str,
    ok: Json,
    parameters: list[Json],
    *,
    refused: tuple[Kind, ...] = (problems.NOT_FOUND, problems.INVALID),
    tagged: bool = True,
) -> Json:
    """An operation that answers with figures. Those that may be refused for want of a token take one."""
    unchanged: Json = {"304": {"description": "You have it already.", "headers": {"ETag": ETAG}}} if tagged else {}
    refusals = {str(kind.status): refusal(kind) for kind in (*refused, problems.UNAVAILABLE)}
    return {
        "operationId": name,
        "summary": summary,
        "parameters": parameters,
        "responses": {"200": ok, **unchanged, **refusals},
        **({"security": [{}, {"token": []}]} if problems.UNAUTHENTICATED in refused else {}),
    }


def probe(name: str, summary: str, answers: Json) -> Json:
    return {"operationId": name, "summary": summary, "responses": answers}


def answer(description: str, schema: type[Schema], *, tagged: bool = True) -> Json:
    made: Json = {"description": description, "content": {"application/json": {"schema": instance(schema)}}}
    return made | {"headers": {"ETag": ETAG}} if tagged else made


def files(description: str, schema: type[Schema], forms: Sequence[Form], *, tagged: bool = True) -> Json:
    """An answer in several forms."""
    made = answer(description, schema, tagged=tagged)
    said = {"csv": CSV, "xlsx": XLSX, "parquet": PARQUET, "pdf": PDF}
    for form in forms:
        if form != "json":
            binary = {} if form == "csv" else {"format": "binary"}
            text = {"type": "string", "description": said[form], **binary}
            made["content"][answers.TYPES[form]] = {"schema": text}
    made["headers"] = made.get("headers", {}) | {"X-Row-Count": ROWS, "Content-Disposition": NAMED}
    return made


def instance(schema: type[Schema]) -> Schema:
    return schema(exclude=("layout",)) if issubclass(schema, Definition) else schema()


def health(description: str) -> Json:
    return {"description": description, "content": {"application/json": {"schema": Health()}}}


def refusal(kind: Kind) -> Json:
    headers = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return {
        "description": kind.title,
        "content": {"application/problem+json": {"schema": ProblemDocument()}},
        **({"headers": headers} if kind.retryable else {}),
    }
