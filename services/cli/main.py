"""The command `parindex`: each subcommand stands in a module of its own, imported only when it is called."""

from __future__ import annotations

from importlib import import_module, metadata

import click

COMMANDS = {
    "appraisals": "services.cli.appraisals:appraisals",
    "campaign": "services.cli.campaign:campaign",
    "compare": "services.cli.compare:compare",
    "completion": "services.cli.completion:completion",
    "database": "services.cli.prepare:database",
    "demo": "services.cli.demo:demo",
    "down": "services.cli.stack:down",
    "export": "services.cli.export:export",
    "health": "services.cli.health:health",
    "intake": "services.cli.serve:intake",
    "lost": "services.cli.lost:lost",
    "participation": "services.cli.participation:participation",
    "publication": "services.cli.publication:publication",
    "ranking": "services.cli.ranking:ranking",
    "rebuild": "services.cli.rebuild:rebuild",
    "rejected": "services.cli.rejected:rejected",
    "reporting": "services.cli.serve:reporting",
    "responses": "services.cli.responses:responses",
    "robustness": "services.cli.robustness:robustness",
    "scoring": "services.cli.serve:scoring",
    "status": "services.cli.stack:status",
    "token": "services.cli.token:token",
    "topics": "services.cli.prepare:topics",
    "unit": "services.cli.unit:unit",
    "up": "services.cli.stack:up",
    "verify": "services.cli.verify:verify",
}


class _Lazy(click.Group):
    """A group whose commands are named, not imported: a service does not pay for the operator's tools."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature of click
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - likewise
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, name = target.partition(":")
        command = getattr(import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{target} is no command")
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(metadata.version("parindex"), prog_name="parindex")
def main() -> None:
    """PAR Index: survey answers in, a live ranking out.

    Exit codes: 0 done, 1 failed, 2 bad input or usage, 3 a service cannot be reached or refused.
    """


if __name__ == "__main__":
    main()
