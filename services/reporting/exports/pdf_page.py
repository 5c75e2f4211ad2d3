"""What the pages of all reports have in common: a language, its words and figures, and what they belong to.

Figures are those of the JSON, rounded half up to the campaign's decimals; in Vietnamese with a decimal comma.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

from services.common.ranking import shown
from services.reporting.exports.jobs import Job
from services.reporting.exports.pdf_words import WORDS
from services.reporting.exports.table import Label, said

Json = dict[str, Any]
Document = Mapping[str, Any]

NONE = "—"
"""Stands where there is no figure."""


class Page:
    """The texts of a report in one language."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._en = job.tongue == "en"
        self.words = {name: self.say(vi, en) for name, (vi, en) in WORDS.items()}

    def common(self, what: str, notes: Iterable[Label]) -> Json:
        """What every report says of itself."""
        about = self.job.about
        made = f"{datetime.fromisoformat(about.made):%d/%m/%Y, %H:%M (%Z)}"
        return {
            "lang": "en" if self._en else "vi",
            "words": self.words,
            "what": what,
            "title": self.label(about.title),
            "campaign": about.campaign,
            "version": str(about.version),
            "as_of": self._as_of(made),
            "notes": [self.label(note) for note in notes],
        }

    def _as_of(self, made: str) -> str:
        about = self.job.about
        if about.frozen is None:
            return self.say(
                f"Số liệu ở trạng thái {about.state}, {about.counted} phiếu đã tính; lập {made}",
                f"Figures of state {about.state}, {about.counted} responses counted; made {made}",
            )
        return self.say(
            f"Công bố lần {about.frozen.number}, {about.counted} phiếu đã tính; {made}",
            f"Publication {about.frozen.number}, {about.counted} responses counted; {made}",
        )

    def figure(self, text: str | None) -> str:
        return NONE if text is None else self.comma(shown(Fraction(text), self.job.about.decimals))

    def of(self, earned: str | None, attainable: str | None) -> str:
        return NONE if earned is None else f"{self.figure(earned)} / {self.figure(attainable)}"

    def comma(self, figure: str) -> str:
        return figure if self._en else figure.replace(".", ",")

    def say(self, vi: str, en: str) -> str:
        return en if self._en else vi

    def label(self, label: Label) -> str:
        return said(label, "en" if self._en else "vi")
