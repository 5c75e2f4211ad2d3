"""A command finds the servers that the environment names, else those of the stack that runs here."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest

from deploy.embedded.errors import StartError
from services.cli import stack
from services.cli.settings import Unreachable, operator_settings
from services.common.settings import Settings

STACK = {"PARINDEX_KAFKA": "127.0.0.1:4001", "PARINDEX_MONGO": "mongodb://127.0.0.1:4002/parindex"}


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("PARINDEX_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "environment", lambda: STACK | {"PARINDEX_TOPIC_PREFIX": "here."})


def test_without_a_stack_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert operator_settings() == Settings()
    monkeypatch.setenv("PARINDEX_KAFKA", "a:9092")
    assert operator_settings() == Settings(kafka="a:9092")


@pytest.mark.usefixtures("runs")
def test_the_running_stack_is_found_with_all_its_settings_and_the_environment_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PARINDEX_RESPONSE_PARTITIONS", "3")
    before = dict(os.environ)
    found = operator_settings()
    assert (found.kafka, found.mongo) == (STACK["PARINDEX_KAFKA"], STACK["PARINDEX_MONGO"])
    assert (found.topic_prefix, found.response_partitions) == ("here.", Settings().response_partitions)
    assert dict(os.environ) == before


@pytest.mark.usefixtures("runs")
def test_who_names_both_servers_does_not_mean_the_stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mongo").write_text("mongodb://m/parindex\n")
    monkeypatch.setenv("PARINDEX_KAFKA", "a:9092")
    monkeypatch.setenv("PARINDEX_MONGO_FILE", str(tmp_path / "mongo"))
    assert operator_settings() == Settings(kafka="a:9092", mongo="mongodb://m/parindex")


@pytest.mark.usefixtures("runs")
def test_a_server_of_another_place_is_never_mixed_with_the_stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARINDEX_KAFKA", STACK["PARINDEX_KAFKA"])
    assert operator_settings().mongo == STACK["PARINDEX_MONGO"]
    monkeypatch.setenv("PARINDEX_KAFKA", "a:9092")
    with pytest.raises(click.UsageError, match="PARINDEX_KAFKA names another server"):
        operator_settings()


def test_what_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged() -> None:
        raise StartError("stack.json cannot be read")

    monkeypatch.setattr(stack, "environment", damaged)
    with pytest.raises(Unreachable, match=r"stack\.json"):
        operator_settings()
    monkeypatch.setenv("PARINDEX_RESPONSE_PARTITIONS", "many")
    with pytest.raises(click.ClickException, match="PARINDEX_RESPONSE_PARTITIONS"):
        operator_settings()
