"""The JSON Schema of a definition, so that editors complete and check while one writes; made from campaign_document."""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from services.common.campaign import CODE_PATTERN
from services.common.campaign_document import SURVEY_FIELDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_LEAF_BY_METHOD: dict[str, Any] = {
    "if": {"properties": {"method": {"const": "survey"}}, "required": ["method"]},
    "then": {"required": ["scale", "groups"]},
    "else": {"properties": dict.fromkeys(SURVEY_FIELDS, False)},
}
"""What a survey leaf must have and an appraisal leaf may not (campaign_rules says the same of a document)."""


def made_of(document: type[Schema]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a document and all that stands in it."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec("definition", "1", "3.1.0", plugins=[plugin])
    spec.components.schema(_name(document), schema=document)
    parts = _moved(spec.to_dict()["components"]["schemas"])
    root = parts.pop(_name(document))
    parts["Leaf"].update(_LEAF_BY_METHOD)
    parts["Leaf"]["properties"]["weights"]["propertyNames"] = {"pattern": CODE_PATTERN}
    return {"$schema": DIALECT, "title": "A campaign of PAR Index", **root, "$defs": parts}


def _name(schema: type[Schema] | Schema) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Document")


def _moved(part: Any) -> Any:  # noqa: ANN401 (any JSON)
    """The same with references into $defs, where JSON Schema keeps what OpenAPI keeps in components."""
    if isinstance(part, dict):
        return {
            key: value.replace("#/components/schemas/", "#/$defs/") if key == "$ref" else _moved(value)
            for key, value in part.items()
        }
    return [_moved(item) for item in part] if isinstance(part, list) else part
