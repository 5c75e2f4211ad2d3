"""A file as large as a national survey, from the command that sends it until the ranking rests on all of it."""

from __future__ import annotations

import dataclasses
import itertools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from services.cli.connection import Connection
from services.common.campaign import Campaign
from tests.bench import storage
from tests.bench.bodies import ONE, Bodies, campaign
from tests.bench.commands import run
from tests.bench.figures import Round, Row, interleaved
from tests.bench.running import LOOK_S, STANDSTILL_S, Bench, Wrong, costs, ranking_path
from tests.bench.targets import FILE


def national(bench: Bench) -> list[Row]:
    """Sends a file of so many forms to a campaign that has none, again and again."""
    forms = bench.sizes.forms
    numbers = itertools.count(1)
    with tempfile.TemporaryDirectory() as folder, storage.growth(bench) as grown:
        (found,) = interleaved(
            bench.sizes.few, bench.told, lambda: _round(bench, Path(folder), next(numbers)), warm=False
        )
    bench.storage = storage.by_response(grown, forms * bench.sizes.few)
    about = (
        f"`parindex responses send` of {forms:,} forms {ONE.about} in one file: from the start of the command until "
        "the ranking rests on all of them"
    )
    return [Row(FILE.format(forms), about, found)]


def _round(bench: Bench, folder: Path, number: int) -> Round:
    forms = bench.sizes.forms
    survey = bench.trial.publish(dataclasses.replace(campaign(), code=f"national-{number}"))
    file = folder / "forms.ndjson"
    _write(file, survey, forms)
    arguments = ("--campaign", survey.code, "--intake", bench.status["intake"], "--json")
    began = time.perf_counter()
    with costs(bench.processes) as cost:
        done = run("responses", "send", str(file), *arguments)
        if done.said["accepted"] != forms:
            raise Wrong(f"{done.said['accepted']:,} of {forms:,} forms were accepted")
        bench.await_counted(survey.code, forms)
        _await_ranking(bench, survey, forms)
        seconds = time.perf_counter() - began
    cost.cpu["client"] += done.cpu
    return Round(forms, seconds, (), cost, {"sent_after_s": round(done.seconds, 2)})


def _write(file: Path, survey: Campaign, forms: int) -> None:
    documents: Iterator[bytes] = itertools.islice(Bodies(survey, ONE).documents(), forms)
    with file.open("wb") as written:
        written.writelines(document + b"\n" for document in documents)


def _await_ranking(bench: Bench, survey: Campaign, forms: int) -> None:
    """Waits until a reader sees the ranking of all forms."""
    reader = Connection(bench.status["reporting"])
    deadline = time.monotonic() + STANDSTILL_S
    while reader.exchange("GET", ranking_path(survey)).document()["as_of"]["counted"] < forms:
        if time.monotonic() > deadline:
            raise Wrong(f"the ranking of {survey.code} does not come to rest on {forms:,} forms")
        time.sleep(LOOK_S)
    reader.close()
