"""`parindex campaign`: check a definition at the desk, publish it, look at what is published."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, BinaryIO, NoReturn

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli import asking
from services.cli.campaign_diff import document as difference_document
from services.cli.campaign_diff import show as show_differences
from services.cli.campaign_summary import show as show_figures
from services.cli.campaign_summary import summary
from services.cli.client import BAD_INPUT, REFUSED, endpoint, reachable, refusal, said
from services.common.campaign import CODE, Campaign
from services.common.campaign_difference import differences
from services.common.campaign_schema import DefinitionError, json_schema, load, parse
from services.common.campaign_versions import forbidden_changes
from services.common.campaign_yaml import MAX_BYTES

FAILED = 1

_EXITS = """

Exit codes: 0 all is well; 2 the input is wrong; 3 the service does not answer or refuses.
"""

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_intake = click.option(
    "--intake",
    metavar="URL",
    envvar="PARINDEX_INTAKE_URL",
    show_envvar=True,
    help="Intake's address. Default: the stack that runs here.",
)


@click.group()
def campaign() -> None:
    """Campaign definitions: check, publish, show; docs/campaign.md explains every field."""


@campaign.command(epilog=_EXITS)
@click.argument("file", type=click.File("rb"))
@_as_json
def check(file: BinaryIO, *, as_json: bool) -> None:
    """Check the definition in FILE (YAML or JSON; - is standard input) and sum it up."""
    _, found = _read(file, as_json=as_json)
    _report(summary(found), as_json=as_json)


@campaign.command(epilog=_EXITS)
def schema() -> None:
    """Print the JSON Schema of definitions, which editors use to complete and check."""
    click.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))


@campaign.command(epilog=_EXITS)
@click.argument("file", type=click.File("rb"))
@_intake
@click.option(
    "--token", envvar="PARINDEX_TOKEN", show_envvar=True, help="An admin's token. Default: that of the stack."
)
@_as_json
def publish(file: BinaryIO, *, intake: str | None, token: str | None, as_json: bool) -> None:
    """Publish the definition in FILE as the next version of its campaign."""
    text, found = _read(file, as_json=as_json)
    with endpoint(intake, token) as client, reachable(client):
        answer = client.put(f"/v1/campaigns/{found.code}", content=text, headers={"Content-Type": "application/yaml"})
    published = said(answer)
    if published is None or "version" not in published:
        _refused(_name(file), refusal(answer), as_json=as_json)
    click.echo(json.dumps(published, ensure_ascii=False) if as_json else f"{found.code} version {published['version']}")


@campaign.command(
    epilog="""

Exit codes: 0 FILE may be published; 1 it may not, what stands in the way is told; 2 the input is wrong; 3 intake does
not answer or refuses.
"""
)
@click.argument("file", type=click.File("rb"))
@click.option("--against", type=click.File("rb"), help="Compare with this file. Default: what is published.")
@_intake
@_as_json
def diff(file: BinaryIO, *, against: BinaryIO | None, intake: str | None, as_json: bool) -> None:
    """Say in words what the definition in FILE would change, and for whom."""
    _, new = _read(file, as_json=as_json)
    if against is None:
        old = _loaded(new.code, _fetched(new.code, intake, as_json=as_json))
    else:
        _, old = _read(against, as_json=as_json)
    found, forbidden = differences(old, new), forbidden_changes(old, new)
    if as_json:
        click.echo(json.dumps(difference_document(old, new, found, forbidden), ensure_ascii=False))
    else:
        show_differences(old, new, found, forbidden, Console())
    if forbidden:
        raise SystemExit(FAILED)


@campaign.command(epilog=_EXITS)
@click.argument("code")
@_intake
@_as_json
def show(code: str, *, intake: str | None, as_json: bool) -> None:
    """Show the published campaign CODE."""
    if not CODE.fullmatch(code):
        raise click.BadParameter(f"{code!r} is not a campaign's code", param_hint="CODE")
    published = _fetched(code, intake, as_json=as_json)
    if as_json:
        click.echo(json.dumps(published, ensure_ascii=False))
    else:
        _report(summary(_loaded(code, published)), as_json=False)


@campaign.command("list", epilog=asking.EXITS)
@asking.language
@asking.source
def list_(*, lang: str, reporting: str | None, token: str | None, as_json: bool) -> None:
    """List the campaigns that are published, with what is counted so far."""
    found = asking.ask(reporting, token, "campaigns")
    if as_json:
        asking.print_json(found)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("campaign", "title", "version", "state", "results", "opens", "closes", "counted"):
        table.add_column(column, justify="right" if column in {"version", "counted"} else "left")
    for row in found["campaigns"]:
        opens, closes = (row[moment][:16].replace("T", " ") for moment in ("opens", "closes"))
        table.add_row(
            row["campaign"],
            Text(asking.name(row["title"], lang)),
            str(row["version"]),
            row["state"],
            row["live"],
            opens,
            closes,
            f"{row['counted']:,}",
        )
    Console().print(table)


def _read(file: BinaryIO, *, as_json: bool) -> tuple[bytes, Campaign]:
    """The text and the campaign it defines; problems are printed and end the command with exit code 2."""
    text = file.read(MAX_BYTES + 1)
    try:
        return text, parse(text)
    except DefinitionError as error:
        problems = [asdict(problem) for problem in error.problems]
    if as_json:
        click.echo(json.dumps({"problems": problems}, ensure_ascii=False))
    else:
        _print_problems(_name(file), problems)
    raise SystemExit(BAD_INPUT)


def _fetched(code: str, intake: str | None, *, as_json: bool) -> Mapping[str, Any]:
    """What intake has published of a campaign; a refusal is printed and ends the command with exit code 3."""
    with endpoint(intake, None) as client, reachable(client):
        answer = client.get(f"/v1/campaigns/{code}")
    published = said(answer)
    if published is None:
        _refused(code, refusal(answer), as_json=as_json)
    return published


def _loaded(code: str, published: Mapping[str, Any]) -> Campaign:
    """The campaign that was published; what cannot be read ends the command with exit code 3."""
    try:
        return load(published)
    except DefinitionError as error:
        click.echo(f"{code}: intake answered with what this version of parindex cannot read: {error}", err=True)
        raise SystemExit(REFUSED) from error


def _name(file: BinaryIO) -> str:
    """How messages call a file; a pipe may have no name."""
    return str(getattr(file, "name", "<stdin>"))


def _report(figures: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False))
    else:
        show_figures(figures, Console())


def _refused(name: str, problem: Mapping[str, Any], *, as_json: bool) -> NoReturn:
    """Prints why a service said no, and ends the command with exit code 3."""
    if as_json:
        click.echo(json.dumps(problem, ensure_ascii=False))
    else:
        words = [str(problem[key]) for key in ("title", "detail") if problem.get(key)]
        click.echo(f"{name}: {': '.join(words)}", err=True)
        _print_problems(name, problem.get("errors", ()))
    raise SystemExit(REFUSED)


def _print_problems(name: str, problems: Iterable[Mapping[str, Any]]) -> None:
    """One problem a line, as compilers print them: editors can jump to the place."""
    for problem in problems:
        line = problem.get("line")
        place = f"{name}:{line}" if line else name
        at = f": {problem['pointer']}" if problem.get("pointer") else ""
        click.echo(f"{place}{at}: {problem['detail']}")
