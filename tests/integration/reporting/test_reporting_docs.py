"""Every example of docs/api-reporting.md works as it stands, and what the page shows of an answer is in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pymongo.database import Database

from services.common import release
from services.common.campaign import Rules
from services.common.release import Release
from services.publishing.edition import Edition
from tests.integration.reporting.conftest import Launch, Process
from tests.integration.reporting.database import Document, eventually, published, tally, write_state
from tests.publications import counted, issue, write_publication

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "api-reporting.md").read_text(encoding="utf-8")
YEAR = timedelta(days=365)
COMMANDS = re.findall(r"^    (curl .+)$", PAGE, re.MULTILINE)
SHOWN = {
    "rankings?block=district": ("campaign", "version", "block", "as_of", "rows", "index_exact", "band", "provisional"),
    "rankings?block=city": ("type", "title", "status", "detail", "retryable", "errors", "known: district, department"),
    "robustness": ("draws", "seed", "variations", "equal_weights", "without", "median", "unchanged", "best", "worst"),
    "/v1/compare": ("earlier", "later", "then", "now", "significant", "ranks", "units", "gone", "definition", "text"),
    "/lost": ("of_index", "block_mean", "block_best", "groups", "step", "option", "pending"),
    'units/ba-dinh"': (
        "lost",
        "bonus",
        "penalty",
        "groups",
        "fields",
        "criteria",
        "leaves",
        "block_mean",
        "block_best",
        "previous",
        "next",
        "max_points",
        "share",
    ),
    "participation": (
        "counted",
        "required",
        "units",
        "activity",
        "totals",
        "rejected",
        "blocks",
        "missing",
        "quality",
        "warnings",
    ),
    "publications/1/proof/": ("publication", "response", "place", "leaf", "path"),
    "/publications": ("number", "title", "at", "forced", "counted", "digest", "root"),
    "responses/": ("response", "status", "revision", "digest"),
    "/events": ("retry", "id", "event: state", "data", "as_of"),
}
FILES = (
    "department-1-state-7.csv",
    "ranking-state-7.xlsx",
    "ba-dinh-state-7.xlsx",
    "district-state-7.pdf",
    "ba-dinh-state-7.pdf",
    "participation-groups-state-7.csv",
    "appraisals-state-7.xlsx",
    "appraisals-adjustments-state-7.csv",
    "responses-state-7.csv",
    "responses-state-7.xlsx",
    "publication-1.xlsx",
    "publication-1.pdf",
)


@pytest.fixture
def reporting(db: Database[Document], uri: str, launch: Launch) -> Process:
    campaign = published((ROOT / "examples" / "hanoi-2022.yaml").read_bytes())
    answered = {"CI": tally(campaign, "CI", 20, {"8-1-1": {"A": 12, "B": 6, "C": 2}})}
    write_state(db, campaign, 7, {"ba-dinh": answered})
    before = replace(
        campaign,
        code="hanoi-2021",
        opens=campaign.opens - YEAR,
        closes=campaign.closes - YEAR,
        rules=Rules(live="public", min_answers=2),
    )
    write_state(db, before, 3, {"ba-dinh": answered})
    counts = answered["CI"].counts
    shown = {"CI": Release(tuple(counts), tuple(counts))}
    db.indices.update_one({"unit": "ba-dinh"}, {"$set": {"released": release.write(shown)}})
    row = {"p": 0, "campaign": campaign.code, "version": 1, "group": "CI", "revision": 1, "digest": "a" * 64}
    db.responses.insert_one({"_id": str(uuid.UUID(int=1)), **row, "ratings": {}, "withdrawn": False})
    at_cut = counted(campaign, {"ba-dinh": answered}, [(str(uuid.UUID(int=1)), 1, "a" * 64)])
    write_publication(db, Edition([issue(at_cut)]))
    made = launch(uri)
    eventually("it is ready", lambda: made.status("/readyz") == 200)
    return made


def test_the_page_has_examples_of_every_kind() -> None:
    assert len(COMMANDS) >= 10
    for address in SHOWN:
        assert any(address in command for command in COMMANDS), address


@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples use curl, which is not installed here")
def test_every_example_works_as_it_stands(reporting: Process, tokens: dict[str, str], tmp_path: Path) -> None:
    values = {
        "PATH": os.environ["PATH"],
        "REPORTING": reporting.url,
        "TOKEN": tokens["viewer"],
        "RESPONSE": str(uuid.UUID(int=1)),
        "REVISION": "1",
        "DIGEST": "a" * 64,
        "PARTITION": "0",
        "OFFSET": "7",
    }
    for command in COMMANDS:
        # 28: the stream of events was ended by the time limit that the example sets.
        ran = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=values, capture_output=True, check=False)
        assert ran.returncode in ((28,) if "--max-time" in command else (0,)), (command, ran.stderr)
        said = ran.stdout.decode()
        if "--etag-compare" in command:
            assert said == "304\n"
        for address, words in SHOWN.items():
            if address in command and "-o" not in command.lower():
                assert [word for word in words if word not in said] == [], command
    files = {path.name for path in tmp_path.iterdir()}
    for name in FILES:
        assert f"hanoi-2022-{name}" in files
    table = tmp_path / "hanoi-2022-department-1-state-7.csv"
    assert table.read_bytes().startswith("\ufeffcampaign,".encode())
