"""`parindex appraisals import`: what is filled in in a workbook is recorded, all of it or nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click
import httpx
from rich.console import Console

from services.cli import appraisal_plan as plans
from services.cli.appraisal_asking import EXITS, Rows, in_force, refused, source
from services.cli.appraisal_sheet import MOST_BYTES
from services.cli.appraisal_shown import changes_table, step_document
from services.cli.appraisal_workbook import Fault, NoWorkbook, Workbook, read
from services.cli.client import BAD_INPUT, endpoint, reachable, refusal, said
from services.common import problems
from services.common.campaign import Campaign
from services.common.problems import Fault as Told

LARGE_S = 120.0
LISTED = 200
"""Changes in a table: more than anybody reads there."""
LOG_WIDTH = 160


@click.command("import", epilog=EXITS)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--why", metavar="TEXT", help="Why; it stands in the history of each unit that changes.")
@source
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
        client.timeout = httpx.Timeout(LARGE_S, connect=5)
        with waiting.status("Comparing with the rows in force …"):
            campaign, rows = in_force(client, workbook.campaign, as_json=as_json)
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
            places = plans.places(found)
            if made is None:
                refused(
                    file,
                    refusal(answer),
                    lambda one: plans.cell_of(places, Told(one["pointer"], one["code"], one["detail"])),
                    as_json=as_json,
                )
            warned = _faults(made["warnings"], places)
    _report(file, workbook, campaign, found, warned, dry_run=dry_run, as_json=as_json)


def _read(file: Path, *, as_json: bool) -> Workbook:
    try:
        return read(file.read_bytes())
    except (NoWorkbook, OSError) as error:
        _wrong(file, [Fault("", str(error))], as_json=as_json)


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
    problem = {"title": problems.STALE.title, "detail": detail, "status": problems.STALE.status, "errors": errors}
    refused(file, problem, lambda one: str(one["cell"]), as_json=as_json)


def _faults(told: Sequence[Mapping[str, Any]], found: plans.Places) -> list[Fault]:
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
