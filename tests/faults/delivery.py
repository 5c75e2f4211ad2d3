"""How a device delivers what is said: again and again, unchanged, until the answer is final, each attempt noted."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import orjson

from tests.faults import campaign
from tests.faults.door import BROKEN, Answer, Door
from tests.faults.journal import Journal, Said

TIMEOUT_S = 5.0
"""Intake answers within 3 s; whoever hears nothing for longer tries again."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 1.0
HASTY_TRIES = 2
"""After so many attempts a hasty rater closes the page: what became of the response stays unknown to them."""
RESPONSES = f"{campaign.PATH}/responses"
JSON = {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/x-ndjson"}


@dataclass
class Closing:
    """The end of a run: nothing new is begun, and what is open is repeated until `deadline` (monotonic seconds)."""

    event: threading.Event = field(default_factory=threading.Event)
    deadline: float = float("inf")

    def begin(self, patience_s: float) -> None:
        self.deadline = time.monotonic() + patience_s
        self.event.set()


class Delivery:
    """A client's way to intake. Used by one thread.

    Args:
        urls: of intake.
        journal: the client's.
        rng: the client's.
        closing: when patience is over.
        longest_pause_s: to which the pauses between attempts grow.
        hasty: the share of what is given up after `HASTY_TRIES` attempts.
    """

    def __init__(
        self,
        urls: Sequence[str],
        journal: Journal,
        *,
        rng: Random,
        closing: Closing,
        longest_pause_s: float = LONGEST_PAUSE_S,
        hasty: float = 0.0,
    ) -> None:
        self._door, self._other = Door(urls, TIMEOUT_S), Door(urls, TIMEOUT_S)
        self._journal = journal
        self._rng = rng
        self._closing = closing
        self._longest_pause_s = longest_pause_s
        self._hasty = hasty

    def close(self) -> None:
        self._door.close()
        self._other.close()

    def single(self, said: Said, how: str) -> None:
        """Sends one thing until there is a final answer, or patience is over."""
        method, path, body = _request(said, how)
        hasty = self._rng.random() < self._hasty
        tries = 0
        pause = FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            try:
                answer = self._door.ask(method, path, body, JSON if body else None)
            except BROKEN as error:
                self._answered(said, how, None, began, repr(error))
            else:
                self._answered(said, how, answer, began)
                if answer.final:
                    return
            tries += 1
            if hasty and tries >= HASTY_TRIES:
                self._give_up([said], patient=False)
                return
            if not self._wait(pause):
                self._give_up([said], patient=True)
                return
            pause = min(2 * pause, self._longest_pause_s)

    def twice(self, said: Said) -> None:
        """The same request on two connections at once; if neither is answered for good, then singly."""
        final = False
        body = orjson.dumps(said.body)
        sent: list[Door] = []
        began = time.monotonic()
        for door in (self._door, self._other):
            try:
                door.send("POST", RESPONSES, body, JSON)
                sent.append(door)
            except BROKEN as error:
                self._answered(said, "twice", None, began, repr(error))
        for door in sent:
            try:
                answer = door.receive()
            except BROKEN as error:
                self._answered(said, "twice", None, began, repr(error))
            else:
                self._answered(said, "twice", answer, began)
                final = final or answer.final
        if not final:
            self.single(said, "twice")

    def batch(self, said: Sequence[Said]) -> None:
        """Many at a time; lines that were not answered, or not for good, go into the next batch."""
        open_ = list(said)
        pause = FIRST_PAUSE_S
        while open_:
            began = time.monotonic()
            body = b"\n".join(orjson.dumps(each.body) for each in open_)
            try:
                answer = self._door.ask("POST", f"{RESPONSES}/batch", body, LINES)
            except BROKEN as error:
                for each in open_:
                    self._answered(each, "batch", None, began, repr(error))
            else:
                open_ = self._open_lines(open_, answer, began)
            if open_ and not self._wait(pause):
                self._give_up(open_, patient=True)
                return
            pause = min(2 * pause, self._longest_pause_s)

    def _open_lines(self, sent: list[Said], answer: Answer, began: float) -> list[Said]:
        """Notes the answers to a batch; returns what is still open."""
        if answer.status != 200:
            for said in sent:
                self._answered(said, "batch", answer, began)
            return [] if answer.final else sent
        # What stands behind the last line break came whole only if the answer did.
        results = [orjson.loads(line) for line in answer.body.split(b"\n")[:-1]]
        open_ = sent[len(results) :]
        for said in open_:
            self._answered(said, "batch", None, began, "the answer broke off")
        for said, result in zip(sent, results, strict=False):
            part = Answer(result["status"], orjson.dumps(result.get("problem", result)))
            self._answered(said, "batch", part, began)
            if not part.final:
                open_.append(said)
        return open_

    def _wait(self, pause: float) -> bool:
        """Waits before the next attempt; False when patience is over."""
        time.sleep(pause * self._rng.uniform(0.7, 1.3))
        return time.monotonic() < self._closing.deadline

    def _answered(self, said: Said, how: str, answer: Answer | None, began: float, detail: str = "") -> None:
        more: dict[str, object] = {"detail": detail} if detail else {}
        if answer is not None:
            document = answer.document()
            if receipt := document.get("receipt"):
                more = {name: receipt[name] for name in ("partition", "offset")} | {"receipt_digest": receipt["digest"]}
            elif "detail" in document:
                more = {"detail": document["detail"]}
        self._journal.note(
            "answer",
            response=said.response,
            revision=said.revision,
            digest=said.digest,
            how=how,
            status=0 if answer is None else answer.status,
            final=answer is not None and answer.final,
            took=round(time.monotonic() - began, 4),
            **more,
        )

    def _give_up(self, open_: Sequence[Said], *, patient: bool) -> None:
        for said in open_:
            self._journal.note(
                "gave up", response=said.response, revision=said.revision, digest=said.digest, patient=patient
            )


def _request(said: Said, how: str) -> tuple[str, str, bytes | None]:
    if said.content is None:
        return "DELETE", f"{RESPONSES}/{said.response}?revision={said.revision}", None
    if how == "post" or (how != "put" and said.revision == 1):
        return "POST", RESPONSES, orjson.dumps(said.body)
    return "PUT", f"{RESPONSES}/{said.response}", orjson.dumps(said.body)
