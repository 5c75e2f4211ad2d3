"""From what is counted to what is published: each unit shown as far as the publications before it allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from services.common import merkle
from services.common.unit_index import LeafPoints, UnitIndex
from services.publishing.content import Computed, Content, Document, content
from services.publishing.disclosure import Level, Published, Shown, level
from services.publishing.recount import Counted

Withheld = Mapping[str, tuple[tuple[str, str], ...]]
"""By unit: leaf and group of cells that are near to what was released."""


@dataclass(frozen=True, slots=True)
class Issue:
    """A campaign as one publication counted it, and what was decided then."""

    counted: Counted
    is_open: bool
    withheld: Withheld


@dataclass(frozen=True, slots=True)
class Tree:
    """The Merkle tree of the responses that count: the ids in order, and the leaves."""

    ids: tuple[str, ...]
    leaves: tuple[bytes, ...]

    @property
    def root(self) -> str:
        return merkle.root(self.leaves).hex()

    def parts(self) -> Iterator[tuple[tuple[str, ...], tuple[bytes, ...]]]:
        """Ids and leaves, in the parts in which a tree is kept."""
        for at in range(0, len(self.ids), merkle.PART):
            yield self.ids[at : at + merkle.PART], self.leaves[at : at + merkle.PART]


class Edition:
    """A publication that is being made, or made again.

    Args:
        issues: those of the campaign in order, the one that is made last.
    """

    def __init__(self, issues: Sequence[Issue]) -> None:
        self.counted = issues[-1].counted
        self.campaign = self.counted.cut.campaign
        self.figures: dict[str, Published] = {}
        computed = [Computed(issue.counted) for issue in issues]
        for unit in self.campaign.unit:
            self.figures[unit] = _published(unit, issues, computed)
        self._computed = computed[-1]

    def at_level(self, wanted: Level) -> list[str]:
        """The units of which so much is shown."""
        return [unit for unit, figures in self.figures.items() if figures.level == wanted]

    @property
    def pending(self) -> dict[str, tuple[str, ...]]:
        """By unit the leaves without points, of the units that have any."""
        return {unit: figures.pending for unit, figures in self.figures.items() if figures.pending}

    def document(self, unit: str) -> Document:
        """A unit's document of `indices`, without what does not follow from the log."""
        return self._computed.document(unit, self._computed.result(unit))

    @cached_property
    def content(self) -> Content:
        return content(self.counted, self.figures, self.tree.root)

    @cached_property
    def tree(self) -> Tree:
        receipts = self.counted.receipts
        return Tree(
            tuple(response for response, _, _ in receipts),
            tuple(merkle.leaf(*receipt) for receipt in receipts),
        )


def _published(unit: str, issues: Sequence[Issue], computed: Sequence[Computed]) -> Published:
    """A unit's figures in the last of some publications."""
    earlier: list[Shown] = []
    for issue, of in zip(issues, computed, strict=True):
        if unit not in of.campaign.unit:
            continue
        result, counts = of.result(unit), of.counts(unit)
        leaves = _asked(of, result)
        found = level(of.campaign, unit, counts, leaves, earlier, is_open=issue.is_open)
        figures = Published(of.campaign, of.raw(unit, result), found, issue.withheld.get(unit, ()))
        if issue is issues[-1]:
            return figures
        earlier.append(Shown(found, counts, leaves, bool(figures.hidden)))
    raise KeyError(unit)


def _asked(computed: Computed, result: UnitIndex) -> dict[str, LeafPoints]:
    return {code: leaf for code, leaf in result.leaves.items() if computed.campaign.leaf[code].method == "survey"}
