"""A million responses: counting them, reading rankings over them, and making all of it anew from the log."""

from __future__ import annotations

import re

from tests.bench import reading
from tests.bench.bodies import ONE
from tests.bench.catching_up import catch_up, fill
from tests.bench.commands import run
from tests.bench.figures import Figure, Round, Row
from tests.bench.memory import watched
from tests.bench.processes import with_children
from tests.bench.running import Bench, Wrong, costs
from tests.bench.targets import REBUILD

COUNTED = "scoring's catch-up, {:,} responses"


def million(bench: Bench) -> list[Row]:
    """Fills the log up to the whole, counts it, reads its rankings and rebuilds it, watching the memory."""
    whole = bench.sizes.whole
    bench.stop_scoring()
    waiting = fill(bench, ONE, max(whole - bench.acknowledged, bench.sizes.backlog))
    bench.told(f"{waiting:,} responses wait in the log")
    with watched(bench.processes) as memory:
        counted = catch_up(bench, waiting)
    bench.told(f"counted: {counted.rate:,.0f}/s")
    first = Row(
        COUNTED.format(whole),
        f"{waiting:,} responses {ONE.about} that wait in the log: from the first commit until all are in the indices",
        Figure([counted]),
        memory=memory,
    )
    return [first, *reading.readers(bench, whole), _rebuild(bench, first.ours)]


def _rebuild(bench: Bench, counted: Figure) -> Row:
    """Runs the command while the services run."""
    ids: list[int] = []
    with (
        watched(lambda: bench.processes() | {"rebuild": [pid for own in ids for pid in with_children(own)]}) as memory,
        costs(bench.processes) as cost,
    ):
        done = run("rebuild", "--json", started=ids.append)
    cost.cpu["rebuild"] = done.cpu
    stage = re.search(r"^Applying the log: ([\d,]+) in ([\d.]+) s", done.told, re.MULTILINE)
    if stage is None or not done.said["scoring_went_over"]:
        raise Wrong(f"the rebuild did not tell what was expected: {done.told[-1_000:]}")
    records, seconds = int(stage[1].replace(",", "")), float(stage[2])
    bench.told(f"rebuilt: {records:,} records in {seconds:,.0f} s, {done.seconds:,.0f} s with all before and after")
    found = Round(records, seconds, (), cost, {"command_s": round(done.seconds, 1)})
    return Row(
        REBUILD.format(bench.sizes.whole),
        f"`parindex rebuild` of {records:,} records of the log while all is served; the rate of applying them",
        Figure([found]),
        counted,
        "scoring counting the same responses at first",
        memory=memory,
    )
