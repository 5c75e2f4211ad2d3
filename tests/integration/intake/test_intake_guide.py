"""Every example of the guide does what the guide says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.intake import Intake

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "api-intake.md").read_text(encoding="utf-8")
SHELL = [block for block in re.findall(r"(?:^ {4}.*\n)+", GUIDE, re.MULTILINE) if re.match(r" {4}(curl|printf)", block)]
PYTHON = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture(scope="module")
def environment(intake: Intake) -> dict[str, str]:
    """What the guide's first lines set, taken from this test's intake."""
    named = {"INTAKE": intake.url, "TOKEN": intake.tokens["admin"], "C": f"{intake.url}/v1/campaigns/hanoi-2022"}
    return {**os.environ, **named, "no_proxy": "127.0.0.1"}


def test_every_example_of_the_shell_works(environment: dict[str, str]) -> None:
    """In their order: each uses what those before it made. Only those of the chapter on refusals are refused."""
    assert len(SHELL) >= 7
    for block in SHELL:
        done = subprocess.run(
            ["bash", "-euo", "pipefail"],
            input=re.sub("^ {4}", "", block, flags=re.MULTILINE).replace("| head -c 300", ""),
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout
        chapter = re.findall(r"^## (.*)", GUIDE[: GUIDE.index(block)], re.MULTILINE)[-1]
        refused = "urn:parindex:problem:" in done.stdout.replace('{"line":2,"status":422,"problem":{"type":"urn', "")
        assert refused == (chapter == "Refusals"), block + done.stdout


def test_the_example_in_python_works(environment: dict[str, str]) -> None:
    (program,) = PYTHON
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"\d+ \d+\n", done.stdout)
