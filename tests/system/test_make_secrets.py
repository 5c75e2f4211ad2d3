"""`deploy/compose/make-secrets`: makes each secret of docker-compose.yml once, readable for the right ones."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from services.common.tokens import Authority, read_tokens

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """So much of a checkout as the script touches, at a path with a space."""
    root = tmp_path / "a server"
    for folder in ("compose", "nginx", "observability"):
        shutil.copytree(ROOT / "deploy" / folder, root / "deploy" / folder)
    return root


def make_secrets(root: Path, *arguments: str, umask: int = 0o022) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"]}
    script = [str(root / "deploy/compose/make-secrets"), *arguments]
    return subprocess.run(script, cwd="/", env=environment, capture_output=True, text=True, check=False, umask=umask)


def test_the_script_makes_every_secret_that_compose_mounts(checkout: Path):
    made = make_secrets(checkout)
    assert made.returncode == 0, made.stderr
    names = {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()}
    assert {path.name for path in (checkout / "secrets").iterdir()} == names
    assert all((checkout / "secrets" / name).read_text(encoding="utf-8").strip() for name in names)
    assert "PARINDEX_SECRETS=./secrets\n" in (checkout / ".env").read_text(encoding="utf-8")


def test_a_second_run_changes_nothing(checkout: Path):
    make_secrets(checkout)
    before = {path.name: path.read_bytes() for path in (checkout / "secrets").iterdir()}
    again = make_secrets(checkout)
    assert again.returncode == 0
    assert "token of" not in again.stdout
    assert {path.name: path.read_bytes() for path in (checkout / "secrets").iterdir()} == before


def test_two_servers_share_no_secret(checkout: Path, tmp_path: Path):
    other = Path(shutil.copytree(checkout, tmp_path / "other"))
    make_secrets(checkout)
    make_secrets(other)
    for secret in (checkout / "secrets").iterdir():
        assert secret.read_bytes() != (other / "secrets" / secret.name).read_bytes()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_nobody_else_on_the_host_passes_the_folder_and_the_containers_can_read(checkout: Path, umask: int):
    make_secrets(checkout, umask=umask)
    assert stat.S_IMODE((checkout / "secrets").stat().st_mode) == 0o700
    mounted = [*(checkout / "secrets").iterdir(), *(checkout / "deploy").glob("*/*")]
    assert all(path.stat().st_mode & stat.S_IROTH for path in mounted)


def shown_token(output: str) -> str:
    return output.rstrip().splitlines()[-1].rpartition(" ")[2]


def test_the_first_token_is_an_admins_and_shown_once(checkout: Path):
    secret = shown_token(make_secrets(checkout).stdout)
    holder = Authority(read_tokens(checkout / "secrets/tokens")).require(f"Bearer {secret}", "admin")
    assert (holder.name, holder.role) == ("admin", "admin")
    assert secret not in (checkout / "secrets/tokens").read_text(encoding="utf-8")


def test_more_tokens_can_be_made(checkout: Path):
    make_secrets(checkout)
    made = make_secrets(checkout, "token", "hoa", "appraiser")
    secret = made.stdout.splitlines()[0].rpartition(" ")[2]
    assert Authority(read_tokens(checkout / "secrets/tokens")).require(f"Bearer {secret}", "appraiser").name == "hoa"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("token", "hoa lan", "admin"), "a name has 1 to 64"),
        (("token", "hoa", "king"), "the role is admin, appraiser or viewer"),
        (("token", "admin", "admin"), "has a token of admin already"),
        (("token", "hoa"), "usage:"),
        (("tokens",), "make-secrets token NAME ROLE"),
    ],
)
def test_a_wrong_order_is_refused_and_changes_nothing(checkout: Path, arguments: tuple[str, ...], said: str):
    make_secrets(checkout)
    before = (checkout / "secrets/tokens").read_bytes()
    refused = make_secrets(checkout, *arguments)
    assert refused.returncode != 0
    assert said in refused.stderr
    assert (checkout / "secrets/tokens").read_bytes() == before


def test_secrets_and_settings_of_a_server_are_kept_out_of_git():
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/.env", "/secrets/"} <= {*ignored}


def test_an_appraisers_token_may_be_limited_to_blocks(checkout: Path):
    assert make_secrets(checkout, "token", "wards", "appraiser", "ward,town").returncode == 0
    assert make_secrets(checkout, "token", "ops", "viewer", "ward").returncode == 2
    assert make_secrets(checkout, "token", "ops", "appraiser", "ward town").returncode == 2
    (token,) = read_tokens(checkout / "secrets" / "tokens")
    assert (token.name, token.blocks) == ("wards", ("ward", "town"))
