"""A campaign as large as the country: every commune rated by every group."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass

from services.cli.connection import Connection
from services.common.campaign import Campaign
from tests.bench.figures import Cost, Figure, Round, Row
from tests.bench.running import ACCEPTED, STANDSTILL_S, Bench, Wrong, costs, ranking_path
from tests.bench.shapes import Shape, chance, complete, send, shaped
from tests.bench.targets import COLD, REFRESH
from tests.bench.writing import OK

VISIBLE, NEW = "202 to visible, {:,} units", "ranking of a new state, {:,} units"
STARTED = "start of scoring to visible, {:,} units"
REPORTING = "reporting"
POLL_S = 0.005
RATED, LINES = 20, 50
"""Communes that a form rates, and forms of a batch."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What follows on one response, in seconds.

    Attributes:
        refresh: of the indices, as scoring times it.
        visible: from the 202 until a reader sees it.
        ranking: from the request for the first ranking of the new state to its answer.
        size: of that answer, in bytes.
    """

    refresh: float
    visible: float
    ranking: float
    size: int


def communes(bench: Bench) -> list[Row]:
    """Has every group rate every unit once, then times what follows on a single response."""
    shape = Shape(units=bench.sizes.units)
    units, what = shape.units, shape.about
    large = bench.trial.publish(shaped("communes", shape))
    before = refreshing(bench)
    answered = send(bench, large.code, complete(large, RATED), LINES)
    bench.await_counted(large.code, answered)
    spent, refreshed = (now - then for now, then in zip(refreshing(bench), before, strict=True))
    # After refreshes that took long scoring waits for long: what follows on the first response says more of them.
    (first,) = singly(bench, large, answered, 1)
    bench.told(f"{answered:,} forms: {refreshed:,.0f} units refreshed in {spent:.1f} s; then {first.visible:.1f} s")
    answered += 1
    with costs(bench.processes) as cost:
        seen = singly(bench, large, answered, bench.sizes.looks)
    refresh, visible, ranking = ([getattr(each, name) for each in seen] for name in ("refresh", "visible", "ranking"))
    answered += len(seen)
    few = max(2, bench.sizes.looks // 4)
    started = [_started(bench, large, answered + number) for number in range(few)]
    cold = [_cold(bench, large) for _ in range(few)]

    def figure(times: list[float]) -> Figure:
        return Figure([Round(len(times), sum(times), times, Cost(others=cost.others))])

    return [
        Row(
            REFRESH.format(units),
            f"{what}: the refresh of the indices after one response, as scoring times it; before, {refreshed:,.0f} "
            f"indices took it {spent:.1f} s",
            figure(refresh),
            latency=True,
        ),
        Row(
            VISIBLE.format(units),
            f"{what}: from the 202 of one response until the ranking of all rests on it",
            Figure([Round(len(visible), sum(visible), visible, cost)]),
            latency=True,
        ),
        Row(
            NEW.format(units),
            f"{what}: the first ranking that is asked for after such a response, {seen[-1].size / 1e6:.1f} MB",
            figure(ranking),
            latency=True,
        ),
        Row(
            STARTED.format(units),
            f"{what}: from the start of a scorer, which loads all it has counted, until the ranking of all rests on a "
            "response that has waited for it in the log",
            Figure(started),
            latency=True,
        ),
        Row(
            COLD.format(units),
            f"{what}: the first ranking that is asked of a reporting process that has just become ready",
            Figure(cold),
            latency=True,
        ),
    ]


def singly(bench: Bench, large: Campaign, answered: int, looks: int) -> list[Sight]:
    """Sends single responses one after the other, each when a reader has seen the one before.

    Args:
        bench: where.
        large: the campaign.
        answered: how many responses to it are counted.
        looks: how many are sent.
    """
    sender, reader = Connection(bench.status["intake"]), Connection(bench.status["reporting"])
    found = []
    for number, form in enumerate(itertools.islice(chance(large), looks), answered + 1):
        before, _ = refreshing(bench)
        _send(sender, large, form)
        visible, ranking, size = _seen_after(reader, ranking_path(large), number)
        found.append(Sight(refreshing(bench)[0] - before, visible, ranking, size))
    sender.close()
    reader.close()
    return found


def _send(sender: Connection, large: Campaign, form: bytes) -> None:
    path = f"/v1/campaigns/{large.code}/responses"
    if sender.exchange("POST", path, form, {"Content-Type": "application/json"}).status != ACCEPTED:
        raise Wrong(f"a response to {large.code} was not taken")


def _seen_after(reader: Connection, path: str, counted: int) -> tuple[float, float, int]:
    """Seconds until a ranking rests on so many responses, and of these the last request; bytes of its answer."""
    began, etag = time.perf_counter(), ""
    while time.perf_counter() - began < STANDSTILL_S:
        asked = time.perf_counter()
        answer = reader.exchange("GET", path, headers={"If-None-Match": etag})
        at = time.perf_counter()
        if answer.status == OK:
            etag = answer.headers["etag"]
            if answer.document()["as_of"]["counted"] >= counted:
                return at - began, at - asked, len(answer.body)
        time.sleep(POLL_S)
    raise Wrong(f"a response was not in {path} within {STANDSTILL_S:.0f} s")


def refreshing(bench: Bench) -> tuple[float, float]:
    """How many seconds the scorers have spent on refreshes, and how many indices these wrote."""
    seconds = units = 0.0
    for scorer in bench.scorers:
        connection = Connection(scorer)
        text = connection.exchange("GET", "/metrics").body.decode()
        connection.close()
        seconds += _metric(text, "parindex_scoring_refresh_seconds_sum")
        units += _metric(text, "parindex_scoring_units_refreshed_total")
    return seconds, units


def _metric(text: str, name: str) -> float:
    return float(text.partition(f"\n{name} ")[2].split("\n", 1)[0])


def _started(bench: Bench, large: Campaign, answered: int) -> Round:
    """Starts scoring anew while a response waits for it."""
    bench.stop_scoring()
    sender, reader = Connection(bench.status["intake"]), Connection(bench.status["reporting"])
    _send(sender, large, next(chance(large)))
    sender.close()
    with costs(bench.processes) as cost:
        began = time.perf_counter()
        bench.start_scoring()
        _seen_after(reader, ranking_path(large), answered + 1)
        seconds = time.perf_counter() - began
    reader.close()
    return Round(1, seconds, [seconds], cost)


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
