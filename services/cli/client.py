"""How a command finds a service: what the operator says, else the stack that runs in the current folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, NoReturn

import click
import httpx

Service = Literal["intake", "reporting"]

BAD_INPUT = 2
REFUSED = 3
"""Exit codes: what was given is wrong; the service does not answer, or says no."""

_TIMEOUT = httpx.Timeout(30, connect=5)  # a definition of 20,000 units takes intake about 2 s


def endpoint(url: str | None, token: str | None, service: Service = "intake") -> httpx.Client:
    """A client of a service; `url` and `token` are what the operator named.

    Without a `url` the running stack is asked for its own, and for its admin token. That token goes to the stack
    alone: a service named by `url` gets only a named `token`.

    Raises:
        click.BadParameter: `url` is no address.
        SystemExit: no address is known.
    """
    if url is None:
        state = _running_stack()
        if state is None:
            _stop(f"no stack runs here: start one with `parindex up`, or name the address with --{service}")
        url, token = str(state[service]), token or str(state["admin_token"])
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if not url.startswith(("http://", "https://")):
        raise click.BadParameter(f"{url!r} must start with http:// or https://", param_hint=f"--{service}")
    try:
        return httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT, follow_redirects=False)
    except httpx.InvalidURL as error:
        raise click.BadParameter(f"{url!r} is not an address: {error}", param_hint=f"--{service}") from error


@contextmanager
def reachable(client: httpx.Client) -> Iterator[None]:
    """Turns silence of the service into a message and exit code 3."""
    try:
        yield
    except httpx.TransportError as error:
        _stop(f"{client.base_url} does not answer ({error}): is it running, is the address right?")


def said(answer: httpx.Response) -> Mapping[str, Any] | None:
    """The JSON document of an answer that says yes; None for a refusal and for what is no document."""
    document = _document(answer)
    return document if answer.is_success else None


def refusal(answer: httpx.Response) -> Mapping[str, Any]:
    """The problem (RFC 9457) in an answer; of anything else, as much as can be said in that form."""
    document = _document(answer)
    if document is not None and isinstance(document.get("title"), str):
        return document
    title = f"{answer.url} answered {answer.status_code} {answer.reason_phrase}, which is no answer of this service"
    return {"title": title, "status": answer.status_code}


def _document(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        document = answer.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _running_stack() -> Mapping[str, Any] | None:
    """The status of the stack that runs in the current folder; a stack that cannot tell ends the command."""
    from deploy.embedded.errors import StartError  # who names an address does not need what a stack needs
    from services.cli.stack import running

    try:
        return running()
    except StartError as error:
        _stop(str(error))


def stack_token() -> str | None:
    """The admin token of the stack that runs in the current folder; None where none runs."""
    state = _running_stack()
    return None if state is None else str(state["admin_token"])


def _stop(message: str) -> NoReturn:
    click.echo(f"parindex: {message}", err=True)
    raise SystemExit(REFUSED)
