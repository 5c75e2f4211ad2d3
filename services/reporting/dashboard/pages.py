"""The addresses of the dashboard. A page is a frame in its language; its scripts fetch the figures from the API.

So a page has no figure that could be old, and none of a private campaign: it is the same for everybody.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Response, render_template, request

from services.common import problems
from services.common.campaign import Campaign, Unit
from services.common.problems import Problem
from services.reporting.answers import FOR_EVER, PUBLIC, answer, matches
from services.reporting.dashboard.assets import Asset, Assets
from services.reporting.dashboard.dataset import dataset
from services.reporting.dashboard.feed import entries
from services.reporting.dashboard.labels import LANGUAGES, labels, labels_of, language, said
from services.reporting.dashboard.manners import ANYWHERE, headers
from services.reporting.dashboard.model import model
from services.reporting.file_views import Route
from services.reporting.publication_views import NUMBER
from services.reporting.publications import Head, Publications
from services.reporting.standing import Body, Standing
from services.reporting.standings import Standings

HTML, ATOM = "text/html; charset=utf-8", "application/atom+xml; charset=utf-8"
QUICK = 6
"""gzip's level for what is compressed each time."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a campaign: its address below the campaign's, its key in labels, its script."""

    path: str
    name: str


OF_CAMPAIGN = (
    Page("", "ranking"),
    Page("/units/<unit>", "unit"),
    Page("/participation", "participation"),
    Page("/compare", "compare"),
    Page("/robustness", "robustness"),
    Page("/publications", "publications"),
    Page("/publications/<number>", "publication"),
    Page("/wall", "wall"),
)
"""The pages of a campaign, each with a template, a script `js/pages/{name}.js` and a label `page.{name}`."""
TABS = tuple(page for page in OF_CAMPAIGN if page.name not in ("unit", "publication", "wall"))
"""Those that stand in every page's head."""
OWN_LABELS = frozenset({"campaigns", "missing", "feed", "dataset", "page"} | {page.name for page in OF_CAMPAIGN[1:]})
"""Beginnings of labels that only the page of that name, or no script, needs; those of the ranking serve several."""


class Pages:
    """One view for each address."""

    def __init__(
        self, standings: Standings, publications: Publications | None = None, assets: Assets | None = None
    ) -> None:
        self._standings = standings
        self._publications = publications
        self._assets = Assets() if assets is None else assets

    def routes(self) -> tuple[Route, ...]:
        return (
            ("/", "home", self.home),
            *((f"/c/<campaign>{page.path}", f"page_{page.name}", self._of_campaign(page)) for page in OF_CAMPAIGN),
            ("/c/<campaign>/feed.atom", "feed", self.feed),
            ("/embed/<campaign>", "embed", self.embed),
            ("/static/<path:name>", "static_file", self.static_file),
        )

    def home(self) -> Response:
        return self._page("campaigns", {})

    def _of_campaign(self, page: Page) -> Any:  # noqa: ANN401 (a view)
        def view(campaign: str, **more: str) -> Response:
            standing = self._standings.find(campaign)
            if standing is None and self._standings.current:
                return self._page("missing", {"campaign_code": campaign}, status=404)
            unit = None if standing is None else standing.campaign.unit.get(more.get("unit", ""))
            if standing is not None and "unit" in more:
                if unit is None:
                    return self._page("missing", more, standing, campaign, status=404)
                more["block"] = unit.block
            if "number" in more and not self._may_have(campaign, more["number"]):
                return self._page("missing", more, standing, campaign, status=404)
            return self._page(page.name, more, standing, campaign, unit=unit)

        return view

    def embed(self, campaign: str) -> Response:
        """A ranking to be shown in a frame of another site: of a public campaign only."""
        standing = self._public(campaign)
        return self._page("embed", {}, standing, campaign, frames=ANYWHERE)

    def feed(self, campaign: str) -> Response:
        self._standings.require()
        standing = self._public(campaign)
        now, lang = datetime.now(UTC), language(request.args.get("lang"))
        page = f"{request.url_root.rstrip('/')}/c/{campaign}"
        found = entries(standing.for_everybody(now), page, lang, now)
        content = render_template(
            "feed.xml",
            campaign=standing.campaign,
            title=said(standing.campaign.title, lang),
            page=page,
            entries=found,
            lang=lang,
            here=request.url,
        )
        return answer(request, Body(content.encode(), ATOM), vary=None)

    def _public(self, campaign: str) -> Standing:
        """A campaign whose ranking everybody may see.

        Raises:
            Problem: 404 for an unknown one, 403 for a private one.
        """
        standing = self._standings.of(campaign)
        if standing.campaign.rules.live == "private":
            raise Problem(problems.FORBIDDEN, f"the ranking of campaign {campaign!r} is not public")
        return standing

    def static_file(self, name: str) -> Response:
        version, _, rest = name.partition("/")
        current = version == self._assets.version
        found = self._assets.find(rest) or self._assets.find(name)
        if found is None:
            raise Problem(problems.NOT_FOUND, "there is no such file")
        return _file(found, FOR_EVER if current else PUBLIC)

    def _heads(self, campaign: str) -> tuple[Head, ...] | None:
        """A campaign's publications; None while MongoDB is away."""
        if self._publications is None or self._standings.wrong() is not None:
            return None
        try:
            return self._publications.of(campaign)
        except Problem:
            return None

    def _may_have(self, campaign: str, number: str) -> bool:
        """Whether there is a publication of that number, or that cannot be told now."""
        heads = self._heads(campaign)
        return NUMBER.fullmatch(number) is not None and (
            heads is None or any(head.event.number == int(number) for head in heads)
        )

    def _newest(self, campaign: str, lang: str) -> dict[str, str] | None:
        """Number and title of a campaign's newest publication; None where there is none, or MongoDB is away."""
        heads = self._heads(campaign)
        if not heads:
            return None
        event = heads[-1].event
        return {"number": str(event.number), "title": event.title.get(lang) or event.title.get("vi", "")}

    def _page(
        self,
        name: str,
        more: Mapping[str, str],
        standing: Standing | None = None,
        code: str | None = None,
        *,
        unit: Unit | None = None,
        frames: str | None = None,
        status: int = 200,
    ) -> Response:
        lang = language(request.args.get("lang"))
        words = labels(lang)
        campaign = None if standing is None else standing.campaign
        root = request.url_root.rstrip("/")
        static = f"/static/{self._assets.version}"
        data = {
            "page": name,
            "lang": lang,
            "campaign": code,
            "model": None if campaign is None else model(campaign),
            "static": static,
            "labels": labels_of(name, lang, OWN_LABELS),
            "pages": [page.name for page in OF_CAMPAIGN],
            **more,
        }
        content = render_template(
            f"{name}.html",
            t=words,
            lang=lang,
            other=next(one for one in LANGUAGES if one != lang),
            here=request.path,
            page=name,
            static=static,
            script=f"joined/{name}.js",
            styles=[sheet for sheet in ("css/dashboard.css", f"css/{name}.css") if self._assets.has(sheet)],
            data=data,
            code=code,
            title=words[f"page.{name}"].format(n=more.get("number")) if unit is None else said(unit.name, lang),
            campaign_title=None if campaign is None else said(campaign.title, lang),
            tabs=TABS if code is not None else (),
            public=campaign is not None and campaign.rules.live == "public",
            dataset=dataset(campaign, root, lang)
            if campaign is not None and campaign.rules.live == "public" and name == "ranking"
            else None,
            more=more,
            published=None if campaign is None else self._newest(campaign.code, lang),
            early=None if campaign is None else _early(campaign, name, unit),
        )
        return _html(content, headers() if frames is None else headers(frames), status)


def _early(campaign: Campaign, page: str, unit: Unit | None) -> str | None:
    """The address of the figures that a page's script will ask for first, as it will ask; None of a private one."""
    if campaign.rules.live == "private":
        return None
    if unit is not None:
        return f"/v1/campaigns/{campaign.code}/units/{unit.code}"
    return _ranking(campaign) if page == "ranking" and campaign.blocks else None


def _ranking(campaign: Campaign) -> str:
    given = request.args
    block = next((one for one in campaign.blocks if one.code == given.get("block")), campaign.blocks[0])
    fields = {field.code for field in campaign.fields}
    groups = {group.code for group in campaign.groups if block.code in group.rates}
    asked = {"block": block.code}
    asked |= {name: given[name] for name, known in (("field", fields), ("group", groups)) if given.get(name) in known}
    return f"/v1/campaigns/{campaign.code}/rankings?{urlencode(asked)}"


def _html(content: str, more: tuple[tuple[str, str], ...], status: int) -> Response:
    body = Body(content.encode(), HTML, more)
    response = answer(request, body, vary="Accept-Encoding")
    if response.status_code == HTTPStatus.OK:
        response.status_code = status
        if _takes_gzip():
            response.set_data(gzip.compress(body.content, QUICK, mtime=0))
            response.headers["Content-Encoding"] = "gzip"
            # Another representation than the plain one, so the tag is a weak one of both.
            response.set_etag(body.etag, weak=True)
    return response


def _file(asset: Asset, kept: str) -> Response:
    response_headers = {
        "ETag": f'"{asset.etag}"',
        "Cache-Control": kept,
        "Vary": "Accept-Encoding",
        # The component is loaded by pages of other sites; nothing here is anybody's secret.
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if matches(request.headers.get("If-None-Match"), asset.etag):
        return Response(status=304, headers=response_headers)
    if _takes_gzip():
        response_headers["Content-Encoding"] = "gzip"
        return Response(asset.compressed, 200, response_headers, content_type=asset.content_type)
    return Response(asset.content, 200, response_headers, content_type=asset.content_type)


def _takes_gzip() -> bool:
    return request.accept_encodings.quality("gzip") > 0
