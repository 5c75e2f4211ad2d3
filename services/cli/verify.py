"""`parindex verify`: compares everything that is derived with a replay of the log and names the first difference."""

from __future__ import annotations

import json

import click
from kafka.errors import KafkaError
from pymongo.errors import PyMongoError
from rich.console import Console

from services.cli.settings import Unreachable, operator_settings
from services.cli.stages import Stages
from services.common import kafka
from services.common.generation import INDEXES
from services.common.settings import Settings
from services.publishing.database import unstored
from services.publishing.register import Register
from services.scoring.audit.difference import Difference
from services.scoring.audit.report import Report
from services.scoring.audit.verification import Moved, Verification
from services.scoring.ledger import Halted, Unavailable

ATTEMPTS = 3
DIFFERENT = 1


class Misfit(click.ClickException):
    """The settings are not those of what is there."""

    exit_code = 2


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print what was compared and found as JSON.")
def verify(*, as_json: bool) -> None:
    """Compare everything that is derived with a replay of the log, while all goes on.

    Exit code 0: every row, tally, index and dead letter is what the log says. 1: something differs; the first
    differences are named. 3: Kafka or MongoDB does not answer.
    """
    console = Console(stderr=True)
    try:
        report = _verified(operator_settings(), Stages(console))
    except Halted as error:
        raise Misfit(str(error)) from error
    except (kafka.Unready, Moved, Unavailable, KafkaError, PyMongoError) as error:
        raise Unreachable(f"not compared: {error}; are PARINDEX_KAFKA and PARINDEX_MONGO right?") from error
    if as_json:
        click.echo(json.dumps(report.document(), indent=2, default=str))
    else:
        _tell(report)
    if not report.equal:
        raise SystemExit(DIFFERENT)


def _verified(settings: Settings, stages: Stages) -> Report:
    """The report of the first comparison during which nothing was replaced."""
    for _ in range(ATTEMPTS - 1):
        try:
            return _compared(settings, stages)
        except Moved as error:
            click.echo(f"Begins anew: {error}.", err=True)
    return _compared(settings, stages)


def _compared(settings: Settings, stages: Stages) -> Report:
    verification = Verification(settings)
    publications = Register(settings, verification.log, verification.topics)
    try:
        with stages.stage("Reading what is shown, and the definitions"):
            length = verification.open()
            missing = unstored(verification.db, publications.read())
        with stages.stage("Replaying the log and comparing", length) as advance:
            verification.compare(advance)
        with stages.stage("Computing the indices anew", verification.units) as advance:
            verification.compare_shown(advance)
        # What was just being published at the beginning is stored by now.
        for campaign, number in unstored(verification.db, publications.read()) if missing else ():
            if (campaign, number) in missing:
                id_ = {"campaign": campaign, "number": number}
                verification.report.note(Difference("publications", id_, "content", None, "what the log says"))
    finally:
        verification.close()
    return verification.report


def _tell(report: Report) -> None:
    found = report.compared
    what = (
        f"{found['partitions']:,} partitions with {found['records']:,} records, {found['responses']:,} responses, "
        f"{found['tallies']:,} tallies, {found['indices']:,} indices"
    )
    if report.equal:
        click.echo(f"{what}: all equal to the log.")
        return
    click.echo(f"{what}: {report.differences.total():,} differences.")
    for collection, n in sorted(report.differences.items()):
        click.echo(f"  {n:,} in {_stored_as(collection, report.generation)}")
    click.echo("The first of them:")
    for difference in report.first:
        click.echo(f"  {difference}")
    if report.differences["log"]:
        click.echo("The log itself has lost records: restore Kafka from its newest copy before anything else.")
    else:
        click.echo("The log is what counts. `parindex rebuild` makes everything else anew from it.")


def _stored_as(collection: str, generation: int) -> str:
    """The collection's full name; of the log and of what all generations share, the name itself."""
    return f"{collection}.{generation}" if generation and collection in INDEXES else collection
