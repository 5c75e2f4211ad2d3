"""Takes at once a response that is certainly right; says nothing of any other.

Nearly all responses are right, and to see that is cheap. What is not seen here goes the long way, through strict
decoding and the schema, which alone refuse and name faults: whatever is taken here, they take with the same content.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from services.common.events import CHANNELS
from services.intake.ratings import MAX_COMMENT, MAX_REVISION, UUID_PATTERN, Form

_FIELDS: Final = frozenset({"response", "revision", "group", "channel", "ratings", "comment"})
_UUID: Final = re.compile(UUID_PATTERN.replace("$", r"\Z"))


class Quick:
    """What can be taken at once, by the forms of the groups."""

    def __init__(self, forms: Mapping[str, Form]) -> None:
        self._forms = {
            group: (
                form.units,
                frozenset((leaf, option) for leaf, options in form.leaves.items() for option in options),
            )
            for group, form in forms.items()
        }

    def content(self, text: bytes) -> dict[str, Any] | None:
        """The content of a response, as `ResponseDocument.checked` gives it of the decoded text; None: not seen here.

        orjson takes the last of repeated keys. That none is repeated is known by the number of quotation marks: two
        for each string of the document, which holds without a backslash.
        """
        if b"\\" in text:
            return None
        try:
            content: dict[str, Any] = orjson.loads(text)
            strings = 2 * len(content) - 1 - ("revision" in content)
            strings += sum(1 + 2 * len(answers) for answers in content["ratings"].values())
            right = text.count(b'"') == 2 * strings and self._is_right(content)
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            return None
        return content if right else None

    def _is_right(self, content: dict[str, Any]) -> bool:
        """Completes a content, and says whether it is allowed.

        Raises:
            KeyError, TypeError, AttributeError: it is not.
        """
        units, known = self._forms[content["group"]]
        ratings: dict[str, dict[str, str]] = content["ratings"]
        revision = content.setdefault("revision", 1)
        comment = content.get("comment", "")
        if "response" in content:
            content["response"] = _UUID.match(content["response"])[0].lower()  # type: ignore[index]
        return (
            content.keys() <= _FIELDS
            and len(ratings) > 0
            and ratings.keys() <= units
            and all(answers and answers.items() <= known for answers in ratings.values())
            and type(revision) is int
            and 1 <= revision <= MAX_REVISION
            and content.setdefault("channel", "web") in CHANNELS
            and type(comment) is str
            and len(comment) <= MAX_COMMENT
        )
