"""What marshmallow found wrong with a document, as faults with JSON pointers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import ValidationError

from services.common.campaign_problems import Path, pointer
from services.common.problems import Fault


def faults_of(error: ValidationError) -> list[Fault]:
    """A fault for each message `code|detail`."""
    return list(_faults(error.normalized_messages(), ()))  # type: ignore[no-untyped-call]


def _faults(messages: Mapping[Any, Any], path: Path) -> Iterator[Fault]:
    for step, said in messages.items():
        here = path if step == "_schema" else (*path, step)
        if isinstance(said, Mapping):
            yield from _faults(said, here)
        else:
            for message in said:
                code, _, detail = message.partition("|")
                yield Fault(pointer(here), code, detail)
