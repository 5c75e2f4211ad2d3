"""The pieces of which the operations of the OpenAPI document are put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.common.problems import Kind
from services.intake.ratings import MAX_REVISION

Json = dict[str, Any]


def operation(
    tag: str,
    summary: str,
    *,
    answers: Json,
    parameters: Sequence[Json] = (),
    body: Json | None = None,
    refusals: Sequence[Kind] = (),
    role: bool = False,
) -> Json:
    """An operation.

    Args:
        tag: the part of the API it belongs to.
        summary: what it does.
        answers: what it answers when all is well, by status.
        parameters: of the address, the query and the headers.
        body: the schema of the body, by media type.
        refusals: the problems it can answer.
        role: whether its caller needs a token.
    """
    made: Json = {"tags": [tag], "summary": summary, "parameters": list(parameters)}
    if body is not None:
        content = {media: {"schema": schema} for media, schema in body.items()}
        made["requestBody"] = {"required": True, "content": content}
    statuses = sorted({kind.status for kind in refusals})
    refused = {str(status): _problem([kind for kind in refusals if kind.status == status]) for status in statuses}
    return made | {"responses": answers | refused, "security": [{"token": []}] if role else []}


def answer(text: str, media: str, schema: Json) -> Json:
    return {"description": text, "content": {media: {"schema": schema}}}


def accepted() -> Json:
    made = answer("Counted exactly once. Keep the receipt.", "application/json", ref("Accepted"))
    text = "Where reporting tells what became of it."
    return {"202": made | {"headers": {"Location": {"schema": {"type": "string"}, "description": text}}}}


def shown(schema: Json) -> Json:
    made = answer("As it is now.", "application/json", schema)
    made["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "For If-None-Match."}}
    return {"200": made, "304": {"description": "The client has it already."}}


def row() -> Json:
    made = answer("The row in force.", "application/json", ref("AppraisalRow"))
    made["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "The row's version, for If-Match."}}
    return {"200": made}


def rows(text: str) -> Json:
    return {"200": answer(text, "application/json", ref("AppraisalRows"))}


def dry_run() -> Json:
    about = "true: check the changes and show the rows that they would make; nothing is recorded."
    return {"name": "dry_run", "in": "query", "required": False, "schema": {"type": "boolean"}, "description": about}


def health(status: str) -> Json:
    text = "All is well." if status == "200" else "Something is wrong; `checks` says what."
    return {status: answer(text, "application/json", ref("Health"))}


def text(summary: str, media: str) -> Json:
    """An operation that shows a text."""
    return {"get": operation("service", summary, answers={"200": answer(summary, media, {"type": "string"})})}


def in_address(name: str, pattern: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": pattern}}


def revision() -> Json:
    schema = {"type": "integer", "minimum": 1, "maximum": MAX_REVISION}
    about = "The revision that withdraws: one more than the last."
    return {"name": "revision", "in": "query", "required": True, "schema": schema, "description": about}


def if_match() -> Json:
    about = "The ETag of the row that the change was made for; without it the change applies to whatever is in force."
    return {"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"}, "description": about}


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _problem(kinds: Sequence[Kind]) -> Json:
    """The problems of one status."""
    said = "; ".join(dict.fromkeys(f"{kind.title} (`{kind.type}`)" for kind in kinds))
    made = answer(said, "application/problem+json", ref("Problem"))
    if any(kind.retryable for kind in kinds):
        made["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
    return made
