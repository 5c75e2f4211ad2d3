"""What is sent: a campaign whose groups are all asked all 26 questions, and requests made of simulated answers."""

from __future__ import annotations

import dataclasses
import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from services.cli.simulation.population import Population
from services.cli.simulation.sender import body
from services.common import campaign_schema
from services.common.campaign import Campaign
from services.common.events import Response
from services.common.records import encode

EXAMPLE = Path(__file__).parents[2] / "examples" / "hanoi-2022.yaml"
SEED = 26
PATTERNS = 500
"""Different bodies; each request has an id of its own."""
_ID = "00000000-0000-4000-8000-000000000000"


def campaign(version: int = 0) -> Campaign:
    """The example, every survey question put to every group: 26 answers for a unit."""
    found = campaign_schema.parse(EXAMPLE.read_bytes())
    groups = tuple(group.code for group in found.groups)
    fields = tuple(
        dataclasses.replace(
            field,
            criteria=tuple(
                dataclasses.replace(
                    criterion,
                    leaves=tuple(
                        dataclasses.replace(leaf, groups=groups) if leaf.method == "survey" else leaf
                        for leaf in criterion.leaves
                    ),
                )
                for criterion in field.criteria
            ),
        )
        for field in found.fields
    )
    return dataclasses.replace(found, code="bench", fields=fields, version=version)


@dataclass(frozen=True, slots=True)
class Kind:
    """Bodies that rate so many units with 26 answers each."""

    units: int
    lines: int
    """Responses in a batch."""

    @property
    def about(self) -> str:
        return f"each of 26 answers for {self.name}"

    @property
    def name(self) -> str:
        return f"{self.units} unit{'s' if self.units > 1 else ''}"


ONE, TWENTY = Kind(1, 500), Kind(20, 50)


class Bodies:
    """Endless responses of one kind, in the forms in which the systems take them."""

    def __init__(self, campaign_: Campaign, kind: Kind) -> None:
        self.kind = kind
        self.campaign = campaign_
        self.responses = [
            dataclasses.replace(response, response=_ID, comment=None)
            for response in Population(campaign_, SEED).responses(PATTERNS, units=kind.units)
        ]
        self._documents = [_parts(orjson.dumps(body(response))) for response in self.responses]
        self.bytes = sum(len(before) + len(after) + 36 for before, after in self._documents) // PATTERNS

    def documents(self) -> Iterator[bytes]:
        """Bodies of single responses."""
        for before, after in itertools.cycle(self._documents):
            yield before + str(uuid.uuid4()).encode() + after

    def singles(self, host: str) -> Iterator[bytes]:
        """Whole POSTs of one response."""
        path = f"/v1/campaigns/{self.campaign.code}/responses"
        for document in self.documents():
            yield post(host, path, document, "application/json")

    def batches(self, host: str) -> Iterator[bytes]:
        """Whole POSTs of a batch."""
        path = f"/v1/campaigns/{self.campaign.code}/responses/batch"
        documents = self.documents()
        while True:
            yield post(host, path, b"\n".join(itertools.islice(documents, self.kind.lines)), "application/x-ndjson")

    def records(self) -> Iterator[tuple[bytes, bytes, list[tuple[str, bytes]], int]]:
        """Key, value, headers and timestamp of the records that intake would write."""
        now = datetime.now(UTC)
        encoded = [encode(response, now, source="/intake") for response in self.responses]
        cut = [(_parts(record.value), record) for record in encoded]
        for (before, after), record in itertools.cycle(cut):
            key = str(uuid.uuid4()).encode()
            headers = [
                (name, value.replace(_ID.encode(), key) if name == "ce_id" else value) for name, value in record.headers
            ]
            yield key, before + key + after, headers, record.timestamp_ms


def post(host: str, path: str, document: bytes, content_type: str) -> bytes:
    """A whole POST."""
    names = f"Host: {host}\r\nContent-Type: {content_type}\r\nContent-Length: {len(document)}"
    head = f"POST {path} HTTP/1.1\r\n{names}\r\n\r\n"
    return head.encode() + document


def get(host: str, path: str, **headers: str) -> bytes:
    """A whole GET."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n{more}\r\n".encode()


def weekend_documents(responses: list[Response]) -> list[bytes]:
    """The same answers as the weekend system takes them: lists of objects, no id."""
    return [
        orjson.dumps(
            {
                "group": response.group,
                "ratings": [
                    {
                        "unit": unit,
                        "answers": [{"question": leaf, "option": option} for leaf, option in answers.items()],
                    }
                    for unit, answers in response.ratings.items()
                ],
            }
        )
        for response in responses
    ]


def _parts(document: bytes) -> tuple[bytes, bytes]:
    before, _, after = document.partition(_ID.encode())
    return before, after
