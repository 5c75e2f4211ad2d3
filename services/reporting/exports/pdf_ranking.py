"""A ranking as pages to print: a table with bars for each block."""

from __future__ import annotations

from services.reporting.exports.pdf_page import NONE, Document, Json, Page
from services.reporting.exports.pdf_scores import bar, notes, ranks


class RankingPage(Page):
    """The texts of a ranking."""

    def data(self) -> tuple[Json, int]:
        """What the template is given, and how many rows it shows."""
        blocks = [self._block(document) for document in self.job.documents]
        data = self.common(self.say("Bảng xếp hạng", "Ranking"), notes(self)) | {"blocks": blocks}
        return data, sum(len(block["rows"]) for block in blocks)

    def _block(self, document: Document) -> Json:
        chosen = [
            f"{self.words[kind]}: {self.label(self.job.labels[kind][document[kind]])}"
            for kind in ("field", "group")
            if kind in document
        ]
        whole = self.say("Theo chỉ số chung", "By the whole index")
        interval = [self.words["interval"]] if any(row.get("interval") for row in document["rows"]) else []
        return {
            "name": self.label(self.job.blocks[document["block"]]),
            "about": " · ".join((chosen or [whole]) + interval),
            "rows": [self._row(row) for row in document["rows"]],
        }

    def _row(self, row: Document) -> Json:
        return {
            "rank": NONE if row["rank"] is None else str(row["rank"]),
            "ranks": ranks(row),
            "tied": row["tied"],
            "name": self.label(row["name"]),
            "index": self.figure(row["index"]),
            **bar(row),
            "points": self.of(row["earned"], row["attainable"]),
            "n": str(row["n"]),
            "band": "" if row["band"] is None else self.label(row["band"]),
            "provisional": row["provisional"],
            "suppressed": row.get("suppressed", False),
        }
