"""The docs know every setting, command and metric, and every link in them leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import click
import pytest
from prometheus_client.metrics import MetricWrapperBase

import services.intake.metrics
import services.reporting.metrics
import services.scoring.metrics
from services.cli.main import COMMANDS, main
from services.common.settings import Settings

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("tests/**/*.md")])


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_every_setting_has_its_row_with_its_default(name: str) -> None:
    (row,) = re.findall(rf"^\| `PARINDEX_{name.upper()}` \| (.*?) \|", OPERATIONS, re.MULTILINE)
    default = getattr(Settings(), name)
    assert row == {None: "none", "": "empty", (): "empty"}.get(default, f"`{default}`")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_its_row(name: str) -> None:
    assert f"`parindex {name}" in OPERATIONS


def _subcommands() -> list[str]:
    """Every command that does something, as it is typed."""

    def below(name: str, command: click.Command) -> Iterator[str]:
        if not isinstance(command, click.Group):
            yield name
            return
        context = click.Context(command)
        for part in command.list_commands(context):
            found = command.get_command(context, part)
            assert found is not None
            yield from below(f"{name} {part}", found)

    return list(below("parindex", main))


@pytest.mark.parametrize("name", _subcommands())
def test_every_subcommand_has_its_row(name: str) -> None:
    assert f"`{name}" in OPERATIONS


def _metrics() -> list[MetricWrapperBase]:
    modules = [services.intake.metrics, services.reporting.metrics, services.scoring.metrics]
    return [value for module in modules for value in vars(module).values() if isinstance(value, MetricWrapperBase)]


def test_every_metric_has_its_row_with_its_meaning() -> None:
    for metric in _metrics():
        (described,) = metric.describe()
        assert f"| `{described.name}` |" in OPERATIONS, f"{described.name}: {described.documentation}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^( {4}|```).*", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("service", ["intake", "reporting"])
def test_every_address_of_an_api_stands_in_its_guide(service: str) -> None:
    document = import_module(f"services.{service}.openapi").document()
    guide = (ROOT / "docs" / f"api-{service}.md").read_text(encoding="utf-8")
    for address in document["paths"]:
        named = [part for part in address.split("/") if part and not part.startswith("{")]
        assert f"/{named[-1]}" in guide, address
