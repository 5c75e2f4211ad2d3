"""From text or stored data to a Campaign and back: the one door through which definitions come in.

parse   what an author writes (YAML or JSON)        → Campaign, version 0, no layout
load    what the log and the database keep          → Campaign
dump    Campaign                                    → what the log and the database keep
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import ValidationError

from services.common.campaign import Campaign
from services.common.campaign_document import CampaignDocument, Document, StoredDocument
from services.common.campaign_problems import DefinitionError, Fault, Path, Problem, pointer
from services.common.campaign_rules import broken_rules
from services.common.campaign_yaml import line_of, read

__all__ = ["DefinitionError", "Json", "Problem", "dump", "json_schema", "load", "parse"]

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]

_WRITTEN = CampaignDocument()
_STORED = StoredDocument()
_PUBLIC = StoredDocument(exclude=("layout",))

_GIVEN_BY_THE_SYSTEM = "the system numbers versions when a definition is published: remove this field"


def parse(text: str | bytes) -> Campaign:
    """The campaign that a YAML or JSON text defines, not yet published: version 0 and no layout.

    Raises:
        DefinitionError: with every problem and its line.
    """
    document, problems = read(text)
    return _campaign(_WRITTEN, document, problems)


def load(document: Mapping[str, object]) -> Campaign:
    """The campaign that `dump` made `document` of.

    Raises:
        DefinitionError: the document is not such a one; its problems have no lines.
    """
    return _campaign(_STORED, document, [])


def dump(campaign: Campaign, *, public: bool = False) -> dict[str, Json]:
    """The campaign as plain JSON data that MongoDB can keep: exact numbers are texts, defaults are written out.

    `public` leaves out the layout of the counts.
    """
    written: dict[str, Json] = (_PUBLIC if public else _STORED).dump(campaign)
    return written


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of what `parse` reads, for editors."""
    from services.common.campaign_json_schema import made_of  # only who asks for it pays for apispec

    return made_of(CampaignDocument)


def _campaign(schema: Document, document: Mapping[str, object], problems: list[Problem]) -> Campaign:
    """The campaign, or a DefinitionError with `problems` and all that the schema and the rules find."""
    faults: list[Fault] = []
    campaign: Campaign | None = None
    try:
        campaign = schema.load(document)
    except ValidationError as error:
        faults.extend(_faults(error.normalized_messages()))  # type: ignore[no-untyped-call]
    if isinstance(document, Mapping):
        faults.extend(broken_rules(document))
    known = {problem.pointer for problem in problems}
    found = {
        (at, code): Problem(at, line_of(document, path), code, detail)
        for path, code, detail in faults
        if (at := pointer(path)) not in known
    }
    if problems or found or campaign is None:
        raise DefinitionError([*problems, *found.values()])
    return campaign


def _faults(messages: Mapping[str | int, Any], path: Path = ()) -> Iterator[Fault]:
    """What marshmallow says, unfolded: by field, row or `_schema` a list of messages or more of the same."""
    for key, said in messages.items():
        here = path if key == "_schema" else (*path, key)
        if isinstance(said, Mapping):
            yield from _faults(said, here)
            continue
        for message in said:
            code, _, detail = message.partition("|")
            ours = here == ("version",) and code == "unknown-field"
            yield Fault(here, code, _GIVEN_BY_THE_SYSTEM if ours else detail)
