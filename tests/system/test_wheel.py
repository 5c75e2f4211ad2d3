"""The wheel carries all that the product needs, and works where the source tree is not."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (built,) = folder.glob("parindex-*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the installed wheel and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    return folder


def _run(elsewhere: Path, *command: str) -> str:
    # Its own packages come first; the dependencies are those of the tests.
    environment = {**os.environ, "PYTHONPATH": str(elsewhere)}
    ran = subprocess.run(
        [sys.executable, "-P", *command], cwd=elsewhere, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_it_carries_every_file_of_the_packages(wheel: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "services", "deploy"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    assert tracked
    assert set(tracked) <= set(zipfile.ZipFile(wheel).namelist())


def test_the_command_works_and_finds_the_examples(elsewhere: Path) -> None:
    code = "import services.cli.main as m, services; print(services.__file__); m.main(['--version'])"
    where, version = _run(elsewhere, "-c", code).split("\n")[:2]
    assert where.startswith(str(elsewhere))
    assert version.startswith("parindex, version ")
    example = elsewhere / "services" / "cli" / "examples" / "hanoi-2022.yaml"
    assert example.is_file()
    _run(elsewhere, "-m", "services.cli.main", "campaign", "check", str(example))


def test_the_services_find_what_they_serve(elsewhere: Path) -> None:
    code = (
        "from deploy.embedded import jars; assert jars.pinned();"
        "import deploy.gunicorn_intake, deploy.gunicorn_reporting, services.scoring.main;"
        "print('found')"
    )
    assert _run(elsewhere, "-c", code).strip() == "found"
