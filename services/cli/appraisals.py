"""`parindex appraisals`: a workbook for the council to fill in, and what was filled in recorded whole or not at all."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
import httpx
from rich.console import Console

from services.cli import appraisal_plan as plans
from services.cli.appraisal_sheet import MOST_BYTES
from services.cli.appraisal_shown import changes_table, step_document
from services.cli.appraisal_workbook import Fault, NoWorkbook, Workbook, read
from services.cli.client import BAD_INPUT, REFUSED, endpoint, reachable, refusal, said
from services.common.appraisal_answer import row_said
from services.common.appraisals import NO_ROW, AppraisalRow
from services.common.campaign import CODE, Campaign
from services.common.campaign_schema import DefinitionError, load, parse
from services.common.problems import Fault as Told

Command = TypeVar("Command", bound=Callable[..., object])
Rows = Mapping[str, AppraisalRow]

_EXITS = """

Exit codes: 0 done, or there was nothing to do; 2 the input is wrong, all that is wrong was printed, and nothing was
changed; 3 intake does not answer or refuses: somebody else has changed the rows, or the token does not allow it.
"""
_LARGE_S = 120.0
LISTED = 200
"""Changes in a table: more than anybody reads there."""
LOG_WIDTH = 160


def _source(command: Command) -> Command:
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


@click.group()
def appraisals() -> None:
    """The council's points as a workbook: make one, and record it when it is filled in."""


@appraisals.command(epilog=_EXITS)
@click.argument("campaign", metavar="CAMPAIGN|FILE")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The workbook: NAME.xlsx."
)
@click.option("--block", "blocks", metavar="CODE", multiple=True, help="Only units of this block; may be repeated.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@_source
def template(
    *,
    campaign: str,
    output: Path,
    blocks: tuple[str, ...],
    force: bool,
    intake: str | None,
    token: str | None,
    as_json: bool,
) -> None:
    """Write the workbook in which appraisers fill in the points of CAMPAIGN, with what is in force filled in.

    With the FILE of a definition no service is asked: the workbook is empty, and made for rows that nobody has touched.
    """
    if output.suffix.lower() != ".xlsx":
        raise click.BadParameter(f"{output} must end with .xlsx", param_hint="--output")
    if output.exists() and not force:
        raise click.BadParameter(f"{output} is there already: --force writes over it", param_hint="--output")
    if CODE.fullmatch(campaign) and not Path(campaign).is_file():
        with endpoint(intake, token) as client, reachable(client):
            found, rows = _in_force(client, campaign, as_json=as_json)
    else:
        found = _definition(Path(campaign))
        rows = dict.fromkeys(found.unit, NO_ROW)
    for block in blocks:
        if block not in found.block:
            known = ", ".join(found.block)
            raise click.BadParameter(f"there is no block {block!r}; there are: {known}", param_hint="--block")
    chosen = {code: row for code, row in rows.items() if not blocks or found.unit[code].block in blocks}
    from services.cli.appraisal_template import write

    try:
        count = write(output, found, chosen)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error}") from error
    told = {"file": str(output), "campaign": found.code, "version": found.version, "units": len(chosen), "rows": count}
    click.echo(json.dumps(told) if as_json else f"{output}: {len(chosen):,} units, {count:,} rows to fill in")


@appraisals.command("import", epilog=_EXITS)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--why", metavar="TEXT", help="Why; it stands in the history of each unit that changes.")
@_source
def import_(
    *, file: Path, dry_run: bool, why: str | None, intake: str | None, token: str | None, as_json: bool
) -> None:
    """Record what is filled in in the workbook FILE: all of it, or nothing.

    Only what differs from the rows in force is sent, so importing a file again changes nothing. Rows that were removed
    from the workbook are left as they are; a row that was emptied is cleared.
    """
    waiting = Console(stderr=True)
    if file.stat().st_size > MOST_BYTES:
        raise click.BadParameter(f"{file} has more than {MOST_BYTES:,} bytes", param_hint="FILE")
    with waiting.status(f"Reading {file} …"):
        workbook = _read(file, as_json=as_json)
    with endpoint(intake, token) as client, reachable(client):
        client.timeout = httpx.Timeout(_LARGE_S, connect=5)
        with waiting.status("Comparing with the rows in force …"):
            campaign, rows = _in_force(client, workbook.campaign, as_json=as_json)
            found = plans.steps(workbook, rows)
            content = plans.document(found, rows, why)
            faults = [*workbook.faults, *_foreign(workbook, rows)]
            faults += plans.unfit(campaign, workbook, found)
        if faults:
            _wrong(file, faults, as_json=as_json)
        _require_current(file, workbook, found, rows, as_json=as_json)
        warned: list[Fault] = []
        if found:
            with waiting.status(f"{'Checking' if dry_run else 'Recording'} {len(found):,} changes …"):
                answer = client.patch(
                    f"/v1/campaigns/{campaign.code}/appraisals",
                    json=content,
                    params={"dry_run": "true"} if dry_run else {},
                )
            made = said(answer)
            if made is None:
                _refused(file, refusal(answer), found, as_json=as_json)
            warned = _faults(made["warnings"], found)
    _report(file, workbook, campaign, found, warned, dry_run=dry_run, as_json=as_json)


def _definition(path: Path) -> Campaign:
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise click.BadParameter(
            f"{path} is neither a campaign's code nor a file that can be read ({error.strerror})",
            param_hint="CAMPAIGN|FILE",
        ) from error
    except DefinitionError as error:
        click.echo(f"{path}: {error}", err=True)
        raise SystemExit(BAD_INPUT) from error


def _read(file: Path, *, as_json: bool) -> Workbook:
    try:
        return read(file.read_bytes())
    except (NoWorkbook, OSError) as error:
        _wrong(file, [Fault("", str(error))], as_json=as_json)


def _in_force(client: httpx.Client, code: str, *, as_json: bool) -> tuple[Campaign, Rows]:
    """The definition in force and the rows of the units that the token may appraise."""
    documents = []
    for address in (f"/v1/campaigns/{code}", f"/v1/campaigns/{code}/appraisals"):
        answer = client.get(address)
        found = said(answer)
        if found is None:
            _refused(code, refusal(answer), (), as_json=as_json)
        documents.append(found)
    try:
        campaign = load(documents[0])
    except DefinitionError as error:
        click.echo(f"{code}: intake answered with what this version of parindex cannot read: {error}", err=True)
        raise SystemExit(REFUSED) from error
    return campaign, {unit: row_said(row) for unit, row in documents[1]["units"].items()}


def _foreign(workbook: Workbook, rows: Rows) -> list[Fault]:
    """Units that the token may not appraise, or that are no longer there, each named once."""
    return [
        Fault(place.cell("unit"), f"unit {unit} is not in the campaign, or not in the blocks of your token")
        for unit, place in plans.first_places(workbook).items()
        if unit not in rows
    ]


def _require_current(file: Path, workbook: Workbook, found: Sequence[plans.Step], rows: Rows, *, as_json: bool) -> None:
    late = plans.stale(workbook, found, rows)
    if not late:
        return
    detail = "rows were changed since this file was made, and nothing is recorded: make a new template and fill it in"
    first = {step.unit: step.place for step in reversed(found)}
    errors = [
        {
            "cell": first[unit].cell("unit"),
            "code": "stale",
            "detail": f"unit {unit} was at version {made_for}, and is at version {now} now",
        }
        for unit, (made_for, now) in late.items()
    ]
    _refused(file, {"title": "Stale", "detail": detail, "status": 412, "errors": errors}, found, as_json=as_json)


def _faults(told: Sequence[Mapping[str, Any]], found: Sequence[plans.Step]) -> list[Fault]:
    """Faults or warnings of an answer, by cell; those of leaves that the file does not change are left out."""
    warned = (Told(one["pointer"], one["code"], one["detail"]) for one in told)
    return [Fault(where, one.detail) for one in warned if "!" in (where := plans.cell_of(found, one))]


def _report(
    file: Path,
    workbook: Workbook,
    campaign: Campaign,
    found: Sequence[plans.Step],
    warned: Sequence[Fault],
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    units = len({step.unit for step in found})
    if as_json:
        told = {
            "campaign": campaign.code,
            "version": campaign.version,
            "made_for_version": workbook.version,
            "dry_run": dry_run,
            "recorded": bool(found) and not dry_run,
            "units": units,
            "changes": [step_document(step) for step in found],
            "warnings": [{"cell": one.cell, "detail": one.detail} for one in warned],
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    if not found:
        click.echo(f"{file}: nothing to change, all of it is in force already")
        return
    if dry_run:
        Console(width=None if sys.stdout.isatty() else LOG_WIDTH).print(changes_table(found[:LISTED]))
        if len(found) > LISTED:
            click.echo(f"… and {len(found) - LISTED:,} more; --json lists them all")
    for one in warned:
        click.echo(f"{one.cell}: warning: {one.detail}")
    if workbook.version != campaign.version:
        click.echo(
            f"The file was made for version {workbook.version} of the definition; in force is {campaign.version}."
        )
    done = "would change; nothing was recorded (--dry-run)" if dry_run else "recorded, all together"
    click.echo(f"{file}: {len(found):,} changes of {units:,} units {done}")


def _wrong(file: Path, faults: Sequence[Fault], *, as_json: bool) -> NoReturn:
    """Prints all that is wrong, sheet by sheet and row by row, and ends the command with exit code 2."""
    faults = sorted(faults, key=lambda one: _by_place(one.cell))
    if as_json:
        click.echo(
            json.dumps({"problems": [{"cell": one.cell, "detail": one.detail} for one in faults]}, ensure_ascii=False)
        )
    else:
        for one in faults:
            click.echo(f"{one.cell or file}: {one.detail}")
        click.echo(f"{file}: nothing was recorded; mend {len(faults):,} and import it again", err=True)
    raise SystemExit(BAD_INPUT)


def _by_place(cell: str) -> tuple[str, int, str]:
    sheet, _, address = cell.rpartition("!")
    return sheet, int("".join(filter(str.isdigit, address)) or 0), address


def _refused(name: object, problem: Mapping[str, Any], found: Sequence[plans.Step], *, as_json: bool) -> NoReturn:
    """Prints why intake said no, and ends the command with exit code 3."""
    if as_json:
        click.echo(json.dumps(problem, ensure_ascii=False))
    else:
        click.echo(
            f"{name}: {': '.join(str(problem[key]) for key in ('title', 'detail') if problem.get(key))}", err=True
        )
        for one in problem.get("errors", ()):
            where = one.get("cell") or plans.cell_of(found, Told(one["pointer"], one["code"], one["detail"]))
            click.echo(f"{where}: {one['detail']}", err=True)
    raise SystemExit(REFUSED)
