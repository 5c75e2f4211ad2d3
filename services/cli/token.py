"""`parindex token create`: makes a bearer token, shows its secret once, and stores its hash."""

from __future__ import annotations

import os
from pathlib import Path

import click

from services.common.campaign import CODE
from services.common.tokens import NAME, ROLES, BadTokensFile, Role, new_token, read_tokens


@click.group()
def token() -> None:
    """Tokens of operators, appraisers and viewers."""


@token.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What its holder may do; an admin may do all.")
@click.option(
    "--tokens-file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="PARINDEX_TOKENS_FILE",
    required=True,
    help="The file to which its hash is added; PARINDEX_TOKENS_FILE if not given.",
)
@click.option(
    "--block",
    "blocks",
    metavar="CODE",
    multiple=True,
    help="Limit an appraiser to the units of this block, in every campaign; may be repeated.",
)
def create(name: str, role: Role, tokens_file: Path, blocks: tuple[str, ...]) -> None:
    """Create a token for NAME and print it. It cannot be shown again; services read the file when they start."""
    if blocks and role != "appraiser":
        raise click.BadParameter(f"only an appraiser is limited to blocks, not a token of {role}", param_hint="--block")
    for block in blocks:
        if not CODE.fullmatch(block):
            raise click.BadParameter(f"{block!r} is not a block's code", param_hint="--block")
    if not NAME.fullmatch(name):
        raise click.BadParameter(
            "letters, digits and _ . @ -, at most 64, the first a letter or digit", param_hint="NAME"
        )
    try:
        known = read_tokens(tokens_file) if tokens_file.exists() else ()
        if any(other.name == name for other in known):
            raise click.ClickException(f"{tokens_file} has a token of {name} already: remove its line to replace it")
        secret, made = new_token(name, role, tuple(dict.fromkeys(blocks)))
        _append(tokens_file, made.line)
    except (OSError, BadTokensFile) as error:
        raise click.ClickException(str(error)) from error
    click.echo(secret)


def _append(path: Path, line: str) -> None:
    """Adds a line to a file that only its owner may read; the line is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        if file.tell() and not path.read_bytes().endswith(b"\n"):
            line = "\n" + line
        file.write(line.encode())
