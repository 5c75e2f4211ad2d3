"""`python -m tests.bench.scaling`: what a load needs in processes, partitions, brokers, shards and disks.

Arithmetic on what `make bench` has kept: rates of one process, processor time of one response by family, bytes of one
response. It says how it comes to each number, so that anybody can do it over with figures of another machine.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from tests.bench.page import markdown, with_figures
from tests.bench.tables import Table, figure
from tests.bench.targets import BATCHES, SCORING, SINGLE

OUTPUT = Path(".parindex/bench.json")
BEGIN, END = "<!-- arithmetic: python -m tests.bench.scaling --page FILE -->", "<!-- end of the arithmetic -->"

LOAD = 300.0
FACTORS = (1, 100, 10_000)
BUSY = 0.6
"""The part of its time that a process or core is busy at the load, so that peaks and one lost machine find room."""
COPIES = 3
CORES = 8
"""Of a broker's or a shard member's machine."""
FEWEST_PARTITIONS = 12
BY_SCORER = 3
"""Partitions for each scorer: when one is lost, its share goes to several others."""
MILLION = 1_000_000
GB = 1e9
HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class Measured:
    """What the arithmetic rests on.

    Attributes:
        single, batch: processor seconds of intake for one response, sent by itself and in a batch.
        kafka: of the broker for one response that is sent by itself and counted.
        mongo: of the database for one response that is counted.
        scorer: responses a second that one scoring process counts.
        log, rows: bytes of one response in the log, and of its row with its indexes.
    """

    single: float
    batch: float
    kafka: float
    mongo: float
    scorer: float
    log: float
    rows: float

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Measured:
        """From the document of a run.

        Raises:
            KeyError: a part was not measured; it names it.
        """
        rows = {row["name"]: row["ours"] for row in document["rows"]}
        single, batch, counted = rows[SINGLE], rows[BATCHES], rows[SCORING]
        stored = document["storage"]
        return cls(
            single=single["cpu_ms_per_operation"]["intake"] / 1_000,
            batch=batch["cpu_ms_per_operation"]["intake"] / 1_000,
            kafka=single["cpu_ms_per_operation"]["kafka"] / 1_000,
            mongo=counted["cpu_ms_per_operation"]["mongo"] / 1_000,
            scorer=counted["per_second"],
            log=stored["kafka: the log"],
            rows=stored["mongo: rows, compressed"] + stored["mongo: rows, indexes"],
        )


@dataclass(frozen=True, slots=True)
class Need:
    """What a load of so many responses a second needs."""

    per_second: float
    measured: Measured

    def _processes(self, seconds: float) -> int:
        return max(1, math.ceil(self.per_second * seconds / BUSY))

    @property
    def intake(self) -> int:
        return self._processes(self.measured.single)

    @property
    def intake_in_batches(self) -> int:
        return self._processes(self.measured.batch)

    @property
    def scorers(self) -> int:
        return self._processes(1 / self.measured.scorer)

    @property
    def partitions(self) -> int:
        """A multiple of the smallest number, so that it can be shared evenly by many numbers of scorers."""
        return FEWEST_PARTITIONS * math.ceil(self.scorers * BY_SCORER / FEWEST_PARTITIONS)

    @property
    def broker_cores(self) -> float:
        return self.per_second * self.measured.kafka * COPIES / BUSY

    @property
    def brokers(self) -> int:
        return max(COPIES, math.ceil(self.broker_cores / CORES))

    @property
    def shards(self) -> int:
        """Each a replica set; every member does the writing once."""
        return max(1, math.ceil(self.per_second * self.measured.mongo / BUSY / CORES))

    @property
    def log_mb(self) -> float:
        """Megabytes that all brokers together write in a second."""
        return self.per_second * self.measured.log * COPIES / 1e6

    def hour_gb(self, size: float) -> float:
        return self.per_second * HOUR_S * size * COPIES / GB


def table(needs: list[Need]) -> Table:
    """A line for each thing that is needed, with its arithmetic; a column for each load."""
    found = needs[0].measured

    def line(what: str, how: str, *values: float) -> list[str]:
        return [what, how, *(figure(value) for value in values)]

    rate, busy = "rate", f"/ {BUSY}"
    body = [
        line("responses a second", "", *(need.per_second for need in needs)),
        line(
            "intake workers, single POSTs",
            f"{rate} · {1_000 * found.single:.3f} ms {busy}",
            *(need.intake for need in needs),
        ),
        line(
            "intake workers, batches",
            f"{rate} · {1_000 * found.batch:.3f} ms {busy}",
            *(need.intake_in_batches for need in needs),
        ),
        line("scorers", f"{rate} / {found.scorer:,.0f} {busy}", *(need.scorers for need in needs)),
        line(
            "partitions",
            f"{BY_SCORER} a scorer, in steps of {FEWEST_PARTITIONS}",
            *(need.partitions for need in needs),
        ),
        line(
            f"brokers of {CORES} cores",
            f"{rate} · {1_000 * found.kafka:.3f} ms · {COPIES} copies {busy} / {CORES}, at least {COPIES}",
            *(need.brokers for need in needs),
        ),
        line(
            f"shards of {COPIES} members of {CORES} cores",
            f"{rate} · {1_000 * found.mongo:.3f} ms {busy} / {CORES}",
            *(need.shards for need in needs),
        ),
        line(
            "written by all brokers, MB/s",
            f"{rate} · {found.log:,.0f} bytes · {COPIES}",
            *(need.log_mb for need in needs),
        ),
        line(
            "log of an hour, GB, all copies",
            f"{rate} · {HOUR_S:,} · {found.log:,.0f} bytes · {COPIES}",
            *(need.hour_gb(found.log) for need in needs),
        ),
        line(
            "rows of an hour, GB, all copies",
            f"{rate} · {HOUR_S:,} · {found.rows:,.0f} bytes · {COPIES}",
            *(need.hour_gb(found.rows) for need in needs),
        ),
    ]
    heads = (f"{need.per_second / needs[0].per_second:,.0f} times" for need in needs)
    return Table(("what", "arithmetic", *heads), body)


def sizes(document: Mapping[str, Any]) -> Table:
    """What a million responses take on the disks."""
    stored = document["storage"]
    body = [
        [name, f"{size:,.0f}", f"{size * MILLION / GB:.2f}"] for name, size in stored.items() if name != "responses"
    ]
    return Table(("where", "bytes of a response", "GB of a million"), body)


def needs(document: Mapping[str, Any], per_second: float = LOAD) -> list[Need]:
    measured = Measured.of(document)
    return [Need(per_second * factor, measured) for factor in FACTORS]


def _texts(document: Mapping[str, Any], per_second: float) -> Iterator[str]:
    date, cores = document["machine"]["date"], document["machine"]["cores"]
    yield f"From the run of {date} on {cores} cores:"
    yield markdown(table(needs(document, per_second)))
    yield f"On the disks, measured with {document['storage']['responses']:,} responses of 26 answers for one unit:"
    yield markdown(sizes(document))


@click.command()
@click.option("--per-second", type=float, default=LOAD, show_default=True, help="Responses a second that count as 1.")
@click.option("--figures", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=OUTPUT)
@click.option("--page", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Set it into this page.")
def main(*, per_second: float, file: Path, page: Path | None) -> None:
    """Work out what 1, 100 and 10,000 times a load needs, from the last run of `make bench`."""
    document = json.loads(file.read_text())
    try:
        text = "\n\n".join(_texts(document, per_second))
    except KeyError as error:
        raise click.ClickException(f"{file} has no {error}: run `make bench` first") from error
    click.echo(text)
    if page:
        page.write_text(with_figures(page.read_text(encoding="utf-8"), text, BEGIN, END), encoding="utf-8")


if __name__ == "__main__":
    main()
