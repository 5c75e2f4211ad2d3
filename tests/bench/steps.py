"""`python -m tests.bench.steps`: what single steps cost the quick way, and what the long way beside it costs.

Each quick way leaves to a long one what it does not see through at once, and gives the same. Here both do the same
work in turns, in one process and without servers: the processor time of this thread, the median of the rounds.
"""

from __future__ import annotations

import io
import itertools
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any
from unittest import mock

import bson
import click
from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord, Fetcher
from kafka.partitioner import murmur2
from kafka.record import MemoryRecords
from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from rich.console import Console

from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign
from services.common.campaign_versions import extended_layout
from services.common.settings import Settings
from services.common.unpacking import speed_up
from services.intake import app as intake
from services.intake import body, grouping
from services.intake.publisher import Position
from services.intake.quick import Quick
from services.intake.ratings import ResponseDocument
from services.scoring.answered import Answered
from services.scoring.indices import Indices
from services.scoring.reading import Reading, Rules
from services.scoring.tallies import Tally, TallyKey
from tests.bench import report
from tests.bench.bodies import ONE, TWENTY, Bodies, Kind, campaign
from tests.bench.page import markdown, with_figures
from tests.bench.processes import machine
from tests.bench.tables import Table

BEGIN, END = "<!-- steps: python -m tests.bench.steps --page FILE -->", "<!-- end of the steps -->"
ROUNDS = 7
ITEMS = {ONE.units: 2_000, TWENTY.units: 200}
"""By units that a response rates: how many responses a round goes through."""
PARTITION = TopicPartition("responses", 0)
PARTITIONS = 12

Way = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of work, done so many times by either way.

    Attributes:
        what: in words.
        times: how often each way does it.
        long, quick: the ways.
    """

    what: str
    times: int
    long: Way
    quick: Way


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=ROUNDS, show_default=True, help="Of each way, in turns.")
@click.option(
    "--page", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Set the table into this page."
)
def main(*, rounds: int, page: Path | None) -> None:
    """Measure the quick ways of single steps beside the long ones."""
    # An application without a key says that its receipts cannot be verified later.
    logging.disable(logging.WARNING)
    try:
        found = table([(step, *measured(step, rounds)) for step in steps()])
    finally:
        logging.disable(logging.NOTSET)
    Console(width=report.WIDTH).print(report.shown(found))
    if page:
        about = machine()
        text = f"{about['date']}, {about['cpu']}, Python {about['python']}:\n\n{markdown(found)}"
        page.write_text(with_figures(page.read_text(encoding="utf-8"), text, BEGIN, END), encoding="utf-8")


def table(found: Iterable[tuple[Step, float, float]]) -> Table:
    """A line for each step: microseconds of either way."""
    body = [[step.what, f"{long:,.1f}", f"{quick:,.1f}", f"{long / quick:.1f}"] for step, long, quick in found]
    return Table(("step", "long way, µs", "quick way, µs", "times"), body)


def measured(step: Step, rounds: int) -> tuple[float, float]:
    """Microseconds of one piece of the work, by the long and by the quick way."""
    step.long()
    step.quick()
    long, quick = zip(*((_seconds(step.long), _seconds(step.quick)) for _ in range(rounds)), strict=True)
    return 1e6 * median(long) / step.times, 1e6 * median(quick) / step.times


def _seconds(way: Way) -> float:
    before = time.thread_time()
    way()
    return time.thread_time() - before


def steps() -> list[Step]:
    """All of them, from the request to the index."""
    survey = _open(campaign(1))
    kinds = [Bodies(survey, kind) for kind in (ONE, TWENTY)]
    return [
        *(_request(survey, bodies) for bodies in kinds),
        *(_check(survey, bodies) for bodies in kinds),
        _spreading(kinds[0]),
        _unpacking(kinds[0]),
        *(_reading(survey, bodies) for bodies in kinds),
        _index(survey),
    ]


def _open(survey: Campaign) -> Campaign:
    now = datetime.now(UTC)
    day = timedelta(days=1)
    return replace(survey, opens=now - day, closes=now + day, layout=extended_layout(survey, {}))


def _request(survey: Campaign, bodies: Bodies) -> Step:
    """A POST through the WSGI application, whose log answers at once."""
    check, quick = ResponseDocument(survey), Quick(ResponseDocument(survey).forms)
    campaigns = SimpleNamespace(
        current=lambda _: survey, known=lambda _: survey, check=lambda _: check, quick=lambda _: quick
    )
    answers_at_once = SimpleNamespace(publish=lambda *_: Position(0, 0), publish_at_once=lambda *_: Position(0, 0))
    with (
        mock.patch.object(intake, "Campaigns", return_value=campaigns),
        mock.patch.object(intake, "Publisher", return_value=answers_at_once),
    ):
        front: Any = intake.create_app(Settings()).wsgi_app
    documents = _some(bodies.documents(), bodies.kind)
    path = f"/v1/campaigns/{survey.code}/responses"

    def ask(application: Any) -> None:  # noqa: ANN401 - WSGI
        for document in documents:
            b"".join(application(_environ(path, document), _start))

    return Step(f"a POST, {bodies.kind.name}", len(documents), lambda: ask(front._behind), lambda: ask(front))


def _environ(path: str, document: bytes) -> dict[str, object]:
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "intake",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "intake",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(document)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(document),
    }


def _start(status: str, *_: object) -> None:
    assert status.startswith("202"), status


def _check(survey: Campaign, bodies: Bodies) -> Step:
    """The text of a response → its content, as for a line of a batch."""
    document, quick = ResponseDocument(survey), Quick(ResponseDocument(survey).forms)
    texts = _some(bodies.documents(), bodies.kind)
    return Step(
        f"decoding and checking a response, {bodies.kind.name}",
        len(texts),
        lambda: [document.checked(body.decode(text)) for text in texts],
        lambda: [quick.content(text) for text in texts],
    )


def _spreading(bodies: Bodies) -> Step:
    """The key of a record → the number that its partition is taken from."""
    keys = [key for key, *_ in _some(bodies.records(), bodies.kind)]
    return Step(
        "the hash of a record's key (the long way is kafka-python's)",
        len(keys),
        lambda: [murmur2(key) for key in keys],
        lambda: [grouping.murmur2(key) for key in keys],
    )


def _unpacking(bodies: Bodies) -> Step:
    """What a broker sent → records: kafka-python's way, and ours."""
    fetched = _fetched(bodies)
    ours, theirs = (_records_of(ours=ours) for ours in (True, False))
    return Step(
        "taking a record out of what the broker sent (the long way is kafka-python's)",
        ITEMS[bodies.kind.units],
        lambda: theirs(0, PARTITION, MemoryRecords(fetched)).take(None),
        lambda: ours(0, PARTITION, MemoryRecords(fetched)).take(None),
    )


def _records_of(*, ours: bool) -> Callable[..., Any]:
    consumer = KafkaConsumer.__new__(KafkaConsumer)
    consumer._fetcher = Fetcher.__new__(Fetcher)
    found: Callable[..., Any] = (speed_up(consumer) if ours else consumer)._fetcher.PartitionRecords
    return found


def _fetched(bodies: Bodies) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=DefaultRecordBatch.CODEC_NONE,
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=10**9,
    )
    for offset, (key, value, headers, timestamp) in enumerate(_some(bodies.records(), bodies.kind)):
        builder.append(offset, timestamp, key, value, headers)
    return bytes(builder.build())


def _reading(survey: Campaign, bodies: Bodies) -> Step:
    """A record → its event, where its answers count, and its ratings as MongoDB keeps them."""
    rules = Rules(SimpleNamespace(find=lambda *_: survey, newest=lambda _: survey.version))
    rules.learn(survey, survey.version)
    records: Sequence[ConsumerRecord] = _records_of(ours=True)(0, PARTITION, MemoryRecords(_fetched(bodies))).take(None)
    reading = Reading(records[:1], rules)

    def long() -> None:
        for record in records:
            read = reading._read_at_length(record)
            said = read.said.event
            rules.units(survey, said.group, said.ratings, survey.version)  # type: ignore[union-attr]
            bson.encode(said.ratings)  # type: ignore[union-attr]

    def quick() -> None:
        for record in records:
            assert isinstance(reading._read(record).said, Answered)

    return Step(f"reading a record, {bodies.kind.name}", len(records), long, quick)


def _index(survey: Campaign) -> Step:
    """A unit's document after one more response: made from nothing, and made of the one before."""
    unit = survey.units[0].code
    group = survey.groups[0].code
    rng = itertools.count(1)
    sources: list[dict[TallyKey, Tally]] = [
        {
            (survey.code, each, unit): Tally(n=40, counts=[next(rng) % 17 + 1 for _ in survey.layout[each]])
            for each in survey.group
        }
        for _ in range(PARTITIONS)
    ]
    indices, key, row = Indices(survey), (survey.code, group, unit), AppraisalRow()
    times = 30

    def count() -> None:
        tally = sources[0][key].copy()
        tally.add(1, [0], None)
        sources[0][key] = tally

    def long() -> None:
        for state in range(times):
            count()
            indices._kept.clear()
            indices.document(unit, state, sources, row)

    def quick() -> None:
        for state in range(times):
            count()
            indices.document(unit, state, sources, row)

    return Step("the index of a unit after one response: 80 leaves, 5 groups, 12 partitions", times, long, quick)


def _some(endless: Iterable[Any], kind: Kind) -> list[Any]:
    return list(itertools.islice(endless, ITEMS[kind.units]))


if __name__ == "__main__":
    main()
