"""A campaign as large as the country: every commune rated by every group."""

from __future__ import annotations

import dataclasses
import itertools
import time
import uuid
from collections.abc import Iterator
from random import Random

import orjson

from services.cli.connection import Connection
from services.common.campaign import Block, Campaign, Text, Unit
from tests.bench import wire
from tests.bench.bodies import PATTERNS, SEED, Kind, campaign, post
from tests.bench.figures import Cost, Figure, Round, Row
from tests.bench.running import ACCEPTED, STANDSTILL_S, Bench, Wrong, costs, ranking_path
from tests.bench.targets import COLD, REFRESH
from tests.bench.writing import BATCH_CONNECTIONS, OK, all_taken

VISIBLE = "202 to visible, {:,} units"
REPORTING = "reporting"
POLL_S = 0.005
FORMS = Kind(20, 50)
"""Answers for 20 communes in a form."""


def of_units(units: int, code: str = "communes") -> Campaign:
    """The bench's campaign with so many units in one block, all rated by all groups, and survey questions only."""
    found = campaign()
    fields = [
        dataclasses.replace(
            field,
            criteria=tuple(
                dataclasses.replace(criterion, leaves=leaves)
                for criterion in field.criteria
                if (leaves := tuple(leaf for leaf in criterion.leaves if leaf.method == "survey"))
            ),
        )
        for field in found.fields
    ]
    return dataclasses.replace(
        found,
        code=code,
        blocks=(Block("commune", Text("Xã", "Commune")),),
        units=tuple(Unit(f"u{number}", Text(f"Xã {number}"), "commune") for number in range(units)),
        groups=tuple(dataclasses.replace(group, rates=("commune",), quota=None) for group in found.groups),
        fields=tuple(field for field in fields if field.criteria),
    )


def communes(bench: Bench) -> list[Row]:
    """Has every group rate every unit once, then times what follows on a single response."""
    units = bench.sizes.units
    large = bench.trial.publish(of_units(units))
    answered = answer_everything(bench, large, FORMS)
    bench.told(f"{answered:,} forms rate {units:,} units")
    refresh, visible = _singly(bench, large, answered)
    cold = [_cold(bench, large) for _ in range(max(2, bench.sizes.looks // 4))]
    what = f"{units:,} units in one block, each rated by {len(large.groups)} groups on {len(large.leaves)} questions"
    return [
        Row(
            REFRESH.format(units),
            f"{what}: the refresh of the indices after one response, as scoring times it",
            Figure([refresh]),
            latency=True,
        ),
        Row(
            VISIBLE.format(units),
            f"{what}: from the 202 of one response until the ranking of all rests on it",
            Figure([visible]),
            latency=True,
        ),
        Row(
            COLD.format(units),
            f"{what}: the first ranking that is asked of a reporting process that has just become ready",
            Figure(cold),
            latency=True,
        ),
    ]


def answer_everything(bench: Bench, large: Campaign, kind: Kind) -> int:
    """Sends one answer of every group to every question about every unit; returns how many forms that took."""
    documents = list(_forms(large, kind.units))
    path = f"/v1/campaigns/{large.code}/responses/batch"
    batches = [documents[start : start + kind.lines] for start in range(0, len(documents), kind.lines)]
    requests = (post("intake", path, b"\n".join(batch), "application/x-ndjson") for batch in batches)
    lines = [len(batch) for batch in batches]
    pace = wire.Pace(BATCH_CONNECTIONS, 0.0, fewest=len(batches))
    sample = wire.drive(bench.intake, requests, pace, lambda number, body, _: all_taken(body, lines[number]))
    if set(sample.statuses) != {OK}:
        raise Wrong(f"expected answers {OK}, got {dict(sample.statuses)}")
    bench.await_counted(large.code, len(documents))
    return len(documents)


def _forms(large: Campaign, units: int) -> Iterator[bytes]:
    rng = Random(SEED)  # noqa: S311 - a simulation, not a secret
    codes = [unit.code for unit in large.units]
    questions = [(leaf.code, [option.code for option in large.options(leaf)]) for leaf in large.leaves]
    patterns = [{leaf: rng.choice(options) for leaf, options in questions} for _ in range(PATTERNS)]
    for group, start in itertools.product(large.groups, range(0, len(codes), units)):
        ratings = {unit: rng.choice(patterns) for unit in codes[start : start + units]}
        yield orjson.dumps({"response": str(uuid.uuid4()), "group": group.code, "ratings": ratings})


def _singly(bench: Bench, large: Campaign, answered: int) -> tuple[Round, Round]:
    """Single responses one after the other: what scoring says of its refreshes, and when a reader sees each."""
    path = f"/v1/campaigns/{large.code}/responses"
    sender, reader = Connection(bench.status["intake"]), Connection(bench.status["reporting"])
    refreshes, sights = [], []
    with costs(bench.processes) as cost:
        for number, form in enumerate(itertools.islice(_forms(large, 1), bench.sizes.looks), answered + 1):
            before = _refreshing(bench)
            if sender.exchange("POST", path, form, {"Content-Type": "application/json"}).status != ACCEPTED:
                raise Wrong(f"a response to {large.code} was not taken")
            sights.append(_seen_after(reader, ranking_path(large), number))
            refreshes.append(_refreshing(bench) - before)
    sender.close()
    reader.close()
    one = Cost(others=cost.others)
    return Round(len(refreshes), sum(refreshes), refreshes, one), Round(len(sights), sum(sights), sights, cost)


def _seen_after(reader: Connection, path: str, counted: int) -> float:
    """Seconds until a ranking rests on so many responses."""
    began, etag = time.perf_counter(), ""
    while time.perf_counter() - began < STANDSTILL_S:
        answer = reader.exchange("GET", path, headers={"If-None-Match": etag})
        seconds = time.perf_counter() - began
        if answer.status == OK:
            etag = answer.headers["etag"]
            if answer.document()["as_of"]["counted"] >= counted:
                return seconds
        time.sleep(POLL_S)
    raise Wrong(f"a response was not in {path} within {STANDSTILL_S:.0f} s")


def _refreshing(bench: Bench) -> float:
    """How many seconds the scorer has spent on refreshes."""
    connection = Connection(bench.scoring)
    text = connection.exchange("GET", "/metrics").body.decode()
    connection.close()
    return float(text.partition("\nparindex_scoring_refresh_seconds_sum ")[2].split("\n", 1)[0])


def _cold(bench: Bench, large: Campaign) -> Round:
    """Starts reporting anew and asks for the ranking as soon as it is ready."""
    bench.stack.supervisor.stop(REPORTING)
    began = time.perf_counter()
    bench.stack.supervisor.start(REPORTING)
    reader = Connection(bench.status["reporting"])
    if reader.exchange("GET", "/readyz").status != OK:
        raise Wrong("reporting has not become ready")
    ready = time.perf_counter() - began
    with costs(bench.processes) as cost:
        asked = time.perf_counter()
        answer = reader.exchange("GET", ranking_path(large))
        seconds = time.perf_counter() - asked
    reader.close()
    if answer.status != OK or len(answer.document()["rows"]) != len(large.units):
        raise Wrong(f"the ranking was answered with {answer.status}: {answer.body[:300]!r}")
    return Round(1, seconds, [seconds], cost, {"ready_after_s": round(ready, 2), "bytes": len(answer.body)})
