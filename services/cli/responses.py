"""`parindex responses send`: a file of responses through the front door, each counted once however often it is sent."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.table import Table

from services.cli import asking
from services.cli.batch import Unexpected
from services.cli.client import BAD_INPUT, REFUSED, endpoint, reachable, refusal, said
from services.cli.connection import GaveUp
from services.cli.file_sender import FileSender, Refusals
from services.cli.response_file import Unfit, look_through
from services.cli.stages import Stages
from services.common.campaign import CODE

FAILED = 1
CONNECTIONS = 4
PATIENCE_S = 600.0

_EXITS = """

Exit codes: 0 every response was accepted; 1 some were refused, or it was interrupted; 2 the file or the call is wrong:
nothing was sent; 3 intake does not answer, or refuses the campaign.
"""


@dataclass(slots=True)
class Outcome:
    """What became of a file. `next` is the line to go on with, None when all have their answer."""

    campaign: str
    responses: int
    accepted: int
    refused: int
    refusals: str | None
    seconds: float
    next: int | None
    problem: str | None = None


@click.group()
def responses() -> None:
    """Responses that were gathered elsewhere; docs/api-intake.md says what one holds."""


@responses.command(epilog=_EXITS)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--campaign", "code", required=True, metavar="CODE", help="The campaign that they answer.")
@click.option(
    "--intake",
    metavar="URL",
    envvar="PARINDEX_INTAKE_URL",
    show_envvar=True,
    help="Intake's address. Default: the stack that runs here.",
)
@click.option(
    "--connections", type=click.IntRange(1, 64), default=CONNECTIONS, show_default=True, help="Batches at a time."
)
@click.option(
    "--from", "first", type=click.IntRange(1), default=1, show_default=True, help="The line to begin with, to go on."
)
@click.option(
    "--refused",
    "refused_file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Where the refused lines go, each with its problem. Default: FILE.refused.",
)
@click.option(
    "--patience",
    "patience_s",
    type=click.FloatRange(1),
    default=PATIENCE_S,
    show_default=True,
    help="Seconds for which one batch is sent again while intake does not take it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def send(
    *,
    file: Path,
    code: str,
    intake: str | None,
    connections: int,
    first: int,
    refused_file: Path | None,
    patience_s: float,
    as_json: bool,
) -> None:
    """Send the responses in FILE, one JSON object a line, and say what became of each.

    Every line must carry its own `response`, a UUID. On silence, 408, 425, 429 and 5xx the same line is sent again;
    every other answer is final. So a run that was interrupted is simply run again: what counts already is not counted
    twice. `--from` saves the time for the lines that have their answer.
    """
    if not CODE.fullmatch(code):
        raise click.BadParameter(f"{code!r} is not a campaign's code", param_hint="--campaign")
    stages = Stages(Console(stderr=True))
    try:
        with stages.stage(f"Looking through {file.name}", file.stat().st_size, "bytes") as advance:
            found = look_through(file, first, advance)
    except Unfit as error:
        _unfit(file, error, as_json=as_json)
    url = _published(code, intake)
    sender = FileSender(url, code, connections, patience_s)
    refusals = Refusals(refused_file or file.with_name(f"{file.name}.refused"), first)
    began = time.monotonic()
    problem, exit_code = None, 0
    try:
        with stages.stage("Sending the responses", found) as advance:
            sender.send(file, first, refusals, advance)
    except KeyboardInterrupt:
        problem, exit_code = "interrupted", FAILED
    except (GaveUp, Unexpected) as error:
        problem, exit_code = str(error), REFUSED
    finally:
        refusals.close()
    outcome = Outcome(
        campaign=code,
        responses=found,
        accepted=sender.accepted,
        refused=refusals.count,
        refusals=str(refusals.path) if refusals.count else None,
        seconds=round(time.monotonic() - began, 2),
        next=sender.done + 1 if problem else None,
        problem=problem,
    )
    _report(outcome, as_json=as_json)
    raise SystemExit(exit_code or (FAILED if outcome.refused else 0))


@responses.command(epilog=asking.EXITS)
@click.argument("campaign", type=asking.CODES)
@click.argument("response", type=click.UUID)
@click.option("--revision", type=click.IntRange(1), help="Of the receipt.")
@click.option("--digest", help="Of the receipt.")
@click.option("--partition", type=click.IntRange(0), help="Of the receipt.")
@click.option("--offset", type=click.IntRange(0), help="Of the receipt.")
@asking.source
def status(
    *,
    campaign: str,
    response: uuid.UUID,
    revision: int | None,
    digest: str | None,
    partition: int | None,
    offset: int | None,
    reporting: str | None,
    token: str | None,
    as_json: bool,
) -> None:
    """Say what became of RESPONSE of CAMPAIGN; with all of its receipt the answer is final."""
    numbers = {"revision": revision, "partition": partition, "offset": offset}
    query = {name: None if number is None else str(number) for name, number in numbers.items()}
    found = asking.ask(reporting, token, f"campaigns/{campaign}/responses/{response}", digest=digest, **query)
    if as_json:
        asking.print_json(found)
        return
    counts = f"revision {found['revision']} counts" if found["revision"] else "nothing of it counts"
    reason = f" ({found['reason']})" if "reason" in found else ""
    click.echo(f"{found['status']}{reason}: {counts}")


def _published(code: str, intake: str | None) -> str:
    """Intake's address, once it has said that it has the campaign."""
    with endpoint(intake, None) as client, reachable(client):
        answer = client.get(f"/v1/campaigns/{code}")
        if said(answer) is None:
            problem = refusal(answer)
            click.echo(f"{code}: {problem.get('detail') or problem['title']}; nothing was sent", err=True)
            raise SystemExit(REFUSED)
        return str(client.base_url).rstrip("/")


def _unfit(file: Path, error: Unfit, *, as_json: bool) -> NoReturn:
    if as_json:
        click.echo(json.dumps({"problems": [asdict(fault) for fault in error.faults]}, ensure_ascii=False))
    else:
        for fault in error.faults:
            click.echo(f"{file}:{fault.line}: {fault.problem}", err=True)
        click.echo("Nothing was sent.", err=True)
    raise SystemExit(BAD_INPUT)


def _report(outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(outcome), ensure_ascii=False))
        return
    rate = outcome.accepted / outcome.seconds if outcome.seconds else 0.0
    lines: list[tuple[str, Any]] = [
        ("responses to send", f"{outcome.responses:,}"),
        ("accepted", f"{outcome.accepted:,}"),
        ("refused", f"{outcome.refused:,}"),
        ("seconds", f"{outcome.seconds:,.1f} ({rate:,.0f} accepted a second)"),
    ]
    if outcome.refusals:
        lines.append(("refused lines and why", outcome.refusals))
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for line in lines:
        table.add_row(*line)
    Console(soft_wrap=True).print(table)
    if outcome.problem:
        click.echo(f"Not all was sent: {outcome.problem}", err=True)
        click.echo(
            f"Every line before {outcome.next:,} has its answer: go on with --from {outcome.next}, or run the same "
            "command again; nothing is counted twice.",
            err=True,
        )
