"""`parindex appraisals`: a workbook for the council to fill in, and what was filled in recorded whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import click

from services.cli.appraisal_asking import EXITS, in_force, source
from services.cli.appraisal_import import import_
from services.cli.client import BAD_INPUT, endpoint, reachable
from services.common.appraisals import NO_ROW
from services.common.campaign import CODE, Campaign
from services.common.campaign_schema import DefinitionError, parse


@click.group()
def appraisals() -> None:
    """The council's points as a workbook: make one, and record it when it is filled in."""


@appraisals.command(epilog=EXITS)
@click.argument("campaign", metavar="CAMPAIGN|FILE")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The workbook: NAME.xlsx."
)
@click.option("--block", "blocks", metavar="CODE", multiple=True, help="Only units of this block; may be repeated.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@source
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
            found, rows = in_force(client, campaign, as_json=as_json)
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


appraisals.add_command(import_)
