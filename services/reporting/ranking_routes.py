"""GET /v1/campaigns/{campaign}/rankings: the query of a ranking → its view → the kept answer."""

from __future__ import annotations

from flask import Flask, Response, request

from services.common import problems
from services.common.campaign import Campaign
from services.common.problems import Fault, Problem
from services.reporting.access import Access, is_private
from services.reporting.answers import Form, answer, form, json_body, one_of, query
from services.reporting.rankings import View, document
from services.reporting.standing import Body, Standing
from services.reporting.table import table


def install(app: Flask, access: Access) -> None:
    """Adds the routes; the suffixes .json and .csv decide the form where no Accept header can."""

    def respond(campaign: str, wanted: Form) -> Response:
        standing = access.scores(campaign)
        chosen = view(standing.campaign)
        body = standing.body(("ranking", chosen, wanted), lambda: _made(standing, chosen, wanted))
        return answer(request, body, private=is_private(standing))

    @app.get("/v1/campaigns/<campaign>/rankings")
    def rankings(campaign: str) -> Response:
        return respond(campaign, form(request.headers.get("Accept")))

    @app.get("/v1/campaigns/<campaign>/rankings.json")
    def rankings_json(campaign: str) -> Response:
        return respond(campaign, "json")

    @app.get("/v1/campaigns/<campaign>/rankings.csv")
    def rankings_csv(campaign: str) -> Response:
        return respond(campaign, "csv")


def view(campaign: Campaign) -> View:
    """The view that the query of the request asks for.

    Raises:
        Problem: 422, with what there is to choose from.
    """
    given = query(request, "block", "field", "group")
    block = given.get("block")
    if block is None:
        if len(campaign.blocks) > 1:
            raise Problem(
                problems.INVALID,
                "units are ranked within their block: say which",
                [Fault("/block", "required", f"known: {', '.join(campaign.block)}")],
            )
        block = campaign.blocks[0].code
    else:
        one_of("block", block, campaign.block, "block")
    if (field := given.get("field")) is not None:
        one_of("field", field, {found.code: found for found in campaign.fields}, "field")
    if (group := given.get("group")) is not None:
        raters = {code: found for code, found in campaign.group.items() if block in found.rates}
        one_of("group", group, raters, f"group that rates block {block!r}")
    return View(block, field, group)


def _made(standing: Standing, chosen: View, wanted: Form) -> Body:
    return table(standing, chosen) if wanted == "csv" else json_body(document(standing, chosen))
