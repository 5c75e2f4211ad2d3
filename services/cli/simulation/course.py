"""What raters really send: most of them once, some twice, some change their answers or take them back."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Literal

from services.cli.simulation.population import Population
from services.common.events import Response, Withdrawal

Habit = Literal["once", "twice", "edited", "withdrawn", "impossible"]
SHARES: dict[Habit, float] = {"once": 0.90, "twice": 0.05, "edited": 0.03, "withdrawn": 0.015, "impossible": 0.005}
EDITING: tuple[Habit, ...] = ("edited", "withdrawn")
UNKNOWN_OPTION = "never-an-option"


@dataclass(frozen=True, slots=True)
class Course:
    """The steps of one rater, in order; each is sent once the one before it was answered."""

    habit: Habit
    steps: tuple[Response | Withdrawal, ...]

    @property
    def counts(self) -> Response | None:
        """The response that must count in the end."""
        last = self.steps[-1]
        return last if isinstance(last, Response) and self.habit != "impossible" else None


def courses(population: Population, responses: Iterable[Response]) -> Iterator[Course]:
    """A course for each response, which is what its rater means in the end.

    An impossible one holds an answer that nobody can give: it must be refused. Where a campaign allows no edits,
    nobody edits or withdraws.
    """
    rng = population.stream("courses")
    allowed: list[Habit] = [habit for habit in SHARES if population.may_edit or habit not in EDITING]
    shares = [SHARES[habit] for habit in allowed]
    for response in responses:
        habit = rng.choices(allowed, shares)[0]
        yield Course(habit, _steps(habit, response, population, rng))


def _steps(habit: Habit, response: Response, population: Population, rng: Random) -> tuple[Response | Withdrawal, ...]:
    match habit:
        case "once":
            return (response,)
        case "twice":
            return (response, response)
        case "edited":
            before = population.ratings(response.group, list(response.ratings), rng)
            return (dataclasses.replace(response, ratings=before), dataclasses.replace(response, revision=2))
        case "withdrawn":
            taken_back = Withdrawal(response.response, 2, response.campaign, response.campaign_version)
            return (response, taken_back)
        case "impossible":
            ratings = {unit: dict.fromkeys(answers, UNKNOWN_OPTION) for unit, answers in response.ratings.items()}
            return (dataclasses.replace(response, ratings=ratings),)
