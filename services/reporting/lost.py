"""Where a unit lost its points: leaf by leaf, beside its block, by group, and what one more step would change.

A leaf with a hidden cell has neither its groups' parts nor a step: both rest on every group's share. A hidden leaf has
no figure at all and stands at the end, so that its place says nothing either.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from services.common import points_lost
from services.common.campaign import Leaf, Unit
from services.common.points_lost import Loss, Others, Step
from services.common.ranking import exact, shown
from services.reporting.beside import beside
from services.reporting.figures import label, plain
from services.reporting.rankings import View, figures, places, row
from services.reporting.standing import Standing
from services.reporting.suppression import cell_key, leaf_key

Document = dict[str, Any]

NOTHING: Document = {
    "points": None,
    "lost": None,
    "of_index": None,
    "of_index_exact": None,
    "groups": [],
    "step": None,
}


def document(standing: Standing, unit: Unit) -> Document:
    """What a unit lost as it travels in JSON: the leaves that have points, those that cost most first."""
    campaign = standing.campaign
    own = row(standing, View(unit.block), unit.code)
    page = _Page(standing, unit)
    losses = list(points_lost.losses(campaign, page.figures.result))
    losses.sort(key=lambda loss: (page.hides(loss.leaf), 0 if page.hides(loss.leaf) else -loss.of_index))
    return {
        "campaign": campaign.code,
        "version": campaign.version,
        "unit": unit.code,
        "name": label(unit.name),
        "block": unit.block,
        "as_of": standing.as_of.document(),
        **({"released": True} if standing.of_releases else {}),
        "rank": own.rank.rank,
        "tied": own.rank.tied,
        **figures(own.points, own.index, campaign.rules.decimals),
        "provisional": bool(own.pending),
        "pending": list(own.pending),
        "groups": page.groups(losses),
        "leaves": [page.leaf(loss) for loss in losses],
    }


class _Page:
    """What is shown of one unit's losses."""

    def __init__(self, standing: Standing, unit: Unit) -> None:
        self._campaign = standing.campaign
        self._decimals = standing.campaign.rules.decimals
        self.figures = standing.units[unit.code].apart()
        self._hidden = self.figures.hidden
        self._unit = unit
        self._beside = _beside(standing, unit.block)
        self._own = self.figures.index
        self._others = _others(standing, unit.block)

    def hides(self, leaf: Leaf) -> bool:
        return leaf_key(leaf.code) in self._hidden

    def _whole(self, leaf: Leaf) -> bool:
        """Whether nothing of a leaf is hidden."""
        raters = self._campaign.raters(leaf, self._unit.block)
        return not self.hides(leaf) and not any(cell_key(leaf.code, group) in self._hidden for group in raters)

    def groups(self, losses: list[Loss]) -> list[Document]:
        """By group that is asked, what its opinions took in all; none where a part of it must not be shown."""
        return [
            {
                "group": group.code,
                "name": label(group.name),
                "lost": plain(sum((loss.groups.get(group.code, Fraction(0)) for loss in losses), Fraction(0))),
            }
            if all(self._whole(loss.leaf) for loss in losses if group.code in loss.leaf.groups)
            else {"group": group.code, "name": label(group.name), "lost": None, "suppressed": True}
            for group in self._campaign.groups
            if self._unit.block in group.rates
        ]

    def leaf(self, loss: Loss) -> Document:
        leaf, whole = loss.leaf, self._whole(loss.leaf)
        return {
            "leaf": leaf.code,
            "name": label(leaf.name),
            "field": loss.field,
            "method": leaf.method,
            "max_points": plain(Fraction(leaf.max_points)),
            **(NOTHING if self.hides(leaf) else self._shown(loss, whole=whole)),
            **self._beside[leaf.code],
            **({} if whole else {"suppressed": True}),
        }

    def _shown(self, loss: Loss, *, whole: bool) -> Document:
        parts = loss.groups.items() if whole else ()
        return {
            "points": plain(loss.points),
            "lost": plain(loss.lost),
            "of_index": shown(loss.of_index, self._decimals),
            "of_index_exact": exact(loss.of_index),
            "groups": [{"group": code, "lost": plain(part)} for code, part in parts],
            "step": self._step(loss.step) if whole and loss.step is not None else None,
        }

    def _step(self, step: Step) -> Document:
        return {
            "to": step.to,
            "points": plain(step.points),
            "index": shown(step.index, self._decimals),
            "index_exact": exact(step.index),
            "rank": self._others.rank(step.index, self._own),
        }


def _others(standing: Standing, block: str) -> Others:
    """The indices of the block's units; made once per state."""

    def make() -> Others:
        ranked = places(standing, View(block))
        indices = (ranked.indices[code] for code in ranked.ranks)
        return Others((index for index in indices if index is not None), standing.campaign.rules.ties)

    return standing.derived(("others", block), make)


def _beside(standing: Standing, block: str) -> Mapping[str, Document]:
    """By leaf, the mean and the best points of the block's units that are shown; made once per state."""

    def make() -> Mapping[str, Document]:
        found, decimals = beside(standing, block), standing.campaign.rules.decimals
        return {
            leaf.code: _compared(found.mean(place), found.bests[place], decimals)
            for place, leaf in enumerate(standing.campaign.leaves)
        }

    return standing.derived(("leaves beside, written", block), make)


def _compared(mean: Fraction | None, best: Fraction | None, decimals: int) -> Document:
    return {
        "block_mean": None if mean is None else shown(mean, decimals),
        "block_mean_exact": None if mean is None else exact(mean),
        "block_best": None if best is None else plain(best),
    }
