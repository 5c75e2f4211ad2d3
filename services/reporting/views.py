"""The addresses of the API and what answers each: who may see it → what is asked → the kept answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Response, request
from pymongo.database import Database

from services.common import problems
from services.common.campaign import Unit
from services.common.http import json_response
from services.common.problems import Problem
from services.reporting import campaigns, lost, participation, rankings, status, units
from services.reporting.access import Access, is_private
from services.reporting.again import Again
from services.reporting.answers import JSON, Form, answer, form, json_body
from services.reporting.live import Live
from services.reporting.queries import draws, query, receipt, view
from services.reporting.rankings import View
from services.reporting.standing import Body, Standing
from services.reporting.standings import Standings
from services.reporting.table import table

Route = tuple[str, str, Callable[..., Response]]
"""Address, name, view; the method is GET, and HEAD with it."""


class Views:
    """One method for each address."""

    def __init__(
        self, standings: Standings, access: Access, live: Live, db: Database[dict[str, Any]], responses_topic: str
    ) -> None:
        self._standings = standings
        self._access = access
        self._live = live
        self._db = db
        self._topic = responses_topic
        self._list: tuple[object, Body] = (None, json_body(None))

    def routes(self) -> tuple[Route, ...]:
        campaign = "/v1/campaigns/<campaign>"
        return (
            ("/v1/campaigns", "campaigns", self.campaigns),
            (campaign, "campaign", self.campaign),
            (f"{campaign}/rankings", "rankings", self.rankings),
            (f"{campaign}/rankings.json", "rankings_json", self.rankings_json),
            (f"{campaign}/rankings.csv", "rankings_csv", self.rankings_csv),
            (f"{campaign}/robustness", "robustness", self.robustness),
            (f"{campaign}/units/<unit>", "unit", self.unit),
            (f"{campaign}/units/<unit>/lost", "lost", self.lost),
            (f"{campaign}/participation", "participation", self.participation),
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

    def rankings(self, campaign: str) -> Response:
        return self._ranking(campaign, form(request.headers.get("Accept")))

    def rankings_json(self, campaign: str) -> Response:
        return self._ranking(campaign, "json")

    def rankings_csv(self, campaign: str) -> Response:
        return self._ranking(campaign, "csv")

    def _ranking(self, campaign: str, wanted: Form) -> Response:
        standing = self._access.scores(campaign)
        chosen = view(request, standing.campaign)
        body = standing.body(("ranking", wanted, chosen), lambda: _ranking(standing, chosen, wanted))
        if not is_private(standing):
            Again.allow(standing)
        return answer(request, body, private=is_private(standing), vary="Accept, Authorization")

    def robustness(self, campaign: str) -> Response:
        standing = self._access.scores(campaign)
        asked = draws(request, standing.campaign)
        from services.reporting import robustness  # only who asks for it pays for NumPy

        body = standing.body(("robustness", asked), lambda: json_body(robustness.document(standing, asked)))
        return answer(request, body, private=is_private(standing), vary="Authorization")

    def unit(self, campaign: str, unit: str) -> Response:
        return self._of_unit(campaign, unit, "unit", units.document)

    def lost(self, campaign: str, unit: str) -> Response:
        return self._of_unit(campaign, unit, "lost", lost.document)

    def _of_unit(
        self, campaign: str, unit: str, name: str, document: Callable[[Standing, Unit], dict[str, Any]]
    ) -> Response:
        standing = self._access.scores(campaign)
        query(request)
        found = standing.campaign.unit.get(unit)
        if found is None:
            raise Problem(problems.NOT_FOUND, f"campaign {campaign!r} has no unit {unit!r}")
        body = standing.body((name, unit), lambda: json_body(document(standing, found)))
        return answer(request, body, private=is_private(standing), vary="Authorization")

    def participation(self, campaign: str) -> Response:
        standing = self._access.open(campaign)
        query(request)
        body = standing.body(
            "participation", lambda: json_body(participation.document(self._db, self._topic, standing))
        )
        return answer(request, body, vary=None)

    def response(self, campaign: str, response: str) -> Response:
        self._access.open(campaign)
        asked = receipt(request, campaign, response)
        found = status.outcome(self._db, self._topic, asked)
        return json_response(found.document(asked.response))

    def events(self, campaign: str) -> Response:
        query(request)
        if self._standings.find(campaign) is None:
            self._access.open(campaign)
        # A browser gives up for good on any status but 200: while MongoDB is away the stream says so instead.
        stream = self._live.stream(campaign, request.headers.get("Last-Event-ID"))
        return Response(stream, content_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _ranking(standing: Standing, chosen: View, wanted: Form) -> Body:
    return table(standing, chosen) if wanted == "csv" else Body(rankings.document(standing, chosen), JSON)
