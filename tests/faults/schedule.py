"""One seeded schedule of faults: seed, minutes and what a world can do → what happens when. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

SETTLE_S = 4.0
"""Before the first fault, so that there is something to lose."""
EVERY_S, CLOSEST_S = 4.5, 3.5
"""The usual time from one fault to the next; in a short run less, so that every kind has its turn."""

SERVICES = ("intake", "counting", "reporting")
"""What clients wait for: to be told 202, to see what was acknowledged, to be served a ranking."""


@dataclass(frozen=True, slots=True)
class Ability:
    """A fault that a world can do.

    Attributes:
        kind: what is done, e.g. kill, freeze, cut.
        target: to which part, link or disk.
        lasts: the shortest and the longest time in seconds after which it is undone; zeros: nothing is to be undone.
        room: seconds for which the target is left alone afterwards.
        pause: seconds for which everything is left alone after it began.
        weight: how often it is done while another of weight 1 is done once.
        touches: the services (`SERVICES`) whose clients it may keep waiting.
        of: what is never hurt twice at a time; empty: the target.
    """

    kind: str
    target: str
    lasts: tuple[float, float] = (0.0, 0.0)
    room: float = 5.0
    pause: float = 0.0
    weight: int = 1
    touches: tuple[str, ...] = SERVICES
    of: str = ""

    @property
    def one(self) -> str:
        """What is never hurt twice at a time."""
        return self.of or self.target

    @property
    def name(self) -> str:
        return f"{self.kind} {self.target}"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a schedule, `at` seconds after its start; `luck` (0-1) decides what is left open, as which worker."""

    at: float
    kind: str
    target: str
    lasts: float
    luck: float

    @property
    def name(self) -> str:
        return f"{self.kind} {self.target}"

    @property
    def until(self) -> float:
        return self.at + self.lasts


def schedule(seed: int, minutes: float, abilities: Sequence[Ability]) -> list[Fault]:
    """The faults of a run, in their order. They may overlap, but never on one target.

    Every ability is used before one is used again, and all of them when there is time for it (`CLOSEST_S` for each).
    """
    rng = Random(seed)  # noqa: S311 - a schedule that can be repeated
    seconds = minutes * 60 - SETTLE_S
    deck = [ability for ability in abilities for _ in range(ability.weight)]
    paused = sum(ability.pause for ability in deck) / len(deck)
    count = max(
        1,
        round(seconds / (EVERY_S + paused)),
        min(len(deck), int(seconds / (CLOSEST_S + paused))),
    )
    waits = [rng.uniform(0.3, 1.7) for _ in range(count)]
    free: dict[str, float] = {}
    faults: list[Fault] = []
    drawn: list[Ability] = []
    at = SETTLE_S
    wait = max(0.5, (seconds - count * paused) / sum(waits))
    for share in waits:
        if not drawn:
            drawn = rng.sample(deck, len(deck))
        ability = min(drawn, key=lambda ability: max(at, free.get(ability.one, 0.0)))
        drawn.remove(ability)
        at = max(at, free.get(ability.one, 0.0))
        lasts = round(rng.uniform(*ability.lasts), 2)
        faults.append(Fault(round(at, 2), ability.kind, ability.target, lasts, round(rng.random(), 4)))
        free[ability.one] = at + lasts + ability.room
        at += share * wait + ability.pause
    return faults
