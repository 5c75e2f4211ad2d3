"""A front-end as a rater's device is one: it sends a response again, unchanged, until it hears what became of it."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import Any, Self

import httpx

from tests.system.lecturers import CAMPAIGN, Student, Survey, definition, document

RETRY = {408, 425, 429, 500, 502, 503, 504}
PATIENCE_S = 60.0
AT_ONCE = 8
WINDOW = 60


@dataclass(frozen=True)
class Step:
    """Something said about a response: its content, or None to withdraw it. What is batched goes in a batch."""

    response: str
    revision: int
    content: dict[str, Any] | None
    batched: bool


@dataclass
class Delivery:
    """What was acknowledged."""

    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By response: the receipt of the last revision."""
    ends: dict[int, int] = field(default_factory=dict)
    """By partition of the log: the offset after the last acknowledged record."""
    sent: Counter[str] = field(default_factory=Counter)


def steps(student: Student, rng: Random, *, twice: bool, edited: bool, withdrawn: bool) -> list[Step]:
    """All that a student's device sends, in order: what the student means comes last."""
    said: list[dict[str, Any] | None] = []
    if edited:
        others = {lecturer: rating % 5 + 1 for lecturer, rating in student.ratings.items()}
        some = rng.sample(sorted(others), rng.randint(1, len(others)))
        said.append(document(student, {lecturer: others[lecturer] for lecturer in some}, 1))
    said.append(document(student, student.ratings, len(said) + 1))
    if withdrawn:
        said.append(None)
        said.append(document(student, student.ratings, len(said) + 1))
    return [
        Step(student.response, revision, content, batched=content is not None and rng.random() < 0.5)
        for revision, content in enumerate(said, 1)
        for _ in range(2 if twice else 1)
    ]


def course(survey: Survey, rng: Random) -> list[Step]:
    """All steps of all students in random order, each student's own in theirs.

    Every third student's device sends everything twice; one in ten sends other answers first; one in fifty withdraws
    and sends again.
    """
    some = {
        habit: {student.response for student in rng.sample(survey.students, len(survey.students) // share)}
        for habit, share in (("twice", 3), ("edited", 10), ("withdrawn", 50))
    }
    queues = [
        steps(student, rng, **{habit: student.response in members for habit, members in some.items()})
        for student in survey.students
    ]
    turns = [number for number, queue in enumerate(queues) for _ in queue]
    rng.shuffle(turns)
    ahead = [iter(queue) for queue in queues]
    return [next(ahead[turn]) for turn in turns]


def windows(said: Iterable[Step], size: int = WINDOW) -> Iterator[list[Step]]:
    """Steps that may be under way together: never two of one response."""
    waiting: list[Step] = list(said)
    while waiting:
        window: list[Step] = []
        later: list[Step] = []
        known: set[str] = set()
        for number, step in enumerate(waiting):
            if len(window) == size:
                later += waiting[number:]
                break
            (later if step.response in known else window).append(step)
            known.add(step.response)
        yield window
        waiting = later


def publish(stack: Mapping[str, Any], survey: Survey) -> None:
    """Publishes the campaign of a survey, as an administrator does."""
    answer = httpx.put(
        f"{stack['intake']}/v1/campaigns/{CAMPAIGN}",
        json=definition(survey),
        headers={"Authorization": f"Bearer {stack['admin_token']}"},
        timeout=30,
        trust_env=False,
    )
    assert answer.is_success, answer.text


class FrontEnd:
    """Sends to intake over HTTP, some requests at a time."""

    def __init__(self, intake: str) -> None:
        self._client = httpx.Client(
            base_url=f"{intake}/v1/campaigns/{CAMPAIGN}",
            timeout=10,
            trust_env=False,
            limits=httpx.Limits(max_connections=AT_ONCE + 1),
        )
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._noting = threading.Lock()
        self._pause = threading.Event()
        self.delivery = Delivery()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pause.set()
        self._pool.shutdown(cancel_futures=True)
        self._client.close()

    def send(self, said: Sequence[Step]) -> None:
        """Sends steps, no two of one response at a time; returns when all are acknowledged."""
        for window in windows(said):
            batch = [step for step in window if step.batched]
            sending = [self._pool.submit(self._single, step) for step in window if not step.batched]
            if batch:
                self._batch(batch)
            for future in sending:
                future.result()

    def _single(self, step: Step) -> None:
        if step.content is None:
            method, content = "DELETE", None
            address = f"/responses/{step.response}?revision={step.revision}"
        elif step.revision > 1:
            method, address, content = "PUT", f"/responses/{step.response}", step.content
        else:
            method, address, content = "POST", "/responses", step.content
        for answer in self._attempts(method, address, content=None if content is None else json.dumps(content)):
            assert answer.status_code == httpx.codes.ACCEPTED, f"{answer.status_code}: {answer.text}"
            self._note(step, answer.json()["receipt"], "withdrawn" if step.content is None else "single")

    def _batch(self, batch: list[Step]) -> None:
        waiting = batch
        deadline = time.monotonic() + PATIENCE_S
        while waiting:
            assert time.monotonic() < deadline, f"{len(waiting)} lines were not taken within {PATIENCE_S:.0f} s"
            text = "\n".join(json.dumps(step.content) for step in waiting)
            refused: list[Step] = []
            for answer in self._attempts("POST", "/responses/batch", content=text, kind="application/x-ndjson"):
                assert answer.status_code == httpx.codes.OK, f"{answer.status_code}: {answer.text}"
                results = [json.loads(line) for line in answer.text.splitlines()]
                assert [result["line"] for result in results] == list(range(1, len(waiting) + 1))
                for step, result in zip(waiting, results, strict=True):
                    if result["status"] in RETRY:
                        refused.append(step)
                        continue
                    assert result["status"] == httpx.codes.ACCEPTED, result
                    self._note(step, result["receipt"], "batched")
            waiting = refused

    def _attempts(
        self, method: str, address: str, *, content: str | None, kind: str = "application/json"
    ) -> Iterator[httpx.Response]:
        """The first answer that says what became of a request, which is made again, unchanged, until there is one."""
        deadline = time.monotonic() + PATIENCE_S
        headers = {} if content is None else {"Content-Type": kind}
        while True:
            assert time.monotonic() < deadline, f"{method} {address}: no answer within {PATIENCE_S:.0f} s"
            try:
                answer = self._client.request(method, address, content=content, headers=headers)
            except httpx.TransportError:
                self.delivery.sent["no answer"] += 1
                self._pause.wait(0.2)
                continue
            if answer.status_code not in RETRY:
                yield answer
                return
            self.delivery.sent[f"answered {answer.status_code}"] += 1
            self._pause.wait(float(answer.headers.get("Retry-After", 0.2)))

    def _note(self, step: Step, receipt: dict[str, Any], how: str) -> None:
        assert (receipt["response"], receipt["revision"]) == (step.response, step.revision)
        with self._noting:
            self.delivery.sent[how] += 1
            self.delivery.receipts[step.response] = receipt
            # Without an offset the broker had the record already, from an attempt that was not answered.
            if receipt["offset"] is not None:
                partition = int(receipt["partition"])
                self.delivery.ends[partition] = max(self.delivery.ends.get(partition, 0), receipt["offset"] + 1)
