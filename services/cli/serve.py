"""`parindex reporting`: runs the service in the foreground, as the process that was started."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click


@click.command()
def reporting() -> None:
    """Run reporting: rankings and live updates over HTTP."""
    _gunicorn("deploy.gunicorn_reporting")


def _gunicorn(configuration: str) -> NoReturn:
    """Becomes gunicorn, so that signals reach it and not a process between."""
    command = [sys.executable, "-P", "-m", "gunicorn", "--config", f"python:{configuration}"]
    os.execv(sys.executable, command)  # noqa: S606 - no shell reads it
