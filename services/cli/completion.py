"""`parindex completion`: what a shell needs to complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
_FILES = {
    "bash": "~/.local/share/bash-completion/completions/parindex",
    "zsh": "a file _parindex in a folder of $fpath",
    "fish": "~/.config/fish/completions/parindex.fish",
}


@click.command(epilog="\b\nWhere it goes:\n" + "\n".join(f"  {shell}: {place}" for shell, place in _FILES.items()))
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of SHELL.

    It asks `parindex` itself what fits, so it stays right with every version.
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"click has no completion for {shell}")
    root = ctx.find_root()
    click.echo(found(root.command, {}, "parindex", "_PARINDEX_COMPLETE").source())
