"""A front-end as raters' devices are: it says things once, twice, again, late, wrong, and takes them back."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from random import Random

from tests.faults import campaign
from tests.faults.delivery import FIRST_PAUSE_S, LONGEST_PAUSE_S, Closing, Delivery
from tests.faults.journal import Journal, Said

KEPT = 200
"""The responses a front-end can still come back to."""
KEPT_OF_A_BATCH = 5
HASTY = 0.15


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
        self._delivery = Delivery(
            urls,
            journal,
            rng=rng,
            closing=closing,
            longest_pause_s=FIRST_PAUSE_S if prober else LONGEST_PAUSE_S,
            hasty=0.0 if prober else HASTY,
        )
        self._journal = journal
        self._rng = rng
        self._closing = closing
        self._think_s = think_s
        self._papers: dict[str, Said] = {}
        """The last revision of each response that it may come back to, acknowledged or not."""
        habits: dict[Callable[[], None], int] = {
            self.post: 32,
            self.put: 10,
            self.batch: 5,
            self.edit: 18,
            self.withdraw: 7,
            self.click_twice: 8,
            self.say_again: 6,
            self.contradict: 4,
            self.come_late: 3,
            self.err: 5,
        }
        self._habits = {self.post: 1} if prober else habits

    def run(self) -> None:
        while not self._closing.event.wait(self._rng.expovariate(1 / self._think_s)):
            (habit,) = self._rng.choices(list(self._habits), list(self._habits.values()))
            habit()
        self._delivery.close()
        self._journal.close()

    def post(self) -> None:
        self._delivery.single(self._new(), "post")

    def put(self) -> None:
        self._delivery.single(self._new(), "put")

    def batch(self) -> None:
        """Many at a time."""
        self._delivery.batch([self._new(kept=number < KEPT_OF_A_BATCH) for number in range(self._rng.randint(3, 20))])

    def click_twice(self) -> None:
        """The same request on two connections at once."""
        self._delivery.twice(self._new())

    def edit(self) -> None:
        """Other answers, also after a withdrawal, also when it is unknown what became of the revision before."""
        if before := self._paper():
            self._delivery.single(self._next(before, self._content()), "edit")

    def withdraw(self) -> None:
        before = self._paper()
        if before is not None and before.content is not None:
            self._delivery.single(self._next(before, None), "withdraw")

    def say_again(self) -> None:
        """The same as before, as a device does that has lost its memory of the answer."""
        if before := self._paper():
            self._delivery.single(before, "again")

    def contradict(self) -> None:
        """The same revision with other content: whichever is first in the log stands."""
        before = self._paper()
        if before is not None and before.content is not None:
            other = Said(before.response, before.revision, self._content())
            self._say(other)
            self._delivery.single(other, "contradict")

    def come_late(self) -> None:
        """An older revision arrives behind a newer one."""
        if before := self._paper():
            late = self._next(before, self._content())
            self._delivery.single(self._next(late, self._content()), "edit")
            self._delivery.single(late, "late")

    def err(self) -> None:
        """What no rater of the group can say."""
        group, ratings = campaign.impossible(self._rng)
        said = Said(self._id(), 1, {"group": group, "ratings": ratings})
        self._say(said, expected="refused")
        self._delivery.single(said, "wrong")

    def _new(self, *, kept: bool = True) -> Said:
        said = Said(self._id(), 1, self._content())
        self._say(said)
        if kept:
            self._remember(said)
        return said

    def _next(self, before: Said, content: dict[str, object] | None) -> Said:
        said = Said(before.response, before.revision + 1, content)
        self._say(said)
        self._remember(said)
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
