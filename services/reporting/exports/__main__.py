"""Makes one file: the job comes on standard input, the file goes to the output, its rows and state to the error."""

from __future__ import annotations

import sys
from typing import IO

from services.reporting.exports.jobs import Job
from services.reporting.exports.process import settle


def main() -> None:
    settle()
    job = Job.read(sys.stdin.buffer.read())
    out = sys.stdout.buffer
    rows = _make(job, out)
    out.flush()
    sys.stderr.write(f"{rows} {job.about.state}\n")


def _make(job: Job, out: IO[bytes]) -> int:
    if job.form == "xlsx":
        from services.reporting.exports import xlsx_file

        return xlsx_file.write(job.book(), out, job.tongue)
    if job.form == "parquet":
        from services.reporting.exports import parquet_file

        return parquet_file.write(job.book(), job.part, out)
    from services.reporting.exports import pdf_file

    return pdf_file.write(job, out)


if __name__ == "__main__":
    main()
