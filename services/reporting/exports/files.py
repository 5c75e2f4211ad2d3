"""The files of a campaign's state: made once for each state and way to ask, and kept like every other answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import IO, Any, NamedTuple

import orjson
from flask import Response

from services.common import problems
from services.common.problems import Problem
from services.reporting.answers import CSV, PRIVATE, TYPES, Form
from services.reporting.exports import parquet_file
from services.reporting.exports.books import PARTS, What, book
from services.reporting.exports.csv_file import CsvFile
from services.reporting.exports.jobs import Job
from services.reporting.exports.options import Options
from services.reporting.exports.rendering import Rendering
from services.reporting.exports.responses_main import ResponsesJob
from services.reporting.exports.table import About, Label
from services.reporting.figures import label
from services.reporting.standing import Body, Standing

VIEW_S = 50.0
"""A proxy gives an answer up that does not begin within a minute."""
ANSWERS_S = 240.0
"""MongoDB keeps a snapshot for five minutes."""
PIECE = 64 * 1024


class Of(NamedTuple):
    """What a file says of itself, the names of the campaign's blocks in order, and names by kind and code."""

    about: About
    blocks: Mapping[str, Label]
    labels: Mapping[str, Mapping[str, Label]]


class Files:
    """Makes files of JSON views."""

    def __init__(self, rendering: Rendering, mongo: str, responses_topic: str) -> None:
        self._rendering = rendering
        self._mongo = mongo
        self._topic = responses_topic

    def body(
        self, standing: Standing, what: What, views: Sequence[Body], form: Form, how: Options, *, name: str
    ) -> Body:
        """A view as a file.

        Args:
            standing: the state that the views are of.
            what: which view.
            views: its JSON; a ranking may have one for each block.
            name: what tells the file from others of the campaign.
            form: any but json.
            how: the ways to make it.

        Raises:
            Problem: 406, the form is not installed here; 429 and 503 as `Rendering.file`.
        """
        labels = {
            "field": {field.code: label(field.name) for field in standing.campaign.fields},
            "group": {group.code: label(group.name) for group in standing.campaign.groups},
            "leaf": {leaf.code: label(leaf.name) for leaf in standing.campaign.leaves},
        }
        part = () if how.part in (None, PARTS[what][0]) else (how.part,)
        return self.made(
            what,
            [orjson.loads(view.content) for view in views],
            Of(self._about(standing), {block.code: label(block.name) for block in standing.campaign.blocks}, labels),
            form=form,
            how=how,
            name="-".join((standing.campaign.code, name, *part, "state", str(standing.as_of.state))),
        )

    def made(
        self,
        what: What,
        documents: Sequence[Mapping[str, Any]],
        of: Of,
        *,
        form: Form,
        how: Options,
        name: str,
    ) -> Body:
        """JSON as a file.

        Args:
            what: which view it is of.
            documents: the JSON.
            of: what the file says of itself and of codes.
            form: any but json.
            how: the ways to make it.
            name: what the file is called, without the end.

        Raises:
            Problem: as `body`.
        """
        if form == "csv":
            made = CsvFile(
                book(what, documents, of.about, of.blocks, how.tongue, apart=True).part(how.part), how.separator
            )
            content, rows = b"".join(made.chunks()), made.rows
        elif form in ("xlsx", "parquet", "pdf"):
            require(form)
            job = Job(what, form, how.tongue, documents, of.about, of.blocks, of.labels, how.part)
            file = self._rendering.file(job, "services.reporting.exports", VIEW_S)
            with closing(file.content):
                content, rows = file.content.read(), file.rows
        else:
            raise ValueError(form)
        return Body(content, CSV if form == "csv" else TYPES[form], headers(f"{name}.{form}", rows))

    def responses(self, standing: Standing, form: Form, how: Options) -> Response:
        """The de-identified answers of a campaign, from the disk and not from memory.

        Raises:
            Problem: as `body`.
        """
        require(form)
        code = standing.campaign.code
        job = ResponsesJob(self._mongo, self._topic, code, form, how.tongue, how.separator, how.part)
        file = self._rendering.file(job, "services.reporting.exports.responses_main", ANSWERS_S)
        part = () if how.part in (None, "responses") else (how.part,)
        name = file_name(standing, "responses", *part, form=form, state=file.state)
        answer = Response(pieces(file.content), content_type=CSV if form == "csv" else TYPES[form])
        answer.headers.extend(headers(name, file.rows))
        answer.content_length = file.size
        answer.headers["Cache-Control"] = PRIVATE
        answer.call_on_close(file.content.close)
        return answer

    @staticmethod
    def _about(standing: Standing) -> About:
        campaign, as_of = standing.campaign, standing.as_of
        made = datetime.now(UTC).astimezone(campaign.opens.tzinfo).isoformat(timespec="minutes")
        return About(
            campaign.code,
            label(campaign.title),
            campaign.version,
            as_of.state,
            as_of.total,
            campaign.rules.decimals,
            made,
        )


def require(form: Form) -> None:
    """Refuses a form whose library is not installed.

    Raises:
        Problem: 406, with the remedy.
    """
    if form == "parquet" and not parquet_file.installed():
        raise Problem(problems.NOT_ACCEPTABLE, "Parquet is not installed here: pip install 'parindex[parquet]'")


def file_name(standing: Standing, *parts: str, form: Form, state: int | None = None) -> str:
    """What a file is called: campaign, what it holds, and the state. Codes need no quoting."""
    state = standing.as_of.state if state is None else state
    return "-".join((standing.campaign.code, *parts, "state", str(state))) + f".{form}"


def pieces(content: IO[bytes]) -> Iterator[bytes]:
    """A file bit by bit."""
    while piece := content.read(PIECE):
        yield piece


def headers(name: str, rows: int) -> tuple[tuple[str, str], ...]:
    return ("Content-Disposition", f'attachment; filename="{name}"'), ("X-Row-Count", str(rows))
