"""The parts of the OpenAPI document that no marshmallow schema describes: what intake answers, and the examples."""

from __future__ import annotations

from typing import Any, Final

from services.common.problems import KINDS

_TEXT: Final = {"type": "string"}
_WHOLE: Final = {"type": "integer", "minimum": 0}
_UUID: Final = {"type": "string", "format": "uuid"}
_HEX: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_LANGUAGES: Final = {
    "type": "object",
    "properties": {"vi": _TEXT, "en": _TEXT},
    "required": ["vi"],
    "additionalProperties": False,
}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": required | (optional or {}),
        "required": list(required),
        "additionalProperties": False,
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


_SAID: Final = {
    "leaves": {"type": "object", "additionalProperties": _ref("AppraisedLeaf")},
    "bonus": _TEXT,
    "penalty": _TEXT,
}
_REASONS: Final = {"bonus_note": _TEXT, "penalty_note": _TEXT}


SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "Problem": _object(
        {
            "type": {"type": "string", "enum": [kind.type for kind in KINDS]},
            "title": _TEXT,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": _TEXT,
            "retryable": {"type": "boolean", "description": "Whether sending the same again can help."},
        },
        {
            "errors": {
                "type": "array",
                "items": _ref("Fault"),
                "description": "All that is wrong; at most 200 are listed.",
            }
        },
    ),
    "Fault": _object(
        {
            "pointer": {"type": "string", "description": "Where: a JSON pointer (RFC 6901) into the body."},
            "code": {"type": "string", "description": "What, for programs: stable."},
            "detail": {"type": "string", "description": "What, for people, and the remedy."},
        },
        {"line": {"type": "integer", "minimum": 1, "description": "The line of a definition's text."}},
    ),
    "Receipt": _object(
        {
            "response": _UUID,
            "revision": {"type": "integer", "minimum": 1},
            "digest": _HEX | {"description": "SHA-256 of the canonical content (RFC 8785)."},
            "partition": _WHOLE,
            "offset": {
                "type": ["integer", "null"],
                "minimum": 0,
                "description": "In the log's partition; null when the log had it already and did not say where.",
            },
            "mac": _HEX | {"description": "HMAC-SHA-256 by intake over the other members."},
        }
    ),
    "Accepted": _object(
        {
            "status": {"const": 202},
            "response": _UUID,
            "revision": {"type": "integer", "minimum": 1},
            "receipt": _ref("Receipt"),
        }
    ),
    "BatchResult": {
        "oneOf": [
            _object(
                {
                    "line": {"type": "integer", "minimum": 1},
                    "status": {"const": 202},
                    "response": _UUID,
                    "revision": {"type": "integer", "minimum": 1},
                    "receipt": _ref("Receipt"),
                }
            ),
            _object(
                {
                    "line": {"type": "integer", "minimum": 1},
                    "status": {"type": "integer", "minimum": 400, "maximum": 599},
                    "problem": _ref("Problem"),
                }
            ),
        ],
        "description": "The result of the line with this number, from 1; blank lines are counted and not answered.",
    },
    "CampaignList": _object(
        {
            "campaigns": {
                "type": "array",
                "items": _object(
                    {
                        "campaign": _TEXT,
                        "version": {"type": "integer", "minimum": 1},
                        "title": _LANGUAGES,
                        "opens": {"type": "string", "format": "date-time"},
                        "closes": {"type": "string", "format": "date-time"},
                        "state": {"enum": ["announced", "open", "closed"]},
                        "groups": {"type": "array", "items": _TEXT},
                    }
                ),
            }
        }
    ),
    "Published": _object({"campaign": _TEXT, "version": {"type": "integer", "minimum": 1}}),
    "Form": {
        "type": "object",
        "required": ["title", "locale", "pages"],
        "description": "SurveyJS: a page per unit, a radiogroup per leaf named `unit:leaf`; its value is the option.",
    },
    "AppraisalRow": _object(
        {
            "campaign": _TEXT,
            "unit": _TEXT,
            "version": _WHOLE,
            **_SAID,
            "warnings": {"type": "array", "items": _ref("Fault")},
        },
        _REASONS,
    ),
    "AppraisalRows": _object(
        {
            "campaign": _TEXT,
            "campaign_version": {"type": "integer", "minimum": 1},
            "units": {
                "type": "object",
                "additionalProperties": _object({"version": _WHOLE, **_SAID}, _REASONS),
                "description": "By unit; version 0: nothing was said yet.",
            },
            "warnings": {"type": "array", "items": _ref("Fault")},
        },
        {"dry_run": {"type": "boolean", "description": "Of changes: whether nothing was recorded."}},
    ),
    "AppraisedLeaf": _object(
        {},
        {
            "points": _TEXT,
            "not_applicable": {"const": True},
            "self_points": _TEXT,
            "note": _TEXT,
            "evidence": {
                "type": "array",
                "items": _object({}, {"title": _TEXT, "url": _TEXT}),
                "description": "Links. What was said before links were kept has a title alone.",
            },
        },
    ),
    "Health": _object(
        {"status": {"enum": ["ok", "unavailable"]}}, {"checks": {"type": "object", "additionalProperties": _TEXT}}
    ),
}

EXAMPLES: Final[dict[str, Any]] = {
    "response": {
        "response": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
        "revision": 1,
        "group": "CI",
        "channel": "web",
        "ratings": {"ba-dinh": {"3-5-1": "A", "5-5-1": "B"}},
        "comment": "Thủ tục nhanh, gọn.",
    },
    "batch": (
        '{"group": "CI", "ratings": {"ba-dinh": {"3-5-1": "A"}}}\n'
        '{"group": "CI", "ratings": {"tay-ho": {"3-5-1": "C"}}}\n'
    ),
    "appraisal": {
        "leaves": {
            "1-1-1": {
                "self_points": "1",
                "points": "0.5",
                "note": "Quý II ban hành chậm.",
                "evidence": [{"title": "Kế hoạch 12/KH-UBND", "url": "https://example.vn/kh-12.pdf"}],
            },
            "1-1-2": {"not_applicable": True, "note": "Không có nhiệm vụ này."},
        },
        "bonus": "1",
        "bonus_note": "Sáng kiến cấp thành phố.",
        "why": "Họp Hội đồng ngày 01/12.",
    },
    "appraisals": {
        "units": {
            "ba-dinh": {"version": 1, "leaves": {"1-1-1": {"points": "0.75"}}},
            "tay-ho": {"leaves": {"1-1-1": {"points": "1"}}, "penalty": "0.5", "penalty_note": "Báo cáo chậm."},
        },
        "why": "Họp Hội đồng ngày 01/12.",
    },
}
