"""`parindex rebuild`: makes all that is derived from the log anew while the old is served, and goes over to it."""

from __future__ import annotations

import json
import time

import click
from kafka.errors import KafkaError
from pymongo.errors import PyMongoError
from rich.console import Console

from services.cli.publication import restored
from services.cli.settings import Unreachable, operator_settings
from services.cli.stages import Stages
from services.common import garbage, heap, kafka, mongo
from services.common.settings import Settings
from services.publishing.making import Making
from services.scoring.ledger import Fenced, Halted, Unavailable
from services.scoring.rebuilding import Interfered, Rebuilding

SCORING_S = 60.0
"""How long scoring may take to go over: with 10,000 units it computes every index anew."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0),
    default=SCORING_S,
    show_default=True,
    help="Seconds to wait for scoring to go over to what was made.",
)
def rebuild(*, as_json: bool, wait_s: float) -> None:
    """Make all that is derived from the log anew, beside what is served, and go over to it.

    Readers see the old figures until the new ones are there; new responses go on being counted. A rebuild that was
    interrupted goes on where it was. Run it when `parindex verify` finds a difference, after the log was restored, or
    when a new version asks for it.
    """
    garbage.collect_seldom()
    heap.give_back()
    stages = Stages(Console(stderr=True))
    began = time.monotonic()
    settings = operator_settings()
    rebuilding = Rebuilding(settings)
    try:
        with stages.stage("Reading the definitions"):
            before, length = rebuilding.open()
        with stages.stage("Applying the log", length) as advance:
            advance(before)
            applied = rebuilding.fill(advance)
        with stages.stage("Going over to what was made"):
            rebuilding.switch()
            went_over = rebuilding.await_scoring(wait_s)
        with stages.stage("Clearing away the old"):
            rebuilding.clear()
        differing = _publications(settings, stages)
    except (Halted, Interfered) as error:
        raise click.ClickException(str(error)) from error
    except (kafka.Unready, mongo.Unready, Unavailable, Fenced, KafkaError, PyMongoError) as error:
        raise Unreachable(f"{error}; what was done is kept, and the same command goes on there") from error
    finally:
        rebuilding.close()
    done = {
        "generation": rebuilding.number,
        "records": applied,
        "resumed_at": before,
        "seconds": round(time.monotonic() - began, 1),
        "scoring_went_over": went_over,
        "publications_differing": differing,
    }
    if as_json:
        click.echo(json.dumps(done, indent=2))
        return
    click.echo(f"{applied:,} records applied; generation {rebuilding.number} is current.")
    for name in differing:
        click.echo(
            f"Publication {name}: the log says something else than was published; see `parindex publication verify`"
        )
    if not went_over:
        click.echo("Scoring has not gone over yet: the figures shown are the old ones until it runs. Is it running?")


def _publications(settings: Settings, stages: Stages) -> list[str]:
    """Stores again what was published; names what the log no longer says."""
    making = Making(settings)
    try:
        making.open()
        return restored(making, stages)[1]
    finally:
        making.close()
