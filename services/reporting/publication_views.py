"""The addresses of publications: open to everybody, also of campaigns whose running figures are not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson
from flask import Response, request

from services.common import problems
from services.common.campaign import CODE
from services.common.problems import Problem
from services.reporting.access import Access
from services.reporting.answers import FOR_EVER, JSON, Form, answer, form, form_of, json_body, matches
from services.reporting.exports.files import Files, Of
from services.reporting.exports.jobs import parts
from services.reporting.exports.options import Options, options, parameters
from services.reporting.exports.table import About, Frozen
from services.reporting.file_views import Route
from services.reporting.publications import Head, Publications
from services.reporting.queries import query
from services.reporting.standing import Body

NUMBER = re.compile(r"[1-9][0-9]{0,8}")
LARGE = 16 * 1024 * 1024
"""What is larger is read from the database bit by bit, and not kept."""


class PublicationViews:
    """One method for each address."""

    def __init__(self, access: Access, publications: Publications, files: Files) -> None:
        self._access = access
        self._publications = publications
        self._files = files

    def routes(self) -> tuple[Route, ...]:
        all_ = "/v1/campaigns/<campaign>/publications"
        one = f"{all_}/<number>"
        return (
            (all_, "publications", self.publications),
            (one, "publication", self.publication),
            (f"{one}.<form>", "publication_file", self.publication_file),
            (f"{one}/rankings", "publication_ranking", self.ranking),
            (f"{one}/units/<unit>", "publication_unit", self.unit),
            (f"{one}/proof/<response>", "publication_proof", self.proof),
        )

    def publications(self, campaign: str) -> Response:
        self._access.open(campaign)
        query(request)
        found = [head.document for head in self._publications.of(campaign)]
        return answer(request, json_body({"campaign": campaign, "publications": found}), vary=None)

    def publication(self, campaign: str, number: str) -> Response:
        return self._publication(campaign, number, form(request.headers.get("Accept")), vary="Accept")

    def publication_file(self, campaign: str, number: str, form: str) -> Response:
        return self._publication(campaign, number, form_of(form))

    def _find(self, campaign: str, number: str) -> Head:
        if not NUMBER.fullmatch(number):
            raise Problem(problems.NOT_FOUND, "publications are numbered 1, 2, 3…")
        return self._publications.find(campaign, int(number))

    def _publication(self, campaign: str, number: str, wanted: Form, vary: str | None = None) -> Response:
        self._access.open(campaign)
        query(request, *parameters(parts("ranking")))
        how = options(request, wanted, parts("ranking"))
        head = self._find(campaign, number)
        if wanted == "json" and head.size > LARGE:
            return self._large(head, vary)
        body = self._publications.body(
            (campaign, head.event.number, head.event.digest, wanted, how),
            lambda: Body(b"".join(self._text(head)), JSON) if wanted == "json" else self._file(head, wanted, how),
        )
        return answer(request, body, vary=vary, for_ever=True)

    def ranking(self, campaign: str, number: str) -> Response:
        """A block's ranking alone: the whole has every unit's details, and may be hundreds of times as large."""
        self._access.open(campaign)
        asked = query(request, "block").get("block")
        head = self._find(campaign, number)
        about = self._publications.about(head)
        blocks = [block["block"] for block in about["blocks"]]
        block = next((code for code in blocks if asked in (None, code)), None)
        if block is None:
            raise Problem(problems.NOT_FOUND, f"publication {number} of campaign {campaign!r} has no block {asked!r}")
        body = self._publications.body(
            (campaign, head.event.number, head.event.digest, "ranking", block),
            lambda: json_body(
                {
                    "publication": head.document,
                    "about": about,
                    "block": block,
                    "rows": self._publications.ranking(head, block),
                }
            ),
        )
        return answer(request, body, vary=None, for_ever=True)

    def unit(self, campaign: str, number: str, unit: str) -> Response:
        self._access.open(campaign)
        query(request)
        head = self._find(campaign, number)
        text = self._publications.unit(head, unit) if CODE.fullmatch(unit) else None
        if text is None:
            raise Problem(problems.NOT_FOUND, f"publication {number} of campaign {campaign!r} has no unit {unit!r}")
        body = Body(b'{"publication":%b,"unit":%b}' % (orjson.dumps(head.document), text), JSON)
        return answer(request, body, vary=None, for_ever=True)

    def proof(self, campaign: str, number: str, response: str) -> Response:
        self._access.open(campaign)
        query(request)
        found = self._publications.proof(self._find(campaign, number), response.lower())
        return answer(request, json_body(found), vary=None, for_ever=True)

    def _text(self, head: Head) -> Iterator[bytes]:
        """The publication as JSON: its content to the letter, so that its digest can be checked, and the head."""
        yield b'{"publication":%b,"content":' % orjson.dumps(head.document)
        yield from self._publications.content(head)
        yield b"}"

    def _large(self, head: Head, vary: str | None) -> Response:
        headers = {"ETag": f'"{head.event.digest}"', "Cache-Control": FOR_EVER}
        if vary is not None:
            headers["Vary"] = vary
        if matches(request.headers.get("If-None-Match"), head.event.digest):
            return Response(status=304, headers=headers)
        made = Response(self._text(head), 200, headers, content_type=JSON)
        made.content_length = head.size + len(orjson.dumps(head.document)) + len(b'{"publication":,"content":}')
        return made

    def _file(self, head: Head, wanted: Form, how: Options) -> Body:
        """The rankings as a file of another form than JSON."""
        event, about = head.event, self._publications.about(head)
        shared = {"campaign": event.campaign, "version": event.version}
        documents: list[dict[str, Any]] = [
            {**shared, "block": block["block"], "rows": self._publications.ranking(head, block["block"])}
            for block in about["blocks"]
        ]
        zone = datetime.fromisoformat(about["opens"]).tzinfo
        of = About(
            campaign=event.campaign,
            title=dict(event.title) or about["title"],
            version=event.version,
            state=0,
            counted=event.size,
            decimals=about["rules"]["decimals"],
            made=event.at.astimezone(zone).isoformat(timespec="minutes"),
            frozen=Frozen(event.number, event.digest, event.root, list(event.forced), event.note or ""),
        )
        blocks = {block["block"]: block["name"] for block in about["blocks"]}
        name = f"{event.campaign}-publication-{event.number}"
        return self._files.made("ranking", documents, Of(of, blocks, {}), form=wanted, how=how, name=name)
