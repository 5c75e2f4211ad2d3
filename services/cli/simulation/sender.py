"""Sends courses through intake's front door and keeps what was acknowledged: what must then count, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson

from services.cli.batch import Unexpected, post_lines
from services.cli.connection import Connection, crew
from services.cli.simulation.course import Course
from services.common.events import Response, Withdrawal

BATCH_LINES = 250
SINGLES_AT_A_TIME = 20
ACCEPTED, INVALID = 202, 422

Progress = Callable[[int], object]
Posted = Iterator[tuple[Response, int, Any]]
"""Response, status and what was said of it."""
Post = Callable[[Connection, Sequence[Response]], Posted]


@dataclass(slots=True)
class Delivery:
    """What came of the courses that were sent."""

    acknowledged: Counter[str] = field(default_factory=Counter)
    """By what was sent: response, again, edit, withdrawal."""
    refused: int = 0
    standing: dict[str, Response | None] = field(default_factory=dict)
    """By response id: the acknowledged revision that counts, None when it was withdrawn."""
    ends: dict[int, int] = field(default_factory=dict)
    """By partition of the log: the offset after the last acknowledged record."""

    @property
    def counted(self) -> list[Response]:
        """The responses that must count, each once."""
        return [response for response in self.standing.values() if response is not None]

    def add(self, other: Delivery) -> None:
        self.acknowledged.update(other.acknowledged)
        self.refused += other.refused
        self.standing.update(other.standing)
        for partition, end in other.ends.items():
            self.ends[partition] = max(end, self.ends.get(partition, 0))

    def note(self, step: Response | Withdrawal, receipt: Mapping[str, Any]) -> None:
        """Notes an acknowledged step of a course whose earlier steps are noted."""
        if isinstance(step, Withdrawal):
            self.acknowledged["withdrawal"] += 1
            self.standing[step.response] = None
        else:
            known = self.standing.get(step.response)
            again = known is not None and known.revision == step.revision
            self.acknowledged["again" if again else "edit" if step.revision > 1 else "response"] += 1
            self.standing[step.response] = step
        # Without an offset the broker had the record already: sent again, it was acknowledged by the first attempt.
        if receipt["offset"] is not None:
            partition, end = int(receipt["partition"]), int(receipt["offset"]) + 1
            self.ends[partition] = max(end, self.ends.get(partition, 0))


def body(response: Response) -> dict[str, Any]:
    """A response as intake takes it."""
    document: dict[str, Any] = {
        "response": response.response,
        "revision": response.revision,
        "group": response.group,
        "channel": response.channel,
        "ratings": response.ratings,
    }
    return document if response.comment is None else document | {"comment": response.comment}


class Sender:
    """Sends to one campaign of one intake over some connections.

    Args:
        url: intake's address.
        campaign: the campaign's code.
        connections: how many requests are under way at a time.
    """

    def __init__(self, url: str, campaign: str, connections: int) -> None:
        self._url = url
        self._path = f"/v1/campaigns/{campaign}/responses"
        self._connections = connections

    def singly(self, courses: Sequence[Course], progress: Progress) -> Delivery:
        """Posts each response by itself.

        Raises:
            GaveUp, Unexpected: one could not be delivered; nothing more is sent.
        """
        return self._deliver(courses, SINGLES_AT_A_TIME, self._post_each, progress)

    def in_batches(self, courses: Sequence[Course], progress: Progress) -> Delivery:
        """Posts many responses at a time, one a line.

        Raises:
            GaveUp, Unexpected: as `singly`.
        """
        return self._deliver(courses, BATCH_LINES, self._post_lines, progress)

    def _deliver(
        self,
        courses: Sequence[Course],
        size: int,
        post: Post,
        progress: Progress,
    ) -> Delivery:
        parts = iter([courses[start : start + size] for start in range(0, len(courses), size)])
        delivery = Delivery()
        with crew(self._url, self._connections) as run:
            waiting: set[Future[Delivery]] = set()
            while True:
                # Only as many as there are connections, so that a fault ends the rest at once.
                while len(waiting) < self._connections and (part := next(parts, None)) is not None:
                    waiting.add(run(partial(self._send, part, post, progress)))
                if not waiting:
                    return delivery
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    delivery.add(future.result())

    def _send(self, courses: Sequence[Course], post: Post, progress: Progress, connection: Connection) -> Delivery:
        """Sends the first steps of all courses, then the second ones."""
        delivery = Delivery()
        impossible = {course.steps[0].response for course in courses if course.habit == "impossible"}
        for number in range(max(len(course.steps) for course in courses)):
            steps = [course.steps[number] for course in courses if number < len(course.steps)]
            responses = [step for step in steps if isinstance(step, Response)]
            for response, status, said in post(connection, responses):
                if status != (INVALID if response.response in impossible else ACCEPTED):
                    raise Unexpected(f"response {response.response} was answered with {status}: {said}")
                if status == ACCEPTED:
                    delivery.note(response, said["receipt"])
                else:
                    delivery.refused += 1
                progress(1)
            for step in steps:
                if isinstance(step, Withdrawal):
                    delivery.note(step, self._withdraw(connection, step)["receipt"])
                    progress(1)
        return delivery

    def _post_each(self, connection: Connection, responses: Sequence[Response]) -> Posted:
        for response in responses:
            headers = {"Content-Type": "application/json"}
            answer = connection.exchange("POST", self._path, orjson.dumps(body(response)), headers)
            yield response, answer.status, answer.document()

    def _post_lines(self, connection: Connection, responses: Sequence[Response]) -> Posted:
        lines = [orjson.dumps(body(response)) for response in responses]
        for number, said in post_lines(connection, f"{self._path}/batch", lines):
            yield responses[number], said["status"], said

    def _withdraw(self, connection: Connection, step: Withdrawal) -> Any:  # noqa: ANN401 - JSON
        answer = connection.exchange("DELETE", f"{self._path}/{step.response}?revision={step.revision}")
        if answer.status != ACCEPTED:
            raise Unexpected(f"the withdrawal of {step.response} was answered with {answer.status}: {answer.body!r}")
        return answer.document()
