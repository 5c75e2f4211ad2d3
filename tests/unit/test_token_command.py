"""`parindex token create` shows a secret once and stores only its hash."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.cli.main import main
from services.common.tokens import Authority, BadTokensFile, read_tokens


def create(file: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["token", "create", *arguments, "--tokens-file", str(file)])
    return result.exit_code, result.output


def test_the_secret_that_is_shown_opens_what_its_role_allows(tmp_path: Path) -> None:
    file = tmp_path / "new" / "tokens"
    code, secret = create(file, "ops", "--role", "admin")
    assert code == 0
    holder = Authority(read_tokens(file)).holder(f"Bearer {secret.strip()}")
    assert holder is not None
    assert (holder.name, holder.role) == ("ops", "admin")
    assert secret.strip() not in file.read_text()


def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    create(tmp_path / "tokens", "ops", "--role", "admin")
    assert stat.S_IMODE((tmp_path / "tokens").stat().st_mode) == 0o600


def test_tokens_are_added_to_those_that_are_there(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("# of the council\nold viewer " + "0" * 64)  # without an end of line
    create(file, "council", "--role", "appraiser")
    assert [(token.name, token.role) for token in read_tokens(file)] == [("old", "viewer"), ("council", "appraiser")]
    assert file.read_text().startswith("# of the council\n")


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    create(tmp_path / "tokens", "ops", "--role", "admin")
    code, said = create(tmp_path / "tokens", "ops", "--role", "viewer")
    assert code == 1
    assert "has a token of ops already" in said
    assert len(read_tokens(tmp_path / "tokens")) == 1


def test_an_appraiser_may_be_limited_to_blocks(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    create(file, "all", "--role", "appraiser")
    code, secret = create(file, "wards", "--role", "appraiser", "--block", "ward", "--block", "town", "--block", "ward")
    assert code == 0
    assert [token.blocks for token in read_tokens(file)] == [(), ("ward", "town")]
    holder = Authority(read_tokens(file)).require(f"Bearer {secret.strip()}", "appraiser")
    assert [holder.may_appraise(block) for block in ("ward", "town", "office")] == [True, True, False]
    assert read_tokens(file)[0].may_appraise("office")


@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_only_an_appraiser_is_limited_to_blocks(tmp_path: Path, role: str) -> None:
    code, said = create(tmp_path / "tokens", "ops", "--role", role, "--block", "ward")
    assert (code, (tmp_path / "tokens").exists()) == (2, False)
    assert "only an appraiser" in said


@pytest.mark.parametrize("block", ["", "a,b", "a b", "-a", "x" * 33])
def test_a_block_that_could_break_the_file_is_refused(tmp_path: Path, block: str) -> None:
    code, _ = create(tmp_path / "tokens", "ops", "--role", "appraiser", "--block", block)
    assert (code, (tmp_path / "tokens").exists()) == (2, False)


@pytest.mark.parametrize(
    "words", ["appraiser {} a,", "appraiser {} ,", "appraiser {} a b", "viewer {} a", "admin {} a"]
)
def test_a_limit_that_is_not_understood_does_not_become_none(tmp_path: Path, words: str) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"ops {words.format('0' * 64)}\n")
    with pytest.raises(BadTokensFile, match="line 1"):
        read_tokens(file)


@pytest.mark.parametrize("name", ["", "a b", "-x", "ops\n", "a\nb admin 0", "x" * 65])
def test_a_name_that_could_break_the_file_is_refused(tmp_path: Path, name: str) -> None:
    code, _ = create(tmp_path / "tokens", "--role", "admin", "--", name)
    assert code == 2
    assert not (tmp_path / "tokens").exists()


def test_an_unknown_role_is_refused_with_those_there_are(tmp_path: Path) -> None:
    code, said = create(tmp_path / "tokens", "ops", "--role", "root")
    assert code == 2
    assert "appraiser" in said


def test_a_file_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("nonsense\n")
    code, said = create(file, "ops", "--role", "admin")
    assert code == 1
    assert "line 1" in said
    assert file.read_text() == "nonsense\n"


def test_without_a_file_named_it_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARINDEX_TOKENS_FILE", raising=False)
    result = CliRunner().invoke(main, ["token", "create", "ops", "--role", "admin"])
    assert result.exit_code == 2
    assert "--tokens-file" in result.output
