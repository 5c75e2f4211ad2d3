"""How forms were filled in: ratings of units that are long enough to tell, and those of one answer throughout. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.common.campaign import Campaign
from services.common.events import CHANNELS

LONG = 5
"""Answers of a rating from which on it says something that all are equal."""

NOTED = ("long", "straight", *(f"via_{channel}" for channel in CHANNELS))
"""What activity counts beside effects.

`long` ratings of at least `LONG` answers that came to count on the day, less those that ceased to, and `straight`
those of them whose answers are all equal; the sum over the days is that of the forms that count now. `via_` a channel:
forms that came in by it, submitted or edited.
"""


class Filled(NamedTuple):
    """Of ratings: how many are long, and how many of these are straight lines."""

    long: int = 0
    straight: int = 0


class Quality:
    """Looks at the ratings of a version of a campaign by where their answers count."""

    def __init__(self, campaign: Campaign) -> None:
        self._option = {group: [option for _, option in layout] for group, layout in campaign.layout.items()}

    def of(self, group: str, ratings: Iterable[tuple[Sequence[int], object]]) -> Filled:
        """What a form's ratings are, each given by the places of its answers among the group's counts, and more."""
        option = self._option[group]
        long = straight = 0
        for places, _ in ratings:
            if len(places) >= LONG:
                long += 1
                first = option[places[0]]
                # Nearly all are told apart by the second answer or the third.
                for place in places:
                    if option[place] != first:
                        break
                else:
                    straight += 1
        return Filled(long, straight)
