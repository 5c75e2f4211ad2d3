"""How fast rankings are read, with and without the ETag of before, and by one reader beside the weekend system."""

from __future__ import annotations

import itertools
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from tests.bench.bare import BODY, ETAG
from tests.bench.bodies import ONE, Bodies, get, weekend_documents
from tests.bench.figures import Round, Row, interleaved
from tests.bench.processes import gunicorn
from tests.bench.running import Bench, driven
from tests.bench.targets import CHANGED, ONE_READER, UNCHANGED
from tests.bench.weekend import MONGO, prepared
from tests.bench.wire import Pace
from tests.bench.writing import OK, WEEKEND_OPTIONS, send_batches

FEWEST_LOOKS = 3
INSERTED = 5_000


def rankings(bench: Bench) -> list[Row]:
    """Many readers at once, over at least `rated` responses."""
    if bench.acknowledged < bench.sizes.rated:
        missing = bench.sizes.rated - bench.acknowledged
        send_batches(bench, Bodies(bench.campaign, ONE), 0.0, fewest=-(-missing // ONE.lines))
    bench.await_counted()
    return readers(bench, bench.acknowledged)


def readers(bench: Bench, responses: int) -> list[Row]:
    """Many readers at once, over what has been counted: `responses`, or some more."""
    path, etag, body = bench.ranking()
    pace = Pace(bench.sizes.connections, bench.sizes.seconds)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "body").write_bytes(body)
        environment = {BODY: str(Path(folder) / "body")}
        settings = ("--config", "python:deploy.gunicorn_reporting")
        app = gunicorn("tests.bench.bare:reporting()", environment, "PARINDEX_REPORTING_BIND", *settings)
        with app as (bare, pids):

            def family() -> dict[str, list[int]]:
                return {"server": pids(), "client": [os.getpid()]}

            def ours(status: int, **headers: str) -> Round:
                requests = itertools.repeat(get("reporting", path, **headers))
                return driven(bench.reporting, requests, pace, bench.processes, expected=status)

            def limit(status: int, **headers: str) -> Round:
                requests = itertools.repeat(get("bare", path, **headers))
                return driven(bare, requests, pace, family, expected=status)

            whole, whole_limit, same, same_limit = interleaved(
                bench.sizes.rounds,
                bench.told,
                lambda: ours(200),
                lambda: limit(200),
                lambda: ours(304, If_None_Match=etag),
                lambda: limit(304, If_None_Match=ETAG),
            )
    limit_is = "a bare Flask application with the same bytes under the same gunicorn settings"
    about = f"the ranking of one block over {bench.acknowledged:,} responses, {pace.connections} connections"
    return [
        Row(CHANGED.format(responses), about, whole, whole_limit, limit_is),
        Row(UNCHANGED.format(responses), f"{about}, nothing has changed: 304", same, same_limit, limit_is),
    ]


def one_reader(bench: Bench) -> list[Row]:
    """One reader after the other, beside the weekend system with ever more rows."""
    path, _, _ = bench.ranking()
    rows = []
    with (
        gunicorn("tests.bench.weekend:create_app()", {MONGO: bench.weekend_mongo}, "", *WEEKEND_OPTIONS) as (
            weekend,
            pids,
        ),
        MongoClient[dict[str, Any]](bench.weekend_mongo) as client,
    ):
        forms = client.get_default_database()["forms"]
        forms.drop()

        def family() -> dict[str, list[int]]:
            return {"server": pids(), "mongo": bench.status["pids"]["mongo"], "client": [os.getpid()]}

        documents = _stored(bench)
        for wanted in bench.sizes.weekend_rows:
            while (missing := wanted - forms.estimated_document_count()) > 0:
                forms.insert_many(itertools.islice(documents, min(missing, INSERTED)))

            def ours() -> Round:
                requests = itertools.repeat(get("reporting", path))
                return driven(bench.reporting, requests, Pace(1, 1.0), bench.processes, expected=OK)

            def baseline() -> Round:
                requests = itertools.repeat(get("weekend", "/rankings"))
                return driven(weekend, requests, Pace(1, 1.0, fewest=FEWEST_LOOKS), family, expected=OK)

            found, other = interleaved(1, bench.told, ours, baseline, warm=False)
            stored = forms.estimated_document_count()
            about = f"one connection; ours over {bench.acknowledged:,} responses, the weekend system over {stored:,}"
            rows.append(Row(ONE_READER.format(stored), about, found, baseline=other))
    return rows


def _stored(bench: Bench) -> Iterator[dict[str, Any]]:
    """Endless forms as the weekend system stores them."""
    texts = weekend_documents(Bodies(bench.campaign, ONE).responses)
    for form in itertools.cycle([prepared(json.loads(text)) for text in texts]):
        yield dict(form)
