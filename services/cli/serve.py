"""`parindex intake|reporting|scoring`: each runs the service in the foreground, as the process that was started."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import NoReturn

import click
from environs import EnvError


@click.command()
def intake() -> None:
    """Run intake: responses, definitions and appraisals over HTTP into Kafka."""
    _require(_intake_is_fit)
    _gunicorn("deploy.gunicorn_intake")


@click.command()
def reporting() -> None:
    """Run reporting: rankings and live updates over HTTP."""
    _require(_reporting_is_fit)
    _gunicorn("deploy.gunicorn_reporting")


@click.command()
def scoring() -> None:
    """Run scoring: count what the log holds, refresh the indices."""
    from services.common import kafka, mongo
    from services.common.settings import read_settings
    from services.scoring.main import run

    try:
        run(read_settings())
    except (EnvError, kafka.Unready, mongo.Unready, ValueError) as error:
        raise click.ClickException(str(error)) from error


def _gunicorn(configuration: str) -> NoReturn:
    """Becomes gunicorn, so that signals reach it and not a process between."""
    command = [sys.executable, "-P", "-m", "gunicorn", "--config", f"python:{configuration}"]
    os.execv(sys.executable, command)  # noqa: S606 - no shell reads it


def _intake_is_fit() -> None:
    """Reads what every worker will read, so that a fault is told once and plainly."""
    from services.common import kafka
    from services.common.settings import read_settings
    from services.common.tokens import read_tokens
    from services.intake.receipts import read_key

    settings = read_settings()
    kafka.require_accelerators()
    read_tokens(settings.tokens_file)
    read_key(settings.receipt_key_file)


def _reporting_is_fit() -> None:
    from pymongo.errors import ConfigurationError
    from pymongo.uri_parser import parse_uri

    from services.common.settings import read_settings
    from services.common.tokens import read_tokens

    settings = read_settings()
    read_tokens(settings.tokens_file)
    try:
        parse_uri(settings.mongo)
    except ConfigurationError as error:
        raise ValueError(f"PARINDEX_MONGO is no address of MongoDB: {error}") from error


def _require(fit: Callable[[], None]) -> None:
    from services.common.kafka import Unready

    try:
        fit()
    except (EnvError, Unready, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
