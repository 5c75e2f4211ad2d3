"""What is to be had in several forms: as JSON, and as files made of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Response, request
from pymongo.database import Database

from services.common import problems
from services.common.campaign import Unit
from services.common.problems import Problem
from services.reporting import appraisals, participation, rankings, units
from services.reporting.access import Access, is_private
from services.reporting.again import Again
from services.reporting.answers import JSON, TABLES, Form, answer, form, form_of, json_body
from services.reporting.exports import responses_book
from services.reporting.exports.books import What
from services.reporting.exports.files import Files
from services.reporting.exports.jobs import parts
from services.reporting.exports.options import Options, options, parameters
from services.reporting.publications import Publications
from services.reporting.queries import query, views
from services.reporting.rankings import View
from services.reporting.standing import Body, Standing

Route = tuple[str, str, Callable[..., Response]]
"""Address, name, view; the method is GET, and HEAD with it."""


class FileViews:
    """One method for each address; without a suffix `Accept` names the form."""

    def __init__(
        self,
        access: Access,
        files: Files,
        publications: Publications,
        *,
        db: Database[dict[str, Any]],
        responses_topic: str,
        appraisals_topic: str,
    ) -> None:
        self._access = access
        self._files = files
        self._publications = publications
        self._db = db
        self._topic = responses_topic
        self._appraisals_topic = appraisals_topic

    def routes(self) -> tuple[Route, ...]:
        campaign = "/v1/campaigns/<campaign>"
        return (
            (f"{campaign}/rankings", "rankings", self.rankings),
            (f"{campaign}/rankings.<form>", "rankings_file", self.rankings_file),
            (f"{campaign}/units/<unit>", "unit", self.unit),
            (f"{campaign}/units/<unit>.<form>", "unit_file", self.unit_file),
            (f"{campaign}/participation", "participation", self.participation),
            (f"{campaign}/participation.<form>", "participation_file", self.participation_file),
            (f"{campaign}/appraisals.<form>", "appraisals_file", self.appraisals_file),
            (f"{campaign}/responses", "responses", self.responses),
            (f"{campaign}/responses.<form>", "responses_file", self.responses_file),
        )

    def rankings(self, campaign: str) -> Response:
        return self._ranking(campaign, form(request.headers.get("Accept")))

    def rankings_file(self, campaign: str, form: str) -> Response:
        return self._ranking(campaign, form_of(form))

    def _ranking(self, campaign: str, wanted: Form) -> Response:
        standing = self._access.scores(campaign)
        more = parameters(parts("ranking"))
        chosen = views(request, standing.campaign, *more, all_blocks=wanted in ("xlsx", "pdf"))
        how = options(request, wanted, parts("ranking"))
        if wanted == "json":
            body = ranking(standing, chosen[0])
        else:
            found = [view for view in chosen[0] if view is not None] if len(chosen) == 1 else ["ranking"]
            body = self._file(standing, "ranking", wanted, how, asked=tuple(chosen), name="-".join(found))
        if not is_private(standing) and wanted in ("json", "csv"):
            Again.allow(standing)
        return answer(request, body, private=is_private(standing), vary="Accept, Authorization")

    def unit(self, campaign: str, unit: str) -> Response:
        return self._unit(campaign, unit, form(request.headers.get("Accept")))

    def unit_file(self, campaign: str, unit: str, form: str) -> Response:
        return self._unit(campaign, unit, form_of(form))

    def _unit(self, campaign: str, unit: str, wanted: Form) -> Response:
        standing = self._access.scores(campaign)
        query(request, *parameters(parts("unit")))
        known(standing, unit)
        how = options(request, wanted, parts("unit"))
        body = (
            self._in_detail(standing, unit)
            if wanted == "json"
            else self._file(standing, "unit", wanted, how, asked=(unit,), name=unit)
        )
        return answer(request, body, private=is_private(standing), vary="Accept, Authorization")

    def _in_detail(self, standing: Standing, code: str) -> Body:
        """A unit, with how it stood in each publication."""
        unit = known(standing, code)
        heads = self._publications.of(standing.campaign.code)

        def make() -> Body:
            over_time = []
            for head in heads:
                if (found := self._publications.place(head, unit.block, code)) is not None:
                    event = head.event
                    said = {"number": event.number, "version": event.version, "at": head.document["at"]}
                    over_time.append({**said, "title": dict(event.title), **found})
            return json_body(units.document(standing, unit) | {"publications": over_time})

        return standing.body(("unit in detail", code, len(heads)), make)

    def participation(self, campaign: str) -> Response:
        return self._participation(campaign, form(request.headers.get("Accept")))

    def participation_file(self, campaign: str, form: str) -> Response:
        return self._participation(campaign, form_of(form))

    def _participation(self, campaign: str, wanted: Form) -> Response:
        standing = self._access.open(campaign)
        query(request, *parameters(parts("participation")))
        how = options(request, wanted, parts("participation"))
        quality = self._access.quality(standing)
        if how.part == "quality" and not quality:
            self._access.restricted(campaign)  # an empty table would look like nothing to tell
        if wanted == "json":
            body = self._who_takes_part(standing, quality=quality)
        else:
            body = self._file(standing, "participation", wanted, how, asked=(quality, _hour()), name="participation")
        private = quality and is_private(standing)
        return answer(request, body, private=private, vary="Accept, Authorization")

    def _who_takes_part(self, standing: Standing, *, quality: bool) -> Body:
        now = datetime.now(UTC)
        return standing.body(
            ("participation", quality, _hour()),
            lambda: json_body(participation.document(self._db, self._topic, standing, now, quality=quality)),
        )

    def appraisals_file(self, campaign: str, form: str) -> Response:
        wanted = form_of(form, TABLES)
        standing = self._access.restricted(campaign)
        query(request, *parameters(parts("appraisals")))
        how = options(request, wanted, parts("appraisals"))
        # Not kept: the rows may change within a state.
        body = json_body(appraisals.document(self._db, self._appraisals_topic, standing))
        if wanted != "json":
            body = self._files.body(standing, "appraisals", [body], wanted, how, name="appraisals")
        return answer(request, body, private=True, vary="Authorization")

    def _file(
        self, standing: Standing, what: What, wanted: Form, how: Options, *, asked: tuple[Any, ...], name: str
    ) -> Body:
        """A view as a file of another form than JSON."""

        def make() -> Body:
            if what == "ranking":
                documents = [ranking(standing, view) for view in asked]
            elif what == "unit":
                documents = [_unit(standing, unit) for unit in asked]
            else:
                documents = [self._who_takes_part(standing, quality=asked[0])]
            return self._files.body(standing, what, documents, wanted, how, name=name)

        return standing.body(("file", what, wanted, asked, how), make)

    def responses(self, campaign: str) -> Response:
        return self._responses(campaign, form(request.headers.get("Accept"), TABLES))

    def responses_file(self, campaign: str, form: str) -> Response:
        return self._responses(campaign, form_of(form, TABLES))

    def _responses(self, campaign: str, wanted: Form) -> Response:
        standing = self._access.restricted(campaign)
        query(request, *parameters(responses_book.PARTS))
        answer = self._files.responses(standing, wanted, options(request, wanted, responses_book.PARTS))
        answer.vary.update(("Accept", "Authorization"))
        return answer


def ranking(standing: Standing, chosen: View) -> Body:
    """A ranking as it travels in JSON."""
    return standing.body(("ranking", chosen), lambda: Body(rankings.document(standing, chosen), JSON))


def _unit(standing: Standing, code: str) -> Body:
    return standing.body(("unit", code), lambda: json_body(units.document(standing, known(standing, code))))


def _hour() -> str:
    """How far an even course of the survey has come is told by the hour."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H}"


def known(standing: Standing, code: str) -> Unit:
    """A unit of the campaign.

    Raises:
        Problem: 404, there is none.
    """
    campaign = standing.campaign
    if code not in campaign.unit:
        raise Problem(problems.NOT_FOUND, f"campaign {campaign.code!r} has no unit {code!r}")
    return campaign.unit[code]
