"""A view as pages to print, set by typst: templates beside this module, and texts that are only ever data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import IO

import orjson
import typst

from services.reporting.exports.jobs import Job
from services.reporting.exports.pdf_participation import ParticipationPage
from services.reporting.exports.pdf_ranking import RankingPage
from services.reporting.exports.pdf_unit import UnitPage

HERE = Path(__file__).parent
PAGES: Mapping[str, type[RankingPage | UnitPage | ParticipationPage]] = {
    "ranking": RankingPage,
    "unit": UnitPage,
    "participation": ParticipationPage,
}
"""By view, which is the name of its template, too."""


def write(job: Job, out: IO[bytes]) -> int:
    """Writes the pages; returns how many rows they show."""
    data, rows = PAGES[job.what](job).data()
    pdf = typst.compile(
        HERE / f"{job.what}.typ",
        root=HERE,
        ignore_system_fonts=True,
        sys_inputs={"data": orjson.dumps(data).decode()},
    )
    out.write(pdf)
    return rows
