"""`parindex health URL`: asks a service how it is; what the health checks of containers run."""

from __future__ import annotations

import click
import httpx

TIMEOUT_S = 3.0


@click.command()
@click.argument("url")
def health(url: str) -> None:
    """Ask URL, the /livez or /readyz of a service: exit 0 when it answers 2xx, else 1 with what it says."""
    try:
        answer = httpx.get(url, timeout=TIMEOUT_S, trust_env=False)  # a proxy must not answer for the service
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise click.ClickException(f"{url} does not answer: {error}") from error
    if not answer.is_success:
        raise click.ClickException(f"{url} answers {answer.status_code}: {answer.text.strip()}")
    click.echo(answer.text.strip())
