"""The way of a response: read → check → publish → receipt. One answer, an edit, a withdrawal and a batch share it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any, Final, TypeVar

import orjson
from flask import Response as Answer
from flask import request

from services.common import events, problems
from services.common.campaign import Campaign
from services.common.http import json_response
from services.common.problems import Fault, Problem
from services.common.records import Record, encode
from services.intake import body, metrics
from services.intake.campaigns import Campaigns
from services.intake.publisher import Position, Publisher
from services.intake.quick import Quick
from services.intake.ratings import MAX_REVISION, UUID_PATTERN
from services.intake.receipts import Receipts

SOURCE: Final = "/intake"
BATCH_LINES: Final = 5_000
WINDOW: Final = 500
"""Lines of a batch that are on their way together; their results leave before the next are read."""
LONGEST_RETRY_S: Final = 3_600

Said = events.Response | events.Withdrawal
Line = tuple[int, bytes]
Result = dict[str, Any]
T = TypeVar("T")

_OF_THE_VERSION = (problems.NOT_OPEN, problems.CLOSED, problems.CONFLICT)
_UNKNOWN = ("unknown-group", "unknown-unit", "unknown-leaf", "unknown-option")
_UUID = re.compile(UUID_PATTERN.replace("$", r"\Z"))
_REVISION = re.compile(r"[1-9][0-9]{0,6}\Z")


class Responses:
    """The routes of the respondents. Nothing of what they send is logged."""

    def __init__(self, campaigns: Campaigns, publisher: Publisher, receipts: Receipts, topic: str) -> None:
        self._campaigns = campaigns
        self._publisher = publisher
        self._receipts = receipts
        self._topic = topic

    def post(self, campaign: str) -> Answer:
        document = body.read_object(body.RESPONSE_BYTES)
        return self._take(self._judged(self._campaigns.current(campaign), partial(self._response, document)))

    def put(self, campaign: str, response: str) -> Answer:
        document = body.read_object(body.RESPONSE_BYTES)
        found = self._campaigns.current(campaign)
        return self._take(self._judged(found, partial(self._response, _with_id(document, _address(response)))))

    def delete(self, campaign: str, response: str) -> Answer:
        found = self._campaigns.current(campaign)
        id_, revision = _address(response), _revision(request.args.get("revision"))
        return self._take(self._judged(found, partial(_withdrawal, id_, revision)))

    def at_once(self, code: str, text: bytes, address: str | None) -> tuple[Result, str] | None:
        """The same as `post`, or `put` with an address, for a body against which nothing stands: document and Location.

        It waits for nothing but Kafka's answer to the response. None: nothing was done; ask them.

        Raises:
            Problem: of the publisher: what became of the response is not known.
        """
        campaign = self._campaigns.known(code)
        said = _certain(self._quick(campaign), campaign, text, address) if campaign else None
        if said is None:
            return None
        record = _record(said)
        position = self._publisher.publish_at_once(self._topic, record)
        return None if position is None else self._told(said, record, position)

    def post_batch(self, campaign: str) -> Answer:
        text = body.read(body.BATCH_BYTES, "application/x-ndjson")
        lines = [(number, line) for number, line in enumerate(text.split(b"\n"), 1) if line.strip()]
        if len(lines) > BATCH_LINES:
            raise Problem(problems.TOO_LARGE, f"the batch has {len(lines):,} lines, at most {BATCH_LINES:,} are taken")
        opened = self._judged(self._campaigns.current(campaign), _opened)
        return Answer(self._results(opened, lines), content_type="application/x-ndjson")

    def _judged(self, campaign: Campaign, judge: Callable[[Campaign], T]) -> T:
        """What `judge` makes of a request under the version in force, even if that was published only a moment ago."""
        try:
            return judge(campaign)
        except Problem as problem:
            if not _depends_on_version(problem) or (newer := self._campaigns.newer(campaign)) is None:
                raise
        return judge(newer)

    def _response(self, document: dict[str, Any], campaign: Campaign) -> events.Response:
        """The response that a document is."""
        _opened(campaign)
        content = self._campaigns.check(campaign).checked(document)
        if content["revision"] > 1:
            _require_edits(campaign, "edited")
        return _made(content, campaign)

    def _quick(self, campaign: Campaign) -> Quick | None:
        """What sees at once whether a campaign takes a response; None: at this moment it takes none, or is unknown."""
        return self._campaigns.quick(campaign) if campaign.is_open(datetime.now(UTC)) else None

    def _take(self, said: Said) -> Answer:
        record = _record(said)
        document, location = self._told(said, record, self._publisher.publish(self._topic, record))
        answer = json_response(document, HTTPStatus.ACCEPTED)
        answer.headers["Location"] = location
        return answer

    def _told(self, said: Said, record: Record, position: Position) -> tuple[Result, str]:
        """What is said of what was published, and its address."""
        location = f"/v1/campaigns/{said.campaign}/responses/{said.response}"
        return self._accepted(said, record, position), location

    def _accepted(self, said: Said, record: Record, position: Position) -> Result:
        receipt = self._receipts.receipt(said.response, said.revision, events.digest_of(record.value), *position)
        return {"status": HTTPStatus.ACCEPTED, "response": said.response, "revision": said.revision, "receipt": receipt}

    def _results(self, campaign: Campaign, lines: Sequence[Line]) -> Iterator[bytes]:
        """One line of JSON for each line of a batch, in order; a window's lines leave when all replicas have them.

        They leave in one piece: each piece is a system call here, and a packet to be taken apart at the other end.
        """
        for start in range(0, len(lines), WINDOW):
            window = self._window(campaign, lines[start : start + WINDOW])
            yield b"".join(orjson.dumps(result, option=orjson.OPT_APPEND_NEWLINE) for result in window)

    def _window(self, campaign: Campaign, window: Sequence[Line]) -> Iterator[Result]:
        quick = self._quick(campaign)
        checked = [self._line(quick, campaign, text) for _, text in window]
        records = {n: _record(said) for n, said in enumerate(checked) if not isinstance(said, Problem)}
        outcomes = dict(zip(records, self._publisher.publish_many(self._topic, list(records.values())), strict=True))
        metrics.BATCH_LINES.labels("accepted").inc(sum(isinstance(outcome, Position) for outcome in outcomes.values()))
        for n, ((number, _), said) in enumerate(zip(window, checked, strict=True)):
            if isinstance(said, Problem):
                yield _refused(number, said)
            elif isinstance(outcome := outcomes[n], Problem):
                yield _refused(number, outcome)
            else:
                yield {"line": number, **self._accepted(said, records[n], outcome)}

    def _line(self, quick: Quick | None, campaign: Campaign, text: bytes) -> events.Response | Problem:
        if len(text) > body.RESPONSE_BYTES:
            return Problem(problems.TOO_LARGE, f"the line has {len(text):,} bytes, at most {body.RESPONSE_BYTES:,}")
        if (certain := _certain(quick, campaign, text)) is not None:
            return certain
        try:
            return self._judged(campaign, partial(self._response, body.decode(text)))
        except Problem as problem:
            return problem


def _certain(
    quick: Quick | None, campaign: Campaign, text: bytes, address: str | None = None
) -> events.Response | None:
    """The response that a text is, if that can be seen at once and nothing stands against it."""
    content = quick.content(text) if quick is not None else None
    if content is None or (content["revision"] > 1 and campaign.rules.edits == "none"):
        return None
    if address is not None and content.setdefault("response", address) != address:
        return None
    return _made(content, campaign)


def _made(content: dict[str, Any], campaign: Campaign) -> events.Response:
    if "response" not in content:
        content["response"] = str(uuid.uuid4())
    return events.Response(campaign=campaign.code, campaign_version=campaign.version, **content)


def _record(said: Said) -> Record:
    return encode(said, datetime.now(UTC), source=SOURCE)


def _refused(number: int, problem: Problem) -> Result:
    metrics.BATCH_LINES.labels(problem.kind.name).inc()
    return {"line": number, "status": problem.kind.status, "problem": problem.document()}


def _depends_on_version(problem: Problem) -> bool:
    """Whether another version of the campaign might take what was refused."""
    return problem.kind in _OF_THE_VERSION or any(fault.code in _UNKNOWN for fault in problem.faults)


def _withdrawal(response: str, revision: int, campaign: Campaign) -> events.Withdrawal:
    _opened(campaign)
    _require_edits(campaign, "withdrawn")
    return events.Withdrawal(response, revision, campaign.code, campaign.version)


def _opened(campaign: Campaign) -> Campaign:
    now = datetime.now(UTC)
    if now < campaign.opens:
        wait = min(campaign.opens - now, timedelta(seconds=LONGEST_RETRY_S))
        raise Problem(
            problems.NOT_OPEN,
            f"the campaign opens at {campaign.opens.isoformat()}",
            retry_after_s=max(1, int(wait.total_seconds())),
        )
    if now >= campaign.closes:
        raise Problem(problems.CLOSED, f"the campaign closed at {campaign.closes.isoformat()}")
    return campaign


def _require_edits(campaign: Campaign, done: str) -> None:
    if campaign.rules.edits == "none":
        raise Problem(problems.CONFLICT, f"a response of this campaign cannot be {done} once it was sent")


def _address(response: str) -> str:
    if not _UUID.match(response):
        raise Problem(
            problems.INVALID,
            "the address does not name a response",
            [Fault("/response", "not-a-uuid", "the last part of the address must be the response's UUID")],
        )
    return response.lower()


def _with_id(document: dict[str, Any], response: str) -> dict[str, Any]:
    said = document.get("response", response)
    if not isinstance(said, str) or said.lower() != response:
        raise Problem(
            problems.INVALID,
            "the body names another response than the address",
            [Fault("/response", "not-the-address", "leave it out, or send the id that stands in the address")],
        )
    return {**document, "response": response}


def _revision(text: str | None) -> int:
    if text is None:
        fault = Fault("/revision", "missing", "say which revision withdraws: ?revision=N, one more than the last")
    elif not _REVISION.match(text) or int(text) > MAX_REVISION:
        fault = Fault("/revision", "not-a-whole-number", f"?revision is a whole number from 1 to {MAX_REVISION:,}")
    else:
        return int(text)
    raise Problem(problems.INVALID, "the address does not say which revision withdraws", [fault])
