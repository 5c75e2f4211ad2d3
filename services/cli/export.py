"""`parindex export`: figures, appraisals and answers as a file, whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Literal, get_args

import click
import httpx
from rich.console import Console

from services.cli import asking
from services.cli.client import REFUSED, endpoint, reachable
from services.cli.stages import Stages

What = Literal["rankings", "participation", "appraisals", "responses", "unit"]
FORMS = ("json", "csv", "xlsx", "parquet", "pdf")
SILENCE_S = 300.0
"""All answers of a large survey are read before the first byte of their file is sent."""


PLAIN = {"Accept-Encoding": "identity"}
"""The announced length is that of the file."""


@click.command(epilog=asking.EXITS)
@click.argument("what", type=click.Choice(get_args(What)))
@click.argument("campaign", type=asking.CODES)
@click.argument("unit", type=asking.CODES, required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    required=True,
    help=f"The file; its suffix says what it becomes: .{', .'.join(FORMS)}.",
)
@click.option("--block", type=asking.CODES, help="rankings: of one block only.")
@click.option("--field", type=asking.CODES, help="rankings: by the sub-index of a field.")
@click.option("--group", type=asking.CODES, help="rankings: by what one group says.")
@click.option("--part", help="csv, parquet: which table, where there are several; docs/api-reporting.md lists them.")
@click.option("--separator", type=click.Choice([",", ";", "tab"]), help="csv: between the values; default a comma.")
@click.option("--lang", type=click.Choice(["vi", "en"]), help="The language of headings; default both.")
@asking.source
def export(
    *,
    what: What,
    campaign: str,
    unit: str | None,
    output: Path,
    block: str | None,
    field: str | None,
    group: str | None,
    part: str | None,
    separator: str | None,
    lang: str | None,
    reporting: str | None,
    token: str | None,
    as_json: bool,
) -> None:
    """Write WHAT of CAMPAIGN into a file: rankings, participation, appraisals, responses, or a UNIT.

    The file appears when it is complete; one that was there before stands until then. Only its owner may read it.
    Appraisals and responses need a viewer's token.
    """
    form = output.suffix.removeprefix(".").lower()
    if form not in FORMS:
        raise click.BadParameter(f"its suffix must be one of .{', .'.join(FORMS)}", param_hint="--output")
    if (what == "unit") != (unit is not None):
        raise click.UsageError("a UNIT is named for `unit`, and for nothing else")
    address = f"/v1/campaigns/{campaign}/" + (f"units/{unit}.{form}" if unit else f"{what}.{form}")
    given = {"block": block, "field": field, "group": group, "part": part, "separator": separator, "lang": lang}
    query = {name: value for name, value in given.items() if value is not None}
    with endpoint(reporting, token, "reporting") as client, reachable(client):
        try:
            rows, size = _fetched(client, address, query, output)
        except httpx.RemoteProtocolError as error:  # the announced length has not come
            click.echo(f"the file was cut short: {error}; nothing was written", err=True)
            raise SystemExit(REFUSED) from error
    if as_json:
        click.echo(json.dumps({"file": str(output), "rows": rows, "bytes": size}))
    else:
        click.echo(f"{output}: {size:,} bytes" + ("" if rows is None else f", {rows:,} rows"))


def _fetched(client: httpx.Client, address: str, query: Mapping[str, str], output: Path) -> tuple[int | None, int]:
    """Streams an export into its file; its rows as the service states them, and its bytes.

    Raises:
        httpx.RemoteProtocolError: fewer bytes came than were announced.
    """
    stages = Stages(Console(stderr=True))
    with ExitStack() as open_:
        with stages.stage("Waiting until the file is made"):
            request = client.stream("GET", address, params=query, timeout=SILENCE_S, headers=PLAIN)
            answer = open_.enter_context(request)
        if not answer.is_success:
            answer.read()
            asking.refused(answer)
        announced = int(answer.headers.get("Content-Length", 0))
        file = open_.enter_context(
            tempfile.NamedTemporaryFile(dir=output.parent, prefix=f".{output.name}.", delete=False)
        )
        open_.callback(Path(file.name).unlink, missing_ok=True)
        with stages.stage("Receiving it", announced or None, "bytes") as advance:
            for piece in answer.iter_bytes():
                file.write(piece)
                advance(len(piece))
        size = file.tell()
        file.flush()
        os.fsync(file.fileno())
        Path(file.name).replace(output)
        rows = answer.headers.get("X-Row-Count")
        return None if rows is None else int(rows), size
