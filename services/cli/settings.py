"""Which Kafka and MongoDB a command works on: what the environment names, else the stack of the current folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields

import click
from environs import EnvError

from services.common.settings import Settings, read_settings

SERVERS = ("kafka", "mongo")
UNREACHABLE = 3
"""Exit code of a command whose servers do not answer."""


class Unreachable(click.ClickException):
    """A server does not answer; the message says which and what to do."""

    exit_code = UNREACHABLE


def operator_settings() -> Settings:
    """The settings of a command that talks to Kafka and MongoDB itself.

    When the environment names both servers, all settings are the environment's. Otherwise they are those of the stack
    that runs in the current folder (or the one PARINDEX_HOME names), and without one the environment's again.

    Raises:
        click.ClickException: a setting cannot be read, or the environment names one server and the stack has another.
    """
    try:
        given = read_settings()
        named = [
            name for name in SERVERS if {f"PARINDEX_{name.upper()}{end}" for end in ("", "_FILE")} & set(os.environ)
        ]
        if len(named) == len(SERVERS) or (stack := _running_stack()) is None:
            return given
        with _environment(stack):
            found = read_settings()
    except EnvError as error:
        raise click.ClickException(str(error)) from error
    for name in named:
        if getattr(given, name) != getattr(found, name):
            raise click.UsageError(
                f"PARINDEX_{name.upper()} names another server than the stack that runs here has: unset it, or name "
                f"both PARINDEX_KAFKA and PARINDEX_MONGO"
            )
    return found


def _running_stack() -> Mapping[str, str] | None:
    """The environment of the services of the stack that runs here."""
    from deploy.embedded.errors import StartError  # who names both servers does not need what a stack needs
    from services.cli.stack import environment

    try:
        return environment()
    except StartError as error:
        raise Unreachable(str(error)) from error


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """The process environment with the settings of these values and no others."""
    before = dict(os.environ)
    for field in fields(Settings):
        for end in ("", "_FILE"):
            os.environ.pop(f"PARINDEX_{field.name.upper()}{end}", None)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
