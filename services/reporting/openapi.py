"""/openapi.json of reporting: every address with its parameters, its answers and its refusals (OpenAPI 3.1)."""

from __future__ import annotations

from importlib.metadata import version

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from services.common import problems
from services.reporting import answers
from services.reporting import openapi_parts as parts
from services.reporting.exports import responses_book
from services.reporting.exports.books import PARTS
from services.reporting.openapi_parts import Json
from services.reporting.schemas import (
    appraisals,
    campaigns,
    comparison,
    participation,
    points_lost,
    publications,
    rankings,
    responses,
    robustness,
    units,
)

ABOUT = """Rankings and their details, live.

Every figure belongs to one committed state of the log, which `as_of` names. Exact numbers are texts of decimal digits.
Answers carry a strong ETag: ask again with `If-None-Match`, and an unchanged answer costs a 304. While MongoDB is away
every answer is a 503 with `Retry-After`: an error never looks like an empty table. An unknown parameter is refused, so
that a misspelt one does not give another ranking than the one that was asked for.

Scores of a campaign whose rule `live` is private need a token of the role viewer."""


def document() -> Json:
    """The document."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(
        title="PAR Index: reporting",
        version=version("parindex"),
        openapi_version="3.1.0",
        info={"description": ABOUT, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        plugins=[plugin],
    )
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    for path, operation in _operations().items():
        spec.path(path=path, operations={"get": operation})
    made: Json = spec.to_dict()
    return made


CAMPAIGN = "/v1/campaigns/{campaign}"
_PARTICIPATION, _APPRAISALS = (parts.part(PARTS[tables]) for tables in ("participation", "appraisals"))


def _operations() -> dict[str, Json]:
    return {**_campaigns(), **_block(), **_unit(), **_survey(), **_published(), **_probes()}


def _campaigns() -> dict[str, Json]:
    """The campaigns, two of them side by side, and what is new of one."""
    return {
        "/v1/campaigns": parts.operation(
            "campaigns",
            "All campaigns",
            parts.answer("The list.", campaigns.Campaigns),
            [parts.IF_NONE_MATCH],
            refused=(problems.INVALID,),
        ),
        "/v1/compare": parts.operation(
            "compare",
            "Two campaigns side by side: index and rank then and now",
            parts.answer("The comparison.", comparison.Comparison),
            [parts.COMPARED, parts.BLOCK, parts.IF_NONE_MATCH],
            refused=parts.SCORES,
        ),
        CAMPAIGN: parts.operation(
            "campaign",
            "The public part of the definition in force",
            parts.answer("The definition.", campaigns.Definition),
            [parts.CAMPAIGN, parts.IF_NONE_MATCH],
        ),
        f"{CAMPAIGN}/events": parts.operation(
            "events",
            "New states as server-sent events",
            {
                "description": parts.EVENTS,
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            [parts.CAMPAIGN, *parts.VIEW, parts.LAST_EVENT],
            tagged=False,
        ),
    }


def _block() -> dict[str, Json]:
    """The units of a block beside each other."""
    return {
        f"{CAMPAIGN}/rankings": parts.operation(
            "rankings",
            "A ranking, in the form that Accept asks for",
            parts.files("The ranking.", rankings.Ranking, answers.FORMS),
            [parts.CAMPAIGN, *parts.VIEW, *parts.HOW, parts.IF_NONE_MATCH],
            refused=(*parts.SCORES, *parts.FILES),
        ),
        f"{CAMPAIGN}/rankings.{{form}}": parts.operation(
            "rankings_file",
            "A ranking as a file; XLSX and PDF without a block have all of them",
            parts.files("The ranking.", rankings.Ranking, answers.FORMS),
            [parts.CAMPAIGN, parts.form(answers.FORMS), *parts.VIEW, *parts.HOW, parts.IF_NONE_MATCH],
            refused=(*parts.SCORES, *parts.FILES),
        ),
        f"{CAMPAIGN}/fields": parts.operation(
            "fields",
            "A block at a glance: every unit's sub-index in every field",
            parts.answer("The figures.", rankings.ByField),
            [
                parts.CAMPAIGN,
                parts.BLOCK,
                parts.GROUP,
                parts.IF_NONE_MATCH,
            ],
            refused=parts.SCORES,
        ),
        f"{CAMPAIGN}/robustness": parts.operation(
            "robustness",
            "How firm the ranks of a block are when weights and rules are varied",
            parts.answer("The range of each unit's rank.", robustness.Robustness),
            [parts.CAMPAIGN, parts.BLOCK, *parts.VARIED, parts.IF_NONE_MATCH],
            refused=parts.SCORES,
        ),
    }


def _unit() -> dict[str, Json]:
    """One unit."""
    return {
        f"{CAMPAIGN}/units/{{unit}}": parts.operation(
            "unit",
            "A unit in detail, what was lost where, in the form that Accept asks for",
            parts.files("The unit.", units.UnitDetail, answers.FORMS),
            [parts.CAMPAIGN, parts.UNIT, *parts.HOW, parts.IF_NONE_MATCH],
            refused=(*parts.SCORES, *parts.FILES),
        ),
        f"{CAMPAIGN}/units/{{unit}}.{{form}}": parts.operation(
            "unit_file",
            "A unit in detail as a file: a row for each node of its tree",
            parts.files("The unit.", units.UnitDetail, answers.FORMS),
            [parts.CAMPAIGN, parts.UNIT, parts.form(answers.FORMS), *parts.HOW, parts.IF_NONE_MATCH],
            refused=(*parts.SCORES, *parts.FILES),
        ),
        f"{CAMPAIGN}/units/{{unit}}/lost": parts.operation(
            "lost",
            "The points a unit lost, and what one more step on a leaf would change",
            parts.answer("What was lost.", points_lost.PointsLost),
            [parts.CAMPAIGN, parts.UNIT, parts.IF_NONE_MATCH],
            refused=parts.SCORES,
        ),
        f"{CAMPAIGN}/units/{{unit}}/appraisals": parts.operation(
            "unit_appraisals",
            "What the council says of a unit, with warnings; needs a token of the role viewer, whatever the rule",
            parts.answer("The row in force.", appraisals.UnitAppraisals),
            [parts.CAMPAIGN, parts.UNIT, parts.IF_NONE_MATCH],
            refused=parts.SCORES,
        ),
        f"{CAMPAIGN}/units/{{unit}}/appraisals/history": parts.operation(
            "appraisal_history",
            "Every change of that: who, when, why, before and after; the newest first; likewise",
            parts.answer("A page of changes.", appraisals.AppraisalHistory),
            [parts.CAMPAIGN, parts.UNIT, *parts.PAGE, parts.IF_NONE_MATCH],
            refused=parts.SCORES,
        ),
    }


def _survey() -> dict[str, Json]:
    """Who has answered, what was answered and appraised, and what became of a response."""
    return {
        f"{CAMPAIGN}/participation": parts.operation(
            "participation",
            "Forms by group and unit against what was asked for; always public, but for how they are filled in",
            parts.files("Participation.", participation.Participation, answers.FORMS),
            [parts.CAMPAIGN, *parts.HOW, _PARTICIPATION, parts.IF_NONE_MATCH],
            refused=(*parts.SCORES, *parts.FILES),
        ),
        f"{CAMPAIGN}/participation.{{form}}": parts.operation(
            "participation_file",
            "The same as a file",
            parts.files("Participation.", participation.Participation, answers.FORMS),
            [
                parts.CAMPAIGN,
                parts.form(answers.FORMS),
                *parts.HOW,
                _PARTICIPATION,
                parts.IF_NONE_MATCH,
            ],
            refused=(*parts.SCORES, *parts.FILES),
        ),
        f"{CAMPAIGN}/appraisals.{{form}}": parts.operation(
            "appraisals_file",
            "What the council has said of each unit, leaf by leaf; needs a token of the role viewer, whatever the rule",
            parts.files("The appraisals.", appraisals.Appraisals, answers.TABLES),
            [
                parts.CAMPAIGN,
                parts.form(answers.TABLES),
                *parts.HOW,
                _APPRAISALS,
                parts.IF_NONE_MATCH,
            ],
            refused=(*parts.SCORES, *parts.FILES),
        ),
        f"{CAMPAIGN}/responses": parts.operation(
            "responses",
            "The answers without whoever gave them; needs a token of the role viewer, whatever the campaign's rule",
            parts.files("The answers.", responses.Responses, answers.TABLES, tagged=False),
            [parts.CAMPAIGN, *parts.HOW, parts.part(responses_book.PARTS)],
            refused=(*parts.SCORES, *parts.FILES),
            tagged=False,
        ),
        f"{CAMPAIGN}/responses.{{form}}": parts.operation(
            "responses_file",
            "The same as a file",
            parts.files("The answers.", responses.Responses, answers.TABLES, tagged=False),
            [parts.CAMPAIGN, parts.form(answers.TABLES), *parts.HOW, parts.part(responses_book.PARTS)],
            refused=(*parts.SCORES, *parts.FILES),
            tagged=False,
        ),
        f"{CAMPAIGN}/responses/{{response}}": parts.operation(
            "response",
            "What became of a response; asked with its receipt",
            parts.answer("What became of it.", responses.ResponseStatus, tagged=False),
            [parts.CAMPAIGN, parts.path("response", "The response's id, a UUID.", None), *parts.RECEIPT],
            tagged=False,
        ),
    }


def _published() -> dict[str, Json]:
    """What was published: open to everybody, and never changed."""
    all_ = f"{CAMPAIGN}/publications"
    one = f"{all_}/{{number}}"
    return {
        all_: parts.operation(
            "publications",
            "What was published of a campaign; open to everybody, whatever the rule",
            parts.answer("The list.", publications.PublicationList),
            [parts.CAMPAIGN, parts.IF_NONE_MATCH],
        ),
        one: parts.operation(
            "publication",
            "A publication: rankings and units as they were; the other forms hold the rankings",
            parts.files("The publication.", publications.WholePublication, answers.FORMS),
            [parts.CAMPAIGN, parts.NUMBER, *parts.HOW, parts.IF_NONE_MATCH],
            refused=(problems.NOT_FOUND, problems.INVALID, *parts.FILES),
        ),
        f"{one}.{{form}}": parts.operation(
            "publication_file",
            "The same as a file",
            parts.files("The publication.", publications.WholePublication, answers.FORMS),
            [parts.CAMPAIGN, parts.NUMBER, parts.form(answers.FORMS), *parts.HOW, parts.IF_NONE_MATCH],
            refused=(problems.NOT_FOUND, problems.INVALID, *parts.FILES),
        ),
        f"{one}/rankings": parts.operation(
            "publication_ranking",
            "A block's ranking in a publication, without the details of its units",
            parts.answer("The ranking.", publications.PublishedRanking),
            [
                parts.CAMPAIGN,
                parts.NUMBER,
                parts.query("block", "The block; the first one where it is left out.", parts.CODE),
                parts.IF_NONE_MATCH,
            ],
        ),
        f"{one}/units/{{unit}}": parts.operation(
            "publication_unit",
            "A unit in a publication",
            parts.answer("The unit.", publications.PublishedUnit),
            [parts.CAMPAIGN, parts.NUMBER, parts.UNIT, parts.IF_NONE_MATCH],
        ),
        f"{one}/proof/{{response}}": parts.operation(
            "publication_proof",
            "The proof that a response is counted in a publication; 404 says why it is not",
            parts.answer("The proof.", publications.InclusionProof),
            [parts.CAMPAIGN, parts.NUMBER, parts.path("response", "The response's id, a UUID.", None)],
        ),
    }


def _probes() -> dict[str, Json]:
    """For whoever runs the service."""
    return {
        "/livez": parts.probe("livez", "Whether the process lives", {"200": parts.health("It lives.")}),
        "/readyz": parts.probe(
            "readyz",
            "Whether figures are current",
            {"200": parts.health("They are."), "503": parts.health("They are not; the checks say why.")},
        ),
        "/metrics": parts.probe(
            "metrics",
            "Metrics for Prometheus",
            {"200": {"description": "The metrics.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
        ),
    }


def _name(schema: type[Schema] | Schema) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Document")
