"""A front-end as raters' devices are: it says things once, twice, late and wrong, and repeats what got no answer."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence
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
KEPT = 200
"""The responses a front-end can still come back to."""
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


class FrontEnd(threading.Thread):
    """One of several clients.

    Args:
        name: of the client.
        urls: of intake.
        journal: its own.
        rng: its own.
        closing: shared by all.
        think_s: the mean pause between two things it does.
        prober: it only sends single responses and repeats them without back-off, so that outages are measured exactly.
    """

    def __init__(
        self,
        name: str,
        urls: Sequence[str],
        journal: Journal,
        *,
        rng: Random,
        closing: Closing,
        think_s: float,
        prober: bool = False,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._door, self._other = Door(urls, TIMEOUT_S), Door(urls, TIMEOUT_S)
        self._journal = journal
        self._rng = rng
        self._closing = closing
        self._think_s = think_s
        self._longest_pause_s = FIRST_PAUSE_S if prober else LONGEST_PAUSE_S
        self._papers: dict[str, Said] = {}
        """The last revision of each response that it may come back to, acknowledged or not."""
        habits: list[tuple[Callable[[], None], int]] = [
            (self.post, 32),
            (self.put, 10),
            (self.batch, 5),
            (self.edit, 18),
            (self.withdraw, 7),
            (self.click_twice, 8),
            (self.say_again, 6),
            (self.contradict, 4),
            (self.come_late, 3),
            (self.err, 5),
        ]
        if prober:
            habits = habits[:1]
        self._habits = [habit for habit, _ in habits]
        self._weights = [weight for _, weight in habits]
        self._hasty = 0.0 if prober else 0.15

    def run(self) -> None:
        while not self._closing.event.wait(self._rng.expovariate(1 / self._think_s)):
            (habit,) = self._rng.choices(self._habits, self._weights)
            habit()
        self._door.close()
        self._other.close()
        self._journal.close()

    # What it does.

    def post(self) -> None:
        self._deliver(self._new(), "post")

    def put(self) -> None:
        self._deliver(self._new(), "put")

    def edit(self) -> None:
        """Other answers, also after a withdrawal, also when it is unknown what became of the revision before."""
        if before := self._paper():
            self._deliver(self._next(before, self._content()), "edit")

    def withdraw(self) -> None:
        before = self._paper()
        if before is not None and before.content is not None:
            self._deliver(self._next(before, None), "withdraw")

    def say_again(self) -> None:
        """The same as before, as a device does that has lost its memory of the answer."""
        if before := self._paper():
            self._deliver(before, "again", remember=False)

    def contradict(self) -> None:
        """The same revision with other content: whichever is first in the log stands."""
        before = self._paper()
        if before is not None and before.content is not None:
            other = Said(before.response, before.revision, self._content())
            self._say(other)
            self._deliver(other, "contradict", remember=False)

    def come_late(self) -> None:
        """An older revision arrives behind a newer one."""
        if before := self._paper():
            late = self._next(before, self._content())
            self._deliver(self._next(late, self._content()), "edit")
            self._deliver(late, "late", remember=False)

    def err(self) -> None:
        group, ratings = campaign.impossible(self._rng)
        said = Said(self._id(), 1, {"group": group, "ratings": ratings})
        self._say(said, expected="refused")
        self._deliver(said, "wrong", remember=False)

    def click_twice(self) -> None:
        """The same request on two connections at once."""
        said = self._new()
        answered = False
        path, body = f"{campaign.PATH}/responses", orjson.dumps(said.body)
        sent: list[Door] = []
        began = time.monotonic()
        for door in (self._door, self._other):
            try:
                door.send("POST", path, body, JSON)
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
                answered = answered or answer.final
        if answered:
            self._remember(said)
        else:
            self._deliver(said, "twice")

    def batch(self) -> None:
        """Many at a time; the lines that were not answered, or not for good, go into the next."""
        open_ = [self._new() for _ in range(self._rng.randint(3, 20))]
        kept = open_[:5]
        pause = FIRST_PAUSE_S
        while open_:
            began = time.monotonic()
            body = b"\n".join(orjson.dumps(said.body) for said in open_)
            try:
                answer = self._door.ask("POST", f"{campaign.PATH}/responses/batch", body, LINES)
            except BROKEN as error:
                for said in open_:
                    self._answered(said, "batch", None, began, repr(error))
            else:
                open_ = self._open_lines(open_, answer, began)
            if open_ and not self._wait(pause):
                self._give_up(open_, patient=True)
                break
            pause = min(2 * pause, self._longest_pause_s)
        for said in kept:
            self._remember(said)

    def _open_lines(self, sent: list[Said], answer: Answer, began: float) -> list[Said]:
        """Notes the answers to a batch; returns what is still open."""
        if answer.status != 200:
            for said in sent:
                self._answered(said, "batch", answer, began)
            return [] if answer.final else sent
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

    # How it sends.

    def _deliver(self, said: Said, how: str, *, remember: bool = True) -> None:
        """Sends until there is a final answer, or patience is over."""
        if remember:
            self._remember(said)
        method, path, body = self._request(said, how)
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

    def _request(self, said: Said, how: str) -> tuple[str, str, bytes | None]:
        path = f"{campaign.PATH}/responses"
        if said.content is None:
            return "DELETE", f"{path}/{said.response}?revision={said.revision}", None
        if how == "post" or (how != "put" and said.revision == 1):
            return "POST", path, orjson.dumps(said.body)
        return "PUT", f"{path}/{said.response}", orjson.dumps(said.body)

    def _wait(self, pause: float) -> bool:
        """Waits before the next attempt; False when patience is over."""
        time.sleep(pause * self._rng.uniform(0.7, 1.3))
        return time.monotonic() < self._closing.deadline

    # What it notes.

    def _new(self) -> Said:
        said = Said(self._id(), 1, self._content())
        self._say(said)
        return said

    def _next(self, before: Said, content: dict[str, object] | None) -> Said:
        said = Said(before.response, before.revision + 1, content)
        self._say(said)
        return said

    def _say(self, said: Said, expected: str = "accepted") -> None:
        self._journal.note(
            "say",
            response=said.response,
            revision=said.revision,
            digest=said.digest,
            content=said.content,
            expected=expected,
        )

    def _answered(self, said: Said, how: str, answer: Answer | None, began: float, detail: str = "") -> None:
        more: dict[str, object] = {"detail": detail} if detail else {}
        status = 0
        if answer is not None:
            status = answer.status
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
            status=status,
            final=answer is not None and answer.final,
            took=round(time.monotonic() - began, 4),
            **more,
        )

    def _give_up(self, open_: Sequence[Said], *, patient: bool) -> None:
        for said in open_:
            self._journal.note(
                "gave up", response=said.response, revision=said.revision, digest=said.digest, patient=patient
            )

    def _remember(self, said: Said) -> None:
        self._papers[said.response] = said
        if len(self._papers) > KEPT:
            del self._papers[next(iter(self._papers))]

    def _paper(self) -> Said | None:
        """A response to come back to: its last revision."""
        return self._rng.choice(list(self._papers.values())) if self._papers else None

    def _content(self) -> dict[str, object]:
        group = self._rng.choice(list(campaign.RATES))
        return {"group": group, "ratings": campaign.ratings(self._rng, group)}

    def _id(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
