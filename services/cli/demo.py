"""`parindex demo`: the whole system at work on a simulated survey whose true ranking is known."""

from __future__ import annotations

import dataclasses
import secrets
import sys
import threading
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import click
from rich.console import Console

from deploy.embedded.errors import StartError
from deploy.stack import ended_by_signals
from services.cli.batch import Unexpected
from services.cli.connection import GaveUp
from services.cli.demo_report import print_counts, print_ranking
from services.cli.simulation.course import Course, courses
from services.cli.simulation.population import Population
from services.cli.simulation.sender import Delivery
from services.cli.simulation.trial import Failed, Trial, judge
from services.cli.stages import Stages, table
from services.common.campaign import CODE, CODE_PATTERN, Campaign
from services.common.campaign_schema import DefinitionError, parse

EXAMPLE = "hanoi-2022.yaml"
RESPONSES = 20_000
SEED = 2022
SINGLE = 0.1
"""The part that comes by single POSTs; the rest by batch."""
HOME = Path(".parindex/demo")
LOG_WIDTH = 120
LOOK_S = 2.0
LONGEST_CODE = 32


@dataclass(frozen=True, slots=True)
class Survey:
    """What is simulated: how many raters of which population of which campaign."""

    campaign: Campaign
    responses: int
    seed: int


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the services are."""

    intake: str
    reporting: str
    token: str


class Unreachable(click.ClickException):
    """A service does not answer."""

    exit_code = 3


def _address(_context: click.Context, _option: click.Parameter, url: str | None) -> str | None:
    parts = urlsplit(url or "http://nowhere")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise click.BadParameter(f"{url!r} must be an address: http://host:port")
    return url and url.rstrip("/")


@click.command()
@click.option("--once", is_flag=True, help="End when all is shown, instead of staying up until Ctrl-C.")
@click.option("--responses", type=click.IntRange(1, 1_000_000), default=RESPONSES, show_default=True, help="How many.")
@click.option("--seed", type=int, default=SEED, show_default=True, help="Names the population and its answers.")
@click.option("--campaign", "file", type=click.File("rb"), help=f"The definition. Default: the example {EXAMPLE}.")
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=HOME,
    show_default=True,
    help="The demo's folder: data, logs, tokens. Begun anew each time.",
)
@click.option("--intake", metavar="URL", callback=_address, help="Send to this running system instead of starting one.")
@click.option(
    "--reporting", metavar="URL", callback=_address, help="Where that system reports. Default: the same address."
)
@click.option("--token", metavar="TOKEN|FILE", help="An admin's token of that system, or the file that holds it.")
@click.option(
    "--code",
    metavar="CODE",
    help="Publish under this code. Default: the definition's own; on a running system a new one, so that simulated "
    "responses never mix with others.",
)
def demo(
    *,
    once: bool,
    responses: int,
    seed: int,
    file: BinaryIO | None,
    home: Path,
    intake: str | None,
    reporting: str | None,
    token: str | None,
    code: str | None,
) -> None:
    """Run a simulated survey through the whole system and show its ranking beside the truth.

    Starts Kafka, MongoDB and the services in a folder of their own (PARINDEX_KAFKA and PARINDEX_MONGO name servers to
    use instead), publishes a campaign, sends appraisals and responses through intake's front door, some of them twice,
    edited or withdrawn, and waits until all are counted.

    Exit code 0: every response was counted once and every index is right to the last digit; 1: not so, or something
    could not be started; 2: bad input; 3: a service does not answer.
    """
    console = Console(width=None if sys.stdout.isatty() else LOG_WIDTH)
    stages = Stages(console)
    survey = Survey(_campaign(file, code, anew=intake is not None), responses, seed)
    try:
        if intake is not None:
            there = Deployment(intake, reporting or intake, _token(token))
            _simulate(console, stages, survey, there)
        else:
            _on_own_stack(console, stages, survey, home, once=once)
    except GaveUp as error:
        raise Unreachable(f"{error}; is it running, is the address right?") from error
    except (StartError, Failed, Unexpected) as error:
        raise click.ClickException(str(error)) from error


def _on_own_stack(console: Console, stages: Stages, survey: Survey, home: Path, *, once: bool) -> None:
    """Starts a stack, runs the survey on it and keeps it until it is asked to end."""
    from services.cli.demo_stack import running  # what it needs is not installed where a running system is named

    with ended_by_signals(), running(home, stages) as stack:
        found = stack.status()
        if found is None:
            raise StartError(f"The stack has ended again; its logs are in {stack.home.logs}.")
        console.print(f"Logs: {stack.home.logs}", soft_wrap=True, markup=False, highlight=False)
        there = Deployment(found["intake"], found["reporting"], found["admin_token"])
        _simulate(console, stages, survey, there)
        console.print(f"admin's token  {stack.home.root / 'admin.token'}", soft_wrap=True, highlight=False)
        if once:
            return
        console.print("\nAll this stays up until Ctrl-C.")
        asked = threading.Event()
        with suppress(KeyboardInterrupt):
            while stack.status() is not None:
                asked.wait(LOOK_S)


def _simulate(console: Console, stages: Stages, survey: Survey, there: Deployment) -> None:
    """The survey itself, from the definition to the printed ranking.

    Raises:
        Failed: something is not as it must be.
        GaveUp, Unexpected: something could not be delivered.
    """
    with closing(Trial(there.intake, there.reporting, there.token)) as trial:
        with stages.stage(f"Publishing the campaign {survey.campaign.code}"):
            campaign = trial.publish(survey.campaign)
        with stages.stage("Simulating the raters", survey.responses) as advance:
            population = Population(campaign, survey.seed)
            sent = list(courses(population, population.responses(survey.responses)))
            advance(len(sent))
        rows = population.appraisals
        with stages.stage("Sending the council's points", sum(len(row.leaves) for row in rows.values())) as advance:
            trial.appraise(campaign, rows, advance)
        delivery = Delivery()
        singly, batched = sent[: round(SINGLE * len(sent))], sent[round(SINGLE * len(sent)) :]
        with stages.stage("Sending responses one by one", _steps(singly)) as advance:
            delivery.add(trial.send_singly(campaign, singly, advance))
        with stages.stage("Sending responses in batches", _steps(batched)) as advance:
            delivery.add(trial.send_in_batches(campaign, batched, advance))
        with stages.stage("Waiting until all are counted"):
            rankings = trial.await_counted(campaign, delivery)
        with stages.stage("Reckoning every index anew"):
            verdict = judge(campaign, population, delivery, rankings)
    for block in campaign.blocks:
        print_ranking(console, campaign, block, rankings[block.code], population.truth)
    print_counts(console, delivery, verdict)
    console.print()
    console.print(table(stages.done))
    console.print()
    for block in campaign.blocks:
        path = f"/v1/campaigns/{campaign.code}/rankings?block={block.code}"
        console.print(f"ranking        {there.reporting}{path}", soft_wrap=True, highlight=False)
    console.print(f"dashboard      {there.reporting}/c/{campaign.code}", soft_wrap=True, highlight=False)
    console.print(f"documentation  {there.intake}/docs  {there.reporting}/docs", soft_wrap=True, highlight=False)
    if not verdict.right:
        raise Failed("what is shown is not what was acknowledged")


def _steps(sent: Sequence[Course]) -> int:
    return sum(len(course.steps) for course in sent)


def _campaign(file: BinaryIO | None, code: str | None, *, anew: bool) -> Campaign:
    """The campaign to simulate, under the code to publish it with."""
    try:
        campaign = parse(file.read() if file else _example())
    except DefinitionError as error:
        raise click.BadParameter(
            f"{error}; `parindex campaign check` lists its problems", param_hint="--campaign"
        ) from error
    if not campaign.is_open(datetime.now(UTC)):
        raise click.BadParameter(
            f"{campaign.code} takes responses from {campaign.opens} to {campaign.closes} only: change opens and closes",
            param_hint="--campaign",
        )
    if not any(campaign.raters(leaf, unit.block) for leaf in campaign.leaves for unit in campaign.units):
        raise click.BadParameter(f"{campaign.code} asks nobody anything", param_hint="--campaign")
    if code is None and anew:
        ending = f"-demo-{secrets.token_hex(3)}"
        code = campaign.code[: LONGEST_CODE - len(ending)] + ending
    if code is not None and not CODE.match(code):
        raise click.BadParameter(f"{code!r} is no code: {CODE_PATTERN}", param_hint="--code")
    return dataclasses.replace(campaign, code=code or campaign.code)


def _example() -> bytes:
    """The example: in an installed package beside this module, in a checkout in its own folder."""
    packaged = files("services.cli") / "examples" / EXAMPLE
    if packaged.is_file():
        return packaged.read_bytes()
    return (Path(__file__).parents[2] / "examples" / EXAMPLE).read_bytes()


def _token(given: str | None) -> str:
    if given is None:
        raise click.UsageError("--intake needs --token: an admin's token, or the file that holds it")
    place = Path(given)
    return place.read_text().strip() if place.is_file() else given
