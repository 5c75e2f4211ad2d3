"""A ranking or a unit as pages to print, set by typst: templates beside this module, and texts that are only ever data.

Figures are those of the JSON, rounded half up to the campaign's decimals; in Vietnamese with a decimal comma.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import orjson
import typst

from services.common.ranking import shown
from services.reporting.exports.headings import NOTES, RELEASED
from services.reporting.exports.jobs import Job
from services.reporting.exports.pdf_words import WORDS
from services.reporting.exports.table import Label, said

Json = dict[str, Any]
Document = Mapping[str, Any]

HERE = Path(__file__).parent
MOST_LOSSES = 10
NONE = "—"
"""Stands where there is no figure."""


def write(job: Job, out: IO[bytes]) -> int:
    """Writes the pages; returns how many rows they show."""
    page = _Page(job)
    data, rows = page.ranking() if job.what == "ranking" else page.unit()
    pdf = typst.compile(
        HERE / ("ranking.typ" if job.what == "ranking" else "unit.typ"),
        root=HERE,
        ignore_system_fonts=True,
        sys_inputs={"data": orjson.dumps(data).decode()},
    )
    out.write(pdf)
    return rows


class _Page:
    """The texts of a report in one language."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._en = job.tongue == "en"
        self._words = {name: self._say(vi, en) for name, (vi, en) in WORDS.items()}

    def ranking(self) -> tuple[Json, int]:
        blocks = [self._block(document) for document in self._job.documents]
        data = self._common(self._say("Bảng xếp hạng", "Ranking")) | {"blocks": blocks}
        return data, sum(len(block["rows"]) for block in blocks)

    def _block(self, document: Document) -> Json:
        chosen = [
            f"{self._words[kind]}: {self._label(self._job.labels[kind][document[kind]])}"
            for kind in ("field", "group")
            if kind in document
        ]
        whole = self._say("Theo chỉ số chung", "By the whole index")
        interval = [self._words["interval"]] if any(row.get("interval") for row in document["rows"]) else []
        return {
            "name": self._label(self._job.blocks[document["block"]]),
            "about": " · ".join((chosen or [whole]) + interval),
            "rows": [self._row(row) for row in document["rows"]],
        }

    def _row(self, row: Document) -> Json:
        return {
            "rank": NONE if row["rank"] is None else str(row["rank"]),
            "ranks": self._ranks(row),
            "tied": row["tied"],
            "name": self._label(row["name"]),
            "index": self._figure(row["index"]),
            **_bar(row),
            "points": self._of(row["earned"], row["attainable"]),
            "n": str(row["n"]),
            "band": "" if row["band"] is None else self._label(row["band"]),
            "provisional": row["provisional"],
            "suppressed": row.get("suppressed", False),
        }

    def unit(self) -> tuple[Json, int]:
        (document,) = self._job.documents
        tree = list(self._tree(document))
        losses = sorted(self._losses(document), key=lambda leaf: -leaf["value"])[:MOST_LOSSES]
        data = self._common(self._say("Chi tiết đơn vị", "Unit in detail")) | {
            "name": self._label(document["name"]),
            "block": self._label(self._job.blocks[document["block"]]),
            "provisional": document["provisional"],
            "index": self._figure(document["index"]) + ("" if document["index"] is None else " %"),
            "rank": " ".join([NONE if document["rank"] is None else str(document["rank"]), self._ranks(document)]),
            "interval": self._between(document),
            "points": self._of(document["earned"], document["attainable"]),
            "n": str(document["n"]),
            "band": NONE if document["band"] is None else self._label(document["band"]),
            **{name: self._figure(document[name]) for name in ("lost", "bonus", "penalty")},
            "fields": [self._part(field) for field in document["fields"]],
            "groups": [self._part(group) for group in document["groups"]],
            "losses": losses,
            "most_lost": max((leaf["value"] for leaf in losses), default=1),
            "tree": tree,
        }
        return data, len(tree)

    def _ranks(self, record: Document) -> str:
        """The ranks that the answers leave open, where there are several."""
        best, worst = record.get("rank_interval") or (None, None)
        return "" if best == worst else f"({best}\u2013{worst})"

    def _between(self, record: Document) -> str:
        low, high = record.get("interval") or (None, None)
        return "" if low is None else f"95 %: {self._figure(low)}\u2013{self._figure(high)}"

    def _part(self, part: Document) -> Json:
        """A field or what one group makes of the unit."""
        return {
            "name": self._label(part["name"]),
            "index": self._figure(part["index"]),
            **_bar(part),
            "mark": _value(part.get("block_mean")),
            "mean": self._figure(part.get("block_mean")),
            "rank": NONE if part.get("rank") is None else str(part["rank"]),
            "lost": self._figure(part["lost"]),
            "n": str(part.get("n", "")),
            "suppressed": part.get("suppressed", False),
        }

    def _losses(self, document: Document) -> Iterator[Json]:
        for leaf in _leaves(document):
            if leaf["lost"] is not None and Fraction(leaf["lost"]) > 0:
                yield {
                    "code": leaf["leaf"],
                    "name": self._label(leaf["name"]),
                    "value": float(leaf["lost"]),
                    "lost": self._figure(leaf["lost"]),
                    "maximum": self._figure(leaf["max_points"]),
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
            "name": self._label(node["name"]),
            "maximum": self._figure(node["max_points"] if leaf else node["attainable"]),
            "points": self._figure(node["points"] if leaf else node["earned"]),
            "lost": self._figure(node["lost"]),
            "said": self._said(node) if leaf else "",
            "suppressed": node.get("suppressed", False),
        }

    def _said(self, leaf: Document) -> str:
        """Where a leaf's points come from: its state when it has none, and what each group says."""
        state = [] if leaf["state"] == "scored" else [self._words[leaf["state"]]]
        return " · ".join([self._words[leaf["method"]], *state, *map(self._opinion, leaf.get("groups", ()))])

    def _opinion(self, cell: Document) -> str:
        name = self._label(self._job.labels["group"][cell["group"]])
        if cell.get("suppressed"):
            return f"{name}: {self._words['suppressed']}"
        if cell["share"] is None:
            return f"{name}: {NONE}"
        percent = self._comma(shown(100 * Fraction(cell["share"]), 1))
        return f"{name}: {percent} % ({cell['answers']})"

    def _common(self, what: str) -> Json:
        about = self._job.about
        released = (RELEASED,) if any(document.get("released") for document in self._job.documents) else ()
        made = f"{datetime.fromisoformat(about.made):%d/%m/%Y, %H:%M (%Z)}"
        return {
            "lang": "en" if self._en else "vi",
            "words": self._words,
            "what": what,
            "title": self._label(about.title),
            "campaign": about.campaign,
            "version": str(about.version),
            "as_of": self._say(
                f"Số liệu ở trạng thái {about.state}, {about.counted} phiếu đã tính; lập {made}",
                f"Figures of state {about.state}, {about.counted} responses counted; made {made}",
            ),
            "notes": [self._words["dagger"], *(self._label(note) for note in (*NOTES, *released))],
        }

    def _figure(self, text: str | None) -> str:
        return NONE if text is None else self._comma(shown(Fraction(text), self._job.about.decimals))

    def _of(self, earned: str | None, attainable: str | None) -> str:
        return NONE if earned is None else f"{self._figure(earned)} / {self._figure(attainable)}"

    def _comma(self, figure: str) -> str:
        return figure if self._en else figure.replace(".", ",")

    def _say(self, vi: str, en: str) -> str:
        return en if self._en else vi

    def _label(self, label: Label) -> str:
        return said(label, "en" if self._en else "vi")


def _leaves(document: Document) -> Iterator[Document]:
    return (leaf for field in document["fields"] for criterion in field["criteria"] for leaf in criterion["leaves"])


def _bar(record: Document) -> Json:
    """A bar's length, and where its whiskers end."""
    low, high = record.get("interval") or (None, None)
    return {"value": _value(record["index"]), "low": _value(low), "high": _value(high)}


def _value(text: str | None) -> float | None:
    """A figure as a length: near enough to be drawn."""
    return None if text is None else float(text)
