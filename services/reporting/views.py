"""The addresses of the API and what answers each: who may see it → what is asked → the kept answer.

Those that answer in several forms are in `file_views`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Response, request
from pymongo.database import Database

from services.common import problems
from services.common.http import json_response
from services.common.problems import Fault, Problem
from services.reporting import appraisal_history, by_field, campaigns, comparison, lost, status
from services.reporting.access import Access, is_private
from services.reporting.answers import answer, json_body
from services.reporting.file_views import Route, known, ranking
from services.reporting.live import Live
from services.reporting.queries import block, compared, draws, query, ranking_named, receipt, without_field
from services.reporting.rankings import View
from services.reporting.standing import Body, Standing
from services.reporting.standings import Standings


class Views:
    """One method for each address."""

    def __init__(
        self,
        standings: Standings,
        access: Access,
        live: Live,
        *,
        db: Database[dict[str, Any]],
        responses_topic: str,
        appraisals_topic: str,
    ) -> None:
        self._standings = standings
        self._access = access
        self._live = live
        self._db = db
        self._topic = responses_topic
        self._appraisals_topic = appraisals_topic
        self._list: tuple[object, Body] = (None, json_body(None))

    def routes(self) -> tuple[Route, ...]:
        campaign = "/v1/campaigns/<campaign>"
        return (
            ("/v1/campaigns", "campaigns", self.campaigns),
            ("/v1/compare", "compare", self.compare),
            (campaign, "campaign", self.campaign),
            (f"{campaign}/fields", "fields", self.fields),
            (f"{campaign}/robustness", "robustness", self.robustness),
            (f"{campaign}/units/<unit>/lost", "lost", self.lost),
            (f"{campaign}/units/<unit>/appraisals", "unit_appraisals", self.unit_appraisals),
            (f"{campaign}/units/<unit>/appraisals/history", "appraisal_history", self.appraisal_history),
            (f"{campaign}/responses/<response>", "response", self.response),
            (f"{campaign}/events", "events", self.events),
        )

    def campaigns(self) -> Response:
        self._standings.require()
        query(request)
        now = datetime.now(UTC)
        found = list(self._standings)
        key = [(standing, campaigns.phase(standing.campaign, now)) for standing in found]
        if self._list[0] != key:
            self._list = key, json_body(campaigns.listed(found, now))
        return answer(request, self._list[1], vary=None)

    def campaign(self, campaign: str) -> Response:
        standing = self._access.open(campaign)
        query(request)
        return answer(
            request, standing.body("definition", lambda: json_body(campaigns.definition(standing))), vary=None
        )

    def fields(self, campaign: str) -> Response:
        standing = self._access.scores(campaign)
        chosen = without_field(request, standing.campaign)
        body = standing.body(("fields", chosen), lambda: json_body(by_field.document(standing, chosen)))
        return answer(request, body, private=is_private(standing), vary="Authorization")

    def robustness(self, campaign: str) -> Response:
        standing = self._access.scores(campaign)
        asked = draws(request, standing.campaign)
        from services.reporting import robustness  # only who asks for it pays for NumPy

        body = standing.body(("robustness", asked), lambda: json_body(robustness.document(standing, asked)))
        return answer(request, body, private=is_private(standing), vary="Authorization")

    def lost(self, campaign: str, unit: str) -> Response:
        standing = self._access.scores(campaign)
        query(request)
        found = known(standing, unit)
        body = standing.body(("lost", unit), lambda: json_body(lost.document(standing, found)))
        return answer(request, body, private=is_private(standing), vary="Authorization")

    def unit_appraisals(self, campaign: str, unit: str) -> Response:
        standing = self._access.restricted(campaign)
        query(request)
        found = appraisal_history.row(self._db, self._appraisals_topic, standing, known(standing, unit))
        return answer(request, json_body(found), private=True, vary="Authorization")

    def appraisal_history(self, campaign: str, unit: str) -> Response:
        standing = self._access.restricted(campaign)
        wanted = appraisal_history.page(request)
        found = appraisal_history.history(self._db, self._appraisals_topic, standing, known(standing, unit), wanted)
        return answer(request, json_body(found), private=True, vary="Authorization")

    def compare(self) -> Response:
        codes = compared(request)
        earlier, later = (self._access.scores(code) for code in codes)
        if codes[0] == codes[1] or earlier.campaign.opens > later.campaign.opens:
            detail = "two campaigns are compared: the one that opened earlier, then the later"
            raise Problem(problems.INVALID, detail, [Fault("/campaigns", "wrong-order", "name two, the earlier first")])
        chosen = block(request, later.campaign)
        state = earlier.campaign.version, earlier.as_of.state, earlier.as_of.total, earlier.of_releases
        key = ("compare", codes[0], state, chosen)
        body = later.body(key, lambda: json_body(comparison.document(earlier, later, chosen)))
        return answer(request, body, private=is_private(earlier) or is_private(later), vary="Authorization")

    def response(self, campaign: str, response: str) -> Response:
        self._access.open(campaign)
        asked = receipt(request, campaign, response)
        found = status.outcome(self._db, self._topic, asked)
        return json_response(found.document(asked.response))

    def events(self, campaign: str) -> Response:
        standing = self._standings.find(campaign)
        if standing is None:
            standing = self._access.open(campaign)
        named = ranking_named(request, standing.campaign)
        # A browser gives up for good on any status but 200: while MongoDB is away the stream says so instead.
        stream = self._live.stream(campaign, request.headers.get("Last-Event-ID"), named)
        return Response(stream, content_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def seen_by_everybody(standing: Standing, chosen: View) -> Body | None:
    """A ranking as everybody may see it in a state; None where that is nothing, or its details are still being read."""
    if is_private(standing):
        return None
    try:
        return ranking(standing.for_everybody(datetime.now(UTC)), chosen)
    except Problem:
        return None
