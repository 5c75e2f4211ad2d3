"""`parindex intake` tells what is wrong with the installation once and plainly, before it becomes gunicorn."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from services.cli.main import main


def refused(environment: dict[str, str | None]) -> str:
    result = CliRunner().invoke(main, ["intake"], env=environment)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    return result.output


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str | None]:
    (tmp_path / "tokens").write_text("")
    (tmp_path / "key").write_text("k" * 32)
    return {
        "PARINDEX_TOKENS_FILE": str(tmp_path / "tokens"),
        "PARINDEX_RECEIPT_KEY_FILE": str(tmp_path / "key"),
    }


def test_a_tokens_file_that_cannot_be_read_is_named_with_the_line(tmp_path: Path, files: dict[str, str | None]) -> None:
    (tmp_path / "tokens").write_text("# ours\nops root 7\n")
    assert "line 2" in refused(files)


def test_a_missing_tokens_file_is_named(files: dict[str, str | None]) -> None:
    assert "/nowhere/tokens" in refused(files | {"PARINDEX_TOKENS_FILE": "/nowhere/tokens"})


def test_a_short_receipt_key_is_named_with_the_remedy(tmp_path: Path, files: dict[str, str | None]) -> None:
    (tmp_path / "key").write_text("short")
    assert "openssl rand" in refused(files)


def test_a_setting_that_cannot_be_read_is_named(files: dict[str, str | None]) -> None:
    assert "PARINDEX_INTAKE_THREADS" in refused(files | {"PARINDEX_INTAKE_THREADS": "many"})
