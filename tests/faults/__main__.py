"""`make faults MINUTES=n SEED=s`: runs the system under faults and holds it to its promises; 0 when it kept them."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console

from deploy.embedded.errors import StartError
from deploy.stack import ended_by_signals
from services.cli.main import COMMANDS
from services.cli.stages import Stages
from services.common.kafka import Unready
from tests.faults import report
from tests.faults.journal import Clock
from tests.faults.machine import PARINDEX, OneMachine
from tests.faults.page import with_record
from tests.faults.part import Lost
from tests.faults.run import Clients, Outcome, Run, publish
from tests.faults.schedule import schedule
from tests.faults.violation import Violation
from tests.faults.world import World

WIDTH = 120
VERIFY_S = 300


@click.command()
@click.option("--minutes", type=click.FloatRange(min=0.3), default=3.0, show_default=True, help="Of faults.")
@click.option("--seed", type=int, help="Of the schedule and the clients; a random one is chosen and printed.")
@click.option("--cluster", is_flag=True, help="Three brokers and a replica set of three instead of one of each.")
@click.option("--json", "output", type=click.Path(dir_okay=False, path_type=Path), help="Write the record here.")
@click.option("--keep", is_flag=True, help="Keep journals and logs also when nothing is wrong.")
@click.option(
    "--page",
    type=click.Path(exists=True, dir_okay=False, writable=True, path_type=Path),
    help="Also set the record into this page, in the place of the one before: docs/reliability.md.",
)
def main(
    *, minutes: float, seed: int | None, cluster: bool, output: Path | None, keep: bool, page: Path | None
) -> None:
    """Run the system under faults, then hold it against what its clients were told."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    name = "cluster" if cluster else "faults"
    command = f"make {name} MINUTES={minutes:g} SEED={seed}"
    home = Path(tempfile.mkdtemp(prefix="parindex-faults-"))
    console.print(f"{command}; journals and logs in {home}", highlight=False)
    try:
        with ended_by_signals():
            world, outcome = _run(home, minutes, seed, console, cluster=cluster)
    except (StartError, Unready, Lost) as error:
        raise click.ClickException(f"the system did not start: {error}\nits logs are kept in {home}") from error
    record = report.document(command, seed, world.left_out, world.abilities, outcome)
    report.show(console, record)
    if output:
        output.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    if page:
        page.write_text(with_record(page.read_text(encoding="utf-8"), name, report.page(record)), encoding="utf-8")
    if outcome.passed and not keep:
        shutil.rmtree(home)
    else:
        console.print(f"journals and logs are kept in {home}; the same again: {command}", highlight=False)
    if not outcome.passed:
        sys.exit(1)


def _run(home: Path, minutes: float, seed: int, console: Console, *, cluster: bool) -> tuple[World, Outcome]:
    stages = Stages(console)
    world = _world(home, minutes, cluster=cluster)
    try:
        with stages.stage("Start the system"):
            world.start()
            publish(world)
        faults = schedule(seed, minutes, world.abilities)
        journals, clock = home / "journals", Clock()
        clients = Clients(world, journals, seed, clock)
        with (home / "faults.log").open("w", buffering=1) as told, stages.stage("Faults", len(faults)) as advance:

            def tell(line: str) -> None:
                told.write(f"{line}\n")

            run = Run(world, clients, journals, clock, tell)
            run.hurt(faults, advance)
        with stages.stage("Heal, finish, count"):
            run.heal()
        with stages.stage("Check"):
            outcome = run.check()
            outcome.violations += _verified(world) if not outcome.lost else []
    finally:
        world.close()
    return world, outcome


def _world(home: Path, minutes: float, *, cluster: bool) -> World:
    if cluster:
        from tests.faults.cluster_world import ClusterWorld

        return ClusterWorld(home)
    return OneMachine(home, minutes)


def _verified(world: World) -> list[Violation]:
    """What the operator's own command says of the data."""
    if "verify" not in COMMANDS:
        return []
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PARINDEX_")}
    done = subprocess.run(
        [*PARINDEX, "verify"],
        env=inherited | dict(world.environment),
        capture_output=True,
        text=True,
        timeout=VERIFY_S,
        check=False,
    )
    if done.returncode == 0:
        return []
    return [Violation("parindex verify", f"exit {done.returncode}", "0", (done.stdout + done.stderr)[-2_000:])]


if __name__ == "__main__":
    main()
