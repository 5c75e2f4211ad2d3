"""Reads from reporting for a command: its options, the question, and what is said of a refusal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

import click
import httpx
from rich.console import Console

from services.cli.client import BAD_INPUT, REFUSED, endpoint, reachable, refusal, said
from services.common.campaign import CODE

Document = Mapping[str, Any]
Command = TypeVar("Command", bound=Callable[..., object])

EXITS = """

Exit codes: 0 done; 2 the call is wrong: there is no such campaign, unit, block …; 3 reporting does not answer or
refuses.
"""
UNKNOWN = {404, 406, 422}
"""Answers that say that the question was wrong, not the service or the token."""


class Code(click.ParamType[str]):
    """A campaign's, unit's, field's … code, as it may stand in an address."""

    name = "code"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        text = str(value)
        if not CODE.fullmatch(text):
            self.fail(f"{text!r} is not a code: letters, digits, _ and -, at most 32", param, ctx)
        return text


CODES = Code()


def source(command: Command) -> Command:
    """The options by which a command finds reporting, and how it prints."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the service's answer as JSON, for programs."),
        click.option(
            "--token",
            envvar="PARINDEX_TOKEN",
            show_envvar=True,
            help="A viewer's token, for private scores. Default: that of the stack that runs here.",
        ),
        click.option(
            "--reporting",
            metavar="URL",
            envvar="PARINDEX_REPORTING_URL",
            show_envvar=True,
            help="Reporting's address. Default: the stack that runs here.",
        ),
    ):
        command = option(command)
    return command


language = click.option(
    "--lang", type=click.Choice(["vi", "en"]), default="vi", show_default=True, help="The language of names."
)


def ask(reporting: str | None, token: str | None, address: str, **query: str | None) -> Document:
    """The document that reporting answers with.

    Args:
        reporting: its address; None: that of the stack that runs here.
        token: as the operator named it.
        address: the path, below /v1.
        query: its parameters; None leaves one out.

    Raises:
        SystemExit: with what is wrong on standard error: 2 when the question is, else 3.
    """
    given = {name: value for name, value in query.items() if value is not None}
    with endpoint(reporting, token, "reporting") as client, reachable(client):
        answer = client.get(f"/v1/{address}", params=given)
    found = said(answer)
    if found is None:
        refused(answer)
    return found


def refused(answer: httpx.Response) -> NoReturn:
    """Says what a refusal says and ends the command: with 2 when the question was wrong, else with 3."""
    problem = refusal(answer)
    for line in (": ".join(filter(None, (problem["title"], problem.get("detail")))), *_faults(problem)):
        click.echo(line, err=True)
    raise SystemExit(BAD_INPUT if answer.status_code in UNKNOWN else REFUSED)


def _faults(problem: Mapping[str, Any]) -> list[str]:
    faults = problem.get("errors")
    return [f"  {fault['pointer']}: {fault['detail']}" for fault in faults] if isinstance(faults, list) else []


def print_json(document: Document) -> None:
    """The answer as the service gave it."""
    click.echo(json.dumps(document, ensure_ascii=False))


def name(label: Mapping[str, str] | None, lang: str) -> str:
    """A label in a language, in Vietnamese where it has no other."""
    return "" if label is None else label.get(lang) or label["vi"]


def print_as_of(console: Console, document: Document) -> None:
    """What the figures rest on: no figure stands without it."""
    as_of = document["as_of"]
    line = f"Version {document['version']}, state {as_of['state']}: {as_of['counted']:,} responses counted."
    console.print(line, markup=False, highlight=False, style="dim")
