"""A unit as pages to print: its figures, its fields and groups, where most was lost, and its whole tree."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from services.common.ranking import shown
from services.reporting.exports.pdf_page import NONE, Document, Json, Page
from services.reporting.exports.pdf_scores import bar, notes, ranks, value

MOST_LOSSES = 10


class UnitPage(Page):
    """The texts of a unit."""

    def data(self) -> tuple[Json, int]:
        """What the template is given, and how many rows of the tree it shows."""
        (document,) = self.job.documents
        tree = list(self._tree(document))
        losses = sorted(self._losses(document), key=lambda leaf: -leaf["value"])[:MOST_LOSSES]
        data = self.common(self.say("Chi tiết đơn vị", "Unit in detail"), notes(self)) | {
            "name": self.label(document["name"]),
            "block": self.label(self.job.blocks[document["block"]]),
            "provisional": document["provisional"],
            "index": self.figure(document["index"]) + ("" if document["index"] is None else " %"),
            "rank": " ".join([NONE if document["rank"] is None else str(document["rank"]), ranks(document)]),
            "interval": self._between(document),
            "points": self.of(document["earned"], document["attainable"]),
            "n": str(document["n"]),
            "band": NONE if document["band"] is None else self.label(document["band"]),
            **{name: self.figure(document[name]) for name in ("lost", "bonus", "penalty")},
            "fields": [self._part(field) for field in document["fields"]],
            "groups": [self._part(group) for group in document["groups"]],
            "losses": losses,
            "most_lost": max((leaf["value"] for leaf in losses), default=1),
            "tree": tree,
        }
        return data, len(tree)

    def _between(self, record: Document) -> str:
        low, high = record.get("interval") or (None, None)
        return "" if low is None else f"95 %: {self.figure(low)}\u2013{self.figure(high)}"

    def _part(self, part: Document) -> Json:
        """A field or what one group makes of the unit."""
        return {
            "name": self.label(part["name"]),
            "index": self.figure(part["index"]),
            **bar(part),
            "mark": value(part.get("block_mean")),
            "mean": self.figure(part.get("block_mean")),
            "rank": NONE if part.get("rank") is None else str(part["rank"]),
            "lost": self.figure(part["lost"]),
            "n": str(part.get("n", "")),
            "suppressed": part.get("suppressed", False),
        }

    def _losses(self, document: Document) -> Iterator[Json]:
        for leaf in _leaves(document):
            if leaf["lost"] is not None and Fraction(leaf["lost"]) > 0:
                yield {
                    "code": leaf["leaf"],
                    "name": self.label(leaf["name"]),
                    "value": float(leaf["lost"]),
                    "lost": self.figure(leaf["lost"]),
                    "maximum": self.figure(leaf["max_points"]),
                }

    def _tree(self, document: Document) -> Iterator[Json]:
        for field in document["fields"]:
            yield self._node("field", field)
            for criterion in field["criteria"]:
                yield self._node("criterion", criterion)
                for leaf in criterion["leaves"]:
                    yield self._node("leaf", leaf)

    def _node(self, level: str, node: Document) -> Json:
        leaf = level == "leaf"
        return {
            "level": level,
            "code": node[level],
            "name": self.label(node["name"]),
            "maximum": self.figure(node["max_points"] if leaf else node["attainable"]),
            "points": self.figure(node["points"] if leaf else node["earned"]),
            "lost": self.figure(node["lost"]),
            "said": self._said(node) if leaf else "",
            "suppressed": node.get("suppressed", False),
        }

    def _said(self, leaf: Document) -> str:
        """Where a leaf's points come from: its state when it has none, and what each group says."""
        state = [] if leaf["state"] == "scored" else [self.words[leaf["state"]]]
        return " · ".join([self.words[leaf["method"]], *state, *map(self._opinion, leaf.get("groups", ()))])

    def _opinion(self, cell: Document) -> str:
        name = self.label(self.job.labels["group"][cell["group"]])
        if cell.get("suppressed"):
            return f"{name}: {self.words['suppressed']}"
        if cell["share"] is None:
            return f"{name}: {NONE}"
        percent = self.comma(shown(100 * Fraction(cell["share"]), 1))
        return f"{name}: {percent} % ({cell['answers']})"


def _leaves(document: Document) -> Iterator[Document]:
    return (leaf for field in document["fields"] for criterion in field["criteria"] for leaf in criterion["leaves"])
