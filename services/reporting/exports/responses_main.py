"""Reads de-identified answers and makes a file of them, in a process of its own; see `__main__`."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any, Self

import orjson

from services.common import mongo
from services.reporting.exports import parquet_file, xlsx_file
from services.reporting.exports.csv_file import CsvFile
from services.reporting.exports.process import settle
from services.reporting.exports.responses import Answers, answers
from services.reporting.exports.responses_book import book, left_out
from services.reporting.exports.table import About, Tongue
from services.reporting.figures import label

if TYPE_CHECKING:
    from services.reporting.answers import Form

PATIENCE_S = 60.0
"""MongoDB sorts all rows before it gives the first."""


@dataclass(frozen=True, slots=True)
class ResponsesJob:
    """Which answers, and how. The address of MongoDB may hold a password: it goes through the pipe only."""

    mongo: str
    topic: str
    campaign: str
    form: Form
    tongue: Tongue
    separator: str = ","
    part: str | None = None

    def encoded(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def read(cls, text: bytes) -> Self:
        return cls(**orjson.loads(text))


def main() -> None:
    settle()
    job = ResponsesJob.read(sys.stdin.buffer.read())
    out = sys.stdout.buffer
    with mongo.client(job.mongo, patience_s=PATIENCE_S) as client, client.start_session(snapshot=True) as session:
        found = answers(mongo.database(client), job.campaign, job.topic, session)
        rows = make(job, found, out)
    out.flush()
    sys.stderr.write(f"{rows} {found.state}\n")


def make(job: ResponsesJob, found: Answers, out: IO[bytes]) -> int:
    """Writes the file; returns how many rows it has."""
    about = _about(found)
    if job.form == "json":
        return _json(found, about, out)
    if job.form == "xlsx":
        return xlsx_file.write(book(found, about, job.tongue, apart=False), out, job.tongue)
    whole = book(found, about, job.tongue, apart=True)
    if job.form == "parquet":
        return parquet_file.write(whole, job.part, out)
    file = CsvFile(whole.part(job.part), job.separator)
    for chunk in file.chunks():
        out.write(chunk)
    return file.rows


def _json(found: Answers, about: About, out: IO[bytes]) -> int:
    campaign = found.campaign
    head: dict[str, Any] = {
        "campaign": about.campaign,
        "version": about.version,
        "as_of": {"state": about.state, "counted": about.counted, "positions": {"responses": found.positions}},
        "row_count": found.row_count,
        "left_out": [{name: value for name, value in left.items() if name != "unit_name"} for left in left_out(found)],
    }
    out.write(orjson.dumps(head)[:-1] + b',"rows":[')
    count = 0
    for group in campaign.groups:
        for row in found.rows(group.code):
            said = {"block": campaign.unit[row.unit].block, **row._asdict()}
            out.write((b"," if count else b"") + orjson.dumps(said))
            count += 1
    out.write(b"]}")
    return count


def _about(found: Answers) -> About:
    campaign = found.campaign
    made = datetime.now(UTC).astimezone(campaign.opens.tzinfo).isoformat(timespec="minutes")
    return About(
        campaign.code,
        label(campaign.title),
        campaign.version,
        found.state,
        found.counted,
        campaign.rules.decimals,
        made,
    )


if __name__ == "__main__":
    main()
