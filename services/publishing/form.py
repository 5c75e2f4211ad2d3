"""The form of what is published: the names that it has, whatever a later version of reporting says besides.

Whoever must change it gives `FORM` the next number and keeps the one before: what was published must follow from the
log for ever. tests/unit/test_publication_content.py pins the digest of an example.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FORM = 1

Shape = Mapping[str, Any]
"""By name: None where the value is taken as it is, else the shape of what stands there, or of each in a list there."""


def _shape(*names: str, **inner: Shape) -> Shape:
    return {**dict.fromkeys(names), **inner}


_INDEX = ("index", "index_exact", "earned", "attainable")
_SUM = (*_INDEX, "lost", "suppressed")
_BLOCK = ("block_mean", "block_mean_exact", "block_best", "block_best_exact")
_STANDING = ("rank", "tied", "rank_interval", "se", "interval", "band", "n", "provisional", "pending")

ROW = _shape("unit", "name", *_STANDING, *_INDEX, "suppressed")
"""Of a ranking."""

_LEAF = _shape(
    *("leaf", "name", "method", "max_points", "state", "points", "lost", "suppressed", "question"),
    groups=_shape("group", "answers", "no_opinion", "share", "suppressed"),
)
_CRITERION = _shape("criterion", "name", *_SUM, leaves=_LEAF)
_FIELD = _shape("field", "name", *_SUM, "rank", "tied", *_BLOCK, criteria=_CRITERION)
UNIT = _shape(
    *("unit", "name", "block", *_STANDING, *_INDEX, "lost", "bonus", "penalty", *_BLOCK, "previous", "next"),
    groups=_shape("group", "name", "n", *_SUM, "se", "interval"),
    uncertainty=_shape("reason", groups=_shape("group", "se_points", "part", "limit")),
    fields=_FIELD,
)
"""In detail."""


def formed(value: Any, shape: Shape | None) -> Any:  # noqa: ANN401 - JSON
    """What a value says within a shape."""
    if shape is None or value is None:
        return value
    if isinstance(value, list):
        return [formed(each, shape) for each in value]
    return {name: formed(inner, shape[name]) for name, inner in value.items() if name in shape}
