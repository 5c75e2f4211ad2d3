"""What is released of a unit's breakdown while everybody may follow it: never few answers at a time. Pure.

Whoever keeps two successive breakdowns has their difference. So a cell (one group's counts of one leaf) is shown as it
stood at a release, and releases are at least `suppress_below` answers apart. A release is shown when the next one is
due: then the counts at the campaign's end, whenever that comes, are so far from what was shown last, too.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from services.common.campaign import Campaign

Document = Mapping[str, Mapping[str, bytes]]

UNDER_WAY = timedelta(hours=1)
"""After a campaign's end, until what was sent before it is surely counted."""


class Release(NamedTuple):
    """A group's counts of a unit, by the group's layout; zeros where nothing is released yet."""

    shown: tuple[int, ...] = ()
    waiting: tuple[int, ...] = ()
    """The release after it."""


NOTHING = Release()


class Steps:
    """The releases of one version of a campaign."""

    def __init__(self, campaign: Campaign) -> None:
        self._apart = campaign.rules.suppress_below
        self._released = in_steps(campaign)
        self._size = {group: len(layout) for group, layout in campaign.layout.items()}
        self._leaves = {
            group: [_places(campaign, leaf, places) for leaf, places in leaves.items()]
            for group, leaves in campaign.place.items()
        }

    def next(self, group: str, counts: Sequence[int], before: Release) -> Release:
        """The releases when a group's counts have come to `counts`; the very same object where nothing is due."""
        if not self._released:
            return before
        size = self._size.get(group, 0)
        now, waiting = _padded(counts, size), _padded(before.waiting, size)
        due = [
            places
            for opinions, places in self._leaves.get(group, ())
            if sum([now[place] - waiting[place] for place in opinions]) >= self._apart
        ]
        if not due:
            return before
        shown = _padded(before.shown, size)
        for places in due:
            for place in places:
                shown[place], waiting[place] = waiting[place], now[place]
        return Release(tuple(shown), tuple(waiting))


def ended(campaign: Campaign, now: datetime) -> bool:
    """Whether at a moment a campaign is over, and everything that was sent before its end is counted."""
    return now >= campaign.closes + UNDER_WAY


def in_steps(campaign: Campaign) -> bool:
    """Whether everybody sees the breakdowns while responses come in, and small cells are no matter for everybody."""
    return campaign.rules.live == "public" and campaign.rules.suppress_below > 1


def attributable(campaign: Campaign, block: str) -> bool:
    """Whether a unit's index, followed from response to response, gives single answers away.

    It tells what each response adds, all of its answers together: of a group that is asked one thing, the answer.
    """
    return any(
        block in group.rates and sum(1 for leaf in campaign.leaves if group.code in leaf.groups) == 1
        for group in campaign.groups
    )


def near(campaign: Campaign, leaf: str, shown: Release, group: str, answers: int) -> bool:
    """Whether a cell of so many answers is so near to what was shown of it that the difference gives a few away.

    Only withdrawals bring a cell there.
    """
    opinions, _ = _places(campaign, leaf, campaign.place[group][leaf])
    before = sum(_padded(shown.shown, max(opinions, default=0) + 1)[place] for place in opinions)
    return before > 0 and answers - before < campaign.rules.suppress_below


def opinions(campaign: Campaign, leaf: str, places: Mapping[str, int]) -> tuple[int, ...]:
    """Of a leaf's places, by option, those of answers with an opinion."""
    return _places(campaign, leaf, places)[0]


def write(releases: Mapping[str, Release]) -> dict[str, dict[str, bytes]]:
    """Releases by group as a document has them."""
    return {
        group: {"shown": _packed(release.shown), "waiting": _packed(release.waiting)}
        for group, release in releases.items()
        if release is not NOTHING
    }


def read(document: Document) -> dict[str, Release]:
    """The releases of a document."""
    return {group: Release(_unpacked(found["shown"]), _unpacked(found["waiting"])) for group, found in document.items()}


def _places(campaign: Campaign, code: str, places: Mapping[str, int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A leaf's places for opinions, and all of its places."""
    # A leaf may have been published and be of another version: then its options are.
    leaf = campaign.leaf.get(code)
    silent = {option.code for option in campaign.options(leaf) if option.percent is None} if leaf is not None else set()
    return tuple(place for option, place in places.items() if option not in silent), tuple(places.values())


def _padded(counts: Sequence[int], size: int) -> list[int]:
    """Counts with those that are missing at the end, which are zero."""
    return [*counts, *[0] * (size - len(counts))]


def _packed(counts: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(counts)}I", *counts)


def _unpacked(packed: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(packed) // 4}I", packed)
