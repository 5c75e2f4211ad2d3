"""Settings come from the environment, secrets from files that it names."""

from __future__ import annotations

from pathlib import Path

import pytest
from environs import EnvError

from services.common.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KAFKA", "MONGO", "TOPIC_PREFIX", "TOKENS_FILE", "RECEIPT_KEY_FILE"):
        monkeypatch.delenv(f"PARINDEX_{name}", raising=False)


def test_without_any_variable_the_defaults_hold() -> None:
    assert read_settings() == Settings()


def test_a_value_may_stand_in_a_file_and_its_last_line_may_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mongo").write_text("mongodb://scoring:secret@mongo/parindex\n")
    monkeypatch.setenv("PARINDEX_MONGO_FILE", str(tmp_path / "mongo"))
    assert read_settings().mongo == "mongodb://scoring:secret@mongo/parindex"


def test_lists_and_brokers_are_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARINDEX_KAFKA", "a:9092, b:9092")
    monkeypatch.setenv("PARINDEX_CORS_ORIGINS", "https://a.vn,https://b.vn")
    settings = read_settings()
    assert settings.bootstrap == ["a:9092", "b:9092"]
    assert settings.cors_origins == ("https://a.vn", "https://b.vn")


def test_what_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARINDEX_INTAKE_WORKERS", "many")
    with pytest.raises(EnvError, match="PARINDEX_INTAKE_WORKERS"):
        read_settings()


def test_a_prefix_stands_before_every_topic() -> None:
    assert Settings(topic_prefix="trial.").topic("responses") == "trial.responses"
    with pytest.raises(ValueError, match="unknown topic"):
        Settings().topic("answers")
