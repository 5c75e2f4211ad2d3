"""What the commands of appraisals share: their options, the rows in force, and what is said of a refusal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

import click
import httpx

from services.cli.client import REFUSED, refusal, said
from services.common.appraisal_answer import row_said
from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign
from services.common.campaign_schema import DefinitionError, load

Command = TypeVar("Command", bound=Callable[..., object])
Rows = Mapping[str, AppraisalRow]
Problem = Mapping[str, Any]

EXITS = """

Exit codes: 0 done, or there was nothing to do; 2 the input is wrong, all that is wrong was printed, and nothing was
changed; 3 intake does not answer or refuses: somebody else has changed the rows, or the token does not allow it.
"""


def source(command: Command) -> Command:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs."),
        click.option(
            "--token", envvar="PARINDEX_TOKEN", show_envvar=True, help="An appraiser's token. Default: the stack's."
        ),
        click.option(
            "--intake",
            metavar="URL",
            envvar="PARINDEX_INTAKE_URL",
            show_envvar=True,
            help="Intake's address. Default: the stack that runs here.",
        ),
    ):
        command = option(command)
    return command


def in_force(client: httpx.Client, code: str, *, as_json: bool) -> tuple[Campaign, Rows]:
    """The definition in force and the rows of the units that the token may appraise."""
    documents = []
    for address in (f"/v1/campaigns/{code}", f"/v1/campaigns/{code}/appraisals"):
        answer = client.get(address)
        found = said(answer)
        if found is None:
            refused(code, refusal(answer), as_json=as_json)
        documents.append(found)
    try:
        campaign = load(documents[0])
    except DefinitionError as error:
        click.echo(f"{code}: intake answered with what this version of parindex cannot read: {error}", err=True)
        raise SystemExit(REFUSED) from error
    return campaign, {unit: row_said(row) for unit, row in documents[1]["units"].items()}


def refused(
    name: object, problem: Problem, where: Callable[[Problem], str] = lambda one: one["pointer"], *, as_json: bool
) -> NoReturn:
    """Prints why intake said no, each fault with where it is, and ends the command with exit code 3."""
    if as_json:
        click.echo(json.dumps(problem, ensure_ascii=False))
    else:
        words = [str(problem[key]) for key in ("title", "detail") if problem.get(key)]
        click.echo(f"{name}: {': '.join(words)}", err=True)
        for one in problem.get("errors", ()):
            click.echo(f"{where(one)}: {one['detail']}", err=True)
    raise SystemExit(REFUSED)
