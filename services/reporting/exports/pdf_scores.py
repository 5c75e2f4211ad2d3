"""What the reports of scores have in common: bars, ranks, and notes."""

from __future__ import annotations

from services.reporting.exports.headings import NOTES, RELEASED
from services.reporting.exports.pdf_page import Document, Json, Page
from services.reporting.exports.pdf_words import WORDS
from services.reporting.exports.table import Label


def notes(page: Page) -> tuple[Label, ...]:
    """What is to be known of scores; of breakdowns as last released that they are."""
    vi, en = WORDS["dagger"]
    released = (RELEASED,) if any(document.get("released") for document in page.job.documents) else ()
    return {"vi": vi, "en": en}, *NOTES, *released


def ranks(record: Document) -> str:
    """The ranks that the answers leave open, where there are several."""
    best, worst = record.get("rank_interval") or (None, None)
    return "" if best == worst else f"({best}\u2013{worst})"


def bar(record: Document) -> Json:
    """A bar's length, and where its whiskers end."""
    low, high = record.get("interval") or (None, None)
    return {"value": value(record["index"]), "low": value(low), "high": value(high)}


def value(text: str | None) -> float | None:
    """A figure as a length: near enough to be drawn."""
    return None if text is None else float(text)
