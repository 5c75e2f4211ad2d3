"""`parindex up|down|status`: the one-machine stack of a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.embedded.errors import StartError
from deploy.stack import Stack, Status, ended_by_signals
from deploy.stack_progress import Shown

HOME = ".parindex"
NOT_RUNNING = 3

_home = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=HOME,
    show_default=True,
    envvar="PARINDEX_HOME",
    show_envvar=True,
    help="The stack's folder: data, logs, tokens.",
)


def running() -> Mapping[str, Any] | None:
    """The status of the stack that runs in the current folder, or in the one PARINDEX_HOME names; None if none does."""
    return _here().status()


def environment() -> Mapping[str, str] | None:
    """The settings of the services of that stack; None if none runs."""
    stack = _here()
    return None if stack.status() is None else stack.environment


def _here() -> Stack:
    return Stack(Path(os.environ.get("PARINDEX_HOME", HOME)))


@click.command()
@_home
@click.option("--scorers", type=click.IntRange(1, 12), default=1, show_default=True, help="Scoring processes to run.")
def up(home: Path, scorers: int) -> None:
    """Start Kafka, MongoDB and the services, and keep them running.

    A part that dies is started again. PARINDEX_KAFKA and PARINDEX_MONGO name servers to use instead of embedded ones;
    PARINDEX_INTAKE_BIND and PARINDEX_REPORTING_BIND name addresses to use instead of free ports.
    """
    stack = Stack(home, scorers=scorers, progress=Shown(Console(stderr=True)))
    try:
        if stack.status() is None:
            with ended_by_signals():
                stack.start()
        else:
            click.echo("The stack runs already.", err=True)
        found = stack.status()
    except StartError as error:
        _fail(error)
    if found is None:
        _fail(StartError(f"The stack has ended again; its log: {stack.home.supervisor_log}"))
    _show(found, stack)


@click.command()
@_home
def down(home: Path) -> None:
    """Stop the services, then Kafka and MongoDB. The data stays."""
    stack = Stack(home, progress=Shown(Console(stderr=True)))
    try:
        if not stack.home.held():
            click.echo(f"No stack runs in {stack.home.root}.", err=True)
            return
        stack.stop()
    except StartError as error:
        _fail(error)
    click.echo(f"Stopped. The data stays in {stack.home.root}.", err=True)


@click.command()
@_home
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs; it holds the tokens.")
def status(home: Path, *, as_json: bool) -> None:
    """Say what runs, where, and under which process ids. Exit code 3 when nothing runs."""
    stack = Stack(home)
    try:
        found = stack.status()
    except StartError as error:
        _fail(error)
    if found is None:
        click.echo(f"parindex: no stack runs in {stack.home.root}: start one with `parindex up`", err=True)
        raise SystemExit(NOT_RUNNING)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        _show(found, stack)


def _show(found: Status, stack: Stack) -> None:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_row("dashboard and results", found["reporting"])
    table.add_row("intake", found["intake"])
    table.add_row("Kafka", found["kafka"])
    table.add_row("MongoDB", found["mongo"])
    table.add_row("admin's token", escape(str(stack.home.root / "admin.token")))
    table.add_row("logs", escape(str(stack.home.logs)))
    for name, pids in found["pids"].items():
        if pids:
            table.add_row(f"processes of {name}", " ".join(map(str, pids)))
    Console(soft_wrap=True).print(table)


def _fail(error: StartError) -> NoReturn:
    click.echo(f"parindex: {error}", err=True)
    raise SystemExit(1)
